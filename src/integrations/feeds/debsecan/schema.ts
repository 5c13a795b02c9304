/** The text in a debsecan feed. It is not JSON, so these patterns are the schema. */

import { z } from 'zod'

export const versionLine = 'VERSION 1'

/**
 * For example `curl,937,S ?F,8.5.0-1,7.88.1-10+deb12u5 7.88.1-10+deb12u6`: package, index of the CVE, flags (kind,
 * urgency, remote, fix available), version fixed in unstable, fixed versions of all releases.
 */
export const rowLine = /^([a-z0-9][a-z0-9+.-]*),(\d{1,7}),([SB ])([LMH ])([R? ])([F ]),([^,\s]*),([^,]*)$/

export const stateSchema = z.object({ fixes: z.number() })
export type State = z.infer<typeof stateSchema>
