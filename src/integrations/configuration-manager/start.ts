/**
 * Adds the machines of a start to its collections: exactly the approved ones, last. Who is to be added is written down first, so that a
 * process that is killed has told fewer and never more.
 */

import { isOver, TIME_OVER } from '../../core/not-begun.ts'
import type { Batch, DeploymentHandle } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import { type FirstContactOf, withFirstOnes } from '../delegating/first-contact.ts'
import { ALREADY, refusedBy, TOO_LATE } from '../delegating/refused.ts'
import { SiteError } from './calls.ts'
import { type Context, writerOf } from './context.ts'
import { type AssetNote, emptyNote, isToAdd, replaced, type SetNote, type StartNote } from './note.ts'
import { reportsOf } from './reports.ts'
import { beginOf, type Looked, look, setFor, stageSets } from './sets.ts'

export async function startBatch(context: Context, batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
  const { key } = batch
  const before = (await context.notes.read(key)) ?? emptyNote
  const looked = batch.deployments.length === 0 ? [] : await look(context, batch, signal)
  const { note: made, staged } = await stageSets(context, key, before, looked, signal)
  if (!staged.ready) throw new Error(staged.why)
  const note = await addAll(context, key, await intended(context, key, made, looked, signal), signal)
  return { key, data: { startedAt: note.startedAt } }
}

export function firstContactOf(context: Context): FirstContactOf<Looked> {
  const { notes, clock, contactSeconds } = context
  return {
    ...{ system: 'this site of Configuration Manager', notes, clock, againSeconds: contactSeconds },
    async reports(key, signal) {
      const note = await notes.read(key)
      return note === null ? [] : reportsOf(context, note, signal)
    },
  }
}

/** Writes down who is to be added. An asset that was written down before stays as it was. */
function intended(
  context: Context,
  key: string,
  made: StartNote,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<StartNote> {
  return withFirstOnes(firstContactOf(context), key, looked, signal, async (few, claim) => {
    const now = context.clock()
    const over = new Set(few.filter(({ request }) => isOver(request.notAfter, now)).map((one) => one.request.asset.id))
    const before = made.assets.map((one) =>
      !one.added && one.refused === null && over.has(one.asset) ? { ...one, refused: TOO_LATE } : one,
    )
    const known = new Set(before.map(({ asset }) => asset))
    const added = few.filter(({ request }) => !known.has(request.asset.id))
    const note = {
      ...made,
      startedAt: made.startedAt ?? now.toISOString(),
      assets: [...before, ...added.map((one) => assetNote(context, key, one, now))],
    }
    if (note.assets.some(isToAdd)) await claim()
    await context.notes.save(key, note)
    return note
  })
}

function assetNote(context: Context, key: string, looked: Looked, now: Date): AssetNote {
  const { request, found } = looked
  const { asset, notAfter } = request
  const named = {
    ...{ asset: asset.id, name: asset.name, since: now.toISOString(), added: false, takenBack: null },
    notBefore: beginOf(request, now),
    notAfter: notAfter === null ? null : plusSeconds(notAfter, 0),
  }
  if (!found.ready) return { ...named, machine: 0, set: '', changes: [], items: [], refused: refusedBy(found.outcome) }
  const { machine, changes, items } = found.plan
  const refused = items.length === 0 ? ALREADY : isOver(notAfter, now) ? TOO_LATE : null
  const set = setFor(context, key, looked) ?? ''
  return { ...named, machine: machine.id, set, changes: [...changes], items: [...items], refused }
}

/** So many machines are added by one call. */
const ADDED_AT_ONCE = 50

async function addAll(context: Context, key: string, first: StartNote, signal: AbortSignal): Promise<StartNote> {
  let note = first
  for (const set of first.sets) {
    if (!note.assets.some((one) => one.set === set.name && !one.added)) continue
    note = await membersSeen(context, key, note, set, signal)
    for (;;) {
      signal.throwIfAborted()
      note = withoutLate(context, note, set)
      const some = note.assets.filter((one) => one.set === set.name && isToAdd(one)).slice(0, ADDED_AT_ONCE)
      if (some.length === 0 || set.collection === null) break
      note = await added(context, note, set.collection, some, signal)
      await context.notes.save(key, note)
    }
  }
  await context.notes.save(key, note)
  return note
}

/** Whose time came to an end meanwhile. */
function withoutLate({ clock }: Context, first: StartNote, set: SetNote): StartNote {
  let note = first
  for (const one of first.assets)
    if (one.set === set.name && isToAdd(one) && isOver(one.notAfter, clock()))
      note = replaced(note, { ...one, refused: TOO_LATE })
  return note
}

/** A machine that was deleted since it was looked at is left out, and the others are told all the same. */
async function added(
  context: Context,
  first: StartNote,
  collection: string,
  some: readonly AssetNote[],
  signal: AbortSignal,
): Promise<StartNote> {
  const ids = some.map(({ machine }) => machine)
  let note = first
  try {
    await writerOf(context).call('add-members', { collection, machines: ids }, signal)
    for (const one of some) note = replaced(note, { ...one, added: true })
    return note
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SiteError) || error.sent) throw error
    const there = new Set((await context.api.machines(ids, signal)).map(({ id }) => id))
    const gone = some.filter(({ machine }) => !there.has(machine))
    if (gone.length === 0) throw error
    for (const one of gone) {
      const reason = `Configuration Manager has no device called ${one.name} any more`
      note = replaced(note, { ...one, refused: { state: 'unreachable', reason } })
    }
    return note
  }
}

/**
 * Who has a rule in the collection already was added by a process that was killed before it could note it. A collection that somebody
 * deleted is not made again: who was not told is held back.
 */
async function membersSeen(
  context: Context,
  key: string,
  note: StartNote,
  set: SetNote,
  signal: AbortSignal,
): Promise<StartNote> {
  const rules = set.collection === null ? null : await context.api.rules(set.collection, signal)
  let seen = note
  for (const one of note.assets) {
    if (one.set !== set.name || one.added) continue
    if (rules === null) {
      const reason = `Somebody deleted the collection "${set.name}" in Configuration Manager before it was told`
      seen = replaced(seen, { ...one, refused: one.refused ?? { state: 'held back', reason } })
    } else if (rules.some((rule) => rule.kind === 'direct' && rule.machine === one.machine)) {
      if (one.takenBack !== null || (one.refused !== null && one.refused.reason !== TIME_OVER)) continue
      seen = replaced(seen, { ...one, added: true, refused: null })
    }
  }
  if (seen !== note) await context.notes.save(key, seen)
  return seen
}
