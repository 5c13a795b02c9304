import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { filePath, optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { createNeurons } from '../ivanti-neurons/client.ts'
import { neuronsFacts, neuronsInventory, teamsInNeurons } from '../ivanti-neurons/kind.ts'
import { createStateFile } from '../simulated-system/store.ts'
import { type SimulatedMachine, wsusSchema } from '../simulated-wsus/state.ts'
import { createNeuronsServer, type NeuronsDeviceState } from './server.ts'

const connection = {
  machines: filePath.describe('The state of a simulated WSUS: what its machines have is what Neurons finds on them.'),
  startsAs: optional(filePath).describe('This file is copied to `machines` when there is none yet. Default: none.'),
}
const paths = { machines: 'path', startsAs: 'path' } as const
type Connection = z.output<z.ZodObject<typeof connection>>

const LOGIN = { tenant: 'simulated', client: 'simulated', secret: 'simulated' }

/** A scan finds what the machine has at that time; one that is silent to WSUS is silent here. */
function deviceOf(machine: SimulatedMachine, kbs: ReadonlyMap<string, string>, scannedAt: string): NeuronsDeviceState {
  const [machineName = '', ...domain] = machine.name.split('.')
  const isSilent = machine.fault?.startsWith('silent') === true
  return {
    ...{ discoveryId: machine.id, machineName, domainName: domain.join('.'), ipAddress: machine.address ?? '' },
    ...{ osName: machine.os, osVersion: machine.version, platform: 'Windows', assignedPolicy: '' },
    lastScannedDate: isSilent ? null : scannedAt,
    managedBy: { managedByPatchCloud: false, managedByEpm: false },
    patches: machine.installed.flatMap((id) => ({ kbNumber: kbs.get(id) ?? '', patchStatus: 'Installed' })),
  }
}

function devicesOf(
  { machines, startsAs }: Connection,
  clock: () => Date,
): () => Promise<readonly NeuronsDeviceState[]> {
  const store = createStateFile(machines, startsAs, wsusSchema, 'a simulated WSUS')
  return async () => {
    const state = await store.read()
    const kbs = new Map(state.updates.map(({ id, kb }) => [id, `KB${kb}`]))
    // Nothing later than this has been worked out yet.
    const scannedAt = state.at ?? clock().toISOString()
    return state.machines.map((machine) => deviceOf(machine, kbs, scannedAt))
  }
}

export const simulatedNeurons = kind({
  name: 'simulated-neurons',
  page: 'integrations/ivanti-neurons.md',
  roles: {
    inventory: {
      summary: 'Devices as a simulated Ivanti Neurons knows them.',
      looksAt: 'what a system that only watches reports',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...neuronsFacts }),
      paths,
      refersTo: teamsInNeurons,
      create(source, given) {
        const { clock } = given
        const server = createNeuronsServer({ ...LOGIN, clock, devices: devicesOf(source, clock) })
        const own = { url: 'https://neurons.invalid', variable: 'IVANTI_NEURONS_SECRET', login: 'connect' as const }
        const neurons = createNeurons({ ...LOGIN, ...own, prefix: '/api/patch/content/v1', clock, fetch: server.fetch })
        return neuronsInventory(source, { ...neurons, name: 'a simulated Ivanti Neurons' }, true, given)
      },
    },
  },
  system: {
    summary: 'A simulated Ivanti Neurons, which scans the machines of a simulated WSUS. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...neuronsFacts }),
  },
})
