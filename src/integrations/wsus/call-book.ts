/** The calls to a server, written down for the record. */

import { createCallBook, type Made } from '../delegating/call-book.ts'
import type { Wsus } from './ask.ts'
import { type CallNames, callWords, withDeadline } from './call-words.ts'
import { type Asked, changes, type WsusOp } from './calls.ts'
import type { Context } from './context.ts'
import type { StartNote } from './note.ts'

/** Calls that show what a change has done. */
const readBack: ReadonlySet<string> = new Set(['approvals', 'members', 'installations', 'machines'] satisfies WsusOp[])

interface WsusBook {
  /** The server, with its calls written down. */
  readonly wsus: Wsus
  save(): Promise<void>
}

/** The caller holds the start alone. */
export function openCallBook({ wsus, notes, clock }: Context, key: string, before: StartNote | null): WsusBook {
  const machines = new Map<string, string>()
  const { written, save } = createCallBook({
    ...{ notes, clock, key },
    isChange: (op) => changes.has(op as WsusOp),
    isReadBack: (op) => readBack.has(op),
    async words(made) {
      const names = namesIn([before, await notes.read(key)], machines, made)
      return (one) => wordsFor(one, names)
    },
  })

  return {
    save,
    wsus: {
      ...wsus,
      ask: (op, data, signal) =>
        written(op, data, async () => {
          const answer = await wsus.ask(op, data, signal)
          if (op === 'members')
            for (const { id, name } of answer as { id: string; name: string }[]) machines.set(id, name)
          return answer
        }),
      machines: (ids, signal) => written('machines', { from: null, to: null, ids }, () => wsus.machines(ids, signal)),
      installations: (ids, updates, signal) =>
        written('installations', { machines: ids, updates }, () => wsus.installations(ids, updates, signal)),
    },
  }
}

function namesIn(
  notes: readonly (StartNote | null)[],
  others: ReadonlyMap<string, string>,
  made: readonly Made[],
): CallNames {
  const names = { groups: new Map<string, string>(), updates: new Map<string, string>(), machines: new Map(others) }
  for (const note of notes) {
    for (const { id, name, items, whole } of note?.groups ?? []) {
      if (id !== null) names.groups.set(id, name)
      if (whole !== null) names.groups.set(whole.id, whole.name)
      for (const { update, kb } of items) names.updates.set(update, kb)
    }
    for (const { machine, name } of note?.assets ?? []) names.machines.set(machine, name)
  }
  for (const { op, answered } of made)
    if (op === 'create-group' && answered !== null) {
      const { id, name } = answered as { readonly id: string; readonly name: string }
      names.groups.set(id, name)
    }
  return names
}

function wordsFor({ op, asked, answered }: Made, names: CallNames): string {
  const what = callWords(op as WsusOp, asked as Asked<WsusOp>, names)
  return withDeadline(what, (answered as { readonly deadline?: string | null } | null)?.deadline)
}
