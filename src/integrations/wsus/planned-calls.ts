/** The calls that a start will make, in their order, from what the server knows now. */

import type { PlannedCall, PlannedCalls } from '../../core/ports.ts'
import { type CallNames, callWords } from './call-words.ts'
import type { Asked, WsusOp } from './calls.ts'
import type { Context } from './context.ts'
import { groupFor, type Looked, withGroups } from './groups.ts'
import { emptyNote, type GroupNote, isWhole, type WholeGroupNote } from './note.ts'
import { licencesOf } from './plan.ts'

/** The group has no id before it is made, so its name stands for it. */
export function plannedCallsOf(context: Context, key: string, looked: readonly Looked[]): PlannedCalls {
  const { groups } = withGroups(context, key, emptyNote, looked)
  const names = namesOf(looked)
  const say: Say = (op, asked) => ({ what: callWords(op, asked, names) })
  const approving = (group: string, { items, deadline }: GroupNote) =>
    items.map(({ update, action }) => ({
      ...say('approve', { update, group, action, deadline }),
      ...(deadline === null ? {} : { deadline }),
    }))
  const membersOf = ({ name }: GroupNote) =>
    looked.flatMap((one) =>
      one.found.ready && groupFor(context, key, one) === name ? [one.found.plan.machine.id] : [],
    )
  const licences = looked.flatMap(({ found }) =>
    found.ready ? found.plan.updates.filter((update) => licencesOf([update]).length > 0).map(({ id }) => id) : [],
  )
  return {
    stage: [
      ...[...new Set(licences)].map((update) => say('accept-licence', { update })),
      ...groups.flatMap(({ name }) => [say('create-group', { name }), say('members', { group: name })]),
      ...groups.flatMap((group) => approving(group.name, group)),
      ...groups.map(({ name }) => say('approvals', { groups: [name], updates: null })),
    ],
    start: groups.flatMap((group) =>
      isWhole(group)
        ? wholeCalls(say, group, membersOf(group), approving(group.whole.id, group))
        : addingCalls(say, group, membersOf(group)),
    ),
    afterwards: groups.flatMap((group) => [
      ...(isWhole(group) ? withdrawingCalls(say, group) : removingCalls(say, group, membersOf(group))),
      say('delete-group', { group: group.name, name: group.name }),
    ]),
    left: looked.flatMap(({ request, found }) => {
      if (!found.ready)
        return [{ asset: request.asset.id, why: found.outcome.state === 'succeeded' ? '' : found.outcome.reason }]
      return found.plan.items.length === 0 ? [{ asset: request.asset.id, why: 'It has all of it already' }] : []
    }),
  }
}

type Say = <Op extends WsusOp>(op: Op, asked: Asked<Op>) => PlannedCall

function addingCalls(say: Say, { name: group, items }: GroupNote, machines: readonly string[]): readonly PlannedCall[] {
  return [
    say('members', { group }),
    ...machines.map((machine) => say('add-member', { group, machine })),
    say('installations', { machines: [...machines], updates: items.map(({ update }) => update) }),
  ]
}

function removingCalls(say: Say, { name: group }: GroupNote, machines: readonly string[]): readonly PlannedCall[] {
  return machines.map((machine) => {
    const { what } = say('remove-member', { group, machine })
    return { what: `${what}, unless it has ended by then` }
  })
}

/** A group of the operator's is looked at right before and right after it is approved for. */
function wholeCalls(
  say: Say,
  { name, whole, items }: WholeGroupNote,
  machines: readonly string[],
  approving: readonly PlannedCall[],
): readonly PlannedCall[] {
  const look = [say('approvals', { groups: [whole.id, name], updates: null }), say('members', { group: whole.id })]
  const updates = items.map(({ update }) => update)
  return [...look, ...approving, ...look, say('installations', { machines: [...machines], updates })]
}

function withdrawingCalls(say: Say, { whole, items }: WholeGroupNote): readonly PlannedCall[] {
  return items.map(({ update }) => say('delete-approval', { approval: '', update, group: whole.id }))
}

function namesOf(looked: readonly Looked[]): CallNames {
  const names = {
    groups: new Map<string, string>(),
    updates: new Map<string, string>(),
    machines: new Map<string, string>(),
  }
  for (const { request, found, whole } of looked) {
    if (!found.ready) continue
    names.machines.set(found.plan.machine.id, request.asset.name)
    if (whole !== null) names.groups.set(whole.id, whole.name)
    for (const { update, kb } of found.plan.items) names.updates.set(update, kb)
  }
  return names
}
