/** What engines of systems that are told ahead do alike with one start: find its note, follow it, work on it alone. */

import type { DeployEngine, DeploymentReport } from '../../core/ports.ts'
import type { StartNotes } from './notes.ts'

/** The note of a start. `system`: for people. Throws a sentence where nobody noted it. */
export async function noteOf<Note>(notes: Pick<StartNotes<Note>, 'read'>, key: string, system: string): Promise<Note> {
  const note = await notes.read(key)
  if (note === null) throw new Error(`Nobody noted a start with the key ${key} for ${system}`)
  return note
}

export interface Followed<Note> {
  readonly notes: Pick<StartNotes<Note>, 'read'>
  /** For people. */
  readonly system: string
  /** So many seconds stand for an hour. */
  readonly hourSeconds: number
  reports(note: Note, signal: AbortSignal): Promise<readonly DeploymentReport[]>
  reportsOfAll(
    starts: ReadonlyMap<string, Note>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly DeploymentReport[]>>
}

/** One look serves all starts, so it is made four times an hour, however many there are. */
export function following<Note>(of: Followed<Note>): Required<Pick<DeployEngine, 'poll' | 'sharedPoll'>> {
  return {
    async poll({ key }, signal) {
      signal.throwIfAborted()
      return of.reports(await noteOf(of.notes, key, of.system), signal)
    },

    sharedPoll: {
      everySeconds: Math.max(1, of.hourSeconds / 4),
      async poll(handles, signal) {
        signal.throwIfAborted()
        const starts = new Map<string, Note>()
        for (const { key } of handles) {
          const note = await of.notes.read(key)
          if (note !== null) starts.set(key, note)
        }
        return of.reportsOfAll(starts, signal)
      },
    },
  }
}

/**
 * Works on one start while nobody else does. `open` begins the book of what the system is asked for it, which is saved
 * however the work ends.
 */
export function aloneOnStart<Note, Book extends { save(): Promise<void> }, T>(
  notes: Pick<StartNotes<Note>, 'alone' | 'read'>,
  key: string,
  signal: AbortSignal,
  open: (before: Note | null) => Book,
  work: (book: Book, mine: AbortSignal) => Promise<T>,
): Promise<T> {
  return notes.alone(key, signal, async (mine) => {
    const book = open(await notes.read(key))
    try {
      return await work(book, mine)
    } finally {
      await book.save()
    }
  })
}

/** When a start is tidied, its calls are forgotten, too, unless the record does not have all of them yet. */
export async function forgetCalls(
  notes: Pick<StartNotes<object>, 'readCalls' | 'removeCalls'>,
  key: string,
): Promise<void> {
  if ((await notes.readCalls(key)).calls.length === 0) await notes.removeCalls(key)
}
