/** The figures of docs/integrations/fleet.md. */

import { expect, it } from 'vitest'
import { aHost, fleetScene, looksOf, rocky } from './scene.ts'

const thousand = () => Array.from({ length: 1_000 }, (_, index) => aHost(index + 1, index % 2 === 0 ? {} : rocky))

it('a look at 1,000 machines takes at most 27 requests, and 5 where none has told anything since', async () => {
  const { source, server, hosts } = fleetScene({ hosts: thousand() })
  await looksOf(source)
  const first = server.requests.length
  // A count, two pages of 500 and an empty one, a count; 20 pages of 50 with software; two questions, one for each sort of packages.
  expect(first).toBeLessThanOrEqual(27)
  await looksOf(source)
  expect(server.requests.length - first).toBeLessThanOrEqual(5)
  // After an hour every machine has told again, and nothing need be asked of them.
  const second = server.requests.length
  for (const [index, host] of hosts.entries()) hosts[index] = { ...host, softwareAt: '2026-11-20T10:00:00Z' }
  await looksOf(source)
  expect(server.requests.length - second).toBeLessThanOrEqual(25)
})

it('machines that told since are asked one by one where that takes fewer requests', async () => {
  const { source, server, hosts } = fleetScene({ hosts: thousand() })
  await looksOf(source)
  const before = server.requests.length
  hosts[7] = { ...(hosts[7] ?? aHost(8)), softwareAt: '2026-11-20T10:00:00Z' }
  await looksOf(source)
  const asked = server.requests.slice(before).map(({ path }) => path)
  expect(asked).toEqual(['/hosts/count', '/hosts', '/hosts', '/hosts', '/hosts/count', '/hosts/8'])
})
