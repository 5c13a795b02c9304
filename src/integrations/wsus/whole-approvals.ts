/**
 * Our approvals for groups of the operator's: which of those that stand there are ours, and taking them away. Only by
 * their ids, so what an administrator approves in between is never replaced or removed.
 */

import { createHash } from 'node:crypto'
import type { Wsus } from './ask.ts'
import type { WsusApproval, WsusGroup } from './calls.ts'
import type { WholeGroupNote } from './note.ts'

type Asks = Pick<Wsus, 'ask'>

/** All approvals of the group, and of the empty group that marks the start. */
export interface Standing {
  readonly whole: readonly WsusApproval[]
  readonly mark: readonly WsusApproval[]
}

export async function standingFor(wsus: Asks, { id, whole }: WholeGroupNote, signal: AbortSignal): Promise<Standing> {
  const groups = id === null ? [whole.id] : [whole.id, id]
  const all = await wsus.ask('approvals', { groups, updates: null }, signal)
  return { whole: all.filter((one) => one.group === whole.id), mark: all.filter((one) => one.group === id) }
}

/**
 * Those of the approvals for the group that this start made: as they were noted; or asked for, with the answer or the note
 * lost, and then they are like those of the mark, or in our login's name; or carried over by WSUS to a newer revision.
 */
export function oursIn(
  { whole: all, mark }: Standing,
  { whole, items, deadline }: WholeGroupNote,
): readonly WsusApproval[] {
  return all.filter((one) => {
    const noted = whole.approvals.find(({ update }) => update === one.update)
    if (noted?.id === one.id || mark.some((other) => isTwin(one, other))) return true
    const item = items.find(({ update }) => update === one.update)
    if (whole.askedAt === null || item?.action !== one.action || one.deadline !== deadline) return false
    return noted === undefined ? one.by === whole.by : one.revision > noted.revision
  })
}

/** Made by one login for the same: a start makes the mark's first and takes them away last. */
function isTwin(one: WsusApproval, mark: WsusApproval): boolean {
  return (
    one.update === mark.update && one.action === mark.action && one.deadline === mark.deadline && one.by === mark.by
  )
}

/**
 * Takes all of it away, and reads back that it is gone; then what stands at the mark, so that it finds nothing that a later
 * start approves. True: there was something.
 */
export async function withdraw(wsus: Asks, group: WholeGroupNote, signal: AbortSignal): Promise<boolean> {
  const before = await standingFor(wsus, group, signal)
  const ours = oursIn(before, group)
  await deleteAll(wsus, ours, signal)
  if (ours.length > 0 && oursIn(await standingFor(wsus, group, signal), group).length > 0)
    throw new Error(`WSUS still shows what was approved for "${group.whole.name}", after it was taken back`)
  await deleteAll(wsus, before.mark, signal)
  return ours.length > 0
}

export async function deleteAll(wsus: Asks, approvals: readonly WsusApproval[], signal: AbortSignal): Promise<void> {
  for (const { id, update, group } of approvals)
    await wsus.ask('delete-approval', { approval: id, update, group }, signal)
}

/** Approvals for groups of the operator's that have a twin at one of these marks: they are found without their note. */
export function twinsOf(
  approvals: readonly WsusApproval[],
  marks: readonly WsusGroup[],
  named: ReadonlySet<string>,
): readonly WsusApproval[] {
  const names = new Map(marks.map(({ id, name }) => [id, name]))
  const marked = approvals.filter(({ group, action }) => names.has(group) && action !== 'NotApproved')
  const isMarked = (one: WsusApproval) =>
    marked.some((mark) => isTwin(one, mark) && names.get(mark.group)?.endsWith(markEnd(one.group)))
  return approvals.filter((one) => named.has(one.group) && isMarked(one))
}

/** The end of the name of a mark: it is for this group of the operator's. */
export function markEnd(whole: string): string {
  return `-${digestOf([whole])}`
}

/** Short enough for the name of a group. */
export function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8)
}
