import { afterAll } from 'vitest'
import { createFleet } from '../../../src/integrations/fleet/client.ts'
import { createFleetInventory } from '../../../src/integrations/fleet/inventory.ts'
import { createFleetServer } from '../../../src/integrations/simulated-fleet/server.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { serve } from '../../fakes/serve.ts'
import { aHost, NOW, rocky, windows } from './scene.ts'

const clock = () => new Date(NOW)
const hosts = [
  aHost(1),
  aHost(2, rocky),
  aHost(3, windows),
  aHost(4, { softwareAt: '2000-01-01T00:00:00Z', listed: [], online: false }),
  aHost(5, { osVersion: 'Plan 9', platform: 'plan9' }),
]
const server = createFleetServer({ token: 'token-of-the-test', clock, hosts: async () => hosts })
const wire = await serve(server.fetch)
afterAll(() => wire.close())

inventorySourceContract({
  name: 'Fleet, on the wire',
  create(name) {
    const fleet = createFleet({ url: `${wire.url}/`, token: 'token-of-the-test', variable: 'FLEET_TOKEN', clock })
    const defaults = { team: 'servers', timeZone: 'UTC' }
    return createFleetInventory({ name, fleet, live: true, clock, defaults, teams: {}, simulated: false })
  },
  seen: ['host1.corp.example', 'host2.corp.example', 'host3.corp.example'],
  unreachable: ['host4.corp.example', 'host5.corp.example'],
})
