/**
 * What the engine writes down about a start before it asks the server for anything: who is to be added, and who was
 * taken back. The server's groups tell who is a member, and not who must not become one again. See
 * docs/decisions/0031-notes-of-engines.md.
 */

import { z } from 'zod'
import type { Keeping } from '../../core/ports.ts'
import { updateChangeSchema } from '../delegating/asset-note.ts'
import { createStartNotes, type StartNotes } from '../delegating/notes.ts'
import { refusedSchema } from '../delegating/refused.ts'

const instant = z.iso.datetime()

/** One update, and what is done with it. */
const itemSchema = z.object({
  update: z.string(),
  /** `KB5035857`, as in the change. */
  kb: z.string(),
  action: z.enum(['Install', 'Uninstall']),
})

/** `failedBefore`: its last attempt had failed already. `restarts`: the machine restarts for it in any case. */
const assetItemSchema = itemSchema.extend({ failedBefore: z.boolean(), restarts: z.boolean() })

/** An approval that we made for a group of the operator's, as it was read back. */
const ownApprovalSchema = z.object({
  id: z.string(),
  update: z.string(),
  revision: z.int(),
  createdAt: instant.nullable(),
})

/**
 * The group of the operator's that is told as a whole. The group of the note is then empty for good: it has the same
 * approvals and marks the start.
 */
const wholeSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Ids of the machines that were voted on: exactly its members. */
  machines: z.array(z.string()),
  /** Noted before the first approval is asked for; `null`: none was. */
  askedAt: instant.nullable(),
  /** The login in whose name the server notes our approvals. */
  by: z.string(),
  approvals: z.array(ownApprovalSchema),
  /** True: what was approved is to be taken back, and nothing is approved anew. */
  over: z.boolean(),
  /** True: it was read back that nothing of this start stands there any more. A later start may approve the same. */
  gone: z.boolean(),
})

const groupSchema = z.object({
  name: z.string(),
  /** `null`: it is to be made. */
  id: z.string().nullable(),
  /** `revision`: the one that was approved; `null`: not known. An item that was declined since is not there any more. */
  items: z.array(itemSchema.extend({ revision: z.int().nullable().default(null) })),
  /** `null`: the machines' own policy says when they install. */
  deadline: instant.nullable(),
  /** Nothing is approved anew from then on. `null`: no end. */
  notAfter: instant.nullable(),
  /** `null`: its machines are added to it. */
  whole: wholeSchema.nullable().default(null),
})

const takenBackSchema = z.object({
  at: instant,
  /** What that reached; `null`: it was not seen yet. */
  state: z.enum(['stopped', 'may still begin', 'at work']).nullable(),
  until: instant.nullable(),
  reason: z.string(),
  /** How it ends if nothing begins on it. `held back`: people decide what comes next. */
  ends: z.enum(['not begun', 'held back']).default('not begun'),
})

const assetSchema = z.object({
  asset: z.string(),
  name: z.string(),
  /** Id of the machine in WSUS. */
  machine: z.string(),
  timeZone: z.string(),
  /** Name of its group. */
  group: z.string(),
  changes: z.array(updateChangeSchema),
  items: z.array(assetItemSchema),
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
  groups: z.array(groupSchema),
  assets: z.array(assetSchema),
  /** Sentences that the next comparison tells. */
  tell: z.array(z.string()).default([]),
})

export type Item = z.infer<typeof itemSchema>
export type AssetItem = z.infer<typeof assetItemSchema>
export type GroupNote = z.infer<typeof groupSchema>
export type AssetNote = z.infer<typeof assetSchema>
export type StartNote = z.infer<typeof noteSchema>
export type WholeNote = NonNullable<GroupNote['whole']>
/** A group of a start that stands for a group of the operator's. */
export type WholeGroupNote = GroupNote & { readonly whole: WholeNote }

export const emptyNote: StartNote = { startedAt: null, groups: [], assets: [], tell: [] }

export function replaced(note: StartNote, asset: AssetNote): StartNote {
  return { ...note, assets: note.assets.map((one) => (one.asset === asset.asset ? asset : one)) }
}

export function withGroup(note: StartNote, group: GroupNote): StartNote {
  return { ...note, groups: note.groups.map((one) => (one.name === group.name ? group : one)) }
}

export function isToAdd({ added, takenBack, refused }: AssetNote): boolean {
  return !added && takenBack === null && refused === null
}

export function isWhole(group: GroupNote): group is WholeGroupNote {
  return group.whole !== null
}

/** The notes of one engine. */
export type Notes = StartNotes<StartNote>

export function createNotes(engine: string, keeping: Keeping): Notes {
  return createStartNotes(engine, keeping, noteSchema)
}
