/**
 * Adds the machines of a start to its groups: exactly the approved ones, last, one after another. Who is to be added is
 * written down first, so that a process that is killed has told fewer and never more.
 */

import { isOver, TIME_OVER } from '../../core/not-begun.ts'
import type { Batch, DeploymentHandle } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import { ALREADY, refusedBy, tooLate } from '../delegating/asset-note.ts'
import { FIRST_MACHINES, type FirstContactOf, withFirstOnes } from '../delegating/first-contact.ts'
import { WsusError } from './calls.ts'
import type { Context } from './context.ts'
import { groupFor, type Looked, look, stageGroups } from './groups.ts'
import { type AssetNote, emptyNote, isToAdd, isWhole, replaced, type StartNote } from './note.ts'
import { reportsOf } from './reports.ts'
import { beginOf } from './times.ts'
import { tellWholeGroups } from './whole-start.ts'

export async function startBatch(context: Context, batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
  const { key } = batch
  const { notes } = context
  const before = (await notes.read(key)) ?? emptyNote
  const looked = batch.deployments.length === 0 ? [] : await look(context, batch, signal)
  const { note: made, staged } = await stageGroups(context, key, before, looked, signal)
  if (!staged.ready) throw new Error(staged.why)
  let note = await intendedAlone(context, key, made, looked, signal)
  if (note.groups.some(isWhole)) await tellWholeGroups(context, key, note, signal)
  else {
    note = await addAll(context, key, note, signal)
    await checkEffect(context, key, note, signal)
  }
  return { key, data: { startedAt: note.startedAt } }
}

/** Writes down who is to be added. */
function intendedAlone(
  context: Context,
  key: string,
  made: StartNote,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<StartNote> {
  return withFirstOnes(firstContactOf(context), key, looked, signal, async (few, claim) => {
    const note = intended(context, key, made, few)
    if (note.assets.some(isToAdd)) await claim()
    await context.notes.save(key, note)
    return note
  })
}

export function firstContactOf(context: Context): FirstContactOf<Looked> {
  const { notes, clock, contactSeconds } = context
  return {
    ...{ system: 'this WSUS', notes, clock, againSeconds: contactSeconds },
    together: ({ whole }, other) => whole !== null && other.whole?.id === whole.id,
    tooLarge: ({ whole }) => (whole === null ? null : tooLarge(whole.name, whole.machines.length)),
    async reports(key, signal) {
      const note = await notes.read(key)
      return note === null ? [] : reportsOf(context, note, signal)
    },
  }
}

/** Why a whole group cannot be the first that is told on a server, as a clause; `null`: it can. */
export function tooLarge(name: string, machines: number): string | null {
  if (machines <= FIRST_MACHINES) return null
  return `Until one start was completed on this WSUS, a start has at most ${FIRST_MACHINES} servers, and the group "${name}" has ${machines}, which are told together: begin with a smaller group`
}

/** The note with everybody who is to be added. An asset that was written down before stays as it was. */
function intended(context: Context, key: string, note: StartNote, looked: readonly Looked[]): StartNote {
  const now = context.clock()
  const over = new Set(looked.filter(({ request }) => isOver(request.notAfter, now)).map((one) => one.request.asset.id))
  const before = note.assets.map((one) =>
    !one.added && one.refused === null && over.has(one.asset) ? { ...one, refused: tooLate } : one,
  )
  const known = new Set(before.map(({ asset }) => asset))
  const added = looked.filter(({ request }) => !known.has(request.asset.id))
  return {
    ...note,
    startedAt: note.startedAt ?? now.toISOString(),
    assets: [...before, ...added.map((one) => assetNote(context, key, one, now))],
  }
}

function assetNote(context: Context, key: string, looked: Looked, now: Date): AssetNote {
  const { request, found } = looked
  const { asset, notAfter } = request
  const times = {
    notBefore: beginOf(request, now),
    notAfter: notAfter === null ? null : plusSeconds(notAfter, 0),
    since: now.toISOString(),
  }
  const named = { asset: asset.id, name: asset.name, timeZone: asset.timeZone, ...times, added: false, takenBack: null }
  if (!found.ready) {
    return { ...named, machine: '', group: '', changes: [], items: [], refused: refusedBy(found.outcome) }
  }
  const { machine, changes, items } = found.plan
  const group = groupFor(context, key, looked) ?? ''
  const refused =
    items.length === 0 ? { state: 'held back' as const, reason: ALREADY } : isOver(notAfter, now) ? tooLate : null
  return { ...named, machine: machine.id, group, changes: [...changes], items: [...items], refused }
}

/**
 * After so many machines, what was done is noted. A process that is killed before leaves members that are not noted: the
 * next one finds them in the group.
 */
const NOTED_AT_ONCE = 50

async function addAll(context: Context, key: string, first: StartNote, signal: AbortSignal): Promise<StartNote> {
  let note = await withMembersSeen(context, key, await withoutGoneGroups(context, key, first, signal), signal)
  for (const [index, one] of note.assets.filter(isToAdd).entries()) {
    signal.throwIfAborted()
    if (index > 0 && index % NOTED_AT_ONCE === 0) await context.notes.save(key, note)
    const { clock } = context
    if (isOver(one.notAfter, clock())) {
      note = replaced(note, { ...one, refused: tooLate })
    } else {
      const id = note.groups.find(({ name }) => name === one.group)?.id
      if (id == null) throw new Error(`The group "${one.group}" was not made in WSUS`)
      note = replaced(note, await added(context, id, one, signal))
    }
  }
  await context.notes.save(key, note)
  return note
}

/** A machine that was deleted since it was looked at is left out, and the others are told all the same. */
async function added({ wsus }: Context, group: string, one: AssetNote, signal: AbortSignal): Promise<AssetNote> {
  try {
    await wsus.ask('add-member', { group, machine: one.machine }, signal)
    return { ...one, added: true }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WsusError) || error.sent) throw error
    if ((await wsus.machines([one.machine], signal)).length > 0) throw error
    const reason = `WSUS has no computer called ${one.name} any more`
    return { ...one, refused: { state: 'unreachable', reason } }
  }
}

/**
 * A group that somebody deleted while machines were added is not made again: who was not told is held back, and nobody asks
 * for the members of what is not there.
 */
async function withoutGoneGroups(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  if (!first.assets.some(({ added, group }) => !added && group !== '')) return first
  const there = new Set((await context.wsus.ask('groups', {}, signal)).map(({ id }) => id))
  let note = first
  for (const { name, id } of first.groups) {
    if (id === null || there.has(id)) continue
    const reason = `Somebody deleted the group "${name}" in WSUS before it was told`
    for (const one of note.assets)
      if (one.group === name && !one.added)
        note = replaced(note, { ...one, group: '', refused: one.refused ?? { state: 'held back', reason } })
  }
  if (note !== first) await context.notes.save(key, note)
  return note
}

/** Who is a member already was added by a process that was killed before it could note it. */
async function withMembersSeen(
  context: Context,
  key: string,
  note: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  const open = note.assets.filter(({ added, group }) => !added && group !== '')
  if (open.length === 0) return note
  let seen = note
  for (const { name, id } of note.groups) {
    if (id === null || !open.some(({ group }) => group === name)) continue
    const there = new Set((await context.wsus.ask('members', { group: id }, signal)).map((one) => one.id))
    for (const one of open) {
      if (one.group !== name || one.takenBack !== null || !there.has(one.machine)) continue
      if (one.refused !== null && one.refused.reason !== TIME_OVER) continue
      seen = replaced(seen, { ...one, added: true, refused: null })
    }
  }
  if (seen !== note) await context.notes.save(key, seen)
  return seen
}

/**
 * Reads back which approval counts for each machine that was added. Where it is somebody else's, the machine is taken
 * out again: what installs there is not ours.
 */
async function checkEffect(context: Context, key: string, first: StartNote, signal: AbortSignal): Promise<StartNote> {
  const added = first.assets.filter(({ added, takenBack, refused }) => added && takenBack === null && refused === null)
  if (added.length === 0) return first
  const updates = [...new Set(added.flatMap(({ items }) => items.map(({ update }) => update)))]
  const said = await context.wsus.installations(
    added.map(({ machine }) => machine),
    updates,
    signal,
  )
  let note = first
  for (const one of added) {
    const id = note.groups.find(({ name }) => name === one.group)?.id
    const other = said.find((row) => {
      const item = one.items.find(({ update }) => update === row.update)
      return row.machine === one.machine && item !== undefined && (row.action !== item.action || row.group !== id)
    })
    if (other === undefined || id == null) continue
    await context.wsus.ask('remove-member', { group: id, machine: one.machine }, signal)
    const kb = one.items.find(({ update }) => update === other.update)?.kb ?? ''
    const reason = `For ${kb}, the approval of another group counts for this machine in WSUS, so it was taken out again`
    note = replaced(note, { ...one, added: false, refused: { state: 'held back', reason } })
    await context.notes.save(key, note)
  }
  return note
}
