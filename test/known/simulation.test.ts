/** Thousands of rollouts, up to fleets of 100,000 hosts; `npm run bench -- simulation` plays as many as one likes. */

import { expect, test } from 'vitest'
import { simulated } from '../simulation/many.ts'

test.each([
  [3, 1_000],
  [12, 1_000],
  [100, 100],
  [1_000, 100],
  [10_000, 20],
  [100_000, 8],
])('%i hosts: every promise holds after every event of %i rollouts', { timeout: 600_000 }, (hosts, rollouts) => {
  const { broken, ends, events } = simulated(10_000, hosts, rollouts)
  console.log(`${hosts} hosts: ${rollouts} rollouts, ${events} events, ${JSON.stringify(Object.fromEntries(ends))}`)
  expect(broken).toBeNull()
})
