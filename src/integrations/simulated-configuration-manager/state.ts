/** What a simulated site of Configuration Manager keeps in its state file. */

import { z } from 'zod'

const text = z.string().trim().min(1).max(500)
const id = z.int().positive()
const collectionId = z.string().regex(/^[A-Z0-9]{8}$/)
/** ISO 8601, UTC. */
const instant = z.iso.datetime()
const span = z.object({ from: instant, until: instant })

const updateSchema = z.object({
  /** CI_ID. */
  id,
  unique: z.uuid(),
  /** Digits only. */
  kb: z.string().regex(/^\d{6,8}$/),
  title: text,
  classification: text.default('Security Updates'),
  /** 10 critical, 8 important, 6 moderate, 2 low, 0 none. */
  severity: z.int().min(0).max(10).default(8),
  /** When it was released; `null`: `daysAgo` days before the file was first used. */
  releasedAt: instant.nullable().default(null),
  daysAgo: z.number().min(0).default(0),
  expired: z.boolean().default(false),
  /** Its content is on distribution points. */
  provisioned: z.boolean().default(true),
  licence: z.boolean().default(false),
  supersedes: z.array(id).default([]),
  /** Machines do not begin it in a window that has fewer minutes left, with 15 for a restart. */
  longestMinutes: z.int().min(1).default(30),
  /** It is for machines whose Windows has a name that begins so. */
  for: z.array(text).min(1),
  restart: z.boolean().default(false),
  /** The build of Windows after it and a restart; `null`: it changes no build. */
  build: text.nullable().default(null),
})

const wordSchema = z.object({
  at: instant,
  version: text,
  /** By CI_ID. 1 not required, 2 missing, 3 installed. */
  states: z.record(z.string(), z.object({ status: z.int().min(0).max(3), changedAt: instant })),
})

/** Faults that a machine can have. docs/integrations/configuration-manager.md says what each does. */
export const siteFaults = ['silent', 'silent after learning', 'old words', 'install fails', 'no restart'] as const

const attemptSchema = z.object({ deployment: id, update: id, at: instant, ok: z.boolean() })

const machineSchema = z.object({
  /** ResourceID. */
  id,
  /** With its domain. */
  name: text,
  address: text.nullable().default(null),
  os: text,
  version: text,
  hasClient: z.boolean().default(true),
  obsolete: z.boolean().default(false),
  /** CI_IDs. */
  installed: z.array(id).default([]),
  /** Installed, and waiting for a restart. */
  pendingReboot: z.array(id).default([]),
  nextVersion: text.nullable().default(null),
  fault: z.enum(siteFaults).nullable().default(null),
  quietSince: instant.nullable().default(null),
  /** When it is switched off. */
  off: z.array(span).default([]),
  contactedAt: instant.nullable().default(null),
  said: wordSchema.nullable().default(null),
  /** What it has learned and has not begun. */
  told: z.array(z.object({ deployment: id, learnedAt: instant })).default([]),
  working: z.object({ deployment: id, endsAt: instant }).nullable().default(null),
  attempts: z.array(attemptSchema).default([]),
  /** What its client told of installing updates (topic 402), by CI_ID. */
  enforcement: z.record(z.string(), z.object({ id: z.int(), at: instant })).default({}),
  /** How far it is with deployments (topic 301), by AssignmentID. */
  details: z
    .record(z.string(), z.object({ state: z.int(), type: z.int(), error: z.int().nullable(), at: instant }))
    .default({}),
})

const ruleSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('direct'), machine: id }),
  /** Its machines are those whose name begins so. */
  z.object({ kind: z.literal('query'), name: text, begins: text }),
  z.object({ kind: z.literal('include'), name: text, collection: collectionId }),
])

const windowSchema = z.object({
  name: text,
  /** 16 hexadecimal digits. */
  schedule: z.string().regex(/^[0-9A-F]{16}$/),
  minutes: z.int().min(1),
  /** Left out: local time of the machine, which is UTC here. */
  isUtc: z.boolean().default(false),
  /** 1 for everything, 4 for software updates, 5 for task sequences. */
  type: z.literal([1, 4, 5]).default(4),
  isEnabled: z.boolean().default(true),
})

const collectionSchema = z.object({
  id: collectionId,
  name: text,
  rules: z.array(ruleSchema).default([]),
  windows: z.array(windowSchema).default([]),
  /** When its rules were last changed, and who was a member until then: members follow later. */
  changedAt: instant.nullable().default(null),
  before: z.array(id).default([]),
})

const groupSchema = z.object({ id, name: text, updates: z.array(id) })

const deploymentSchema = z.object({
  id,
  unique: text,
  name: text,
  group: id,
  collection: collectionId,
  enabled: z.boolean().default(true),
  availableAt: instant,
  /** `null`: people may install it, and nothing happens by itself. */
  deadline: instant.nullable(),
  isUtc: z.boolean().default(true),
  /** Bit 0: no restarts of workstations; bit 1: of servers. */
  suppressed: z.int().min(0).max(3).default(0),
  ignoresWindows: z.boolean().default(false),
})

/** What a real site does that a client must bear, one switch each. */
const trapsSchema = z.object({
  /** Rows of a page, after which the link to the next one comes. */
  pageRows: z.int().min(1).default(1_000),
  /** Names of fields are in small letters, as some versions have them. */
  smallNames: z.boolean().default(false),
  /** Classes that the login may not see: 404, with "access denied" in the text. */
  denied: z.array(text).default([]),
  /** Fields that this version does not have: 400. */
  lacks: z.array(text).default([]),
  /** One object comes as a list of one. */
  wrapped: z.boolean().default(false),
  /** The next page is the same page again. */
  circle: z.boolean().default(false),
  /** So many of the next calls that change something act, and their answers are lost. */
  loseAnswers: z.int().min(0).default(0),
  /** Members of a collection follow its rules so many minutes later. */
  evaluatesAfterMinutes: z.number().min(0).default(0),
  /** The limiting collection leaves these machines out, whatever the rules say. */
  limitedOut: z.array(id).default([]),
  /** Times of new deployments are off by so many hours, as where local time is taken for UTC. */
  shiftedHours: z.number().default(0),
  /** "RestartServer: true" is taken as "restart it", as the reference said for long. */
  restartsInverted: z.boolean().default(false),
  /** So many of the next answers are 503. */
  busy: z.int().min(0).default(0),
  /** When nobody reaches the site. */
  away: z.array(span).default([]),
})

export const siteSchema = z.object({
  /** For whoever reads the file. */
  about: z.array(z.string()).default([]),
  /** Until when everything below was worked out; `null`: the file is new. */
  at: instant.nullable().default(null),
  traps: trapsSchema.prefault({}),
  updates: z.array(updateSchema).default([]),
  machines: z.array(machineSchema).max(100_000),
  collections: z.array(collectionSchema).default([]),
  groups: z.array(groupSchema).default([]),
  deployments: z.array(deploymentSchema).default([]),
  /** Automatic deployment rules. */
  rules: z.array(z.object({ name: text, collection: collectionId, enabled: z.boolean().default(true) })).default([]),
  /** How many things were made: their ids follow from it. */
  made: z.int().min(0).default(0),
})

export type SiteState = z.infer<typeof siteSchema>
export type SimulatedUpdate = z.infer<typeof updateSchema>
export type SimulatedMachine = z.infer<typeof machineSchema>
export type SimulatedCollection = z.infer<typeof collectionSchema>
export type SimulatedDeployment = z.infer<typeof deploymentSchema>
