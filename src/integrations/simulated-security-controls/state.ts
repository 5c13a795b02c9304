/** What a simulated console of Security Controls keeps in its state file: patches, machines, scans, deployments. */

import { z } from 'zod'

const text = z.string().trim().min(1).max(500)
const guid = z.guid()
/** ISO 8601, UTC. */
const instant = z.iso.datetime()
const span = z.object({ from: instant, until: instant })

/** What the console calls a vulnerability: one number, and a patch with a GUID for each product. */
const vulnerabilitySchema = z.object({
  id: z.int(),
  /** Digits only; `null`: a patch of another vendor. */
  kb: z
    .string()
    .regex(/^\d{6,8}$/)
    .nullable(),
  bulletin: text.default('MS26-11-W22'),
  /** GUIDs by product. */
  patches: z.array(z.object({ id: guid, product: text })).min(1),
  type: text.default('SecurityPatch'),
  severity: text.default('Important'),
  cves: z.array(text).default([]),
  /** When it was released; `null`: `daysAgo` days before the file was first used. */
  releasedAt: instant.nullable().default(null),
  daysAgo: z.number().min(0).default(0),
  /** Ids of the vulnerabilities that replace it. */
  replacedBy: z.array(z.int()).default([]),
  restart: z.boolean().default(false),
})

const machineSchema = z.object({
  id: z.int(),
  /** The short name, as the console has it: `APP01`. */
  name: text,
  dnsName: text.nullable().default(null),
  domain: text.nullable().default(null),
  address: text.nullable().default(null),
  group: text.nullable().default(null),
  /** The product that is its Windows, and others on it. */
  products: z.array(text).min(1),
  /** Ids of vulnerabilities. */
  installed: z.array(z.int()).default([]),
  pendingReboot: z.array(z.int()).default([]),
  /** Patches of which scans say a word that nobody knows. */
  odd: z.array(z.int()).default([]),
  /** What goes wrong on it. `old words` and `silent after learning`: it works, and says nothing from then on. */
  fault: z
    .enum(['silent', 'silent after learning', 'old words', 'install fails', 'no restart'])
    .nullable()
    .default(null),
  /** Since when it says nothing. */
  quietSince: instant.nullable().default(null),
  off: z.array(span).default([]),
  /** Id of the policy of its agent; `null`: it has no agent. */
  policy: text.nullable().default(null),
  attempts: z.array(z.object({ deployment: guid, vulnerability: z.int(), at: instant, ok: z.boolean() })).default([]),
})

const rowSchema = z.object({ vulnerability: z.int(), patch: guid, product: text, word: text })

/** What a scan found on a machine. */
const resultSchema = z.object({
  machine: z.int(),
  at: instant,
  /** Why it could not be looked at. */
  problem: text.nullable().default(null),
  rows: z.array(rowSchema).default([]),
})

const scanSchema = z.object({
  id: guid,
  name: text,
  template: guid,
  machines: z.array(z.int()),
  startedAt: instant,
  endsAt: instant,
  /** It stands in answers from then on. */
  shownAt: instant,
  /** `null`: it is not over. */
  results: z.array(resultSchema).nullable().default(null),
})

const targetSchema = z.object({
  machine: z.int(),
  patches: z.array(rowSchema),
  /** When its files were sent to it, and when it began and ended. */
  sentAt: instant.nullable().default(null),
  begunAt: instant.nullable().default(null),
  endedAt: instant.nullable().default(null),
  /** Why it was never sent. */
  problem: text.nullable().default(null),
  /** End codes by vulnerability. */
  codes: z.record(z.string(), z.int()).default({}),
  /** The console was told of it. */
  isSaid: z.boolean().default(false),
})

const deploymentSchema = z.object({
  id: guid,
  scan: guid,
  template: guid,
  creator: text,
  startedAt: instant,
  shownAt: instant,
  cancelledAt: instant.nullable().default(null),
  /** The files could not be fetched, and the operation says that all is well. */
  downloadFailed: z.boolean().default(false),
  targets: z.array(targetSchema),
})

/** What a real console does that a client must bear, one switch each. */
const trapsSchema = z.object({
  /** A page has ten rows, whatever is asked for. */
  pagesOf10: z.boolean().default(false),
  /** Every page is the first one. */
  samePage: z.boolean().default(false),
  /** So many of the next answers are HTTP 503. */
  busy: z.int().min(0).default(0),
  /** The sign-in is refused. */
  signInRefused: z.boolean().default(false),
  /** So many of the next calls that change something act, and their answers are lost. */
  loseAnswers: z.int().min(0).default(0),
  /** New scans and deployments are 404 for so many minutes. */
  shownAfterMinutes: z.number().min(0).default(0),
  /** Each scan that names machines gets this one, too. */
  adds: z.int().nullable().default(null),
  /** The download of each deployment fails, and its operation says Succeeded. */
  downloadFails: z.boolean().default(false),
  /** No deployment is ever called complete. */
  neverComplete: z.boolean().default(false),
  /** There are no agents in this edition: 404. */
  noAgents: z.boolean().default(false),
  /** The answer to a deployment has no header with its operation. */
  noOperation: z.boolean().default(false),
  /** When nobody reaches the console. */
  away: z.array(span).default([]),
})

export const consoleSchema = z.object({
  /** For whoever reads the file. */
  about: z.array(z.string()).default([]),
  /** Until when everything below was worked out; `null`: the file is new. */
  at: instant.nullable().default(null),
  traps: trapsSchema.prefault({}),
  /** How long a scan takes. */
  scanMinutes: z.number().min(0).default(5),
  vulnerabilities: z.array(vulnerabilitySchema).default([]),
  machines: z.array(machineSchema).max(100_000),
  groups: z.array(z.object({ id: z.int(), name: text, members: z.array(z.int()) })).default([]),
  scanTemplates: z
    .array(z.object({ id: guid, name: text, groups: z.array(z.int()).default([]) }))
    .default([{ id: '4c7069eb-0000-4000-8000-000000000001', name: 'Security Patch Scan', groups: [] }]),
  deployTemplates: z.array(z.object({ id: guid, name: text, when: text.nullable() })).default([]),
  policies: z.array(z.object({ id: text, name: text, tasks: z.array(text).default([]) })).default([]),
  scans: z.array(scanSchema).default([]),
  deployments: z.array(deploymentSchema).default([]),
  /** The account may act on machines. */
  hasSession: z.boolean().default(false),
  /** How many things were made: their ids follow from it. */
  made: z.int().min(0).default(0),
})

export type ConsoleState = z.infer<typeof consoleSchema>
export type SimulatedMachine = z.infer<typeof machineSchema>
export type SimulatedVulnerability = z.infer<typeof vulnerabilitySchema>
export type SimulatedScan = z.infer<typeof scanSchema>
export type SimulatedDeployment = z.infer<typeof deploymentSchema>
export type Target = z.infer<typeof targetSchema>
export type Row = z.infer<typeof rowSchema>
export type Result = z.infer<typeof resultSchema>
