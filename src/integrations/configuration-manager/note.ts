/**
 * What the engine writes down about a start before it asks the site for anything: who is to be added to which collection, and who was
 * taken back. See docs/decisions/0031-notes-of-engines.md.
 */

import { z } from 'zod'
import type { Keeping } from '../../core/ports.ts'
import { updateChangeSchema } from '../delegating/asset-note.ts'
import { createStartNotes, type StartNotes } from '../delegating/notes.ts'
import { refusedSchema } from '../delegating/refused.ts'

const instant = z.iso.datetime()

/** One update of the site, by its CI_ID, and the KB of the change that it makes. */
const itemSchema = z.object({ update: z.int(), kb: z.string() })

/** A collection, an update group and a deployment of one to the other, which all have this name. */
const setSchema = z.object({
  name: z.string(),
  items: z.array(itemSchema),
  /** No machine is restarted for it. */
  suppress: z.boolean(),
  acceptLicence: z.boolean(),
  /** `null`: it is to be made. */
  collection: z.string().nullable(),
  group: z.int().nullable(),
  /** Its GUID, by which it is changed, and its number, by which its progress is asked for. */
  deployment: z.object({ unique: z.string(), number: z.int().nullable() }).nullable(),
  /** When machines may know of it, and when they must install. */
  available: instant,
  deadline: instant,
  /** Nothing is set back from then on. `null`: no end. */
  notAfter: instant.nullable(),
})

const takenBackSchema = z.object({
  at: instant,
  /** What that reached; `null`: it was not seen yet. */
  state: z.enum(['stopped', 'may still begin', 'at work']).nullable(),
  reason: z.string(),
})

const assetSchema = z.object({
  asset: z.string(),
  name: z.string(),
  /** ResourceID. */
  machine: z.int(),
  /** Name of its set. */
  set: z.string(),
  changes: z.array(updateChangeSchema),
  items: z.array(itemSchema),
  notBefore: instant,
  notAfter: instant.nullable(),
  /** From then on it may have learned. */
  since: instant,
  added: z.boolean(),
  takenBack: takenBackSchema.nullable(),
  /** Why it was never added. */
  refused: refusedSchema.nullable(),
})

const noteSchema = z.object({
  /** When the first machine was to be added; `null`: it was only staged. */
  startedAt: instant.nullable(),
  sets: z.array(setSchema),
  assets: z.array(assetSchema),
})

export type Item = z.infer<typeof itemSchema>
export type SetNote = z.infer<typeof setSchema>
export type AssetNote = z.infer<typeof assetSchema>
export type StartNote = z.infer<typeof noteSchema>
export type Notes = StartNotes<StartNote>

export const emptyNote: StartNote = { startedAt: null, sets: [], assets: [] }

export function createNotes(engine: string, keeping: Keeping): Notes {
  return createStartNotes(engine, keeping, noteSchema)
}

export function replaced(note: StartNote, asset: AssetNote): StartNote {
  return { ...note, assets: note.assets.map((one) => (one.asset === asset.asset ? asset : one)) }
}

export function withSet(note: StartNote, set: SetNote): StartNote {
  return { ...note, sets: note.sets.map((one) => (one.name === set.name ? set : one)) }
}

export function isToAdd({ added, takenBack, refused }: AssetNote): boolean {
  return !added && takenBack === null && refused === null
}

export function isInside({ added, takenBack }: AssetNote): boolean {
  return added && takenBack === null
}
