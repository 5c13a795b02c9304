/** What a simulated WSUS keeps in its state file: its updates, groups, approvals and machines. */

import { z } from 'zod'
import { installationStates } from '../wsus/calls.ts'

const text = z.string().trim().min(1).max(500)
const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
/** ISO 8601, UTC. */
const instant = z.iso.datetime()
const action = z.enum(['Install', 'Uninstall', 'NotApproved'])

const updateSchema = z.object({
  id: guid,
  revision: z.int().default(1),
  title: text,
  /** Digits only. */
  kb: z.string().regex(/^\d{6,8}$/),
  severity: z.enum(['Unspecified', 'Low', 'Moderate', 'Important', 'Critical']).default('Unspecified'),
  classification: text.default('Security Updates'),
  products: z.array(text).default([]),
  kind: z.enum(['Software', 'Driver', 'SoftwareApplication']).default('Software'),
  /** When it reached the server; `null`: `daysAgo` days before the file was first used. */
  arrivedAt: instant.nullable().default(null),
  daysAgo: z.number().min(0).default(0),
  expired: z.boolean().default(false),
  declined: z.boolean().default(false),
  /** Ids of the updates that it supersedes. */
  supersedes: z.array(guid).default([]),
  reboot: z.enum(['NeverReboots', 'AlwaysRequiresReboot', 'CanRequestReboot']).default('NeverReboots'),
  asksUser: z.boolean().default(false),
  /** Whether it can be taken off again. */
  removable: z.boolean().default(true),
  /** A licence that must be accepted before it can be approved; `null`: none. */
  licence: text.nullable().default(null),
  licenceAccepted: z.boolean().default(false),
  /** The server fetches its content for so many simulated hours after it was first approved. */
  contentHours: z.number().min(0).default(0),
  /** It is for machines whose Windows has a name that begins so. */
  for: z.array(text).min(1),
  /** The build of Windows after it and a restart; `null`: it changes no build. */
  build: text.nullable().default(null),
})

const itemSchema = z.object({ update: guid, action, group: guid })

/** What a machine has learned and has not begun. */
const toldSchema = itemSchema.extend({ deadline: instant.nullable(), learnedAt: instant })

const attemptSchema = itemSchema.extend({ at: instant, ok: z.boolean() })

const eventSchema = z.object({
  update: guid,
  at: instant,
  status: text,
  error: z.boolean(),
  code: z.int().nullable(),
  message: z.string(),
})

/** A machine's last report, as the server keeps it. Updates that are not applicable are left out. */
const wordSchema = z.object({
  at: instant,
  version: text,
  states: z.record(guid, z.enum(installationStates)),
  events: z.array(eventSchema),
})

/** Faults that a machine can have. docs/integrations/wsus.md says what each does. */
export const wsusFaults = ['silent', 'silent after learning', 'old words', 'install fails', 'no restart'] as const

const machineSchema = z.object({
  id: text,
  name: text,
  /** Other machines that were copied from this one: they share its row, so that its name alternates. */
  copies: z.array(text).default([]),
  address: text.nullable().default(null),
  os: text,
  version: text,
  architecture: text.default('AMD64'),
  role: z.enum(['Unknown', 'Workstation', 'Server']).default('Server'),
  groups: z.array(guid).default([]),
  /** The hour in UTC at which its own policy installs what is approved without a deadline. */
  installsAt: z
    .string()
    .regex(/^\d{2}:\d{2}$/)
    .default('03:00'),
  installed: z.array(guid).default([]),
  /** Installed, and waiting for a restart. */
  pendingReboot: z.array(guid).default([]),
  nextVersion: text.nullable().default(null),
  fault: z.enum(wsusFaults).nullable().default(null),
  /** With the fault `silent after learning`: for so many simulated hours; `null`: for good. */
  silentHours: z.number().min(0).nullable().default(null),
  quietSince: instant.nullable().default(null),
  /** When it is switched off. */
  off: z.array(z.object({ from: instant, until: instant })).default([]),
  contactedAt: instant.nullable().default(null),
  contacts: z.int().default(0),
  said: wordSchema.nullable().default(null),
  told: z.array(toldSchema).default([]),
  working: z
    .object({ items: z.array(itemSchema), endsAt: instant })
    .nullable()
    .default(null),
  attempts: z.array(attemptSchema).default([]),
  events: z.array(eventSchema).default([]),
})

const groupSchema = z.object({ id: guid, name: text, parent: guid.nullable() })

const approvalSchema = z.object({
  id: guid,
  update: guid,
  group: guid,
  action,
  deadline: instant.nullable().default(null),
  createdAt: instant,
  by: text.default('CORP\\admin'),
  revision: z.int().default(1),
})

export const wsusSchema = z.object({
  /** For whoever reads the file. */
  about: z.array(z.string()).default([]),
  /** Until when everything below was worked out; `null`: the file is new. */
  at: instant.nullable().default(null),
  server: z
    .object({
      name: text.default('WSUS-SIMULATED'),
      role: z.enum(['Unauthorized', 'Reporter', 'Administrator']).default('Administrator'),
      replica: z.boolean().default(false),
      targeting: z.enum(['Client', 'Server']).default('Server'),
      automatic: z.array(z.object({ name: text, enabled: z.boolean(), groups: z.array(text) })).default([]),
      /** When the server cannot be reached, by Patchwarden and by machines. */
      away: z.array(z.object({ from: instant, until: instant })).default([]),
      /** So many of the next calls that change something act, and their answers are lost. */
      loseAnswers: z.int().min(0).default(0),
      /** Longer lists are cut. */
      mostRows: z.int().min(1).default(20_000),
      /** So many hours its clock is ahead. */
      clockAheadHours: z.number().default(0),
    })
    .prefault({}),
  updates: z.array(updateSchema).default([]),
  groups: z.array(groupSchema).default([]),
  approvals: z.array(approvalSchema).default([]),
  machines: z.array(machineSchema).max(100_000),
  /** How many groups and approvals were made: their ids follow from it. */
  made: z.int().min(0).default(0),
  /** When the content of updates was first asked for, by id. */
  fetching: z.record(guid, instant).default({}),
})

export type WsusState = z.infer<typeof wsusSchema>
export type SimulatedUpdate = z.infer<typeof updateSchema>
export type SimulatedMachine = z.infer<typeof machineSchema>
export type Item = z.infer<typeof itemSchema>
export type Told = z.infer<typeof toldSchema>
export type SimulatedApproval = z.infer<typeof approvalSchema>
