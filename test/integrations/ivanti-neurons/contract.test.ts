import { afterAll } from 'vitest'
import { createNeurons } from '../../../src/integrations/ivanti-neurons/client.ts'
import { createNeuronsInventory } from '../../../src/integrations/ivanti-neurons/inventory.ts'
import { createNeuronsServer } from '../../../src/integrations/simulated-neurons/server.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { serve } from '../../fakes/serve.ts'
import { aDevice, LOGIN, NOW } from './scene.ts'

const clock = () => new Date(NOW)
const devices = [
  aDevice(1),
  aDevice(2, { osVersion: '', patches: [{ kbNumber: 'Q5099999', patchStatus: 'Installed' }] }),
  aDevice(3, { lastScannedDate: null }),
  aDevice(4, { osName: 'Plan 9', osVersion: '4', platform: 'Other' }),
]
const server = createNeuronsServer({ ...LOGIN, clock, devices: async () => devices })
const wire = await serve(server.fetch)
afterAll(() => wire.close())

inventorySourceContract({
  name: 'Ivanti Neurons, on the wire',
  create(name) {
    const own = { url: `${wire.url}/`, variable: 'IVANTI_NEURONS_SECRET', login: 'connect' as const, clock }
    const neurons = createNeurons({ ...LOGIN, ...own, prefix: '/api/patch/content/v1' })
    const defaults = { team: 'servers', timeZone: 'UTC' }
    return createNeuronsInventory({ name, neurons, clock, defaults, teams: {}, domains: {}, simulated: false })
  },
  seen: ['app1.corp.example', 'app2.corp.example'],
  unreachable: ['app3.corp.example', 'app4.corp.example'],
})
