/** A simulated WSUS for tests: in memory, with a clock that the test moves. */

import type { Change } from '../../../src/core/change.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../../src/core/ports.ts'
import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { keptInMemory } from '../../../src/integrations/kept-in-memory.ts'
import { paceOf } from '../../../src/integrations/simulated-system/pace.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import { advance } from '../../../src/integrations/simulated-wsus/course.ts'
import { createSimulatedWsus, simulatedId } from '../../../src/integrations/simulated-wsus/server.ts'
import { type SimulatedMachine, type WsusState, wsusSchema } from '../../../src/integrations/simulated-wsus/state.ts'
import { createWsus } from '../../../src/integrations/wsus/ask.ts'
import { ALL_COMPUTERS, type WsusOp, type WsusServer } from '../../../src/integrations/wsus/calls.ts'
import { createWsusCatalog } from '../../../src/integrations/wsus/catalog.ts'
import type { Installs } from '../../../src/integrations/wsus/context.ts'
import { createWsusEngine } from '../../../src/integrations/wsus/engine.ts'
import { createWsusInventory } from '../../../src/integrations/wsus/inventory.ts'
import { createKnown } from '../../../src/integrations/wsus/known.ts'
import { createNotes } from '../../../src/integrations/wsus/note.ts'
import { type Dies, mortal, windowsServer } from '../../support/told-system.ts'

export { type Dies, hoursFrom, memoryStore, termsIn } from '../../support/told-system.ts'

export const SOURCE = 'wsus'
const OS = 'Windows Server 2022 Standard'
export const DAY_SECONDS = 86_400
export const pace = paceOf(DAY_SECONDS)

export const update: Change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' }
export const framework: Change = { kind: 'update', name: 'KB9000002', build: null }
export const idOf = (kb: string) => simulatedId(`update ${kb}`)
export const machineId = (name: string) => simulatedId(`machine ${name}`)

export function updatesRecord(): readonly Record<string, unknown>[] {
  const every = { for: [OS], daysAgo: 3, products: ['Microsoft Server operating system-21H2'] }
  const system = 'for Microsoft server operating system version 21H2 for x64-based Systems'
  return [
    {
      ...every,
      id: idOf('9000001'),
      kb: '9000001',
      title: `2026-11 Cumulative Update ${system} (KB9000001) (20348.9001)`,
      severity: 'Critical',
      reboot: 'AlwaysRequiresReboot',
      removable: false,
      build: '10.0.20348.9001',
      supersedes: [idOf('9000000')],
    },
    {
      ...every,
      id: idOf('9000000'),
      kb: '9000000',
      title: `2026-10 Cumulative Update ${system} (KB9000000) (20348.9000)`,
      severity: 'Critical',
      reboot: 'AlwaysRequiresReboot',
      build: '10.0.20348.9000',
      daysAgo: 31,
    },
    {
      ...every,
      id: idOf('9000002'),
      kb: '9000002',
      title: `2026-11 Security Update ${system} (KB9000002)`,
      licence: 'A licence',
      contentHours: 3,
    },
  ]
}

export function machineRecord(name: string): Record<string, unknown> {
  return { id: machineId(name), name, os: OS, version: '10.0.20348.9000', installed: [idOf('9000000')] }
}

export function fresh(names: readonly string[], more: Record<string, unknown> = {}): WsusState {
  return wsusSchema.parse({ machines: names.map(machineRecord), updates: updatesRecord(), ...more })
}

/** The machines of each group, as policies put them there. */
export function inGroups(state: WsusState, groups: Readonly<Record<string, readonly string[]>>): WsusState {
  const made = Object.keys(groups).map((name) => ({ id: simulatedId(`group ${name}`), name, parent: ALL_COMPUTERS }))
  const machines = state.machines.map((one) => {
    const own = made.filter(({ name }) => groups[name]?.includes(one.name) === true).map(({ id }) => id)
    return { ...one, groups: [...one.groups, ...own] }
  })
  return { ...state, groups: [...state.groups, ...made], machines }
}

export interface WsusScene {
  readonly keeping: Keeping
  readonly server: WsusServer
  /** How often each call was made, by all processes. */
  readonly calls: Map<WsusOp, number>
  /** Another process. */
  engine(options?: {
    dies?: Dies | null
    installation?: string
    installs?: Installs
    mayDeploy?: boolean
    wholeGroups?: readonly string[] | null
  }): DeployEngine
  readonly source: InventorySource
  sourceNamed(name: string): InventorySource
  catalog(): CatalogFeed
  now(): Date
  pass(hours: number): void
  state(): Promise<WsusState>
  machine(name: string): Promise<SimulatedMachine>
  /** What an administrator does, or what goes wrong, now. */
  change(edit: (state: WsusState) => WsusState): Promise<void>
  changeMachine(name: string, edit: Partial<SimulatedMachine>): Promise<void>
}

/**
 * `proven`: a start was completed there before, so that no limit of a first contact applies. `named`: groups that may be
 * approved for as a whole; `null`: each start has groups of its own.
 */
export async function wsusScene(
  store: StateStore<WsusState>,
  {
    start = '2026-11-20T12:00:00Z',
    proven = true,
    keeping = keptInMemory(),
    named = null,
  }: { start?: string; proven?: boolean; keeping?: Keeping; named?: readonly string[] | null } = {},
): Promise<WsusScene> {
  let now = Date.parse(start)
  const clock = () => new Date(now)
  const real = createSimulatedWsus(store, pace, clock)
  const calls = new Map<WsusOp, number>()
  const server: WsusServer = {
    describe: real.describe,
    call(op, data, signal) {
      calls.set(op, (calls.get(op) ?? 0) + 1)
      return real.call(op, data, signal)
    },
  }
  if (proven) await createNotes(SOURCE, keeping).saveFirstContact({ proven: true, trying: null })

  function process(dies: Dies | null) {
    const step = mortal(dies)
    const mine: Keeping = { ...keeping, saveNote: (...note) => step(() => keeping.saveNote(...note)) }
    const over: WsusServer = { ...server, call: (...call) => step(() => server.call(...call)) }
    const wsus = createWsus(over, 'test', mine, clock)
    return { wsus, known: createKnown(wsus, clock, []), notes: createNotes(SOURCE, mine) }
  }
  const first = process(null)
  const state = async () => advance(await store.read(), pace, clock())
  async function change(edit: (state: WsusState) => WsusState): Promise<void> {
    await store.change((before) => [edit(advance(before, pace, clock())), null])
  }
  await change((before) => before)
  const sourceNamed = (name: string) =>
    createWsusInventory({
      ...{ name, wsus: first.wsus, known: first.known, clock, simulated: true, teams: {} },
      defaults: { team: 'web', engine: SOURCE },
    })
  return {
    keeping,
    server,
    calls,
    engine: ({
      dies = null,
      installation = 'test',
      installs = 'by deadline',
      mayDeploy = true,
      wholeGroups = named,
    } = {}) =>
      createWsusEngine({
        ...process(dies),
        ...{ name: SOURCE, simulated: true, installation, installs, mayDeploy, clock, wholeGroups },
        teamOf: (groups) => groups.find((group) => group.startsWith('Team ')) ?? null,
        ...{ contactSeconds: 22 * 3_600, hourSeconds: 3_600 },
        terms: { leadSeconds: DAY_SECONDS, reportsWithinSeconds: 2 * DAY_SECONDS },
      }),
    source: sourceNamed(SOURCE),
    sourceNamed,
    catalog: () => createWsusCatalog({ name: SOURCE, wsus: first.wsus, known: first.known, alsoTaken: [], clock }),
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
  }
}

export const assetNamed = (name: string) => windowsServer(SOURCE, name)
