/** What a simulated ManageEngine server keeps in its state file: patches, machines, policies, configurations and tasks. */

import { z } from 'zod'

const text = z.string().trim().min(1).max(500)
const id = z.string().regex(/^\d{1,20}$/)
/** ISO 8601, UTC. */
const instant = z.iso.datetime()
const span = z.object({ from: instant, until: instant })

const patchSchema = z.object({
  id,
  /** Digits only; `null`: a patch of another vendor. */
  kb: z
    .string()
    .regex(/^\d{6,8}$/)
    .nullable(),
  title: text,
  file: text.default('update.msu'),
  bulletin: text.default('MS26-NOV1'),
  /** The number of its class: 0 security, 9 driver, and so on. */
  type: z.int().min(0).max(12).default(0),
  severity: z.int().min(0).max(4).default(3),
  /** When it was released; `null`: `daysAgo` days before the file was first used. */
  releasedAt: instant.nullable().default(null),
  daysAgo: z.number().min(0).default(0),
  /** Ids of the patches that supersede it, as the server lists them; `null`: none does. */
  supersededBy: text.nullable().default(null),
  declined: z.boolean().default(false),
  removable: z.boolean().default(false),
  /** It is for machines whose Windows has a name that begins so. */
  for: z.array(text).min(1),
  restart: z.boolean().default(false),
  /** The build of Windows after it and a restart; `null`: it changes no build. */
  build: text.nullable().default(null),
})

/** What a machine has learned and has not begun. */
const toldSchema = z.object({ configuration: id, learnedAt: instant })

const attemptSchema = z.object({ configuration: id, patch: id, at: instant, ok: z.boolean() })

const patchWord = z.object({
  state: z.enum(['installed', 'missing', 'failed']),
  waits: z.boolean().default(false),
  error: text.nullable().default(null),
  configuration: id.nullable().default(null),
})

/** What the server knows of a machine: what its last scan found. */
const wordSchema = z.object({ at: instant, version: text, states: z.record(id, patchWord) })

/** Faults that a machine can have. docs/integrations/manageengine.md says what each does. */
export const manageEngineFaults = [
  'silent',
  'silent after learning',
  'old words',
  'install fails',
  'no restart',
] as const

const machineSchema = z.object({
  id,
  /** With its domain. */
  name: text,
  domain: text.default('CORP'),
  office: text.default('Local Office'),
  address: text.nullable().default(null),
  os: text,
  version: text,
  /** 1 Windows, 2 Mac, 3 Linux. */
  platform: z.int().min(1).max(3).default(1),
  hasAgent: z.boolean().default(true),
  installed: z.array(id).default([]),
  /** Installed, and waiting for a restart. */
  pendingReboot: z.array(id).default([]),
  nextVersion: text.nullable().default(null),
  fault: z.enum(manageEngineFaults).nullable().default(null),
  quietSince: instant.nullable().default(null),
  /** When it is switched off. */
  off: z.array(span).default([]),
  contactedAt: instant.nullable().default(null),
  said: wordSchema.nullable().default(null),
  told: z.array(toldSchema).default([]),
  working: z.object({ configuration: id, endsAt: instant }).nullable().default(null),
  attempts: z.array(attemptSchema).default([]),
  /** It has done something since its last scan. */
  scanIsDue: z.boolean().default(false),
  /** What its agent told the server of each configuration, by id. */
  executions: z.record(id, z.enum(['in_progress', 'succeeded', 'failed'])).default({}),
})

const policySchema = z.object({
  id,
  name: text,
  isAlive: z.boolean().default(true),
  reboot: z.enum(['never', 'if required']).default('if required'),
  /** Hours of the day in UTC at which its window begins, and how long it is; `null`: it is always open. */
  window: z
    .object({ opens: z.array(z.string().regex(/^\d{2}:\d{2}$/)).min(1), minutes: z.int().min(1) })
    .nullable()
    .default(null),
})

const configurationSchema = z.object({
  id,
  name: text,
  patches: z.array(id),
  machines: z.array(id),
  policy: id,
  undone: z.boolean().default(false),
  createdAt: instant,
  /** It stands in lists from then on. */
  shownAt: instant,
  suspended: z.boolean().default(false),
  trashed: z.boolean().default(false),
})

const taskSchema = z.object({ id, name: text, isActive: z.boolean().default(true), machines: z.array(id).default([]) })

/** What a real server does that a client must bear, one switch each. */
const trapsSchema = z.object({
  /** An older server: nothing at /dcapi. */
  onlyLegacy: z.boolean().default(false),
  /** So many of the next answers are a page for signing in, with HTTP 200. */
  signInPages: z.int().min(0).default(0),
  /** So many of the next answers are HTTP 429 with Retry-After: 1. */
  tooMany: z.int().min(0).default(0),
  /** The token is over: an error with HTTP 200. */
  tokenOver: z.boolean().default(false),
  /** Pages have 25 rows, whatever is asked for. */
  pagesOf25: z.boolean().default(false),
  /** Every page is the first one. */
  samePage: z.boolean().default(false),
  /** So many of the next calls that change something act, and their answers are lost. */
  loseAnswers: z.int().min(0).default(0),
  /** A new configuration stands in lists so many minutes later. */
  shownAfterMinutes: z.number().min(0).default(0),
  /** A new configuration gets this machine, too. */
  adds: id.nullable().default(null),
  /** When nobody reaches the server. */
  away: z.array(span).default([]),
})

export const manageEngineSchema = z.object({
  /** For whoever reads the file. */
  about: z.array(z.string()).default([]),
  /** Until when everything below was worked out; `null`: the file is new. */
  at: instant.nullable().default(null),
  traps: trapsSchema.prefault({}),
  policies: z.array(policySchema).default([]),
  patches: z.array(patchSchema).default([]),
  machines: z.array(machineSchema).max(100_000),
  configurations: z.array(configurationSchema).default([]),
  tasks: z.array(taskSchema).default([]),
  /** How many configurations were made: their ids follow from it. */
  made: z.int().min(0).default(0),
})

export type ManageEngineState = z.infer<typeof manageEngineSchema>
export type SimulatedPatch = z.infer<typeof patchSchema>
export type SimulatedMachine = z.infer<typeof machineSchema>
export type SimulatedPolicy = z.infer<typeof policySchema>
export type SimulatedConfiguration = z.infer<typeof configurationSchema>
export type PatchWord = z.infer<typeof patchWord>
