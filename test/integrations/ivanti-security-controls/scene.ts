/** A simulated console of Security Controls for tests: in memory, with a clock that the test moves. */

import type { Change } from '../../../src/core/change.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping, RebootRule } from '../../../src/core/ports.ts'
import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { type Api, createApi } from '../../../src/integrations/ivanti-security-controls/api.ts'
import { createCatalog } from '../../../src/integrations/ivanti-security-controls/catalog.ts'
import { createConsole } from '../../../src/integrations/ivanti-security-controls/client.ts'
import { createEngine } from '../../../src/integrations/ivanti-security-controls/engine.ts'
import { createInventory } from '../../../src/integrations/ivanti-security-controls/inventory.ts'
import { createKnown, type Known } from '../../../src/integrations/ivanti-security-controls/known.ts'
import { createNotes } from '../../../src/integrations/ivanti-security-controls/note.ts'
import { consoleReport } from '../../../src/integrations/ivanti-security-controls/probe-report.ts'
import { keptInMemory } from '../../../src/integrations/kept-in-memory.ts'
import { SIMULATED_URL } from '../../../src/integrations/simulated-security-controls/answers.ts'
import { advance, SCANS_EVERY_HOURS } from '../../../src/integrations/simulated-security-controls/course.ts'
import { createSimulatedConsole } from '../../../src/integrations/simulated-security-controls/server.ts'
import {
  type ConsoleState,
  consoleSchema,
  type SimulatedMachine,
} from '../../../src/integrations/simulated-security-controls/state.ts'
import { paceOf } from '../../../src/integrations/simulated-system/pace.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import { type Dies, mortal, windowsServer } from '../../support/told-system.ts'

export { type Dies, hoursFrom, memoryStore } from '../../support/told-system.ts'

export const SOURCE = 'isc'
export const OS = 'Windows Server 2022'
export const DAY_SECONDS = 86_400
export const pace = paceOf(DAY_SECONDS, SCANS_EVERY_HOURS)
/** Within so many hours each machine was scanned, has done what it was told, and was looked at again. */
export const RHYTHM_HOURS = 8
/** How long before the window the scan begins. */
export const LEAD_HOURS = 0.5

export const update: Change = { kind: 'update', name: 'KB9000001', build: null }
export const ACCOUNT_OF_OTHERS = 'CORP\\anna'

export const second: Change = { kind: 'update', name: 'KB9000002', build: null }

export const guid = (count: number) => `0000aaaa-0000-4000-8000-${count.toString(16).padStart(12, '0')}`

/** `KB9000001` covers a second product, which no machine here has, with a GUID of its own. */
export function vulnerabilityRecords(): readonly Record<string, unknown>[] {
  const on = (count: number, product = OS) => ({ id: guid(count), product })
  return [
    { id: 40_000, kb: '9000000', patches: [on(1)], daysAgo: 31, replacedBy: [40_001], severity: 'Critical' },
    {
      ...{ id: 40_001, kb: '9000001', patches: [on(2), on(3, 'Windows Server 2019')], daysAgo: 3, restart: true },
      ...{ severity: 'Critical', cves: ['CVE-2026-1111'] },
    },
    { id: 40_002, kb: '9000002', patches: [on(4)], daysAgo: 3 },
    { id: 40_003, kb: null, bulletin: 'CHROME-261101', patches: [on(5, 'Google Chrome')], daysAgo: 3 },
  ]
}

export const template = {
  id: '7b5b0000-0000-4000-8000-000000000001',
  name: 'Restart if needed',
  when: 'ImmediateIfRequired',
}
export const templates = [
  template,
  { id: '7b5b0000-0000-4000-8000-000000000002', name: 'No restart', when: 'NoReboot' },
  { id: '7b5b0000-0000-4000-8000-000000000003', name: 'Standard', when: 'Always' },
]

export function machineRecord(fullName: string, index: number): Record<string, unknown> {
  const name = fullName.split('.')[0]?.toUpperCase()
  return { id: 11 + index, name, dnsName: fullName, domain: 'CORP', products: [OS], installed: [40_000] }
}

export function fresh(names: readonly string[], more: Record<string, unknown> = {}): ConsoleState {
  return consoleSchema.parse({
    ...{ machines: names.map(machineRecord), vulnerabilities: vulnerabilityRecords(), deployTemplates: templates },
    ...more,
  })
}

export interface Scene {
  readonly keeping: Keeping
  /** Every request that was made, by all processes. */
  readonly requests: { readonly method: string; readonly path: string; readonly body: string }[]
  readonly api: Api
  readonly known: Known
  /** Another process. */
  engine(options?: {
    dies?: Dies | null
    installation?: string
    mayDeploy?: boolean
    templates?: Partial<Record<RebootRule, string>>
    leadHours?: number
  }): DeployEngine
  readonly source: InventorySource
  sourceNamed(name: string): InventorySource
  catalog(also?: readonly string[]): CatalogFeed
  now(): Date
  pass(hours: number): void
  state(): Promise<ConsoleState>
  machine(fullName: string): Promise<SimulatedMachine>
  /** What an administrator does, or what goes wrong, now. */
  change(edit: (state: ConsoleState) => ConsoleState): Promise<void>
  changeMachine(fullName: string, edit: Partial<SimulatedMachine>): Promise<void>
  traps(edit: Partial<ConsoleState['traps']>): Promise<void>
}

/** `proven`: a start was completed there before, so that no limit of a first contact applies. */
export async function consoleScene(
  store: StateStore<ConsoleState>,
  { start = '2026-11-20T12:00:00Z', proven = true, keeping = keptInMemory() } = {},
): Promise<Scene> {
  let now = Date.parse(start)
  const clock = () => new Date(now)
  const server = createSimulatedConsole(store, pace, clock)
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
    const console = createConsole({
      ...{ url: SIMULATED_URL, timeoutSeconds: 30, fetch: counted, sleep: async () => undefined },
      alone: (signal, work) => mine.inTurn('isc', signal, work),
    })
    // A process dies at a request as a whole: after it, the console has acted and nobody has read the answer.
    const api = createApi(
      { ...console, ask: (...asked) => step(() => console.ask(...asked)) },
      { password: 'hush', credential: null },
    )
    return { api, known: createKnown(api, clock, 30), notes: createNotes(SOURCE, mine) }
  }

  const first = process(null)
  const state = async () => advance(await store.read(), pace, clock())
  async function change(edit: (state: ConsoleState) => ConsoleState): Promise<void> {
    await store.change((before) => [edit(advance(before, pace, clock())), null])
  }
  await change((before) => before)
  const described = { describe: 'a simulated console', api: first.api, known: first.known }
  const sourceNamed = (name: string) =>
    createInventory({
      ...{ name, ...described, clock, simulated: true, teams: {} },
      defaults: { team: 'web', engine: SOURCE },
      report: (signal) => consoleReport(first.api, first.known, clock, signal),
    })
  const isNamed = (fullName: string) => (one: SimulatedMachine) => one.dnsName === fullName
  return {
    ...{ keeping, requests, api: first.api, known: first.known },
    engine: ({ dies = null, installation = 'test', mayDeploy = true, leadHours = LEAD_HOURS, ...own } = {}) =>
      createEngine({
        ...process(dies),
        ...{ name: SOURCE, describe: 'a simulated console', simulated: true, installation, mayDeploy, clock },
        templates: own.templates ?? { never: 'No restart', 'if required': 'Restart if needed' },
        ...{ shownWithinSeconds: 600, hourSeconds: 3_600 },
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
    async machine(fullName) {
      const found = (await state()).machines.find(isNamed(fullName))
      if (found === undefined) throw new Error(`There is no machine ${fullName}.`)
      return found
    },
    change,
    changeMachine: (fullName, edit) =>
      change((before) => ({
        ...before,
        machines: before.machines.map((one) => (isNamed(fullName)(one) ? { ...one, ...edit } : one)),
      })),
    traps: (edit) => change((before) => ({ ...before, traps: { ...before.traps, ...edit } })),
  }
}

export const assetNamed = (name: string) => windowsServer(SOURCE, name)
