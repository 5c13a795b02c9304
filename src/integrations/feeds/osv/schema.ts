/**
 * The parts of the OSV format that are used, https://ossf.github.io/osv-schema/. Accepts known deviations of
 * publishers.
 */

import { z } from 'zod'

const text = z.string().max(10_000)

const version = z.string().max(1_000).regex(/^\S+$/, 'is no version: it has a blank, or nothing, in it')

export const rangeSchema = z.object({
  type: z.string().max(50),
  events: z.array(
    z.object({
      introduced: version.optional(),
      fixed: version.optional(),
      last_affected: version.optional(),
      limit: version.optional(),
    }),
  ),
})

export const affectedSchema = z.object({
  package: z.object({ ecosystem: z.string().max(200), name: z.string().min(1).max(300) }).optional(),
  ranges: z.array(z.unknown()).max(10_000).default([]),
  versions: z.array(text).max(100_000).nullish(),
  ecosystem_specific: z.unknown().optional(),
})

export const recordSchema = z.object({
  id: z.string().min(1).max(200),
  modified: z.string().max(50).optional(),
  published: z.string().max(50).optional(),
  withdrawn: z.string().max(50).optional(),
  summary: text.optional(),
  aliases: z.array(text).nullish(),
  upstream: z.array(text).nullish(),
  related: z.array(text).nullish(),
  affected: z.array(z.unknown()).max(100_000).nullish(),
  database_specific: z.unknown().optional(),
})

export const severitySchema = z.object({ severity: z.string().max(50) })

/** SUSE's form (name to version) and Ubuntu's form (a list of names and versions). */
export const binariesSchema = z.object({
  binaries: z.array(
    z.union([z.object({ binary_name: z.string(), binary_version: z.string() }), z.record(z.string(), z.string())]),
  ),
})

export const availabilitySchema = z.object({ availability: z.string().max(200) })
