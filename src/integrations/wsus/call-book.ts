/**
 * What a server was asked for a start, for the record: each call that changes something, and what is read after one. It is
 * kept as a note until the record has it. A process that is killed loses the last few; what they did is read back by the
 * next one.
 */

import { errorText } from '../../core/error-text.ts'
import type { SystemCall } from '../../core/ports.ts'
import type { Wsus } from './ask.ts'
import { type CallNames, callWords, withDeadline } from './call-words.ts'
import { type Asked, changes, type WsusOp } from './calls.ts'
import type { Context } from './context.ts'
import type { StartNote } from './note.ts'

/** Calls that are written down together. */
const SAVED_AT_ONCE = 25
/** Rows of a list that are kept. */
const ROWS_KEPT = 200

/** Calls that show what a change has done. */
const readBack: ReadonlySet<WsusOp> = new Set(['approvals', 'members', 'installations', 'machines'])

interface Made {
  readonly at: string
  readonly op: WsusOp
  readonly asked: object
  readonly answered: unknown
  readonly problem?: string
}

export interface CallBook {
  /** The server, with its calls written down. */
  readonly wsus: Wsus
  save(): Promise<void>
}

/** The caller holds the start alone. */
export function openCallBook({ wsus, notes, clock }: Context, key: string, before: StartNote | null): CallBook {
  const machines = new Map<string, string>()
  let made: Made[] = []
  let changed = false

  async function save(): Promise<void> {
    if (made.length === 0) return
    const names = namesIn([before, await notes.read(key)], machines, made)
    const { last, calls } = await notes.readCalls(key)
    const numbered = made.map((one, index) => asCall(one, last + index + 1, names))
    await notes.saveCalls(key, { last: last + made.length, calls: [...calls, ...numbered] })
    made = []
  }

  async function written<T>(op: WsusOp, asked: object, work: () => Promise<T>): Promise<T> {
    // What is read before the first change says nothing about what the start has done.
    if (!changes.has(op) && !(changed && readBack.has(op))) return work()
    changed = true
    const at = clock().toISOString()
    try {
      const answered = await work()
      made.push({ at, op, asked, answered })
      return answered
    } catch (error) {
      made.push({ at, op, asked, answered: null, problem: errorText(error) })
      throw error
    } finally {
      if (made.length >= SAVED_AT_ONCE) await save()
    }
  }

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

function asCall({ at, op, asked, answered, problem }: Made, n: number, names: CallNames): SystemCall {
  const what = callWords(op, asked as Asked<typeof op>, names)
  const deadline = (answered as { readonly deadline?: string | null } | null)?.deadline
  const rest = problem === undefined ? {} : { problem }
  return {
    n,
    at,
    what: withDeadline(what, deadline),
    asked: { call: op, ...kept(asked) },
    answered: kept(answered),
    ...rest,
  }
}

/** Long lists are cut. Who approved is a login, and is left out: it is this one's. */
function kept<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (key === 'by') return undefined
      if (!Array.isArray(part) || part.length <= ROWS_KEPT) return part
      return { first: part.slice(0, ROWS_KEPT), more: part.length - ROWS_KEPT }
    }),
  ) as T
}
