/** What a simulated system keeps in its state file: its updates, machines, groups, and what was asked of it. */

import { z } from 'zod'
import { assetSchema, packageSchema } from '../file-inventory/schema.ts'

const text = z.string().trim().min(1).max(500)
/** ISO 8601, UTC. */
const instant = z.iso.datetime()

const changeSchema = z.union([
  z.object({ kind: z.literal('update'), name: text, build: text.nullable(), undone: z.literal(true).exactOptional() }),
  z.object({ kind: z.undefined().optional(), name: text, architecture: text, from: text.nullable(), to: text }),
])

const everyOffer = {
  name: text,
  /** The platforms that it is for. */
  platforms: z.array(text).min(1),
  /** Whether a machine must restart afterwards. */
  restart: z.boolean().default(false),
  /** Whether it can be taken off again. */
  removable: z.boolean().default(true),
  /** A licence that is accepted by installing it. */
  licence: text.nullable().default(null),
  /** The server fetches its content for so many simulated hours after it was first staged. */
  contentHours: z.number().min(0).default(0),
}

/** Something the server can have installed. */
const offerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('update'), build: text.nullable().default(null), ...everyOffer }),
  z.object({
    kind: z.literal('package'),
    version: text,
    architecture: text.default('all'),
    source: text.optional(),
    security: z.boolean().default(true),
    ...everyOffer,
  }),
])

const rebootSchema = z.enum(['never', 'if required'])

const work = { group: text, changes: z.array(changeSchema), reboot: rebootSchema }

/** What a machine has learned and has not begun. */
const toldSchema = z.object({ ...work, deadline: instant, learnedAt: instant })

const resultSchema = z.object({
  group: text,
  state: z.enum(['installed', 'failed']),
  at: instant,
  /** What it changed; empty: all of it was there already. */
  changed: z.array(changeSchema),
  /** A sentence about what went wrong; `null`: nothing. */
  error: text.nullable(),
  rebooted: z.boolean(),
})

const condition = {
  packages: z.array(packageSchema).max(100_000),
  bootId: text.nullable().default(null),
  runningKernel: text.nullable().default(null),
  rebootRequired: z.boolean().default(false),
  rebootPackages: z.array(text).default([]),
}

/** A machine's own report about itself, as the server keeps it. */
const wordSchema = z.object({
  at: instant,
  ...condition,
  /** The group whose work it was doing. */
  working: text.nullable(),
  results: z.array(resultSchema),
})

/** Faults that a machine can have. docs/late-systems.md says what each does. */
export const machineFaults = ['silent', 'silent after learning', 'old words', 'install fails', 'no restart'] as const

const machineSchema = assetSchema
  .pick({
    name: true,
    platform: true,
    team: true,
    tags: true,
    exposure: true,
    criticality: true,
    timeZone: true,
    address: true,
    hardwareId: true,
    cloudId: true,
    fqdn: true,
  })
  .extend({
    ...condition,
    fault: z.enum(machineFaults).nullable().default(null),
    /** With the fault `silent after learning`: for so many simulated hours; `null`: for good. */
    silentHours: z.number().min(0).nullable().default(null),
    /** Since when it is silent after it learned something. */
    quietSince: instant.nullable().default(null),
    /** Its last report; `null`: it has not reported yet. */
    said: wordSchema.nullable().default(null),
    /** When it last asked, and when it was last given the work of each group; the server knows both. */
    asked: z
      .object({ at: instant, given: z.record(z.string(), instant) })
      .nullable()
      .default(null),
    told: z.array(toldSchema).default([]),
    working: z
      .object({ ...work, beganAt: instant, endsAt: instant })
      .nullable()
      .default(null),
    results: z.array(resultSchema).default([]),
    /** The build of Windows after its next restart; `null`: the one that it has. */
    nextBuild: text.nullable().default(null),
    /** Builds of Windows before an update, by update. */
    buildsBefore: z.record(z.string(), text).default({}),
  })

/** A group of the server. Ours are named by a mark. */
const groupSchema = z.object({
  id: text,
  name: text,
  changes: z.array(changeSchema),
  deadline: instant,
  reboot: rebootSchema,
  createdAt: instant,
  /** Names of machines. */
  members: z.array(text),
})

/** What an administrator approved for machines by himself. */
const approvalSchema = z.object({
  /** The group that it is approved for, such as "All machines". */
  group: text,
  updates: z.array(text),
  since: instant,
  /** `null`: as soon as a machine learns of it. */
  deadline: instant.nullable().default(null),
  /** Names of machines; left out: all. */
  machines: z.array(text).optional(),
})

/** One asset of a start, as Patchwarden wrote it down. */
const startedSchema = z.object({
  asset: text,
  name: text,
  /** Id of the group it belongs in. */
  group: text,
  changes: z.array(changeSchema),
  notBefore: instant,
  notAfter: instant.nullable(),
  /** When it was added; `null`: it is meant to be, and was not yet. */
  addedAt: instant.nullable(),
  /** When and with what effect it was taken out again, by us or by somebody else. */
  takenBack: z
    .object({
      at: instant,
      state: z.enum(['stopped', 'may still begin', 'at work']),
      until: instant.nullable(),
      reason: text,
    })
    .nullable(),
  /** Why it was never added. */
  refused: z.object({ state: z.enum(['held back', 'not begun', 'unreachable']), reason: text }).nullable(),
})

const startSchema = z.object({
  mark: text,
  /** When the first machine was to be added; `null`: it was only staged. */
  startedAt: instant.nullable(),
  /** The groups as Patchwarden made them. */
  groups: z.array(groupSchema.omit({ members: true })),
  assets: z.array(startedSchema),
})

export const systemSchema = z.object({
  /** For whoever reads the file. */
  about: z.array(z.string()).default([]),
  /** Until when everything below was worked out; `null`: the file is new. */
  at: instant.nullable().default(null),
  server: z
    .object({
      /** When the server cannot be reached, by Patchwarden and by machines. */
      away: z.array(z.object({ from: instant, until: instant })).default([]),
      /** So many of the next calls that change something act, and their answers are lost. */
      loseAnswers: z.int().min(0).default(0),
    })
    .prefault({}),
  offers: z.array(offerSchema).default([]),
  approvals: z.array(approvalSchema).default([]),
  machines: z.array(machineSchema).max(100_000),
  groups: z.array(groupSchema).default([]),
  groupsMade: z.int().min(0).default(0),
  starts: z.array(startSchema).default([]),
  /** When the content of offers was first asked for, by name. */
  fetching: z.record(z.string(), instant).default({}),
})

export type SystemState = z.infer<typeof systemSchema>
export type Machine = z.infer<typeof machineSchema>
export type Offer = z.infer<typeof offerSchema>
export type Group = z.infer<typeof groupSchema>
export type Approval = z.infer<typeof approvalSchema>
export type Start = z.infer<typeof startSchema>
export type Started = z.infer<typeof startedSchema>
export type Told = z.infer<typeof toldSchema>
export type Word = z.infer<typeof wordSchema>
