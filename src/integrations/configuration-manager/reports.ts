/** What is known of each machine of a start: only what it said itself, and when it said it. */

import { heldBack } from '../../core/held-back.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { earliest, HOUR_MS, isBefore, latest, minuteOf, toIso } from '../../core/time/instant.ts'
import { outcomeOfRefused } from '../delegating/refused.ts'
import type { Context } from './context.ts'
import type { AssetNote, Item, StartNote } from './note.ts'
import type { Detail, StateRow } from './schema.ts'

/** For more machines than this, the contacts of all are read: a page of a thousand for one request. */
const MANY = 100

/** Topic 301 of state messages: how far a machine is with a deployment. */
const INSTALLS = 1
const DONE = 4
const WAITS_FOR_RESTART = 5
const FAILED = 6
const WAITS_FOR_WINDOW = 10
/** States in which it has begun. */
const BEGUN: readonly (number | null)[] = [INSTALLS, 2, DONE, WAITS_FOR_RESTART, FAILED]
/** Topic 402: how far it is with an update. */
const UPDATE_FAILED: readonly (number | null)[] = [6, 11, 14]
const UPDATE_WAITS = 9
const UPDATE_DONE: readonly (number | null)[] = [UPDATE_WAITS, 10]

/** What the site knows of the machines of some starts. */
export interface Heard {
  readonly contacts: ReadonlyMap<number, string>
  /** By deployment and machine. */
  readonly details: ReadonlyMap<string, Detail>
  /** By machine and update, only what changed since the first of the starts. */
  readonly states: ReadonlyMap<string, StateRow>
}

const pair = (one: number, other: number) => `${one} ${other}`

export async function heardOf(
  { api }: Pick<Context, 'api'>,
  notes: readonly StartNote[],
  signal: AbortSignal,
): Promise<Heard> {
  const open = notes.flatMap((note) => note.assets.filter(isOpen).map((one) => ({ note, one })))
  const machines = [...new Set(open.map(({ one }) => one.machine))]
  const contacts =
    machines.length === 0 ? new Map() : await api.contacts(machines.length > MANY ? null : machines, signal)
  const details = new Map<string, Detail>()
  for (const number of new Set(open.map(({ note, one }) => deploymentOf(note, one)))) {
    if (number === null) continue
    for (const row of await api.details(number, signal)) details.set(pair(number, row.machine), row)
  }
  const since = earliest(open.map(({ one }) => one.since))
  const updates = [...new Set(open.flatMap(({ one }) => one.items.map(({ update }) => update)))]
  const rows = since === null ? [] : await api.statesSince(wholeSecond(since), updates, signal)
  return { contacts, details, states: new Map(rows.map((row) => [pair(row.machine, row.update), row])) }
}

/** The site knows whole seconds. */
function wholeSecond(at: string): string {
  return `${at.slice(0, 19)}Z`
}

function isOpen({ refused, added }: AssetNote): boolean {
  return refused === null && added
}

function deploymentOf(note: StartNote, one: AssetNote): number | null {
  return note.sets.find(({ name }) => name === one.set)?.deployment?.number ?? null
}

export function detailOf(note: StartNote, one: AssetNote, { details }: Heard): Detail | undefined {
  return details.get(pair(deploymentOf(note, one) ?? 0, one.machine))
}

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
  const heard = await heardOf(context, [...notes.values()], signal)
  return new Map([...notes].map(([key, note]) => [key, note.assets.map((one) => reportOf(context, note, one, heard))]))
}

function reportOf(context: Context, note: StartNote, one: AssetNote, heard: Heard): DeploymentReport {
  const { asset, refused, takenBack } = one
  if (refused !== null) return { asset, outcome: outcomeOfRefused(refused), progress: null }
  if (takenBack?.state === 'stopped') return { asset, outcome: notBegun(takenBack.reason), progress: null }
  const now = context.clock()
  const saidAt = saidAfter(note, one, heard)
  const outcome = outcomeOf(context, note, one, heard, now)
  // That nothing can begin any more is no word about the work, so it has no time of its own.
  if (outcome?.state === 'not begun') return { asset, outcome, progress: null }
  if (outcome !== null) return { asset, outcome, progress: null, saidAt }
  return {
    asset,
    outcome: null,
    progress: progressOf(note, one, heard, now),
    saidAt,
    lookAgainAt: nextLook(context, one, now),
  }
}

/** The last word of the machine about its work since it was told. */
function saidAfter(note: StartNote, one: AssetNote, heard: Heard): string | null {
  const rows = one.items.flatMap((item) => rowOf(one, item, heard) ?? [])
  const words = [detailOf(note, one, heard)?.at ?? null, ...rows.flatMap((row) => [row.changedAt, row.enforcedAt])]
  return latest(words.filter((at) => at !== null && isAfter(at, one.since)))
}

function rowOf(one: AssetNote, { update }: Item, { states }: Heard): StateRow | undefined {
  return states.get(pair(one.machine, update))
}

function isAfter(at: string | null, other: string): boolean {
  return at !== null && isBefore(other, at)
}

/** `null`: it has not said yet how its work ended. */
function outcomeOf(
  context: Context,
  note: StartNote,
  one: AssetNote,
  heard: Heard,
  now: Date,
): DeploymentOutcome | null {
  const detail = detailOf(note, one, heard)
  const failed = one.items.filter((item) => hasFailed(one, item, heard))
  if (failed.length > 0) return failure(one, failed, detail)
  const done = one.items.filter((item) => isDone(one, item, heard))
  if (done.length === one.items.length) {
    const by = whoDidIt(context, one, done, detail, heard, now)
    return by === 'this start' ? succeeded(one, heard) : by
  }
  const gone = one.items.find((item) => isNotNeeded(one, item, heard))
  if (gone !== undefined)
    return heldBack(
      `${gone.kb} is not needed any more, by its own report: something newer was installed, not by this start`,
    )
  if (!knowsThatItIsOver(context, note, one, heard, now)) return null
  if (done.length === 0) return notBegun(one.takenBack?.reason ?? '')
  const open = one.items.filter((item) => !done.includes(item)).map(({ kb }) => kb)
  const reason = `It installed ${done.map(({ kb }) => kb).join(', ')}, and not ${open.join(', ')} before it was taken back`
  return { state: 'failed', reason, log: '' }
}

function hasFailed(one: AssetNote, item: Item, heard: Heard): boolean {
  const row = rowOf(one, item, heard)
  return (
    row !== undefined &&
    row.status !== 'installed' &&
    UPDATE_FAILED.includes(row.enforcement) &&
    isAfter(row.enforcedAt, one.notBefore)
  )
}

function waits(one: AssetNote, item: Item, heard: Heard): boolean {
  const row = rowOf(one, item, heard)
  return (
    row !== undefined &&
    row.status !== 'installed' &&
    row.enforcement === UPDATE_WAITS &&
    isAfter(row.enforcedAt, one.notBefore)
  )
}

function isDone(one: AssetNote, item: Item, heard: Heard): boolean {
  const row = rowOf(one, item, heard)
  return (row?.status === 'installed' && isAfter(row.changedAt, one.notBefore)) || waits(one, item, heard)
}

/** A scan since says nothing about it any more, or that it is not required. */
function isNotNeeded(one: AssetNote, item: Item, heard: Heard): boolean {
  const row = rowOf(one, item, heard)
  return (row?.status === 'not required' || row?.status === 'unknown') && isAfter(row.changedAt, one.notBefore)
}

/** Its own words of the deployment may come later than what its scan found. */
const WORDS_WITHIN_HOURS = 2

/** An outcome where nobody knows who installed it; `null`: its own words may still come. */
function whoDidIt(
  { hourSeconds }: Context,
  one: AssetNote,
  done: readonly Item[],
  detail: Detail | undefined,
  heard: Heard,
  now: Date,
): 'this start' | DeploymentOutcome | null {
  if (detail !== undefined && BEGUN.includes(detail.state) && isAfter(detail.at, one.notBefore)) return 'this start'
  const rows = done.flatMap((item) => rowOf(one, item, heard) ?? [])
  const told = rows.some((row) => UPDATE_DONE.includes(row.enforcement) && isAfter(row.enforcedAt, one.notBefore))
  if (told) return 'this start'
  const found = latest(rows.map(({ changedAt }) => changedAt))
  if (found === null || now.getTime() < Date.parse(found) + WORDS_WITHIN_HOURS * hourSeconds * 1_000) return null
  const names = done.map(({ kb }) => kb).join(', ')
  return heldBack(`${names} is installed, and its client told of no work of this start, so nobody knows what did it`)
}

function failure(one: AssetNote, failed: readonly Item[], detail: Detail | undefined): DeploymentOutcome {
  const names = failed.map(({ kb }) => kb).join(', ')
  const code = detail?.error ?? null
  const why =
    code === null
      ? 'Configuration Manager has no error that says why'
      : `error 0x${(code >>> 0).toString(16).padStart(8, '0')}`
  const log = failed.map(({ kb }) => `${one.name}: ${kb} could not be installed: ${why}`).join('\n')
  return { state: 'failed', reason: `${names} could not be installed: ${why}`, log }
}

function succeeded(one: AssetNote, heard: Heard): DeploymentOutcome {
  const waiting = new Set(one.items.filter((item) => waits(one, item, heard)).map(({ kb }) => kb))
  const log = one.changes
    .map(({ name }) => `Configuration Manager: ${name} ${waiting.has(name) ? 'waits for a restart' : 'is done'}`)
    .join('\n')
  return { state: 'succeeded', changed: one.changes, rebooted: false, log }
}

/**
 * It was taken back, has asked for its policy since, and had an hour to tell of work that had begun. Then what it has not done it
 * never will.
 */
function knowsThatItIsOver(
  { hourSeconds }: Context,
  note: StartNote,
  one: AssetNote,
  heard: Heard,
  now: Date,
): boolean {
  const { takenBack, machine } = one
  const contact = heard.contacts.get(machine) ?? null
  if (takenBack === null || takenBack.state === null || contact === null || !isAfter(contact, takenBack.at))
    return false
  if (detailOf(note, one, heard)?.state === INSTALLS) return false
  return now.getTime() >= Date.parse(takenBack.at) + 2 * hourSeconds * 1_000
}

/** Clients ask every hour, and tell of their work at once: the starts of a site are looked at together, twice an hour. */
function nextLook({ hourSeconds }: Context, one: AssetNote, now: Date): string {
  const span = (hourSeconds * 1_000) / 2
  const from = Math.max(now.getTime(), Date.parse(one.notBefore))
  return toIso(Math.max((Math.floor(from / span) + 1) * span, now.getTime() + 1_000))
}

function progressOf(note: StartNote, one: AssetNote, heard: Heard, now: Date): string {
  if (one.takenBack?.state != null) return one.takenBack.state
  const detail = detailOf(note, one, heard)
  if (detail?.state === INSTALLS) return 'installs'
  if (detail?.state === WAITS_FOR_WINDOW) return 'waits for its maintenance window'
  const contact = heard.contacts.get(one.machine) ?? null
  if (detail === undefined && !isAfter(contact, one.since)) return 'told, has not asked yet'
  if (now.getTime() < Date.parse(one.notBefore)) return `has learned of it, installs at ${minuteOf(one.notBefore)} UTC`
  return 'has learned of it, and has not reported yet'
}

/** What taking a machine back reaches, as far as the site knows. */
export function reachOf(
  note: StartNote,
  one: AssetNote,
  heard: Heard,
  now: Date,
): 'stopped' | 'may still begin' | 'at work' {
  const detail = detailOf(note, one, heard)
  const contact = heard.contacts.get(one.machine) ?? null
  // The site writes down whole seconds, so a contact in the same second may be later.
  const asked = contact !== null && Date.parse(contact) >= Math.floor(Date.parse(one.since) / 1_000) * 1_000
  if (detail === undefined && !asked) return 'stopped'
  if (detail !== undefined && BEGUN.includes(detail.state)) return 'at work'
  if (now.getTime() < Date.parse(one.notBefore) || detail?.state === WAITS_FOR_WINDOW) return 'may still begin'
  return 'at work'
}

/** Of a machine that others put into a collection of ours, as a clause. */
export function whatItLearned(contact: string | null, now: Date): string {
  if (contact === null) return 'it has never asked for its policy, so it was told nothing'
  const isLong = now.getTime() - Date.parse(contact) > 24 * HOUR_MS
  if (isLong) return 'it has not asked for its policy for long'
  return `if it asked while it was in it (it last did on ${minuteOf(contact)} UTC), it may still install`
}
