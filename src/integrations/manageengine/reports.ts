/** What is known of each machine of a start: only what it said itself, and when it said it. */

import { heldBack } from '../../core/held-back.ts'
import { MaybeStarted, maybeBegun } from '../../core/maybe-started.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { isBefore, latest, minuteOf, toIso } from '../../core/time/instant.ts'
import { outcomeOfRefused } from '../delegating/asset-note.ts'
import type { Execution, Machine, PatchState } from './api.ts'
import type { Context } from './context.ts'
import type { AssetNote, ConfigurationNote, StartNote } from './note.ts'

export async function reportsOf(
  context: Context,
  note: StartNote,
  signal: AbortSignal,
): Promise<readonly DeploymentReport[]> {
  return (await reportsOfAll(context, new Map([['', note]]), signal)).get('') ?? []
}

/** What was read for a look. */
interface Heard {
  readonly machines: ReadonlyMap<string, Machine>
  /** By machine and patch. */
  readonly states: ReadonlyMap<string, PatchState>
  /** By configuration and machine; `null`: this server does not say it. */
  readonly executions: ReadonlyMap<string, ReadonlyMap<string, Execution> | null>
}

/**
 * The reports of several starts, by their keys, from one look: the machines, then for each configuration how far it is, then
 * what machines said of its patches, but only where one of them has been scanned since its work could begin.
 */
export async function reportsOfAll(
  context: Context,
  notes: ReadonlyMap<string, StartNote>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DeploymentReport[]>> {
  const heard = await hear(context, [...notes.values()], signal)
  const found = new Map<string, readonly DeploymentReport[]>()
  for (const [key, note] of notes)
    found.set(
      key,
      note.assets.map((one) => reportOf(context, note, one, heard)),
    )
  return found
}

async function hear({ api, known }: Context, notes: readonly StartNote[], signal: AbortSignal): Promise<Heard> {
  const open = notes.flatMap(({ assets }) =>
    assets.filter(({ refused, takenBack }) => refused === null && takenBack?.state !== 'stopped'),
  )
  const states = new Map<string, PatchState>()
  const executions = new Map<string, ReadonlyMap<string, Execution> | null>()
  if (open.length === 0) return { machines: new Map(), states, executions }
  const machines = (await known.machines(signal, 'fresh')).byId
  for (const { id } of notes.flatMap(({ configurations }) => configurations)) {
    if (id === null || executions.has(id)) continue
    const list = await api.executions(id, signal)
    executions.set(id, list === null ? null : new Map(list.map((one) => [one.machine, one])))
  }
  const spoke = open.filter((one) => isAfter(machines.get(one.machine)?.scannedAt ?? null, one.notBefore))
  if ((await api.generation(signal)) === 'legacy') {
    // Here only the report about one machine names the configuration that did it.
    for (const id of new Set(spoke.map(({ machine }) => machine)))
      for (const one of await api.statesOfMachine(id, signal)) states.set(`${id} ${one.patch}`, one)
    return { machines, states, executions }
  }
  for (const patch of new Set(spoke.flatMap(({ items }) => items.map((item) => item.patch))))
    for (const one of await known.states(patch, signal, 'fresh')) states.set(`${one.machine} ${patch}`, one)
  return { machines, states, executions }
}

function isAfter(at: string | null, other: string): boolean {
  return at !== null && isBefore(other, at)
}

/** The configurations that told this machine, the newest last. */
export function configurationsOf({ configurations }: StartNote, { machine }: AssetNote): readonly ConfigurationNote[] {
  return configurations.filter(({ machines }) => machines.includes(machine))
}

/** What its agent told the server of them, the furthest word first. */
export function executionsFor(note: StartNote, one: AssetNote, executions: Heard['executions']): readonly Execution[] {
  return configurationsOf(note, one).flatMap(({ id }) =>
    id === null ? [] : (executions.get(id)?.get(one.machine) ?? []),
  )
}

function reportOf(context: Context, note: StartNote, one: AssetNote, heard: Heard): DeploymentReport {
  const { asset, refused, takenBack } = one
  if (refused !== null) return { asset, outcome: outcomeOfRefused(refused), progress: null }
  if (takenBack?.state === 'stopped') return { asset, outcome: notBegun(takenBack.reason), progress: null }
  const lost = lostOutcome(context, note, one)
  if (lost !== null) return { asset, outcome: lost, progress: null }
  const machine = heard.machines.get(one.machine)
  const scannedAt = machine?.scannedAt ?? null
  // What a machine has is what its scan found; what its agent told of a failure came with its last contact.
  const word = latest([scannedAt, machine?.contactedAt ?? null])
  const outcome = isAfter(scannedAt, one.notBefore) ? outcomeOf(note, one, machine, heard) : null
  const ended = outcome ?? (isAfter(word, one.notBefore) ? failedExecution(note, one, heard) : null)
  // That nothing can begin any more is no word about the work, so it has no time of its own.
  if (ended?.state === 'not begun') return { asset, outcome: ended, progress: null }
  const saidAt =
    outcome !== null || isAfter(scannedAt, one.since)
      ? scannedAt
      : isAfter(word, one.since) && ended !== null
        ? word
        : null
  if (ended !== null) return { asset, outcome: ended, progress: null, saidAt }
  const now = context.clock()
  const progress = progressOf(note, one, machine, heard, now)
  return { asset, outcome: null, progress, saidAt, lookAgainAt: nextLook(context, one, now) }
}

/** Nobody knows whether it was told: what was sent was never seen. */
function lostOutcome({ api }: Context, note: StartNote, one: AssetNote): DeploymentOutcome | null {
  const lost = configurationsOf(note, one).findLast(({ state }) => state === 'lost')
  if (lost === undefined) return null
  return maybeBegun(
    new MaybeStarted(
      `${api.server} was sent "${lost.name}", gave no answer, and does not list it. It was not sent again.`,
    ),
  )
}

function stateFor({ states }: Heard, { machine }: AssetNote, patch: string): PatchState | undefined {
  return states.get(`${machine} ${patch}`)
}

/** What its scan after the work could begin says. `null`: it does not say yet how that ended. */
function outcomeOf(
  note: StartNote,
  one: AssetNote,
  machine: Machine | undefined,
  heard: Heard,
): DeploymentOutcome | null {
  const failed = failedExecution(note, one, heard)
  if (failed !== null) return failed
  const done = one.items.filter((item) => isDone(item.undone, stateFor(heard, one, item.patch)))
  if (done.length === one.items.length) return byAnother(note, one, heard) ?? succeeded(one, heard)
  const gone = one.items.find(({ patch, undone }) => !undone && stateFor(heard, one, patch) === undefined)
  if (gone !== undefined) {
    return heldBack(
      `${gone.kb} is not needed any more, by its own report: something newer was installed, not by this start`,
    )
  }
  if (one.takenBack === null || !knowsThatItIsOver(one, machine)) return null
  if (done.length === 0) return notBegun(one.takenBack.reason)
  const open = one.items.filter((item) => !done.includes(item)).map(({ kb }) => kb)
  const reason = `It installed ${done.map(({ kb }) => kb).join(', ')}, and not ${open.join(', ')} before it was taken back`
  return { state: 'failed', reason, log: '' }
}

/** It was taken back, and has asked and been scanned since: then it knows, and what it has not done it never will. */
function knowsThatItIsOver({ takenBack }: AssetNote, machine: Machine | undefined): boolean {
  return (
    takenBack !== null &&
    isAfter(machine?.contactedAt ?? null, takenBack.at) &&
    isAfter(machine?.scannedAt ?? null, takenBack.at)
  )
}

function isDone(undone: boolean, state: PatchState | undefined): boolean {
  if (undone) return state === undefined || state.state === 'missing'
  return state?.state === 'installed' || (state?.waitsForReboot === true && state.state !== 'failed')
}

/** A failure that was there before the start, and that nothing of ours repeats, is none of this start. */
function failedExecution(note: StartNote, one: AssetNote, heard: Heard): DeploymentOutcome | null {
  const told = executionsFor(note, one, heard.executions).findLast(({ status }) => status === 'failed')
  const failed = one.items.filter((item) => stateFor(heard, one, item.patch)?.state === 'failed')
  const fresh = failed.filter(
    (item) => !item.failedBefore || told !== undefined || isOurs(note, one, item.patch, heard),
  )
  if (fresh.length === 0 && told === undefined) return null
  const lines = (fresh.length === 0 ? one.items : fresh).map(
    (item) => `${item.kb}: ${whyOf(stateFor(heard, one, item.patch), told)}`,
  )
  const names = (fresh.length === 0 ? one.items : fresh).map(({ kb }) => kb).join(', ')
  const why = whyOf(fresh[0] === undefined ? undefined : stateFor(heard, one, fresh[0].patch), told)
  return { state: 'failed', reason: `${names} could not be installed: ${why}`, log: lines.join('\n') }
}

function whyOf(state: PatchState | undefined, told: Execution | undefined): string {
  const code = state?.error == null ? null : `error ${state.error}`
  const remark = state?.remark ?? told?.remark ?? null
  return [code, remark].filter((part) => part !== null).join(', ') || 'ManageEngine gives no reason'
}

function isOurs(note: StartNote, one: AssetNote, patch: string, heard: Heard): boolean {
  const name = stateFor(heard, one, patch)?.configuration
  return name != null && configurationsOf(note, one).some((own) => own.name === name)
}

/** A sentence when it was installed, and not by this start. */
function byAnother(note: StartNote, one: AssetNote, heard: Heard): DeploymentOutcome | null {
  const ran = executionsFor(note, one, heard.executions).some(({ status }) => status !== 'yet to deploy')
  for (const { patch, kb, undone } of one.items) {
    if (undone || isOurs(note, one, patch, heard)) continue
    const name = stateFor(heard, one, patch)?.configuration ?? null
    if (name !== null)
      return heldBack(`${kb} is installed, but by the configuration "${name}" in ManageEngine, not by this start`)
    if (!ran)
      return heldBack(`${kb} is installed, and nothing of this start has run on it, so nobody knows what did it`)
  }
  return null
}

function succeeded(one: AssetNote, heard: Heard): DeploymentOutcome {
  const waits = one.items.some(({ patch }) => stateFor(heard, one, patch)?.waitsForReboot === true)
  const log = one.changes
    .map(({ name }) => `ManageEngine: ${name} ${waits ? 'waits for a restart' : 'is done'}`)
    .join('\n')
  return { state: 'succeeded', changed: one.changes, rebooted: false, log }
}

/** Its agent asks a few times in its window; all machines of a start are looked at together, at most twice in its rhythm. */
function nextLook({ contactSeconds }: Context, one: AssetNote, now: Date): string {
  const span = (contactSeconds * 1_000) / 3
  const from = Math.max(now.getTime(), Date.parse(one.notBefore))
  return toIso(Math.max((Math.floor(from / span) + 1) * span, now.getTime() + 1_000))
}

function progressOf(note: StartNote, one: AssetNote, machine: Machine | undefined, heard: Heard, now: Date): string {
  if (machine === undefined) return 'ManageEngine does not list it any more'
  if (one.takenBack?.state != null) return one.takenBack.state
  const told = executionsFor(note, one, heard.executions)
  if (told.some(({ status }) => status === 'in progress')) return 'installs'
  if (told.some(({ status }) => status === 'succeeded'))
    return 'its agent is done; what it has is known after its next scan'
  if (!isAfter(machine.contactedAt, one.since)) return 'told, its agent has not asked yet'
  if (now.getTime() < Date.parse(one.notBefore)) return `has learned of it, may begin at ${minuteOf(one.notBefore)} UTC`
  return 'has learned of it, and has not reported yet'
}
