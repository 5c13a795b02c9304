/**
 * The groups of a start: made empty, with the updates approved for them. Each step looks first, so that calling it again
 * changes nothing more.
 */

import { type Change, changeKey } from '../../core/change.ts'
import { firstNames } from '../../core/first-names.ts'
import { heldBack } from '../../core/held-back.ts'
import type { Batch, DeploymentRequest, Staged } from '../../core/ports.ts'
import { isBefore, latest, plusSeconds } from '../../core/time/instant.ts'
import { markOf } from '../delegating/marks.ts'
import { type WsusApproval, type WsusGroup, type WsusUpdate, wireInstantOf } from './calls.ts'
import { kbOf } from './classes.ts'
import { type Context, groupsOfStart, serverProblem } from './context.ts'
import { nameOf } from './machine.ts'
import type { GroupNote, Item, StartNote } from './note.ts'
import { type Found, licencesOf, type Planned, planOrObstacle, viewOf } from './plan.ts'
import { beginOf, deadlineOf, timesProblem } from './times.ts'
import { digestOf, markEnd } from './whole-approvals.ts'
import { groupsFor, readNamed, type Wanted, type WholeGroup } from './whole-groups.ts'

/** One asset of a batch, as the server sees it now. */
export interface Looked {
  readonly request: DeploymentRequest
  readonly found: Found
  /** The group of the operator's that it is told with; `null`: it is told by itself, or not at all. */
  readonly whole: Together | null
}

/** A group that is told as a whole. */
export interface Together {
  readonly id: string
  readonly name: string
  readonly machines: readonly string[]
  /** What is approved for it: all that one of its machines needs. */
  readonly items: readonly Item[]
  readonly updates: readonly WsusUpdate[]
}

/** Asks the server about a batch. Throws a sentence if nothing can be started on it. */
export async function look(context: Context, batch: Batch, signal: AbortSignal): Promise<readonly Looked[]> {
  const { wsus, known, clock, installs } = context
  const problem = serverProblem(context, await wsus.ask('probe', { brief: true }, signal))
  if (problem !== null) throw new Error(problem)
  const assets = batch.deployments.map(({ asset }) => asset)
  const changes = batch.deployments.flatMap((one) => one.changes)
  const seen = await viewOf(wsus, known, assets, changes, signal)
  const view = { ...seen, updates: await refreshed(context, seen.updates, batch, signal) }
  const isOurs = groupsOfStart(context, batch.key)
  const now = clock()
  const looked = batch.deployments.map((request): Looked => {
    const found = planOrObstacle(view, request, isOurs)
    const times = { timeZone: request.asset.timeZone, notBefore: beginOf(request, now), notAfter: request.notAfter }
    const late = found.ready && found.plan.items.length > 0 ? timesProblem(installs, times, now) : null
    return { request, found: late === null ? found : { ready: false, outcome: heldBack(late) }, whole: null }
  })
  if (context.wholeGroups === null) return looked
  const named = await readNamed(wsus, context.wholeGroups, [...view.groups.values()], signal)
  return wholeOnes(named.groups, looked)
}

/** Those whose whole group is in the batch. The others are held back: an approval would tell somebody else, too. */
export function wholeOnes(groups: readonly WholeGroup[], looked: readonly Looked[]): readonly Looked[] {
  const able = looked.flatMap(({ request, found }): readonly Wanted[] => {
    if (!found.ready) return []
    const { asset, changes } = request
    return [{ asset: asset.id, name: asset.name, machine: found.plan.machine.id, changes: changesText(changes) }]
  })
  const groupOf = groupsFor(groups, able, 'what this start tells')
  const together = new Map(groups.map((group) => [group, togetherOf(group, looked)]))
  return looked.map((one) => {
    const group = groupOf.get(one.request.asset.id)
    if (group === undefined) return one
    if (typeof group === 'string') return { ...one, found: { ready: false, outcome: heldBack(`${group}.`) } }
    return { ...one, whole: together.get(group) ?? null }
  })
}

function togetherOf({ id, name, members }: WholeGroup, looked: readonly Looked[]): Together {
  const plans = looked.flatMap(({ found }) => (found.ready && members.has(found.plan.machine.id) ? [found.plan] : []))
  const items = new Map(
    plans.flatMap((plan) =>
      plan.items.map(({ update, kb, action }) => [`${action} ${update}`, { update, kb, action }]),
    ),
  )
  const updates = new Map(plans.flatMap((plan) => plan.updates.map((update) => [update.id, update])))
  return { id, name, machines: [...members.keys()].sort(), items: [...items.values()], updates: [...updates.values()] }
}

/** Equal for equal changes, in whatever order. */
export function changesText(changes: readonly Change[]): string {
  const texts = changes.map(
    (one) => `${changeKey(one)}${one.kind === 'update' && one.undone === true ? ' undone' : ''}`,
  )
  return texts.sort().join('\n')
}

/** An update may have been declined, withdrawn or revised since it was read, so it is read again right before. */
async function refreshed(
  { wsus }: Context,
  updates: Awaited<ReturnType<Context['known']['updates']>>,
  batch: Batch,
  signal: AbortSignal,
) {
  const names = new Set(batch.deployments.flatMap(({ changes }) => changes.map(({ name }) => name.replace(/^KB/i, ''))))
  const ids = [...names].flatMap((kb) => (updates.byKb.get(kb) ?? []).map(({ id }) => id))
  const now = new Map((await wsus.updates(ids, signal)).map((one) => [one.id, one]))
  const byKb = new Map(updates.byKb)
  for (const kb of names)
    byKb.set(
      kb,
      (updates.byKb.get(kb) ?? []).flatMap(({ id }) => now.get(id) ?? []),
    )
  return { ...updates, byKb, byId: new Map([...updates.byId, ...now]) }
}

/** The name of the group for what is done to an asset; `null`: nothing is. */
export function groupFor(context: Context, key: string, { found, whole }: Looked): string | null {
  if (!found.ready || found.plan.items.length === 0) return null
  return groupName(context, key, whole?.items ?? found.plan.items, whole?.id)
}

/** One for each set of updates. `whole`: one for each group of the operator's that is told, and it says for which. */
export function groupName(context: Context, key: string, items: readonly Item[], whole?: string): string {
  const digest = digestOf(items.map(({ update, action }) => `${action} ${update}`).sort())
  return `${markOf(context, key)}${digest}${whole === undefined ? '' : markEnd(whole)}`
}

/** The note with the groups that these assets need. The times of a group are fixed once somebody was told. */
export function withGroups(context: Context, key: string, note: StartNote, looked: readonly Looked[]): StartNote {
  const now = context.clock()
  const wanted = new Map<
    string,
    { readonly does: Does; readonly whole: Together | null; readonly requests: DeploymentRequest[] }
  >()
  for (const one of looked) {
    const name = groupFor(context, key, one)
    if (name === null || !one.found.ready) continue
    const there = wanted.get(name)
    if (there === undefined)
      wanted.set(name, { does: one.whole ?? one.found.plan, whole: one.whole, requests: [one.request] })
    else there.requests.push(one.request)
  }
  let groups = note.groups
  for (const [name, { does, whole, requests }] of wanted) {
    const known = groups.find((one) => one.name === name)
    const isTold =
      note.assets.some(({ group, added }) => group === name && added) ||
      known?.whole?.askedAt != null ||
      known?.whole?.over === true
    if (known !== undefined && isTold) continue
    const notBefore = latest(requests.map((one) => beginOf(one, now))) ?? now.toISOString()
    const ends = requests.map(({ notAfter }) => notAfter)
    const group: GroupNote = {
      ...{ name, id: known?.id ?? null },
      items: does.items.map(({ update, kb, action }) => ({ update, kb, action, revision: revisionIn(does, update) })),
      deadline: deadlineOf(context.installs, notBefore),
      notAfter: ends.includes(null) ? null : latest(ends.map((at) => (at === null ? null : plusSeconds(at, 0)))),
      whole: whole === null ? null : { ...blank, id: whole.id, name: whole.name, machines: [...whole.machines] },
    }
    groups = [...groups.filter((one) => one !== known), group]
  }
  return groups === note.groups ? note : { ...note, groups }
}

/** Nothing was asked for it yet. */
const blank = { askedAt: null, by: '', approvals: [], over: false, gone: false }

/** What is done to the machines of a group. */
type Does = Pick<Planned, 'items' | 'updates'> | Together

/** `null`: what is taken off is not asked for its revision. */
function revisionIn({ updates }: Does, update: string): number | null {
  return updates.find(({ id }) => id === update)?.revision ?? null
}

/** Makes what is missing, and reads it back. The caller holds the start alone. */
export async function stageGroups(
  context: Context,
  key: string,
  before: StartNote,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<{ readonly note: StartNote; readonly staged: Staged }> {
  let note = withGroups(context, key, before, looked)
  const updates = looked.flatMap(({ found }) => (found.ready ? found.plan.updates : []))
  if (note === before && note.startedAt !== null) return { note, staged: { ready: true } }
  await context.notes.save(key, note)
  await acceptLicences(context, looked, signal)
  for (const group of toMake(context, key, before, note, looked)) {
    const { id, name } = await context.wsus.ask('create-group', { name: group.name }, signal)
    if (id === group.id) continue
    await refuseUnlessOurs(context, group.name, { id, name }, signal)
    note = { ...note, groups: note.groups.map((one) => (one.name === group.name ? { ...one, id } : one)) }
    await context.notes.save(key, note)
  }
  const groups = toMake(context, key, before, note, looked)
  await approveMissing(context, groups, signal)
  return { note, staged: await readiness(context, groups, updates, signal) }
}

/**
 * The server gives the group of that name if there is one. One that we have no note of may be of a process that died, and
 * is empty then; or somebody made it, and whoever is in it was not voted on.
 */
async function refuseUnlessOurs(
  { wsus }: Context,
  wanted: string,
  { id, name }: Pick<WsusGroup, 'id' | 'name'>,
  signal: AbortSignal,
): Promise<void> {
  const members = await wsus.ask('members', { group: id }, signal)
  if (members.length === 0 && name === wanted) return
  const inside = members.length === 0 ? 'in another spelling' : `with ${firstNames(members.map(nameOf))} in it`
  throw new Error(`WSUS has a group "${name}" already, ${inside}, which this start did not make: delete it there`)
}

/** Groups that nobody was told of yet. One of ours that is gone later was removed by somebody: it is not made again. */
function toMake(
  context: Context,
  key: string,
  before: StartNote,
  note: StartNote,
  looked: readonly Looked[],
): readonly GroupNote[] {
  // What was staged and is not wanted any more, such as an update that was declined since, is left to tidy.
  const wanted = new Set(looked.map((one) => groupFor(context, key, one)))
  const known = before.startedAt === null ? [] : before.groups
  return note.groups.filter(({ name }) => wanted.has(name) && !known.some((one) => one.name === name))
}

/** Only licences that stood on what was voted on: others were held back before. */
async function acceptLicences({ wsus }: Context, looked: readonly Looked[], signal: AbortSignal): Promise<void> {
  const accepted = new Set<string>()
  for (const { request, found } of looked) {
    if (!found.ready) continue
    for (const update of found.plan.updates) {
      const [name] = licencesOf([update])
      if (name === undefined || accepted.has(update.id) || !request.licences?.includes(name)) continue
      accepted.add(update.id)
      await wsus.ask('accept-licence', { update: update.id }, signal)
    }
  }
}

async function approveMissing(context: Context, all: readonly GroupNote[], signal: AbortSignal): Promise<void> {
  const { wsus, clock } = context
  const groups = all.filter(({ notAfter }) => notAfter === null || isBefore(clock().toISOString(), notAfter))
  const there = await approvalsOf(context, groups, signal)
  for (const group of groups) {
    for (const item of group.items) {
      if (group.id === null || there.some((one) => isAsMade(one, group, item))) continue
      const deadline = group.deadline === null ? null : wireInstantOf(group.deadline)
      await wsus.ask('approve', { update: item.update, group: group.id, action: item.action, deadline }, signal)
    }
  }
}

export function isAsMade(approval: WsusApproval, group: GroupNote, { update, action }: Item): boolean {
  return (
    approval.group === group.id &&
    approval.update === update &&
    approval.action === action &&
    approval.deadline === group.deadline
  )
}

export async function approvalsOf(
  { wsus }: Context,
  groups: readonly GroupNote[],
  signal: AbortSignal,
): Promise<readonly WsusApproval[]> {
  const ids = groups.flatMap(({ id }) => id ?? [])
  return ids.length === 0 ? [] : wsus.ask('approvals', { groups: ids, updates: null }, signal)
}

/** States of content that the server has given up on. It shows them until somebody has it tried again. */
const GIVEN_UP: readonly string[] = ['Failed', 'Canceled', 'LicenseAgreementFailed']

/** What is said of updates whose content is not there, those first that nobody fetches; `null`: there are none. */
function missingContent(pending: readonly WsusUpdate[]) {
  const given = pending.filter(({ content }) => GIVEN_UP.includes(content))
  const names = (some: readonly WsusUpdate[]) => [...new Set(some.map(kbOf))]
  if (given.length > 0)
    return {
      what: 'WSUS could not fetch the content of',
      names: names(given),
      mend: ': look at its disk and its connection, and choose "Retry Download" for the update there',
    }
  if (pending.length === 0) return null
  return { what: 'WSUS still fetches the content of', names: names(pending), mend: '' }
}

/** Whether all is approved as it was meant, and the server has the content. */
async function readiness(
  context: Context,
  groups: readonly GroupNote[],
  updates: readonly WsusUpdate[],
  signal: AbortSignal,
): Promise<Staged> {
  const there = await approvalsOf(context, groups, signal)
  const pending = new Set(there.filter(({ state }) => state === 'Pending').map(({ update }) => update))
  const missing = missingContent(updates.filter(({ id }) => pending.has(id)))
  if (missing !== null) {
    const of = `${missing.names.length} of ${new Set(updates.map(kbOf)).size}`
    return { ready: false, why: `${missing.what} ${missing.names.join(', ')} (${of})${missing.mend}.` }
  }
  const now = context.clock().toISOString()
  for (const group of groups) {
    if (group.notAfter !== null && !isBefore(now, group.notAfter)) continue
    const item = group.items.find((one) => !there.some((approval) => isAsMade(approval, group, one)))
    if (item !== undefined)
      return { ready: false, why: `WSUS does not show the approval of ${item.kb} for "${group.name}" as it was made.` }
  }
  return { ready: true }
}
