/**
 * What an engine whose system is told ahead keeps between its calls: a note for each start, the calls that the record does
 * not have yet, and whether a start was ever completed on the system. See docs/decisions/0031-notes-of-engines.md.
 */

import { z } from 'zod'
import type { Keeping } from '../../core/ports.ts'

/** The notes of one engine. */
export interface StartNotes<Note> {
  /** `null`: nobody made this start. */
  read(key: string): Promise<Note | null>
  save(key: string, note: Note): Promise<void>
  remove(key: string): Promise<void>
  readCalls(key: string): Promise<CallsNote>
  saveCalls(key: string, calls: CallsNote): Promise<void>
  removeCalls(key: string): Promise<void>
  /** Runs work on one start while nobody else does. */
  alone<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
  firstContact(): Promise<FirstContact>
  saveFirstContact(first: FirstContact): Promise<void>
}

const firstContactSchema = z.object({
  /** True: a start was completed here. */
  proven: z.boolean(),
  /** The key of the start that is under way to prove it; `null`: none. */
  trying: z.string().nullable(),
})
export type FirstContact = z.infer<typeof firstContactSchema>

/** No start has a key with a blank. */
const FIRST = 'first contact'

const callSchema = z.object({
  n: z.int(),
  at: z.string(),
  what: z.string(),
  asked: z.unknown(),
  answered: z.unknown(),
  problem: z.string().exactOptional(),
})
/** `last`: number of the last call that was made. `calls`: those that the record does not have yet. */
const callsSchema = z.object({ last: z.int(), calls: z.array(callSchema) })
export type CallsNote = z.infer<typeof callsSchema>
const noCalls: CallsNote = { last: 0, calls: [] }

const callsOf = (key: string) => `calls ${key}`

export function createStartNotes<Note extends object>(
  engine: string,
  keeping: Keeping,
  schema: z.ZodType<Note>,
): StartNotes<Note> {
  return {
    async read(key) {
      const note = await keeping.readNote(engine, key)
      return note === null ? null : schema.parse(note)
    },
    save: (key, note) => keeping.saveNote(engine, key, note as Readonly<Record<string, unknown>>),
    remove: (key) => keeping.removeNote(engine, key),
    async readCalls(key) {
      const note = await keeping.readNote(engine, callsOf(key))
      return note === null ? noCalls : callsSchema.parse(note)
    },
    saveCalls: (key, calls) => keeping.saveNote(engine, callsOf(key), { ...calls }),
    removeCalls: (key) => keeping.removeNote(engine, callsOf(key)),
    alone: (key, signal, work) => keeping.inTurn(`start ${engine} ${key}`, signal, work),
    async firstContact() {
      const note = await keeping.readNote(engine, FIRST)
      return note === null ? { proven: false, trying: null } : firstContactSchema.parse(note)
    },
    saveFirstContact: (first) => keeping.saveNote(engine, FIRST, { ...first }),
  }
}
