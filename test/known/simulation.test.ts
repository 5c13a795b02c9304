/** More than a thousand rollouts, up to fleets of 100,000 hosts; `npm run bench -- simulation` plays as many as one likes. */

import { expect, test } from 'vitest'
import { simulated } from '../simulation/many.ts'

test.each([
  [3, 600],
  [12, 600],
  [100, 60],
  [1_000, 60],
  [10_000, 6],
  [100_000, 2],
])('%i hosts: every promise holds after every event of %i rollouts', { timeout: 600_000 }, (hosts, rollouts) => {
  const { broken, ends, events } = simulated(10_000, hosts, rollouts)
  console.log(`${hosts} hosts: ${rollouts} rollouts, ${events} events, ${JSON.stringify(Object.fromEntries(ends))}`)
  expect(broken).toBeNull()
})
