/** Calls as clauses with names for people, and the site with its calls written down. */

import { firstNames } from '../../core/first-names.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { createCallBook, type Made } from '../delegating/call-book.ts'
import type { Api } from './api.ts'
import { type Asked, changes, type SiteOp, type Writer } from './calls.ts'
import type { Context } from './context.ts'
import type { StartNote } from './note.ts'

/** Names by the ids of the site. What is not known is told by its id. */
export interface CallNames {
  readonly machines: ReadonlyMap<number, string>
  readonly updates: ReadonlyMap<number, string>
  /** Of collections, groups and deployments. */
  readonly things: ReadonlyMap<string | number, string>
}

type Words = { readonly [Op in SiteOp]?: (asked: Asked<Op>, names: CallNames) => string }

const thing = (id: string | number, { things }: CallNames) => `"${things.get(id) ?? id}"`
const machinesIn = (ids: readonly number[], { machines }: CallNames) =>
  firstNames(ids.map((id) => machines.get(id) ?? String(id)))
const instantIn = (wire: string) =>
  minuteOf(wire.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
const restarts = (suppress: boolean) => (suppress ? 'without restarts' : 'with the restarts that it needs')

const words: Words = {
  'create-collection': ({ name }) => `make the empty collection "${name}"`,
  'create-group': ({ name, updates }, names) =>
    `make the update group "${name}" of ${firstNames(updates.map((id) => names.updates.get(id) ?? String(id)))}`,
  'create-deployment': ({ name, suppress }) =>
    `deploy the update group "${name}" to the collection of that name, ${restarts(suppress)}`,
  'set-deployment': ({ name, suppress }) => `set the times of the deployment "${name}" back, ${restarts(suppress)}`,
  'add-members': ({ collection, machines }, names) =>
    `add ${machinesIn(machines, names)} to the collection ${thing(collection, names)}`,
  'remove-members': ({ collection, machines }, names) =>
    `take ${machinesIn(machines, names)} out of the collection ${thing(collection, names)}`,
  'remove-rules': ({ collection, rules }, names) =>
    `remove ${firstNames(rules.map(({ kind, name }) => `the ${kind} rule "${name}"`))} from the collection ${thing(collection, names)}`,
  'delete-deployment': ({ name }) => `delete the deployment "${name}"`,
  'delete-group': ({ name }) => `delete the update group "${name}"`,
  'delete-collection': ({ name }) => `delete the collection "${name}"`,
}

/** Without the deadline. */
export function callWords<Op extends SiteOp>(op: Op, asked: Asked<Op>, names: CallNames): string {
  return words[op]?.(asked, names) ?? op
}

/** Reads that show what a change has done. */
const reads: Readonly<Record<string, (asked: { readonly of: string | number }, names: CallNames) => string>> = {
  rules: ({ of }, names) => `read the rules of the collection ${thing(of, names)}`,
  members: ({ of }, names) => `read who is in the collection ${thing(of, names)}`,
  updatesIn: ({ of }, names) => `read the updates of the group ${thing(of, names)}`,
  deployments: () => 'read the deployments of this start',
}

/** The caller holds the start alone. `before`: its note until now, because a start that is tidied has none any more. */
export function openCalls(
  { api, writer, notes, clock }: Context,
  key: string,
  before: StartNote | null,
): { readonly api: Api; readonly writer: Writer | null; save(): Promise<void> } {
  const strangers = new Map<number, string>()
  const { written, save } = createCallBook({
    ...{ notes, clock, key },
    isChange: (op) => changes.has(op),
    isReadBack: (op) => Object.hasOwn(reads, op),
    async words(made) {
      const names = namesIn([before, await notes.read(key)], strangers, made)
      return ({ op, asked }) => {
        if (Object.hasOwn(reads, op)) return reads[op]?.(asked as never, names) ?? op
        const { deadline } = asked as { readonly deadline?: string }
        const what = callWords(op as SiteOp, asked as never, names)
        return deadline === undefined ? what : `${what}, deadline ${instantIn(deadline)} UTC`
      }
    },
  })
  return {
    save,
    writer:
      writer === null
        ? null
        : { ...writer, call: (op, data, signal) => written(op, data, () => writer.call(op, data, signal)) },
    api: {
      ...api,
      rules: (collection, signal) => written('rules', { of: collection }, () => api.rules(collection, signal)),
      async members(collection, signal) {
        let all: ReadonlyMap<number, string> = new Map()
        await written('members', { of: collection }, async () => {
          all = await api.members(collection, signal)
          for (const [id, name] of all) strangers.set(id, name)
          return [...all.values()]
        })
        return all
      },
      updatesIn: (group, signal) => written('updatesIn', { of: group }, () => api.updatesIn(group, signal)),
      async deployments(signal) {
        let all: Awaited<ReturnType<Api['deployments']>> = []
        // What others made there is none of the record's.
        await written('deployments', {}, async () => {
          all = await api.deployments(signal)
          return all.filter(({ name }) => name.includes(` ${key} `))
        })
        return all
      },
    },
  }
}

function namesIn(
  notes: readonly (StartNote | null)[],
  strangers: ReadonlyMap<number, string>,
  made: readonly Made[],
): CallNames {
  const names = {
    machines: new Map(strangers),
    updates: new Map<number, string>(),
    things: new Map<string | number, string>(),
  }
  for (const note of notes) {
    for (const { name, collection, group, items } of note?.sets ?? []) {
      if (collection !== null) names.things.set(collection, name)
      if (group !== null) names.things.set(group, name)
      for (const { update, kb } of items) names.updates.set(update, kb)
    }
    for (const { machine, name } of note?.assets ?? []) names.machines.set(machine, name)
  }
  for (const { op, answered } of made) {
    if (!op.startsWith('create-') || answered === null) continue
    const { id, name } = answered as { readonly id: string | number; readonly name: string }
    names.things.set(id, name)
  }
  return names
}
