/** Calls as clauses with names for people. */

import { minuteOf } from '../../core/time/instant.ts'
import type { Asked, WsusOp } from './calls.ts'

/** Names by the server's ids. What is not known is told by its id. */
export interface CallNames {
  readonly groups: ReadonlyMap<string, string>
  readonly updates: ReadonlyMap<string, string>
  readonly machines: ReadonlyMap<string, string>
}

type Words = {
  readonly [Op in WsusOp]?: (asked: Asked<Op>, name: (of: keyof CallNames, id: string) => string) => string
}

const words: Words = {
  'create-group': ({ name }) => `make the group "${name}"`,
  'delete-group': ({ name }) => `delete the group "${name}", with its approvals`,
  'add-member': ({ group, machine }, name) => `add ${name('machines', machine)} to "${name('groups', group)}"`,
  'remove-member': ({ group, machine }, name) => `take ${name('machines', machine)} out of "${name('groups', group)}"`,
  approve: ({ update, group, action }, name) =>
    `${actions[action]} ${name('updates', update)} for "${name('groups', group)}"`,
  'delete-approval': ({ update, group }, name) =>
    `take back the approval of ${name('updates', update)} for "${name('groups', group)}"`,
  'accept-licence': ({ update }, name) => `accept the licence of ${name('updates', update)}`,
  approvals: ({ groups }, name) =>
    `read the approvals of ${(groups ?? []).map((id) => `"${name('groups', id)}"`).join(', ')}`,
  members: ({ group }, name) => `read who is in "${name('groups', group)}"`,
  installations: ({ machines, updates }, name) =>
    `read for ${some(machines, (id) => name('machines', id))} which approval counts of ${some(updates ?? [], (id) => name('updates', id))}`,
  machines: ({ ids }, name) =>
    `read when ${some(ids ?? [], (id) => name('machines', id))} last asked and last reported`,
}

const actions: Readonly<Record<Asked<'approve'>['action'], string>> = {
  Install: 'approve',
  Uninstall: 'approve to be uninstalled:',
  NotApproved: 'take back the approval of',
}

/** So many are named; of more, how many there are besides. */
const NAMED = 5

function some(ids: readonly string[], name: (id: string) => string): string {
  if (ids.length <= NAMED) return ids.map(name).join(', ')
  return `${ids.slice(0, NAMED).map(name).join(', ')} and ${ids.length - NAMED} more`
}

/** Without the deadline. */
export function callWords<Op extends WsusOp>(op: Op, asked: Asked<Op>, names: CallNames): string {
  const say = words[op]
  return say === undefined ? op : say(asked, (of, id) => names[of].get(id) ?? id)
}

export function withDeadline(what: string, deadline: string | null | undefined): string {
  return deadline == null ? what : `${what}, deadline ${minuteOf(deadline)} UTC`
}
