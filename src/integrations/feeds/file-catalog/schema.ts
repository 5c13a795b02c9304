import { z } from 'zod'
import { type Fix, patchTypes } from '../../../core/catalog.ts'
import { canonicalPlatform } from '../../../core/platform/canonical.ts'
import { DAY_MS } from '../../../core/time/instant.ts'
import { cveId } from '../cve-id.ts'

const text = z.string().trim().min(1).max(500)
const platform = text.transform((written) => canonicalPlatform(written) ?? written)

/** An ISO date, or days from today: `today`, `today-3`, `today+2`. These are for examples and drills. */
export function dateSchema(today: string) {
  return z.string().transform((value, context) => {
    if (z.iso.date().safeParse(value).success) return value
    const [whole, sign, days] = /^today(?:([+-])(\d{1,4}))?$/.exec(value) ?? []
    if (whole === undefined) {
      context.addIssue({ code: 'custom', message: 'is not a date such as 2026-08-07 or today-3' })
      return z.NEVER
    }
    const offset = Number(days ?? 0) * (sign === '-' ? -1 : 1)
    return new Date(Date.parse(today) + offset * DAY_MS).toISOString().slice(0, 10)
  })
}

/** `source` is a source package. `package` is a binary package, for platforms whose fixes name binary packages. */
export const fixSchema = z
  .object({
    platform,
    source: text.optional(),
    package: text.optional(),
    cve: cveId,
    fixedVersion: text.nullable(),
  })
  .transform(({ platform, source, package: binary, cve, fixedVersion }, context): Fix => {
    const name = source ?? binary
    if (name === undefined || (source !== undefined && binary !== undefined))
      context.addIssue({ code: 'custom', message: 'names one of "source" and "package"' })
    return { platform, package: name ?? '', by: source === undefined ? 'binary' : 'source', cves: [cve], fixedVersion }
  })

export function advisorySchema(today: string) {
  return z.object({
    id: text,
    title: text,
    published: dateSchema(today).nullable().default(null),
    cves: z.array(cveId).default([]),
    fixes: z.array(z.object({ platform, source: text, fixedVersion: text })).default([]),
    severity: text.nullable().default(null),
  })
}

/** An update of Windows. */
export function updateSchema(today: string) {
  return z.object({
    platform: text,
    kb: text.regex(/^KB\d+$/, { error: 'is not a number such as KB5035857' }),
    title: text,
    cves: z.array(cveId).default([]),
    supersedes: z.array(text).default([]),
    fixedBuild: text.nullable().default(null),
    type: z.enum(patchTypes).default('security'),
    severity: text.nullable().default(null),
    restart: z.boolean().nullable().default(null),
    published: dateSchema(today).nullable().default(null),
  })
}

export function kevSchema(today: string) {
  return z.object({
    cve: cveId,
    dateAdded: dateSchema(today),
    dueDate: dateSchema(today),
    ransomware: z.boolean().default(false),
    name: z.string().max(500).default(''),
  })
}

export function epssSchema(today: string) {
  return z.object({
    cve: cveId,
    score: z.number().min(0).max(1),
    percentile: z.number().min(0).max(1),
    model: text,
    date: dateSchema(today),
  })
}

/** The whole file. A missing list means that the file says nothing; an empty list means that there are none. */
export const catalogFileSchema = z.object({
  fixes: z.array(z.unknown()).optional(),
  advisories: z.array(z.unknown()).optional(),
  updates: z.array(z.unknown()).optional(),
  kev: z.array(z.unknown()).optional(),
  epss: z.array(z.unknown()).optional(),
})
