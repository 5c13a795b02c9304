/**
 * What a start makes in the site: for each set of updates an empty collection, an update group, and a deployment of one to the other.
 * Each step looks first, so that calling it again changes nothing more.
 */

import { createHash } from 'node:crypto'
import { firstNames } from '../../core/first-names.ts'
import type { Batch, DeploymentRequest, PreflightResult, Staged } from '../../core/ports.ts'
import { isBefore, latest, minuteOf, plusSeconds, toIso } from '../../core/time/instant.ts'
import { markOf } from '../delegating/marks.ts'
import { wireInstantOf } from '../windows-script/instants.ts'
import { kbOf } from './classes.ts'
import { type Context, writerOf } from './context.ts'
import { isInside, type SetNote, type StartNote, withSet } from './note.ts'
import { type Found, licencesOf, planOrObstacle, viewOf } from './plan.ts'
import type { Deployment, Update } from './schema.ts'

/** One asset of a batch, as the site sees it now. */
export interface Looked {
  readonly request: DeploymentRequest
  readonly found: Found
}

/** Asks the site about a batch. Throws a sentence if nothing can be started on it. */
export async function look(context: Context, batch: Batch, signal: AbortSignal): Promise<readonly Looked[]> {
  writerOf(context)
  const assets = batch.deployments.map(({ asset }) => asset)
  const changes = batch.deployments.flatMap((one) => one.changes)
  const view = await viewOf(context, assets, changes, 'now', signal)
  const mark = markOf(context, batch.key)
  const isOurs = (name: string) => name.startsWith(mark)
  const now = context.clock()
  return batch.deployments.map((request) => ({ request, found: planOrObstacle(view, request, isOurs, now) }))
}

export function preflighted(looked: readonly Looked[]): readonly PreflightResult[] {
  return looked.map(({ request, found }): PreflightResult => {
    const asset = request.asset.id
    if (!found.ready) return { asset, ready: false, outcome: found.outcome }
    const notes = found.plan.items.length === 0 ? ['nothing to do: it is installed already'] : []
    return { asset, ready: true, notes }
  })
}

/** The name of the set for what is done to an asset; `null`: nothing is. */
export function setFor(context: Context, key: string, { request, found }: Looked): string | null {
  if (!found.ready || found.plan.items.length === 0) return null
  const parts = [request.reboot, ...found.plan.items.map(({ update }) => String(update)).sort()]
  return `${markOf(context, key)}${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)}`
}

/** `notBefore` of a request, or now for one that may begin at once. In whole seconds, and never earlier. */
export function beginOf({ notBefore }: { readonly notBefore?: string }, now: Date): string {
  return toIso(Math.ceil((notBefore === undefined ? now.getTime() : Date.parse(notBefore)) / 1_000) * 1_000)
}

/** The note with the sets that these assets need. The times of a set are fixed once somebody was to be told. */
export function withSets(context: Context, key: string, note: StartNote, looked: readonly Looked[]): StartNote {
  const now = context.clock()
  const wanted = new Map<string, Looked[]>()
  for (const one of looked) {
    const name = setFor(context, key, one)
    if (name !== null) wanted.set(name, [...(wanted.get(name) ?? []), one])
  }
  let sets = note.sets
  for (const [name, all] of wanted) {
    const known = sets.find((one) => one.name === name)
    if (known !== undefined && note.startedAt !== null) continue
    const made = setOf(name, all, now)
    if (made === null) continue
    const kept = known ?? { collection: null, group: null, deployment: null, available: made.available }
    const { collection, group, deployment, available } = kept
    sets = [...sets.filter((one) => one !== known), { ...made, collection, group, deployment, available }]
  }
  return sets === note.sets ? note : { ...note, sets }
}

function setOf(name: string, all: readonly Looked[], now: Date): SetNote | null {
  const [first] = all
  if (first === undefined || !first.found.ready) return null
  const { items, updates } = first.found.plan
  const ends = all.map(({ request }) => request.notAfter)
  return {
    ...{
      name,
      items: [...items],
      suppress: first.request.reboot === 'never',
      acceptLicence: licencesOf(updates).length > 0,
    },
    ...{ collection: null, group: null, deployment: null },
    available: toIso(Math.floor(now.getTime() / 1_000) * 1_000),
    deadline: latest(all.map(({ request }) => beginOf(request, now))) ?? now.toISOString(),
    notAfter: ends.includes(null) ? null : latest(ends.map((at) => (at === null ? null : plusSeconds(at, 0)))),
  }
}

/** Makes what is missing, and reads it back. The caller holds the start alone. */
export async function stageSets(
  context: Context,
  key: string,
  before: StartNote,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<{ readonly note: StartNote; readonly staged: Staged }> {
  const updates = looked.flatMap(({ found }) => (found.ready ? found.plan.updates : []))
  const missing = missingContent(context, updates)
  let note = withSets(context, key, before, looked)
  if (note === before && note.startedAt !== null) return { note, staged: { ready: true } }
  if (missing !== null) return { note: before, staged: { ready: false, why: missing } }
  await context.notes.save(key, note)
  const wanted = toMake(context, key, before, note, looked)
  for (const name of wanted) note = await made(context, key, note, name, signal)
  return keptAsMade(context, key, note, wanted, signal)
}

function missingContent({ withoutPackage }: Context, updates: readonly Update[]): string | null {
  const missing = [...new Set(updates.filter(({ provisioned }) => !provisioned).map(kbOf))]
  if (withoutPackage || missing.length === 0) return null
  return `The content of ${firstNames(missing)} is on no distribution point: download it into a deployment package and distribute that, or write "withoutPackage: true", with which machines fetch it from Microsoft.`
}

/** Sets of which nobody was told yet. One of ours that is gone later was removed by somebody: it is not made again. */
function toMake(
  context: Context,
  key: string,
  before: StartNote,
  note: StartNote,
  looked: readonly Looked[],
): readonly string[] {
  const wanted = new Set(looked.map((one) => setFor(context, key, one)))
  const known = before.startedAt === null ? [] : before.sets
  return note.sets.map(({ name }) => name).filter((name) => wanted.has(name) && !known.some((one) => one.name === name))
}

function setNamed(note: StartNote, name: string): SetNote {
  const found = note.sets.find((one) => one.name === name)
  if (found === undefined) throw new Error(`Nobody noted the set "${name}"`)
  return found
}

/** Each id is noted before the next thing is made. */
async function made(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  signal: AbortSignal,
): Promise<StartNote> {
  const writer = writerOf(context)
  let set = setNamed(first, name)
  let note = first
  const noted = async (edit: Partial<SetNote>) => {
    set = { ...set, ...edit }
    note = withSet(note, set)
    await context.notes.save(key, note)
  }
  if (set.collection === null) {
    const { id } = await writer.call('create-collection', { name, limiting: context.limiting }, signal)
    await refuseUnlessEmpty(context, name, id, signal)
    await noted({ collection: id })
  }
  const updates = set.items.map(({ update }) => update)
  if (set.group === null) {
    const { id } = await writer.call('create-group', { name, updates }, signal)
    const inside = (await context.api.updatesIn(id, signal)) ?? []
    if (!isSame(inside, updates))
      throw new Error(
        `Configuration Manager has an update group "${name}" with other updates, which this start did not make: delete it there`,
      )
    await noted({ group: id })
  }
  if (set.deployment === null && set.collection !== null && set.group !== null) {
    const { collection, group, acceptLicence } = set
    const asked = { name, group, collection, acceptLicence, ...timesOf(set), withoutPackage: context.withoutPackage }
    const { id } = await writer.call('create-deployment', asked, signal)
    await noted({ deployment: { unique: id, number: null } })
  }
  return note
}

export function isSame(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one))
}

export function timesOf({ available, deadline, suppress }: SetNote) {
  return { available: wireInstantOf(available), deadline: wireInstantOf(deadline), suppress }
}

/** The site gives the collection of that name if there is one. Whoever is in it was not voted on. */
async function refuseUnlessEmpty({ api }: Context, name: string, id: string, signal: AbortSignal): Promise<void> {
  const rules = await api.rules(id, signal)
  if (rules === null || rules.length === 0) return
  throw new Error(
    `Configuration Manager has a collection "${name}" already, with ${rules.length} rules, which this start did not make: delete it there`,
  )
}

/** How a deployment in the site differs from what was asked for, as a clause; `null`: it does not. */
export function differenceOf(set: SetNote, there: Deployment): string | null {
  if (!there.isUtc) return 'its times are those of each machine, not UTC'
  if (there.deadline === null || Date.parse(there.deadline) !== Date.parse(set.deadline))
    return `its deadline is ${there.deadline === null ? 'none' : `${minuteOf(there.deadline)} UTC`}, not ${minuteOf(set.deadline)} UTC`
  if (there.availableAt !== null && isBefore(set.deadline, there.availableAt))
    return 'it becomes available after its deadline'
  if (there.suppressed !== (set.suppress ? 3 : 0))
    return set.suppress ? 'it restarts machines' : 'it suppresses the restarts that updates need'
  if (there.ignoresWindows) return 'it installs or restarts outside of maintenance windows'
  if (there.group !== set.group || there.collection !== set.collection) return 'it is of another group or collection'
  return there.enabled ? null : 'it is disabled'
}

/** Reads the deployments back. What differs is set back once, before anybody is told. */
async function keptAsMade(
  context: Context,
  key: string,
  first: StartNote,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly note: StartNote; readonly staged: Staged }> {
  if (names.length === 0) return { note: first, staged: { ready: true } }
  let note = first
  let all = await context.api.deployments(signal)
  for (const name of names) {
    const set = setNamed(note, name)
    const there = all.find(({ unique }) => unique === set.deployment?.unique)
    if (there === undefined)
      return {
        note,
        staged: { ready: false, why: `Configuration Manager does not show the deployment "${name}" yet.` },
      }
    note = withSet(note, { ...set, deployment: { unique: there.unique, number: there.id } })
    if (differenceOf(set, there) === null || note.assets.some((one) => one.set === name && isInside(one))) continue
    await writerOf(context).call('set-deployment', { deployment: there.unique, name, ...timesOf(set) }, signal)
    all = await context.api.deployments(signal)
    const now = all.find(({ unique }) => unique === there.unique)
    const difference = now === undefined ? 'it is gone' : differenceOf(set, now)
    if (difference !== null)
      return {
        note,
        staged: {
          ready: false,
          why: `Configuration Manager does not keep the deployment "${name}" as it was made: ${difference}.`,
        },
      }
  }
  if (note !== first) await context.notes.save(key, note)
  return { note, staged: { ready: true } }
}
