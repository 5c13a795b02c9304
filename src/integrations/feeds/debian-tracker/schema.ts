import { z } from 'zod'

/** The state of one CVE in one source package of one release. */
export const releaseSchema = z.object({
  status: z.enum(['open', 'resolved', 'undetermined']),
  /** `0`: the release was never affected. */
  fixed_version: z.string().min(1).max(200).optional(),
})

export const issueSchema = z.object({ releases: z.record(z.string(), z.unknown()) })

export const stateSchema = z.object({ fixes: z.number() })
export type State = z.infer<typeof stateSchema>
