/**
 * What a system was asked for a start, for the record: each call that changes something, and what is read after one. It is
 * kept as a note until the record has it. A process that is killed loses the last few; what they did is read back by the
 * next one.
 */

import { errorText } from '../../core/error-text.ts'
import type { DeployEngine, SystemCall } from '../../core/ports.ts'
import type { StartNotes } from './notes.ts'

/** Calls that are written down together. */
const SAVED_AT_ONCE = 25
/** Rows of a list that are kept. */
const ROWS_KEPT = 200

export interface Made {
  readonly at: string
  readonly op: string
  readonly asked: object
  readonly answered: unknown
  readonly problem?: string
}

export interface CallBookOptions {
  readonly notes: Pick<StartNotes<object>, 'readCalls' | 'saveCalls'>
  readonly clock: () => Date
  readonly key: string
  readonly isChange: (op: string) => boolean
  /** Calls that show what a change has done. Before the first change they say nothing about the start. */
  readonly isReadBack: (op: string) => boolean
  /** How each of these calls is told. */
  words(made: readonly Made[]): Promise<(one: Made) => string>
}

export interface CallBook {
  /** Makes a call, and writes it down. */
  written<T>(op: string, asked: object, work: () => Promise<T>): Promise<T>
  save(): Promise<void>
}

/** The caller holds the start alone. */
export function createCallBook({ notes, clock, key, isChange, isReadBack, words }: CallBookOptions): CallBook {
  let made: Made[] = []
  let changed = false

  async function save(): Promise<void> {
    if (made.length === 0) return
    const what = await words(made)
    const { last, calls } = await notes.readCalls(key)
    const numbered = made.map((one, index): SystemCall => {
      const { at, op, asked, answered, problem } = one
      const rest = problem === undefined ? {} : { problem }
      return {
        n: last + index + 1,
        at,
        what: what(one),
        asked: { call: op, ...kept(asked) },
        answered: kept(answered),
        ...rest,
      }
    })
    await notes.saveCalls(key, { last: last + made.length, calls: [...calls, ...numbered] })
    made = []
  }

  return {
    save,
    async written(op, asked, work) {
      if (!isChange(op) && !(changed && isReadBack(op))) return work()
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
    },
  }
}

/** Long lists are cut. Who approved is a login, and is left out: it is this one's. */
function kept<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value ?? null, (field, part: unknown) => {
      if (field === 'by') return undefined
      if (!Array.isArray(part) || part.length <= ROWS_KEPT) return part
      return { first: part.slice(0, ROWS_KEPT), more: part.length - ROWS_KEPT }
    }),
  ) as T
}

/** `calls` of an engine. */
export function recordedCalls(notes: StartNotes<object>): NonNullable<DeployEngine['calls']> {
  return {
    async read(key) {
      return (await notes.readCalls(key)).calls
    },
    recorded: (key, last, signal) =>
      notes.alone(key, signal, async () => {
        const note = await notes.readCalls(key)
        const calls = note.calls.filter(({ n }) => n > last)
        // The numbers go on as long as something is left of the start.
        if (calls.length === 0 && (await notes.read(key)) === null) await notes.removeCalls(key)
        else await notes.saveCalls(key, { ...note, calls })
      }),
  }
}
