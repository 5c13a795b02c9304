/** The systems of the bench, by their kind: each read by its own code, from a server of any size. */

import type { CatalogFeed, InventorySource } from '../../../src/core/ports.ts'
import { toIso } from '../../../src/core/time/instant.ts'
import { createFleet } from '../../../src/integrations/fleet/client.ts'
import { createFleetInventory } from '../../../src/integrations/fleet/inventory.ts'
import { createNeurons } from '../../../src/integrations/ivanti-neurons/client.ts'
import { createNeuronsInventory } from '../../../src/integrations/ivanti-neurons/inventory.ts'
import { keptInMemory } from '../../../src/integrations/kept-in-memory.ts'
import { createApi } from '../../../src/integrations/manageengine/api.ts'
import { createCatalog } from '../../../src/integrations/manageengine/catalog.ts'
import { createClient } from '../../../src/integrations/manageengine/client.ts'
import { createInventory } from '../../../src/integrations/manageengine/inventory.ts'
import { createKnown as createManageEngineKnown } from '../../../src/integrations/manageengine/known.ts'
import { createSignIn } from '../../../src/integrations/manageengine/sign-in.ts'
import { createFleetServer } from '../../../src/integrations/simulated-fleet/server.ts'
import type { FleetHostState } from '../../../src/integrations/simulated-fleet/state.ts'
import { createNeuronsServer } from '../../../src/integrations/simulated-neurons/server.ts'
import { createWsus } from '../../../src/integrations/wsus/ask.ts'
import { createWsusCatalog } from '../../../src/integrations/wsus/catalog.ts'
import { createWsusInventory } from '../../../src/integrations/wsus/inventory.ts'
import { createKnown } from '../../../src/integrations/wsus/known.ts'
import { aHost, deb } from '../../integrations/fleet/scene.ts'
import { aDevice, LOGIN } from '../../integrations/ivanti-neurons/scene.ts'
import { random } from '../fleet.ts'
import { type Counted, countedFetch } from './counted.ts'
import { followedManageEngine, followedWsus } from './figures.ts'
import { generatedManageEngine } from './generated-manageengine.ts'
import { generatedWsus, type Size } from './generated-wsus.ts'
import { reportedAt, saidBy } from './reported.ts'

export interface Measured {
  readonly source: InventorySource
  /** Left out: the system has no catalog. */
  readonly feed?: CatalogFeed
  /** From now on counts anew; what was counted until then. */
  restart(): Counted
  /** Requests in an hour while a start of 1,000 machines is followed. Left out: the system installs nothing. */
  followed?(): Promise<number>
}

const defaults = { team: 'web', timeZone: 'UTC' }
const facts = { teams: {}, simulated: true }
const pauses = { firstSeconds: 0.001, longestSeconds: 1 }

export const measuredKinds: Readonly<Record<string, (size: Size, clock: () => Date) => Measured>> = {
  wsus(size, clock) {
    const name = 'wsus'
    const { server, restart } = generatedWsus(size, clock)
    const wsus = createWsus(server, name, keptInMemory(), clock)
    const known = createKnown(wsus, clock, [])
    return {
      source: createWsusInventory({ name, wsus, known, ...facts, clock, defaults: { ...defaults, engine: name } }),
      feed: createWsusCatalog({ name, wsus, known, alsoTaken: [], clock }),
      restart,
      followed: followedWsus,
    }
  },

  manageengine(size, clock) {
    const name = 'manageengine'
    const { fetch, restart } = countedFetch(generatedManageEngine(size, clock))
    const client = createClient({
      ...{ url: 'https://manageengine.invalid', gapMs: 0, timeoutSeconds: 60, fetch },
      signIn: createSignIn({ kind: 'token', token: 'generated' }, clock),
      alone: (signal, work) => work(signal),
    })
    const api = createApi(client, 'dcapi')
    const described = { name, describe: 'a generated ManageEngine', api, known: createManageEngineKnown(api, clock) }
    const report = async () => ''
    return {
      source: createInventory({ ...described, ...facts, clock, report, defaults: { ...defaults, engine: name } }),
      feed: createCatalog({ ...described, alsoTaken: [] }),
      restart,
      followed: followedManageEngine,
    }
  },

  fleet({ machines }, clock) {
    const hosts = Array.from({ length: machines }, (_, index) => debianHost(index))
    const now = async () =>
      hosts.map((host, index) => {
        const at = toIso(reportedAt(index, clock().getTime()))
        return { ...host, seenAt: at, detailAt: at, softwareAt: at }
      })
    const { fetch, restart } = countedFetch(createFleetServer({ token: 'generated', clock, hosts: now }).fetch)
    const url = 'https://fleet.invalid'
    const fleet = createFleet({ url, token: 'generated', variable: 'FLEET_TOKEN', clock, fetch, pauses })
    return {
      source: createFleetInventory({ name: 'fleet', fleet, live: false, clock, defaults, ...facts }),
      restart,
    }
  },

  neurons({ machines, updates }, clock) {
    const devices = Array.from({ length: machines }, (_, index) => ({
      ...aDevice(index, { machineName: `SRV-${index}`, osVersion: '10.0.20348' }),
      patches: patchesOf(index, updates),
    }))
    const now = async () =>
      devices.map((device, index) => ({ ...device, lastScannedDate: toIso(reportedAt(index, clock().getTime())) }))
    const { fetch, restart } = countedFetch(createNeuronsServer({ ...LOGIN, clock, devices: now }).fetch)
    const neurons = createNeurons({
      ...{ ...LOGIN, url: 'https://neurons.invalid', login: 'connect', prefix: '/api/patch/content/v1' },
      ...{ variable: 'IVANTI_NEURONS_SECRET', clock, fetch, pauses, wait: async () => undefined },
    })
    return {
      source: createNeuronsInventory({ name: 'neurons', neurons, clock, defaults, domains: {}, ...facts }),
      restart,
    }
  },
}

const PACKAGES = 5_000
const EACH = 400
const packages = Array.from({ length: PACKAGES }, (_, index) => deb(`package-${index}`, `1.${index % 40}-1`))

/** One of a hundred sets of 400 packages; a tenth of the hosts differ in one. */
function debianHost(index: number): FleetHostState {
  const draw = random(7_000 + (index % 100))
  const set =
    sets.get(index % 100) ?? Array.from({ length: EACH }, () => packages[Math.floor(draw() * PACKAGES)] ?? never())
  sets.set(index % 100, set)
  const listed = index % 10 === 0 ? [...set.slice(1), deb(`own-${index % 50}`, '1')] : set
  return aHost(index + 1, { packages: listed, listed })
}

const sets = new Map<number, ReturnType<typeof deb>[]>()

function never(): never {
  throw new Error('There is no such package.')
}

type Patches = readonly { readonly kbNumber: string; readonly patchStatus: string }[]
const patchSets = new Map<number, Patches>()

function patchesOf(index: number, updates: number): Patches {
  const key = index % 10 === 0 ? index : (index % 100) - 100
  const there = patchSets.get(key)
  if (there !== undefined) return there
  const made = [...saidBy(index, updates)].map(({ update, isInstalled }) => ({
    kbNumber: `KB${5_000_000 + update}`,
    patchStatus: isInstalled ? 'Installed' : 'Missing',
  }))
  if (key < 0) patchSets.set(key, made)
  return made
}
