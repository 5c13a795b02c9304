/** Taking machines back, and putting right what others changed in our groups. */

import { STOPPED } from '../../core/not-begun.ts'
import type { StopReport } from '../../core/ports.ts'
import { isBefore } from '../../core/time/instant.ts'
import { type WsusApproval, WsusError, wireInstantOf } from './calls.ts'
import type { Context } from './context.ts'
import { approvalsOf, isAsMade } from './groups.ts'
import { type AssetNote, type GroupNote, type Item, replaced, type StartNote } from './note.ts'
import { reachOf, whatItLearned } from './reach.ts'

/** `only`: these assets; left out: all of the start. */
export async function takeBack(
  context: Context,
  key: string,
  note: StartNote,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly StopReport[]> {
  const wanted = note.assets.filter(({ asset }) => only === undefined || only.includes(asset))
  const after = await without(context, key, note, new Map(wanted.map(({ asset }) => [asset, STOPPED])), signal)
  return after.assets
    .filter(({ asset }) => wanted.some((one) => one.asset === asset))
    .map(({ asset, takenBack }) => {
      const { state, until } = takenBack ?? { state: 'stopped' as const, until: null }
      return { asset, state: state ?? 'stopped', ...(until === null ? {} : { until }) }
    })
}

/**
 * Writes down who is taken back, so that nobody adds them again; takes them out; and then asks what they have learned
 * until then. `reasons`: by asset.
 */
async function without(
  context: Context,
  key: string,
  first: StartNote,
  reasons: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<StartNote> {
  const at = context.clock().toISOString()
  let note = first
  for (const one of first.assets) {
    const reason = reasons.get(one.asset)
    if (reason === undefined || one.takenBack !== null || one.refused !== null) continue
    note = replaced(note, { ...one, takenBack: { at, state: null, until: null, reason, ends: 'not begun' } })
  }
  const open = note.assets.filter(({ asset, takenBack }) => reasons.has(asset) && takenBack?.state === null)
  if (open.length === 0) return note
  if (note !== first) await context.notes.save(key, note)
  for (const one of open) {
    const id = note.groups.find(({ name }) => name === one.group)?.id
    if (id == null) continue
    await context.wsus.ask('remove-member', { group: id, machine: one.machine }, signal)
  }
  const rows = await context.wsus.machines(
    open.map(({ machine }) => machine),
    signal,
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const now = context.clock()
  for (const one of open) {
    const { takenBack } = one
    if (takenBack === null) continue
    note = replaced(note, { ...one, takenBack: { ...takenBack, ...reachOf(context, one, byId.get(one.machine), now) } })
  }
  await context.notes.save(key, note)
  return note
}

/** Makes the groups again as they were started, and says in sentences what was different. */
export async function compareGroups(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { wsus } = context
  const made = first.groups.filter(({ id }) => id !== null)
  if (made.length === 0) return []
  const there = new Set((await wsus.ask('groups', {}, signal)).map(({ id }) => id))
  const approvals = await approvalsOf(
    context,
    made.filter(({ id }) => there.has(id ?? '')),
    signal,
  )
  const differences: string[] = []
  let note = first
  for (const group of made) {
    const id = group.id ?? ''
    const members = there.has(id) ? await wsus.ask('members', { group: id }, signal) : []
    const inside = note.assets.filter((one) => one.group === group.name && one.added && one.takenBack === null)
    const present = new Set(members.map((member) => member.id))
    const lost = inside.filter(({ machine }) => !present.has(machine))
    const reasons = new Map(lost.map((one) => [one.asset, lostSentence(one, group, there.has(id))]))
    differences.push(...reasons.values())
    note = await without(context, key, note, reasons, signal)
    const meant = new Set(inside.map(({ machine }) => machine))
    const strangers = members.filter((member) => !meant.has(member.id))
    for (const stranger of strangers) {
      await wsus.ask('remove-member', { group: id, machine: stranger.id }, signal)
      differences.push(await strangerSentence(context, stranger, group, signal))
    }
    if (!there.has(id)) continue
    const again = await approvedAgain(context, group, approvals, signal)
    differences.push(...again.differences)
    if (again.group === group) continue
    note = { ...note, groups: note.groups.map((one) => (one.name === group.name ? again.group : one)) }
    await context.notes.save(key, note)
  }
  return differences
}

function lostSentence({ name }: AssetNote, group: GroupNote, isThere: boolean): string {
  if (!isThere) return `Somebody deleted the group "${group.name}" in WSUS, and with it the approval for ${name}.`
  return `Somebody took ${name} out of the group "${group.name}" in WSUS.`
}

async function strangerSentence(
  context: Context,
  { id, name }: { readonly id: string; readonly name: string },
  group: GroupNote,
  signal: AbortSignal,
): Promise<string> {
  const [machine] = await context.wsus.machines([id], signal)
  return `Somebody added ${name} to the group "${group.name}" in WSUS. It was taken out; ${whatItLearned(context, machine)}.`
}

/**
 * Approves again what somebody changed, and takes off what somebody approved for our group. What cannot be approved any
 * more, as after somebody declined it, is left out of the group from then on.
 */
async function approvedAgain(
  context: Context,
  group: GroupNote,
  approvals: readonly WsusApproval[],
  signal: AbortSignal,
): Promise<{ readonly group: GroupNote; readonly differences: readonly string[] }> {
  const id = group.id ?? ''
  if (group.notAfter !== null && !isBefore(context.clock().toISOString(), group.notAfter))
    return { group, differences: [] }
  const own = approvals.filter((one) => one.group === id)
  const changed = group.items.filter((item) => !own.some((one) => isAsMade(one, group, item)))
  const differences: string[] = []
  let items = group.items
  for (const item of changed) {
    const why = await refusalOf(context, group, item, signal)
    if (why === null) continue
    items = items.filter((one) => one !== item)
    differences.push(`${item.kb} is not approved any more for "${group.name}" in WSUS, and cannot be: ${why}`)
  }
  const more = own.filter(
    (one) => one.action !== 'NotApproved' && !group.items.some(({ update }) => update === one.update),
  )
  for (const { update } of more)
    await context.wsus.ask('approve', { update, group: id, action: 'NotApproved', deadline: null }, signal)
  if (changed.length - differences.length + more.length > 0)
    differences.push(`Somebody changed in WSUS what "${group.name}" installs, or when. It was set back.`)
  const revised = items.map((item) => ({ ...item, revision: revisionNow(item, own) }))
  for (const [index, item] of items.entries()) {
    const revision = revised[index]?.revision
    if (item.revision === null || revision === item.revision) continue
    differences.push(
      `Microsoft revised ${item.kb} since it was approved (revision ${item.revision}, now ${revision}), and WSUS approves the new one.`,
    )
  }
  const isSame = differences.length === 0 && revised.every(({ revision }, index) => revision === items[index]?.revision)
  return { group: isSame ? group : { ...group, items: revised }, differences }
}

function revisionNow(item: GroupNote['items'][number], own: readonly WsusApproval[]): number | null {
  return own.find(({ update }) => update === item.update)?.revision ?? item.revision
}

/** Approves it again. Why the server does not take it; `null`: it did. A lost answer is no refusal. */
async function refusalOf({ wsus }: Context, group: GroupNote, { update, action }: Item, signal: AbortSignal) {
  const deadline = group.deadline === null ? null : wireInstantOf(group.deadline)
  try {
    await wsus.ask('approve', { update, group: group.id ?? '', action, deadline }, signal)
    return null
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WsusError) || error.sent) throw error
    const [now] = await wsus.updates([update], signal)
    if (now !== undefined && !now.declined && !now.expired) throw error
    return now === undefined ? 'WSUS does not have it any more.' : error.message
  }
}
