/** The text inside a debsecan feed. No JSON, so these patterns are its schema. */

import { z } from 'zod'

export const versionLine = 'VERSION 1'

/**
 * `curl,937,S ?F,8.5.0-1,7.88.1-10+deb12u5 7.88.1-10+deb12u6`: package, index of the CVE, flags (kind, urgency, remote,
 * fix available), version fixed in unstable, versions of any release that are known to be fixed.
 */
export const rowLine = /^([a-z0-9][a-z0-9+.-]*),(\d{1,7}),([SB ])([LMH ])([R? ])([F ]),([^,\s]*),([^,]*)$/

export const stateSchema = z.object({ fixes: z.number() })
export type State = z.infer<typeof stateSchema>
