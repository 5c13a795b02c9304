/** A simulated ManageEngine for tests: in memory, with a clock that the test moves. */

import type { Change } from '../../../src/core/change.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../../src/core/ports.ts'
import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { keptInMemory } from '../../../src/integrations/kept-in-memory.ts'
import { type Api, createApi, type Generation } from '../../../src/integrations/manageengine/api.ts'
import { createCatalog } from '../../../src/integrations/manageengine/catalog.ts'
import { createClient } from '../../../src/integrations/manageengine/client.ts'
import { createEngine } from '../../../src/integrations/manageengine/engine.ts'
import { createInventory } from '../../../src/integrations/manageengine/inventory.ts'
import { createKnown } from '../../../src/integrations/manageengine/known.ts'
import { createNotes } from '../../../src/integrations/manageengine/note.ts'
import { manageEngineReport } from '../../../src/integrations/manageengine/probe-report.ts'
import { createSignIn } from '../../../src/integrations/manageengine/sign-in.ts'
import { ASKS_EVERY_HOURS, advance } from '../../../src/integrations/simulated-manageengine/course.ts'
import {
  createSimulatedServer,
  SIMULATED_TOKEN,
  SIMULATED_URL,
} from '../../../src/integrations/simulated-manageengine/server.ts'
import {
  type ManageEngineState,
  manageEngineSchema,
  type SimulatedMachine,
} from '../../../src/integrations/simulated-manageengine/state.ts'
import { paceOf } from '../../../src/integrations/simulated-system/pace.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import { type Dies, mortal, windowsServer } from '../../support/told-system.ts'

export { type Dies, hoursFrom, memoryStore } from '../../support/told-system.ts'

export const SOURCE = 'me'
const OS = 'Windows Server 2022 Standard'
export const DAY_SECONDS = 86_400
export const pace = paceOf(DAY_SECONDS, ASKS_EVERY_HOURS)
/** Within so many hours each machine has asked, done what it was told, and been scanned. */
export const RHYTHM_HOURS = 8

export const update: Change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' }
export const framework: Change = { kind: 'update', name: 'KB9000002', build: null }

const SYSTEM = 'for Microsoft server operating system version 21H2 for x64-based Systems'

export function patchRecords(): readonly Record<string, unknown>[] {
  const every = { for: [OS], daysAgo: 3, severity: 4 }
  return [
    {
      ...every,
      id: '104001',
      kb: '9000001',
      title: `2026-11 Cumulative Update ${SYSTEM} (KB9000001) (20348.9001)`,
      restart: true,
      build: '10.0.20348.9001',
    },
    {
      ...every,
      id: '104000',
      kb: '9000000',
      title: `2026-10 Cumulative Update ${SYSTEM} (KB9000000) (20348.9000)`,
      restart: true,
      build: '10.0.20348.9000',
      daysAgo: 31,
      supersededBy: '104001',
    },
    { ...every, id: '104002', kb: '9000002', title: `2026-11 Security Update ${SYSTEM} (KB9000002)`, removable: true },
  ]
}

export const policy = { id: '4', name: 'Servers nightly', reboot: 'if required' }

export function machineRecord(name: string, index: number): Record<string, unknown> {
  return { id: String(30_000_000_000_001 + index), name, os: OS, version: '10.0.20348.9000', installed: ['104000'] }
}

export function fresh(names: readonly string[], more: Record<string, unknown> = {}): ManageEngineState {
  return manageEngineSchema.parse({
    machines: names.map(machineRecord),
    patches: patchRecords(),
    policies: [policy],
    ...more,
  })
}

export interface Scene {
  readonly keeping: Keeping
  /** Every request that was made, by all processes. */
  readonly requests: { readonly method: string; readonly path: string; readonly body: string }[]
  readonly api: Api
  /** Another process. */
  engine(options?: {
    dies?: Dies | null
    installation?: string
    mayDeploy?: boolean
    leadHours?: number
    window?: string | null
  }): DeployEngine
  readonly source: InventorySource
  sourceNamed(name: string): InventorySource
  catalog(also?: readonly string[]): CatalogFeed
  now(): Date
  pass(hours: number): void
  state(): Promise<ManageEngineState>
  machine(name: string): Promise<SimulatedMachine>
  /** What an administrator does, or what goes wrong, now. */
  change(edit: (state: ManageEngineState) => ManageEngineState): Promise<void>
  changeMachine(name: string, edit: Partial<SimulatedMachine>): Promise<void>
  traps(edit: Partial<ManageEngineState['traps']>): Promise<void>
}

/** `proven`: a start was completed there before, so that no limit of a first contact applies. */
export async function manageEngineScene(
  store: StateStore<ManageEngineState>,
  {
    start = '2026-11-20T12:00:00Z',
    proven = true,
    keeping = keptInMemory(),
    generation = null as Generation | null,
  } = {},
): Promise<Scene> {
  let now = Date.parse(start)
  const clock = () => new Date(now)
  const server = createSimulatedServer(store, pace, clock)
  const requests: { method: string; path: string; body: string }[] = []
  const counted: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(String(input))
    requests.push({ method: init?.method ?? 'GET', path: pathname + search, body: String(init?.body ?? '') })
    return server(input, init)
  }
  if (proven) await createNotes(SOURCE, keeping).saveFirstContact({ proven: true, trying: null })

  function process(dies: Dies | null) {
    const step = mortal(dies)
    const mine: Keeping = { ...keeping, saveNote: (...note) => step(() => keeping.saveNote(...note)) }
    const signIn = createSignIn({ kind: 'token', token: SIMULATED_TOKEN }, clock)
    const alone = <T>(signal: AbortSignal, work: (own: AbortSignal) => Promise<T>) => mine.inTurn('me', signal, work)
    const client = createClient({
      ...{ url: SIMULATED_URL, signIn, alone, gapMs: 0, timeoutSeconds: 30 },
      fetch: counted,
      sleep: async () => undefined,
    })
    // A process dies at a request as a whole: after it, the server has acted and nobody has read the answer.
    const api = createApi({ ...client, ask: (...asked) => step(() => client.ask(...asked)) }, generation)
    return { api, known: createKnown(api, clock), notes: createNotes(SOURCE, mine) }
  }

  const first = process(null)
  const state = async () => advance(await store.read(), pace, clock())
  async function change(edit: (state: ManageEngineState) => ManageEngineState): Promise<void> {
    await store.change((before) => [edit(advance(before, pace, clock())), null])
  }
  await change((before) => before)
  const described = { describe: 'a simulated ManageEngine', api: first.api, known: first.known }
  const sourceNamed = (name: string) =>
    createInventory({
      ...{ name, ...described, clock, simulated: true, teams: {} },
      defaults: { team: 'web', engine: SOURCE },
      report: (signal) => manageEngineReport(first.api, first.known, clock, signal),
    })
  return {
    ...{ keeping, requests, api: first.api },
    engine: ({ dies = null, installation = 'test', mayDeploy = true, leadHours = 1 / 60, window = 'nights' } = {}) =>
      createEngine({
        ...process(dies),
        ...{ name: SOURCE, describe: 'a simulated ManageEngine', simulated: true, installation, mayDeploy, clock },
        policies: { nights: { name: policy.name, reboot: 'if required' } },
        windowOf: () => window,
        ...{ contactSeconds: 5_400, shownWithinSeconds: 600, hourSeconds: 3_600 },
        terms: { leadSeconds: Math.round(leadHours * 3_600), reportsWithinSeconds: 12 * 3_600 },
      }),
    source: sourceNamed(SOURCE),
    sourceNamed,
    catalog: (alsoTaken = []) => createCatalog({ name: SOURCE, ...described, alsoTaken }),
    now: clock,
    pass(hours) {
      now += Math.round(hours * HOUR_MS)
    },
    state,
    async machine(name) {
      const found = (await state()).machines.find((one) => one.name === name)
      if (found === undefined) throw new Error(`There is no machine ${name}.`)
      return found
    },
    change,
    changeMachine: (name, edit) =>
      change((before) => ({
        ...before,
        machines: before.machines.map((one) => (one.name === name ? { ...one, ...edit } : one)),
      })),
    traps: (edit) => change((before) => ({ ...before, traps: { ...before.traps, ...edit } })),
  }
}

export const assetNamed = (name: string) => windowsServer(SOURCE, name)
