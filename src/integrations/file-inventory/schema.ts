/** The JSON inventory file, which people write by hand or export. The example fleet uses it, too. */

import { IANAZone } from 'luxon'
import { z } from 'zod'

const text = z.string().trim().min(1).max(500)

export const packageSchema = z.object({
  name: text,
  version: text,
  architecture: text.default('all'),
  /** Default: `name`. */
  source: text.optional(),
  /** Default: `version`. */
  sourceVersion: text.optional(),
})

export const pendingSchema = z.object({
  name: text,
  architecture: text.default('all'),
  installed: text.nullable(),
  candidate: text,
  source: text.nullable().default(null),
  /** Version of the source of `candidate`; needed where its numbering differs, as in `Source: samba (2:4.17.12)`. */
  sourceVersion: text.optional(),
  origins: z.array(text).default([]),
  security: z.boolean().default(false),
  held: z.enum(['hold', 'kept back', 'phased']).nullable().default(null),
  /** Simulated assets only: true when this update needs a reboot. */
  needsReboot: z.boolean().default(false),
  /** Simulated assets only: the kernel that runs after that reboot. */
  kernel: text.optional(),
})

/** Faults that a simulated asset can have. */
export const faults = ['install fails', 'unhealthy after', 'unreachable', 'slow'] as const

export const timeZone = text.refine((zone) => IANAZone.isValidZone(zone), {
  error: 'is not an IANA time zone such as "Europe/Berlin"',
})

export const assetSchema = z.object({
  name: text,
  platform: text.optional(),
  team: text.optional(),
  tags: z.array(text).optional(),
  exposure: z.enum(['small', 'controlled', 'open']).nullable().optional(),
  criticality: z.enum(['low', 'medium', 'high', 'very high']).nullable().optional(),
  timeZone: timeZone.optional(),
  /** Default: `name`. */
  address: text.optional(),
  /** System UUID, instance in a cloud (`aws:i-...`), and full domain name: by these it is recognised in other sources. */
  hardwareId: text.optional(),
  cloudId: text.optional(),
  fqdn: text.optional(),
  packages: z.array(packageSchema).max(100_000),
  pending: z.array(pendingSchema).max(100_000).default([]),
  simulated: z.boolean().default(false),
  bootId: text.nullable().default(null),
  runningKernel: text.nullable().default(null),
  rebootRequired: z.boolean().default(false),
  rebootPackages: z.array(text).default([]),
  staleServices: z.array(text).default([]),
  /** When the asset was looked at. Default: when the file was written; for simulated assets, now. */
  observedAt: z.iso.datetime({ offset: true }).optional(),
  listsRefreshedAt: z.iso.datetime({ offset: true }).nullable().default(null),
  /** What its package manager says of its archives: whether a security archive is there, and why a refresh failed. */
  archives: z
    .object({ security: z.boolean().nullable().default(null), problem: text.nullable().default(null) })
    .nullable()
    .default(null),
  /** Simulated assets only. */
  fault: z.enum(faults).nullable().default(null),
  /** Simulated assets only: why the health checks fail; `null`: the asset is healthy. */
  unhealthy: text.nullable().default(null),
  /** Simulated assets only: the kernel that runs after the next boot. */
  nextKernel: text.nullable().default(null),
})

export type AssetRecord = z.infer<typeof assetSchema>

/** The whole file. Each asset is parsed separately, so that one invalid asset does not affect the others. */
export const inventoryFileSchema = z.looseObject({ assets: z.array(z.unknown()) })
