/** The calls that a start will make, in their order, from what the server knows now. */

import type { PlannedCall, PlannedCalls } from '../../core/ports.ts'
import { type CallNames, callWords } from './call-words.ts'
import type { Asked, WsusOp } from './calls.ts'
import type { Context } from './context.ts'
import { groupFor, type Looked, withGroups } from './groups.ts'
import { emptyNote } from './note.ts'
import { licencesOf } from './plan.ts'

/** The group has no id before it is made, so its name stands for it. */
export function plannedCallsOf(context: Context, key: string, looked: readonly Looked[]): PlannedCalls {
  const { groups } = withGroups(context, key, emptyNote, looked)
  const names = namesOf(looked)
  const say = <Op extends WsusOp>(op: Op, asked: Asked<Op>): PlannedCall => ({ what: callWords(op, asked, names) })
  const members = groups.map(({ name }) =>
    looked.flatMap((one) =>
      one.found.ready && groupFor(context, key, one) === name ? [one.found.plan.machine.id] : [],
    ),
  )
  const licences = looked.flatMap(({ found }) =>
    found.ready ? found.plan.updates.filter((update) => licencesOf([update]).length > 0).map(({ id }) => id) : [],
  )
  return {
    stage: [
      ...[...new Set(licences)].map((update) => say('accept-licence', { update })),
      ...groups.flatMap(({ name }) => [say('create-group', { name }), say('members', { group: name })]),
      ...groups.flatMap(({ name: group, items, deadline }) =>
        items.map(({ update, action }) => ({
          ...say('approve', { update, group, action, deadline }),
          ...(deadline === null ? {} : { deadline }),
        })),
      ),
      ...groups.map(({ name }) => say('approvals', { groups: [name], updates: null })),
    ],
    start: groups.flatMap(({ name: group, items }, index) => [
      say('members', { group }),
      ...(members[index] ?? []).map((machine) => say('add-member', { group, machine })),
      say('installations', { machines: members[index] ?? [], updates: items.map(({ update }) => update) }),
    ]),
    afterwards: groups.flatMap(({ name: group }, index) => [
      ...(members[index] ?? []).map((machine): PlannedCall => {
        const { what } = say('remove-member', { group, machine })
        return { what: `${what}, unless it has ended by then` }
      }),
      say('delete-group', { group, name: group }),
    ]),
    left: looked.flatMap(({ request, found }) => {
      if (!found.ready)
        return [{ asset: request.asset.id, why: found.outcome.state === 'succeeded' ? '' : found.outcome.reason }]
      return found.plan.items.length === 0 ? [{ asset: request.asset.id, why: 'It has all of it already' }] : []
    }),
  }
}

function namesOf(looked: readonly Looked[]): CallNames {
  const names = {
    groups: new Map<string, string>(),
    updates: new Map<string, string>(),
    machines: new Map<string, string>(),
  }
  for (const { request, found } of looked) {
    if (!found.ready) continue
    names.machines.set(found.plan.machine.id, request.asset.name)
    for (const { update, kb } of found.plan.items) names.updates.set(update, kb)
  }
  return names
}
