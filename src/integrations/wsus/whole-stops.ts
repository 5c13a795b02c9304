/** Taking whole groups back, and seeing what others changed in them. */

import { firstNames } from '../../core/first-names.ts'
import { STOPPED } from '../../core/not-begun.ts'
import type { StopReport } from '../../core/ports.ts'
import { isBefore } from '../../core/time/instant.ts'
import type { WsusGroup } from './calls.ts'
import type { Context } from './context.ts'
import { type AssetNote, isWhole, replaced, type StartNote, type WholeGroupNote, withGroup } from './note.ts'
import { reachOf, whatItLearned } from './reach.ts'
import { oursIn, type Standing, standingFor, withdraw } from './whole-approvals.ts'
import { isNamed, membersOf } from './whole-groups.ts'

type Ends = NonNullable<AssetNote['takenBack']>['ends']

/** Why an asset is taken back. */
interface Reason {
  readonly reason: string
  readonly ends: Ends
}

/** The group as the note has it now. */
export function groupIn(note: StartNote, name: string): WholeGroupNote {
  const group = note.groups.find((one) => one.name === name)
  if (group === undefined || !isWhole(group)) throw new Error(`The start has no note of the group "${name}"`)
  return group
}

/**
 * Takes all approvals of the start for the group away. It is written down first, with what people are to be told, so that
 * nothing is approved for it again; then it is asked what its machines have learned until then.
 */
export async function takeGroupBack(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  reasonOf: (asset: AssetNote) => Reason,
  signal: AbortSignal,
): Promise<StartNote> {
  const group = groupIn(first, name)
  const open = inGroup(first, name).filter((one) => one.takenBack === null)
  const note = withGroup(marked(context, first, open, reasonOf), { ...group, whole: { ...group.whole, over: true } })
  await context.notes.save(key, note)
  return finishTakingBack(context, key, note, name, signal)
}

/** What is left of taking a group back: the calls, which may have failed. */
export async function finishTakingBack(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  signal: AbortSignal,
): Promise<StartNote> {
  const group = groupIn(first, name)
  if (group.whole.gone) return first
  const stood = await withdraw(context.wsus, group, signal)
  const told = stood || group.whole.askedAt !== null
  const note = await withReach(context, first, inGroup(first, name), told, signal)
  const done = withGroup(note, { ...group, whole: { ...group.whole, gone: true } })
  await context.notes.save(key, done)
  return done
}

function inGroup({ assets }: StartNote, name: string): readonly AssetNote[] {
  return assets.filter(({ group, refused }) => group === name && refused === null)
}

function marked(
  context: Context,
  first: StartNote,
  assets: readonly AssetNote[],
  reasonOf: (asset: AssetNote) => Reason,
): StartNote {
  const at = context.clock().toISOString()
  return assets.reduce(
    (note, one) => replaced(note, { ...one, takenBack: { at, state: null, until: null, ...reasonOf(one) } }),
    first,
  )
}

/** With what they have learned. `told`: something was approved for them. */
async function withReach(
  context: Context,
  first: StartNote,
  assets: readonly AssetNote[],
  told: boolean,
  signal: AbortSignal,
): Promise<StartNote> {
  const open = assets.filter(({ takenBack }) => takenBack !== null && takenBack.state === null)
  const ids = open.map(({ machine }) => machine)
  const rows = told && ids.length > 0 ? await context.wsus.machines(ids, signal) : []
  const byId = new Map(rows.map((row) => [row.id, row]))
  const now = context.clock()
  let note = first
  for (const one of open) {
    if (one.takenBack === null) continue
    const reach = told ? reachOf(context, one, byId.get(one.machine), now) : { state: 'stopped' as const, until: null }
    note = replaced(note, { ...one, takenBack: { ...one.takenBack, ...reach } })
  }
  return note
}

/** `only`: these assets; left out: all of the start. With each asset, all of its group is taken back. */
export async function takeGroupsBack(
  context: Context,
  key: string,
  first: StartNote,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly StopReport[]> {
  const isWanted = ({ asset }: AssetNote) => only === undefined || only.includes(asset)
  let note = await withTakenBack(context, key, first, signal)
  for (const { name } of first.groups.filter(isWhole)) {
    const wanted = inGroup(note, name).filter(isWanted)
    if (!wanted.some((one) => isToTakeBack(context, one))) continue
    note = toldOfOthers(context, note, name, wanted)
    const others = withOthers(groupIn(note, name), wanted)
    const reasonOf = (one: AssetNote): Reason => ({ reason: isWanted(one) ? STOPPED : others, ends: 'not begun' })
    note = await takeGroupBack(context, key, note, name, reasonOf, signal)
  }
  return note.assets.filter(isWanted).map(({ asset, takenBack }) => {
    const { state, until } = takenBack ?? { state: 'stopped' as const, until: null }
    return { asset, state: state ?? 'stopped', ...(until === null ? {} : { until }) }
  })
}

/** One that left its group by itself is no reason to take the others back before their work begins. */
function isToTakeBack({ clock }: Context, { takenBack, notBefore }: AssetNote): boolean {
  return takenBack === null || takenBack.state === null || !isBefore(clock().toISOString(), notBefore)
}

function withOthers({ whole }: WholeGroupNote, wanted: readonly AssetNote[]): string {
  return `It was taken back with ${firstNames(wanted.map(({ name }) => name))}: an approval counts for the whole group "${whole.name}".`
}

/** The note with a sentence for people who had one of a group taken back, and get more. */
function toldOfOthers(context: Context, note: StartNote, name: string, wanted: readonly AssetNote[]): StartNote {
  const now = context.clock().toISOString()
  const others = inGroup(note, name).filter(
    (one) => one.takenBack === null && !wanted.includes(one) && isBefore(now, one.notBefore),
  )
  if (others.length === 0) return note
  const names = firstNames(others.map((one) => one.name))
  const what = `With ${firstNames(wanted.map((one) => one.name))}, ${names} ${others.length === 1 ? 'was' : 'were'} taken back, too: an approval counts for the whole group "${groupIn(note, name).whole.name}" in WSUS.`
  return telling(note, [what])
}

/** Says in sentences what others changed. A group that is not as it was told is taken back, and people decide. */
export async function compareWholeGroups(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let note = await withTakenBack(context, key, first, signal)
  const open = note.groups.filter(isWhole).filter(({ whole }) => whole.askedAt !== null && !whole.over)
  const all = open.length === 0 ? [] : await context.wsus.ask('groups', {}, signal)
  for (const { name } of open) note = await compareWholeGroup(context, key, note, name, all, signal)
  if (note.tell.length > 0) await context.notes.save(key, { ...note, tell: [] })
  return note.tell
}

/** Ends what an earlier call could not: groups that are over, and of which it was not read back that they are. */
export async function withTakenBack(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  let note = first
  for (const { name, whole } of first.groups.filter(isWhole))
    if (whole.over && !whole.gone) note = await finishTakingBack(context, key, note, name, signal)
  return note
}

/** The note with what is to be told. `all`: the groups of the server now. */
export async function compareWholeGroup(
  context: Context,
  key: string,
  first: StartNote,
  name: string,
  all: readonly WsusGroup[],
  signal: AbortSignal,
): Promise<StartNote> {
  const group = groupIn(first, name)
  const standing = await standingFor(context.wsus, group, signal)
  const there = all.find(({ id }) => id === group.whole.id)
  const members = there === undefined ? new Map<string, string>() : await membersFor(context, group, all, signal)
  const changed = (await changeOf(context, first, name, there, members, signal)) ?? changedApproval(group, standing)
  if (changed !== null) {
    const reason = `${changed}. What was approved for the group was taken back.`
    return takeGroupBack(context, key, telling(first, [reason]), name, () => ({ reason, ends: 'held back' }), signal)
  }
  const note = withRevisions(await withoutLost(context, first, name, members, signal), name, standing)
  if (note !== first) await context.notes.save(key, note)
  return note
}

export function telling(note: StartNote, sentences: readonly string[]): StartNote {
  return sentences.length === 0 ? note : { ...note, tell: [...note.tell, ...sentences] }
}

/** Who left the group is told no more. The others go on. */
async function withoutLost(
  context: Context,
  first: StartNote,
  name: string,
  members: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<StartNote> {
  const lost = inGroup(first, name).filter((one) => one.takenBack === null && !members.has(one.machine))
  if (lost.length === 0) return first
  const { whole } = groupIn(first, name)
  const left = (one: AssetNote) =>
    `${one.name} is not in the group "${whole.name}" any more: its policy, or somebody, took it out.`
  const note = marked(context, first, lost, (one) => ({ reason: left(one), ends: 'not begun' }))
  return withReach(context, telling(note, lost.map(left)), inGroup(note, name), true, signal)
}

/** Who is in the group, and in the one that marks the start, where nobody is to be. */
export async function membersFor(
  { wsus }: Context,
  { id, whole }: WholeGroupNote,
  all: readonly WsusGroup[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const members = await membersOf(wsus, whole.id, all, signal)
  const isThere = id !== null && all.some((one) => one.id === id)
  return isThere ? new Map([...members, ...(await membersOf(wsus, id, all, signal))]) : members
}

/** What makes the group another one than was told, as a clause; `null`: nothing. */
export async function changeOf(
  context: Context,
  note: StartNote,
  name: string,
  there: WsusGroup | undefined,
  members: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string | null> {
  const { whole } = groupIn(note, name)
  if (there === undefined)
    return `Somebody deleted the group "${whole.name}" in WSUS, and with it what was approved for it`
  if (!isNamed(there, whole.name))
    return `Somebody renamed the group "${whole.name}" in WSUS: it is called "${there.name}" now`
  if (!(context.wholeGroups ?? []).some((one) => isNamed(there, one)))
    return `The configuration does not name the group "${whole.name}" any more`
  // One that left and came back would be told after it was taken back.
  const back = new Set(note.assets.flatMap((one) => (one.takenBack === null ? [] : [one.machine])))
  const strangers = [...members].filter(([machine]) => !whole.machines.includes(machine) || back.has(machine))
  if (strangers.length === 0) return null
  const rows = await context.wsus.machines(
    strangers.map(([machine]) => machine),
    signal,
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const said = strangers.map(([machine, one]) => `${one} (${whatItLearned(context, byId.get(machine))})`)
  return `The group "${whole.name}" has got machines in WSUS that nobody voted on: ${firstNames(said)}`
}

function changedApproval(group: WholeGroupNote, standing: Standing): string | null {
  const { items, whole, deadline } = group
  const ours = oursIn(standing, group).filter((one) => one.deadline === deadline)
  const gone = items.filter(({ update, action }) => !ours.some((one) => one.update === update && one.action === action))
  if (gone.length === 0) return null
  return `Somebody changed what is approved for the group "${whole.name}" in WSUS: the approval of ${firstNames(gone.map(({ kb }) => kb))} is not the one of this start any more`
}

/** Approvals that WSUS carried over to a newer revision are noted, so that they are found again. */
function withRevisions(first: StartNote, name: string, standing: Standing): StartNote {
  const group = groupIn(first, name)
  const ours = oursIn(standing, group)
  const differences: string[] = []
  const approvals = group.whole.approvals.map((noted) => {
    const now = ours.find((one) => one.update === noted.update)
    if (now === undefined || (now.id === noted.id && now.revision === noted.revision)) return noted
    const kb = group.items.find(({ update }) => update === noted.update)?.kb ?? noted.update
    differences.push(
      `Microsoft revised ${kb} since it was approved (revision ${noted.revision}, now ${now.revision}), and WSUS approves the new one.`,
    )
    return { id: now.id, update: now.update, revision: now.revision, createdAt: now.createdAt }
  })
  if (differences.length === 0) return first
  return telling(withGroup(first, { ...group, whole: { ...group.whole, approvals } }), differences)
}
