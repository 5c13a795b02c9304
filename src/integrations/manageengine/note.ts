/**
 * What the engine writes down about a start before it asks the server for anything: who belongs to which configuration, what
 * was sent, and who was taken back. See docs/decisions/0036-suspended-and-made-again.md.
 */

import { z } from 'zod'
import type { Keeping } from '../../core/ports.ts'
import { updateChangeSchema } from '../delegating/asset-note.ts'
import { createStartNotes, type StartNotes } from '../delegating/notes.ts'
import { refusedSchema } from '../delegating/refused.ts'

const instant = z.iso.datetime()

/** One patch of the server, and the change that it makes. */
const itemSchema = z.object({
  patch: z.string(),
  /** `KB5035857`, as in the change. */
  kb: z.string(),
  undone: z.boolean(),
  /** Its last attempt had failed already. */
  failedBefore: z.boolean(),
})

const configurationSchema = z.object({
  /** It is found by its name. */
  name: z.string(),
  policy: z.string(),
  patches: z.array(z.string()),
  undone: z.boolean(),
  /** Ids of machines. */
  machines: z.array(z.string()),
  /**
   * `planned`: nothing was sent. `sent`: it was, or was about to be, and was not seen yet. `made`: it was seen, and has an id.
   * `lost`: it was not seen in time, so nobody knows. `empty`: the server said that there is nothing to do.
   */
  state: z.enum(['planned', 'sent', 'made', 'lost', 'empty']),
  id: z.string().nullable(),
  sentAt: instant.nullable(),
  /** It was suspended by us, or by somebody else. */
  suspended: z.boolean(),
  /** Others than the approved machines were in it. */
  hadStrangers: z.boolean(),
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
  /** Id of the machine in ManageEngine. */
  machine: z.string(),
  changes: z.array(updateChangeSchema),
  items: z.array(itemSchema),
  /** Id of its deployment policy. */
  policy: z.string(),
  notBefore: instant,
  notAfter: instant.nullable(),
  /** From then on it may have learned. */
  since: instant,
  takenBack: takenBackSchema.nullable(),
  /** Why it was never told. */
  refused: refusedSchema.nullable(),
})

const noteSchema = z.object({
  startedAt: instant.nullable(),
  configurations: z.array(configurationSchema),
  assets: z.array(assetSchema),
  /** Names of configurations about which was told what nothing can be done about. */
  strays: z.array(z.string()),
  /** Sentences about what was different right after the start, for the next comparison. */
  untold: z.array(z.string()),
})

export type Item = z.infer<typeof itemSchema>
export type ConfigurationNote = z.infer<typeof configurationSchema>
export type AssetNote = z.infer<typeof assetSchema>
export type StartNote = z.infer<typeof noteSchema>

export const emptyNote: StartNote = { startedAt: null, configurations: [], assets: [], strays: [], untold: [] }

export type Notes = StartNotes<StartNote>

export function createNotes(engine: string, keeping: Keeping): Notes {
  return createStartNotes(engine, keeping, noteSchema)
}

export function replaced(note: StartNote, asset: AssetNote): StartNote {
  return { ...note, assets: note.assets.map((one) => (one.asset === asset.asset ? asset : one)) }
}

export function withConfiguration(note: StartNote, one: ConfigurationNote): StartNote {
  return { ...note, configurations: note.configurations.map((other) => (other.name === one.name ? one : other)) }
}
