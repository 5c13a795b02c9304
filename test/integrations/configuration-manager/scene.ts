/** A simulated site of Configuration Manager for tests: in memory, with a clock that the test moves. */

import type { Change } from '../../../src/core/change.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../../src/core/ports.ts'
import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { type Api, createApi } from '../../../src/integrations/configuration-manager/api.ts'
import type { Writer } from '../../../src/integrations/configuration-manager/calls.ts'
import { createCatalog } from '../../../src/integrations/configuration-manager/catalog.ts'
import { createClient } from '../../../src/integrations/configuration-manager/client.ts'
import { createEngine } from '../../../src/integrations/configuration-manager/engine.ts'
import { createInventory } from '../../../src/integrations/configuration-manager/inventory.ts'
import { createKnown } from '../../../src/integrations/configuration-manager/known.ts'
import { createNotes } from '../../../src/integrations/configuration-manager/note.ts'
import { siteReport } from '../../../src/integrations/configuration-manager/probe-report.ts'
import { keptInMemory } from '../../../src/integrations/kept-in-memory.ts'
import { ASKS_EVERY_HOURS, advance } from '../../../src/integrations/simulated-configuration-manager/course.ts'
import { ALL_SYSTEMS } from '../../../src/integrations/simulated-configuration-manager/members.ts'
import { createSimulatedSite, SIMULATED_URL } from '../../../src/integrations/simulated-configuration-manager/server.ts'
import {
  type SimulatedMachine,
  type SiteState,
  siteSchema,
} from '../../../src/integrations/simulated-configuration-manager/state.ts'
import { paceOf } from '../../../src/integrations/simulated-system/pace.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import { type Dies, mortal, windowsServer } from '../../support/told-system.ts'

export { type Dies, hoursFrom, memoryStore, termsIn } from '../../support/told-system.ts'

export const SOURCE = 'site'
const OS = 'Windows Server 2022 Standard'
export const pace = paceOf(86_400, ASKS_EVERY_HOURS)
/** Within so many hours each machine has asked, done what it was told, and been scanned. */
export const RHYTHM_HOURS = 8

export const update: Change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' }
export const framework: Change = { kind: 'update', name: 'KB9000002', build: null }

const SYSTEM = 'for Microsoft server operating system version 21H2 for x64-based Systems'
const uniqueOf = (kb: string) => `00000000-0000-4000-8000-00000${kb}`

export function updateRecords(): readonly Record<string, unknown>[] {
  const every = { for: [OS], daysAgo: 3, severity: 10 }
  return [
    {
      ...{
        ...every,
        id: 16_800_001,
        unique: uniqueOf('9000001'),
        kb: '9000001',
        restart: true,
        build: '10.0.20348.9001',
      },
      title: `2026-11 Cumulative Update ${SYSTEM} (KB9000001) (20348.9001)`,
      ...{ supersedes: [16_800_000], longestMinutes: 60 },
    },
    {
      ...{
        ...every,
        id: 16_800_000,
        unique: uniqueOf('9000000'),
        kb: '9000000',
        restart: true,
        build: '10.0.20348.9000',
      },
      ...{ title: `2026-10 Cumulative Update ${SYSTEM} (KB9000000) (20348.9000)`, daysAgo: 31 },
    },
    {
      ...{ ...every, id: 16_800_002, unique: uniqueOf('9000002'), kb: '9000002', longestMinutes: 10 },
      title: `2026-11 Security Update ${SYSTEM} (KB9000002)`,
    },
  ]
}

export function machineRecord(name: string, index: number): Record<string, unknown> {
  return { id: 16_777_225 + index, name, os: OS, version: '10.0.20348.9000', installed: [16_800_000] }
}

export function fresh(names: readonly string[], more: Record<string, unknown> = {}): SiteState {
  return siteSchema.parse({ machines: names.map(machineRecord), updates: updateRecords(), ...more })
}

export interface EngineOptions {
  readonly dies?: Dies | null
  readonly installation?: string
  readonly mayDeploy?: boolean
  readonly leadHours?: number
  readonly withoutPackage?: boolean
  readonly limiting?: string
}

export interface Scene {
  readonly keeping: Keeping
  /** Every address that was asked for, by all processes. */
  readonly requests: string[]
  /** Every call that was made, by all processes. */
  readonly calls: { readonly op: string; readonly data: unknown }[]
  readonly api: Api
  /** Another process. */
  engine(options?: EngineOptions): DeployEngine
  readonly source: InventorySource
  sourceNamed(name: string, teams?: Readonly<Record<string, string>>): InventorySource
  catalog(also?: readonly string[]): CatalogFeed
  now(): Date
  pass(hours: number): void
  state(): Promise<SiteState>
  machine(name: string): Promise<SimulatedMachine>
  /** What an administrator does, or what goes wrong, now. */
  change(edit: (state: SiteState) => SiteState): Promise<void>
  changeMachine(name: string, edit: Partial<SimulatedMachine>): Promise<void>
  traps(edit: Partial<SiteState['traps']>): Promise<void>
}

/** `proven`: a start was completed there before, so that no limit of a first contact applies. */
export async function siteScene(
  store: StateStore<SiteState>,
  { start = '2026-11-20T12:00:00Z', proven = true, keeping = keptInMemory() } = {},
): Promise<Scene> {
  let now = Date.parse(start)
  const clock = () => new Date(now)
  const site = createSimulatedSite(store, pace, clock)
  const requests: string[] = []
  const calls: { op: string; data: unknown }[] = []
  const counted: typeof fetch = (input, init) => {
    requests.push(decodeURIComponent(String(input).slice(SIMULATED_URL.length)))
    return site.fetch(input, init)
  }
  if (proven) await createNotes(SOURCE, keeping).saveFirstContact({ proven: true, trying: null })

  function process(dies: Dies | null) {
    const step = mortal(dies)
    const mine: Keeping = { ...keeping, saveNote: (...note) => step(() => keeping.saveNote(...note)) }
    const alone = <T>(signal: AbortSignal, work: (own: AbortSignal) => Promise<T>) => mine.inTurn('site', signal, work)
    const pauses = { firstSeconds: 0, longestSeconds: 1 }
    const client = createClient({ url: SIMULATED_URL, alone, timeoutSeconds: 30, clock, fetch: counted, pauses })
    const api = createApi({
      ...client,
      rows: (...asked) => step(() => client.rows(...asked)),
      one: (...asked) => step(() => client.one(...asked)),
    })
    const writer: Writer = {
      describe: 'test',
      call: (op, data, signal) =>
        step(() => {
          calls.push({ op, data })
          return site.writer.call(op, data, signal)
        }),
    }
    return { api, writer, known: createKnown(api, clock, []), notes: createNotes(SOURCE, mine) }
  }

  const first = process(null)
  const state = async () => advance(await store.read(), pace, clock())
  async function change(edit: (state: SiteState) => SiteState): Promise<void> {
    await store.change((before) => [edit(advance(before, pace, clock())), null])
  }
  await change((before) => before)
  const described = { describe: 'a simulated site', api: first.api, known: first.known }
  const sourceNamed = (name: string, teams: Readonly<Record<string, string>> = {}) =>
    createInventory({
      ...{ name, ...described, clock, simulated: true, teams },
      defaults: { team: 'web', engine: SOURCE },
      report: (signal) => siteReport(first.api, first.known, clock, signal),
    })
  return {
    ...{ keeping, requests, calls, api: first.api },
    engine: ({
      dies = null,
      installation = 'test',
      mayDeploy = true,
      leadHours = 4,
      withoutPackage = false,
      limiting = ALL_SYSTEMS,
    } = {}) =>
      createEngine({
        ...process(dies),
        ...{ name: SOURCE, describe: 'a simulated site', simulated: true, installation, mayDeploy, clock },
        ...{ limiting, withoutPackage, contactSeconds: 3_600, evaluatedWithinSeconds: 1_800, hourSeconds: 3_600 },
        terms: { leadSeconds: leadHours * 3_600, reportsWithinSeconds: 24 * 3_600 },
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
