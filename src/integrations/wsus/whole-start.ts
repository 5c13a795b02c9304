/**
 * Tells whole groups of the operator's. Machines cannot be added last there, so the approvals come last: the content is
 * ready, all is looked at right before, and what came of it is read back right after.
 */

import { firstNames } from '../../core/first-names.ts'
import { isOver, TIME_OVER } from '../../core/not-begun.ts'
import { tooLate } from '../delegating/asset-note.ts'
import { type Asked, type WsusApproval, WsusError, type WsusGroup, wireInstantOf } from './calls.ts'
import type { Context } from './context.ts'
import { type AssetNote, type Item, isWhole, replaced, type StartNote, type WholeGroupNote, withGroup } from './note.ts'
import { oursIn, type Standing, standingFor } from './whole-approvals.ts'
import {
  changeOf,
  compareWholeGroup,
  groupIn,
  membersFor,
  takeGroupBack,
  telling,
  withTakenBack,
} from './whole-stops.ts'

/** The caller has written down who is to be told. */
export async function tellWholeGroups(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  let note = await withTakenBack(context, key, first, signal)
  for (const { name, whole } of first.groups.filter(isWhole)) {
    if (whole.over || pendingIn(note, name).length === 0) continue
    signal.throwIfAborted()
    note = await tellGroup(context, key, note, name, signal)
  }
  return note
}

/** Who is not noted as told. One whose time is over may have been told by a process that was killed. */
function pendingIn({ assets }: StartNote, name: string): readonly AssetNote[] {
  return assets.filter(
    ({ group, added, takenBack, refused }) =>
      group === name && !added && takenBack === null && (refused === null || refused.reason === TIME_OVER),
  )
}

async function tellGroup(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  signal: AbortSignal,
): Promise<StartNote> {
  const { wsus, clock, notes } = context
  const group = groupIn(first, name)
  const all = await wsus.ask('groups', {}, signal)
  const standing = await standingFor(wsus, group, signal)
  if (isTold(group, standing)) return readBack(context, key, asTold(context, first, name, standing), name, signal)
  if (pendingIn(first, name).some(({ refused, notAfter }) => refused !== null || isOver(notAfter, clock())))
    return tooLateFor(context, key, first, name, oursIn(standing, group).length > 0, signal)
  const refused = (note: StartNote, why: string) => {
    const reason = `${why}. Nothing is approved for the group.`
    return takeGroupBack(context, key, note, name, () => ({ reason, ends: 'held back' }), signal)
  }
  const problem = await problemNow(context, first, name, all, standing, signal)
  if (problem !== null) return refused(first, problem)
  const by = standing.mark[0]?.by ?? ''
  const askedAt = group.whole.askedAt ?? clock().toISOString()
  let note = withGroup(first, { ...group, whole: { ...group.whole, askedAt, by } })
  await notes.save(key, note)
  const missing = group.items.filter((item) => !isStanding(groupIn(note, name), standing, item))
  for (const { update, action } of missing) {
    signal.throwIfAborted()
    const deadline = group.deadline === null ? null : wireInstantOf(group.deadline)
    const made = await approved(context, { update, group: group.whole.id, action, deadline }, signal)
    if (typeof made === 'string') return refused(note, made.replace(/\.$/, ''))
    note = withApproval(note, name, made)
    await notes.save(key, note)
  }
  return readBack(context, key, note, name, signal)
}

/** What was approved, or the sentence of a server that does not take it. A lost answer is no refusal. */
async function approved(
  { wsus }: Context,
  asked: Asked<'approve'>,
  signal: AbortSignal,
): Promise<WsusApproval | string> {
  try {
    return await wsus.ask('approve', asked, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WsusError) || error.sent) throw error
    // One that cannot be reached has refused nothing.
    await wsus.updates([asked.update], signal)
    return error.message
  }
}

function isStanding(group: WholeGroupNote, standing: Standing, { update }: Item): boolean {
  return oursIn(standing, group).some((one) => one.update === update)
}

/** Everything that is to be approved was, by a process that was killed before it could note it. */
function isTold(group: WholeGroupNote, standing: Standing): boolean {
  return group.items.every((item) => isStanding(group, standing, item))
}

function asTold(context: Context, first: StartNote, name: string, standing: Standing): StartNote {
  const group = groupIn(first, name)
  const askedAt = group.whole.askedAt ?? context.clock().toISOString()
  const asked = withGroup(first, { ...group, whole: { ...group.whole, askedAt } })
  return oursIn(standing, group).reduce((note, one) => withApproval(note, name, one), asked)
}

function withApproval(note: StartNote, name: string, { id, update, revision, createdAt }: WsusApproval): StartNote {
  const group = groupIn(note, name)
  const others = group.whole.approvals.filter((one) => one.update !== update)
  return withGroup(note, {
    ...group,
    whole: { ...group.whole, approvals: [...others, { id, update, revision, createdAt }] },
  })
}

/** One of the group may not begin any more, so none is told, and what was approved already is taken back. */
async function tooLateFor(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  someStands: boolean,
  signal: AbortSignal,
): Promise<StartNote> {
  const { whole } = groupIn(first, name)
  const now = context.clock()
  const isLate = ({ refused, notAfter }: AssetNote) => refused !== null || isOver(notAfter, now)
  const late = pendingIn(first, name).filter(isLate)
  const others = `An approval counts for the whole group "${whole.name}", and ${firstNames(late.map((one) => one.name))} of it may not begin any more.`
  const open = late.reduce((note, one) => replaced(note, { ...one, refused: null }), first)
  if (whole.askedAt !== null || someStands) {
    const reasonOf = (one: AssetNote) => ({ reason: isLate(one) ? TIME_OVER : others, ends: 'not begun' as const })
    return takeGroupBack(context, key, open, name, reasonOf, signal)
  }
  const note = pendingIn(open, name).reduce(
    (now, one) => replaced(now, { ...one, refused: isLate(one) ? tooLate : { state: 'not begun', reason: others } }),
    open,
  )
  await context.notes.save(key, note)
  return note
}

/** Why nothing may be approved for the group now, as a clause; `null`: it may. */
async function problemNow(
  context: Context,
  note: StartNote,
  name: string,
  all: readonly WsusGroup[],
  standing: Standing,
  signal: AbortSignal,
): Promise<string | null> {
  const group = groupIn(note, name)
  const { whole, items } = group
  const there = all.find(({ id }) => id === whole.id)
  const members = there === undefined ? new Map<string, string>() : await membersFor(context, group, all, signal)
  const changed = await changeOf(context, note, name, there, members, signal)
  if (changed !== null) return changed
  const gone = whole.machines.filter((machine) => !members.has(machine))
  if (gone.length > 0)
    return `The group "${whole.name}" is not the one that was looked at: ${gone.length} of its machines left it`
  const ours = oursIn(standing, group)
  const other = items.find(({ update }) => standing.whole.some((one) => one.update === update && !ours.includes(one)))
  if (other === undefined) return null
  return `What WSUS has for ${other.kb} and the group "${whole.name}" is somebody else's decision, and it would be replaced`
}

/** Reads back who is in the group now, and which approval counts for each of its machines. */
async function readBack(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  signal: AbortSignal,
): Promise<StartNote> {
  const { wsus, notes } = context
  const told = pendingIn(first, name).reduce(
    (note, one) => replaced(note, { ...one, added: true, refused: null }),
    first,
  )
  const all = await wsus.ask('groups', {}, signal)
  const note = await compareWholeGroup(context, key, told, name, all, signal)
  const other = groupIn(note, name).whole.over ? null : await otherEffect(context, note, name, signal)
  if (other === null) {
    await notes.save(key, note)
    return note
  }
  const reason = `${other}. What was approved for the group was taken back.`
  return takeGroupBack(context, key, telling(note, [reason]), name, () => ({ reason, ends: 'held back' }), signal)
}

/** Which machine has another approval that counts for it, as a clause; `null`: none. */
async function otherEffect(
  { wsus }: Context,
  note: StartNote,
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  const { whole } = groupIn(note, name)
  const told = note.assets.filter((one) => one.group === name && one.added && one.takenBack === null)
  if (told.length === 0) return null
  const updates = [...new Set(told.flatMap(({ items }) => items.map(({ update }) => update)))]
  const said = await wsus.installations(
    told.map(({ machine }) => machine),
    updates,
    signal,
  )
  for (const one of told)
    for (const { update, kb, action } of one.items) {
      const row = said.find((item) => item.machine === one.machine && item.update === update)
      if (row === undefined || (row.action === action && row.group === whole.id)) continue
      return `For ${kb}, the approval of another group than "${whole.name}" counts for ${one.name} in WSUS`
    }
  return null
}
