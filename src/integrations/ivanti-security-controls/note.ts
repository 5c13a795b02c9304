/**
 * What the engine writes down about a start before it asks the console for anything: which machines belong to which scan, what
 * was sent, what each scan found, and who was taken back. See docs/decisions/0041-scanned-first.md.
 */

import { z } from 'zod'
import type { Keeping } from '../../core/ports.ts'
import { createStartNotes, type StartNotes } from '../delegating/notes.ts'
import { refusedSchema } from '../delegating/refused.ts'

const instant = z.iso.datetime()

/** One change, and what the console calls the patches that make it. */
const itemSchema = z.object({
  /** `KB5035857`, as in the change. */
  kb: z.string(),
  /** Ids of vulnerabilities. */
  vulnerabilities: z.array(z.int()),
  /** GUIDs of the patches that these cover. */
  patches: z.array(z.string()),
})

const changeSchema = z.object({
  kind: z.literal('update'),
  name: z.string(),
  build: z.string().nullable(),
  undone: z.literal(true).exactOptional(),
})

const runSchema = z.object({
  /** The name of its scan. No two of a start have one name. */
  name: z.string(),
  /** Ids of vulnerabilities: what its patch group holds. */
  vulnerabilities: z.array(z.int()),
  /** Name of the deployment template. */
  template: z.string(),
  /** Ids of assets. */
  assets: z.array(z.string()),
  /**
   * `planned`: nothing was asked for. `scanning`: its scan was, or was about to be. `ready`: the scan is over, and has exactly
   * these machines. `sent`: the deployment was, or was about to be, and was not seen yet. `deploying`: it was seen, and has an
   * id. `lost`: it was not seen in time, so nobody knows. `dropped`: its scan is not deployed any more.
   */
  state: z.enum(['planned', 'scanning', 'ready', 'sent', 'deploying', 'lost', 'dropped']),
  scan: z.string().nullable(),
  /** Who asked for the scan, as the console calls the account. */
  user: z.string().nullable(),
  deployment: z.string().nullable(),
  /** When the scan or, later, the deployment was asked for. */
  sentAt: instant.nullable(),
  /** Others than the approved machines were in its scan. */
  hadStrangers: z.boolean(),
  /** The operation of the deployment was cancelled by us. */
  cancelled: z.boolean(),
})

const lookSchema = z.object({
  name: z.string(),
  assets: z.array(z.string()),
  scan: z.string().nullable(),
  sentAt: instant,
  isOver: z.boolean(),
})

const takenBackSchema = z.object({
  at: instant,
  /** What that reached; `null`: it was not seen yet. */
  state: z.enum(['stopped', 'may still begin', 'at work']).nullable(),
  reason: z.string(),
})

/** What a fresh scan found after the work: which of its patches are still missing. */
const seenSchema = z.object({ at: instant, missing: z.array(z.string()) })

const assetSchema = z.object({
  asset: z.string(),
  name: z.string(),
  changes: z.array(changeSchema),
  items: z.array(itemSchema),
  /** Name of the deployment template. */
  template: z.string(),
  reboot: z.enum(['never', 'if required']),
  notBefore: instant,
  notAfter: instant.nullable(),
  takenBack: takenBackSchema.nullable(),
  /** Why nothing was deployed to it. */
  refused: refusedSchema.nullable(),
  seen: seenSchema.nullable(),
})

const noteSchema = z.object({
  startedAt: instant.nullable(),
  runs: z.array(runSchema),
  looks: z.array(lookSchema),
  assets: z.array(assetSchema),
  /** Sentences about what was different, for the next comparison. */
  untold: z.array(z.string()),
})

export type Item = z.infer<typeof itemSchema>
export type Run = z.infer<typeof runSchema>
export type Look = z.infer<typeof lookSchema>
export type AssetNote = z.infer<typeof assetSchema>
export type StartNote = z.infer<typeof noteSchema>

export const emptyNote: StartNote = { startedAt: null, runs: [], looks: [], assets: [], untold: [] }

export type Notes = StartNotes<StartNote>

export function createNotes(engine: string, keeping: Keeping): Notes {
  return createStartNotes(engine, keeping, noteSchema)
}

export function replaced(note: StartNote, asset: AssetNote): StartNote {
  return { ...note, assets: note.assets.map((one) => (one.asset === asset.asset ? asset : one)) }
}

export function withRun(note: StartNote, run: Run): StartNote {
  return { ...note, runs: note.runs.map((other) => (other.name === run.name ? run : other)) }
}

export function withLook(note: StartNote, look: Look): StartNote {
  return { ...note, looks: note.looks.map((other) => (other.name === look.name ? look : other)) }
}

/** The run that concerns the asset now; `null`: none does, or not any more. */
export function runOf({ runs }: Pick<StartNote, 'runs'>, asset: string): Run | null {
  return runs.findLast(({ assets, state }) => state !== 'dropped' && assets.includes(asset)) ?? null
}
