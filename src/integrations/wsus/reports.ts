/** What is known of each machine of a start: only what it said itself, and when it said it. */

import { heldBack } from '../../core/held-back.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { DAY_SECONDS, isBefore, minuteOf, plusSeconds, toIso } from '../../core/time/instant.ts'
import { outcomeOfRefused } from '../delegating/asset-note.ts'
import { type WsusEvent, type WsusInstallation, type WsusMachine, wireInstantOf } from './calls.ts'
import type { Context } from './context.ts'
import type { AssetNote, StartNote } from './note.ts'

/** What a machine said of the updates, by their ids. */
type States = ReadonlyMap<string, WsusInstallation>

export async function reportsOf(
  context: Context,
  note: StartNote,
  signal: AbortSignal,
): Promise<readonly DeploymentReport[]> {
  return (await reportsOfAll(context, new Map([['', note]]), signal)).get('') ?? []
}

/** The reports of several starts, by their keys, from one look at their machines. */
export async function reportsOfAll(
  context: Context,
  notes: ReadonlyMap<string, StartNote>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DeploymentReport[]>> {
  const all = [...notes.values()].flatMap(({ assets }) => assets)
  const open = all.filter(({ refused, takenBack }) => refused === null && takenBack?.state !== 'stopped')
  const rows = await context.wsus.machines([...new Set(open.map(({ machine }) => machine))], signal)
  const byId = new Map(rows.map((row) => [row.id, row]))
  // Nothing is asked about machines that have said nothing since their work could begin.
  const spoke = open.filter((one) => isAfter(byId.get(one.machine)?.reportedAt ?? null, one.notBefore))
  const updates = [...new Set(spoke.flatMap(({ items }) => items.map(({ update }) => update)))]
  const ids = [...new Set(spoke.map(({ machine }) => machine))]
  const said = ids.length === 0 ? [] : await context.wsus.installations(ids, updates, signal)
  const states = new Map<string, Map<string, WsusInstallation>>(ids.map((id) => [id, new Map()]))
  for (const row of said) states.get(row.machine)?.set(row.update, row)
  const found = new Map<string, readonly DeploymentReport[]>()
  for (const [key, note] of notes) {
    const reports: DeploymentReport[] = []
    for (const one of note.assets) {
      const own = states.get(one.machine) ?? new Map()
      reports.push(await reportOf(context, note, one, byId.get(one.machine), own, signal))
    }
    found.set(key, reports)
  }
  return found
}

async function reportOf(
  context: Context,
  note: StartNote,
  one: AssetNote,
  machine: WsusMachine | undefined,
  states: States,
  signal: AbortSignal,
): Promise<DeploymentReport> {
  const { asset, refused, takenBack } = one
  if (refused !== null) return { asset, outcome: outcomeOfRefused(refused), progress: null }
  if (takenBack?.state === 'stopped') return { asset, outcome: endOf(takenBack), progress: null }
  const now = context.clock()
  const reportedAt = machine?.reportedAt ?? null
  const saidAt = reportedAt !== null && isAfter(reportedAt, one.since) ? reportedAt : null
  const outcome =
    machine !== undefined && isAfter(reportedAt, one.notBefore)
      ? await outcomeOf(context, note, one, machine, states, signal)
      : takenBackOutcome(one, machine)
  // That nothing can begin any more is no word about the work, so it has no time of its own.
  if (outcome !== null && outcome.state === takenBack?.ends) return { asset, outcome, progress: null }
  if (outcome !== null) return { asset, outcome, progress: null, saidAt }
  const progress = progressOf(context, one, machine, now)
  const lookAgainAt = machine === undefined ? {} : { lookAgainAt: nextWord(context, one, machine, now) }
  return { asset, outcome: null, progress, saidAt, ...lookAgainAt }
}

function isAfter(at: string | null, other: string): boolean {
  return at !== null && isBefore(other, at)
}

/** It was taken back, and has asked and reported since: then it knows, and what it has not done it never will. */
function knowsThatItIsOver({ takenBack }: AssetNote, { contactedAt, reportedAt }: WsusMachine): boolean {
  return takenBack !== null && isAfter(contactedAt, takenBack.at) && isAfter(reportedAt, takenBack.at)
}

function takenBackOutcome(one: AssetNote, machine: WsusMachine | undefined): DeploymentOutcome | null {
  if (machine === undefined || one.takenBack === null || !knowsThatItIsOver(one, machine)) return null
  return endOf(one.takenBack)
}

function endOf({ reason, ends }: NonNullable<AssetNote['takenBack']>): DeploymentOutcome {
  return ends === 'held back' ? heldBack(reason) : notBegun(reason)
}

/** What it said after its work could begin. `null`: it has not said yet how that ended. */
async function outcomeOf(
  context: Context,
  note: StartNote,
  one: AssetNote,
  machine: WsusMachine,
  states: States,
  signal: AbortSignal,
): Promise<DeploymentOutcome | null> {
  const stateOf = ({ update }: { readonly update: string }) => states.get(update)?.state ?? 'NotApplicable'
  const other = one.takenBack === null ? installedByAnother(note, one, states) : null
  if (other !== null) return other
  const failed = one.items.filter((item) => stateOf(item) === 'Failed')
  if (failed.length > 0) {
    const failure = await failureOf(context, one, failed, signal)
    if (failure !== null) return failure
  }
  const done = one.items.filter((item) => isDone(item.action, stateOf(item)))
  if (done.length === one.items.length) return succeeded(one, states)
  const replaced = notNeeded(one, states)
  if (replaced !== null) return replaced
  if (one.takenBack === null || !knowsThatItIsOver(one, machine)) return null
  if (done.length === 0) return endOf(one.takenBack)
  const open = one.items.filter((item) => !done.includes(item)).map(({ kb }) => kb)
  const reason = `It installed ${done.map(({ kb }) => kb).join(', ')}, and not ${open.join(', ')} before it was taken back`
  return { state: 'failed', reason, log: '' }
}

function isDone(action: 'Install' | 'Uninstall', state: WsusInstallation['state']): boolean {
  if (action === 'Uninstall') return state === 'NotInstalled' || state === 'NotApplicable'
  return state === 'Installed' || state === 'InstalledPendingReboot'
}

function installedByAnother(note: StartNote, one: AssetNote, states: States): DeploymentOutcome | null {
  const group = note.groups.find(({ name }) => name === one.group)
  const id = group?.whole?.id ?? group?.id
  for (const { update, kb, action } of one.items) {
    const row = states.get(update)
    if (row === undefined || action !== 'Install' || !isDone(action, row.state)) continue
    if (row.group === id && row.action === 'Install') continue
    const reason = `${kb} is installed, but the approval of another group counts for it in WSUS, so nobody knows which did it`
    return heldBack(reason)
  }
  return null
}

function succeeded(one: AssetNote, states: States): DeploymentOutcome {
  const stateOf = (update: string) => states.get(update)?.state
  const waits = one.items.some(({ update }) => stateOf(update) === 'InstalledPendingReboot')
  const log = one.changes.map(({ name }) => `WSUS: ${name} ${waits ? 'waits for a restart' : 'is done'}`).join('\n')
  return {
    state: 'succeeded',
    changed: one.changes,
    rebooted: !waits && one.items.some(({ restarts }) => restarts),
    log,
  }
}

/** Something newer was installed meanwhile, so that the machine does not need it any more. */
function notNeeded(one: AssetNote, states: States): DeploymentOutcome | null {
  const gone = one.items.find(({ update, action }) => action === 'Install' && !states.has(update))
  if (gone === undefined) return null
  return heldBack(
    `${gone.kb} is not needed any more, by its own report: something newer was installed, not by this start`,
  )
}

/** What its events say. A failure from before the start, which it only repeats, is none of this start. */
async function failureOf(
  context: Context,
  one: AssetNote,
  failed: AssetNote['items'],
  signal: AbortSignal,
): Promise<DeploymentOutcome | null> {
  const updates = failed.map(({ update }) => update)
  // Its end is given, because the server's own clock may be behind.
  const end = plusSeconds(context.clock().toISOString(), DAY_SECONDS)
  const span = { from: wireInstantOf(one.since), to: wireInstantOf(end) }
  const events = await context.wsus.ask('events', { machine: one.machine, updates, ...span }, signal)
  const errors = events.filter(({ error }) => error)
  if (errors.length === 0 && failed.every(({ failedBefore }) => failedBefore)) return null
  const names = failed.map(({ kb }) => kb).join(', ')
  const [last] = errors
  const why = last === undefined ? 'WSUS has no event that says why' : errorOf(last)
  const kbOf = ({ update }: WsusEvent) => failed.find((item) => item.update === update)?.kb ?? ''
  const log = errors
    .map((event) => `${minuteOf(event.at)} ${kbOf(event)} ${event.status}: ${errorOf(event)}`)
    .join('\n')
  return { state: 'failed', reason: `${names} could not be installed: ${why}`, log }
}

function errorOf({ code, message }: WsusEvent): string {
  const hex = code === null ? '' : `error 0x${(code >>> 0).toString(16).padStart(8, '0')}`
  return [hex, message].filter((part) => part !== '').join(', ')
}

/**
 * When to look for its next word: when it asks the next time after its work could begin. To the whole hour, so that the
 * machines of a start are looked at together.
 */
function nextWord(context: Context, one: AssetNote, { contactedAt }: WsusMachine, now: Date): string {
  const rhythm = context.contactSeconds * 1_000
  const hour = context.hourSeconds * 1_000
  const from = Math.max(Date.parse(one.notBefore), now.getTime())
  const last = contactedAt === null ? from : Date.parse(contactedAt)
  const rounds = last >= from ? 1 : Math.ceil((from - last) / rhythm)
  const due = last + rounds * rhythm
  // One that is overdue may speak at any hour.
  const isOverdue = contactedAt !== null && last + rhythm < now.getTime()
  const at = isOverdue ? from + hour : due
  return toIso(Math.max(Math.ceil(at / hour) * hour, now.getTime() + 1_000))
}

function progressOf(context: Context, one: AssetNote, machine: WsusMachine | undefined, now: Date): string {
  const { takenBack, added, since, notBefore } = one
  if (machine === undefined) return 'WSUS does not list it any more'
  if (takenBack !== null && takenBack.state !== null)
    return takenBack.until === null ? takenBack.state : `may still begin until ${minuteOf(takenBack.until)} UTC`
  if (!added) return 'not told yet'
  if (!isAfter(machine.contactedAt, since)) return 'told, has not asked yet'
  if (now.getTime() < Date.parse(notBefore)) return `has learned of it, installs at ${minuteOf(notBefore)} UTC`
  const due = nextWord(context, one, machine, now)
  return `not reported yet, its word is expected by ${minuteOf(due)} UTC`
}
