import { createNeurons } from '../../../src/integrations/ivanti-neurons/client.ts'
import { createNeuronsInventory } from '../../../src/integrations/ivanti-neurons/inventory.ts'
import {
  createNeuronsServer,
  type NeuronsDeviceState,
  type NeuronsFaults,
} from '../../../src/integrations/simulated-neurons/server.ts'

export const NOW = '2026-11-20T10:00:00.000Z'
export const LOGIN = { tenant: 'tenant-of-the-test', client: 'client', secret: 'secret-of-the-test' }
export const { signal } = new AbortController()

/** A Windows Server 2022 of the domain corp.example, scanned an hour ago. */
export function aDevice(n: number, changed: Partial<NeuronsDeviceState> = {}): NeuronsDeviceState {
  return {
    ...{ discoveryId: `id-${n}`, machineName: `APP${n}`, domainName: 'corp.example', ipAddress: `10.1.2.${n % 250}` },
    ...{ osName: 'Windows Server 2022 Standard', osVersion: '10.0.20348.2849', platform: 'Windows' },
    ...{ lastScannedDate: '2026-11-20T09:00:00Z', assignedPolicy: '', patches: [] },
    managedBy: { managedByPatchCloud: true, managedByEpm: false },
    ...changed,
  }
}

export interface SceneOptions {
  readonly devices: NeuronsDeviceState[]
  readonly faults?: NeuronsFaults
  readonly login?: 'connect' | 'authentication'
  readonly prefix?: string
  readonly domains?: Readonly<Record<string, string>>
  readonly teams?: Readonly<Record<string, string>>
  readonly secret?: string | null
}

/** An inventory of a Neurons with these devices, which a test may change. Nothing waits: `waits` has the times. */
export function neuronsScene(options: SceneOptions) {
  const {
    devices,
    faults = {},
    login = 'connect',
    prefix = '/api/patch/content/v1',
    domains = {},
    teams = {},
  } = options
  const at = { now: NOW }
  const clock = () => new Date(at.now)
  const waits: number[] = []
  const server = createNeuronsServer({ ...LOGIN, clock, devices: async () => devices, faults })
  const secret = options.secret === undefined ? LOGIN.secret : options.secret
  const neurons = createNeurons({
    ...{ url: 'https://nvuprd-sfc.ivanticloud.com', tenant: LOGIN.tenant, client: LOGIN.client, secret, login, prefix },
    ...{ variable: 'IVANTI_NEURONS_SECRET', clock, fetch: server.fetch },
    pauses: { firstSeconds: 0.001, longestSeconds: 1 },
    wait: async (ms) => void waits.push(ms),
  })
  const defaults = { team: 'servers', timeZone: 'UTC' }
  const source = createNeuronsInventory({ name: 'neurons', neurons, clock, defaults, teams, domains, simulated: false })
  return { source, server, devices, at, waits }
}
