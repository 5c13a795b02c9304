import { z } from 'zod'
import { cveId } from '../cve-id.ts'

/** The whole catalog. Each entry is parsed separately. */
export const catalogSchema = z.object({
  /** `2026.08.07` */
  catalogVersion: z.string().regex(/^\d{4}\.\d{2}\.\d{2}/, { error: 'is not a date such as 2026.08.07' }),
  count: z.number().int().nonnegative(),
  vulnerabilities: z.array(z.unknown()),
})

export const entrySchema = z.object({
  cveID: cveId,
  vulnerabilityName: z.string().max(1_000).default(''),
  dateAdded: z.iso.date(),
  dueDate: z.iso.date(),
  knownRansomwareCampaignUse: z.string().default('Unknown'),
})
