/** The format of the tracker's lists. They are not JSON, so these patterns are the schema. */

import { z } from 'zod'

/** `[29 Mar 2023] DSA-5380-1 xorg-server - security update` */
export const headLine = /^\[(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\]\s+(D[SL]A-\d{1,6}(?:-\d{1,3})?)\s+(\S.*)$/

/** `{CVE-2023-1393 CVE-2023-1394}` */
export const cvesLine = /^\{([^}]*)\}$/

/** `[bullseye] - xorg-server 2:1.20.11-1+deb11u6` */
export const fixLine = /^\[([a-z]+)\]\s+-\s+(\S+)\s+(\S+)/

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Returns an ISO date; `null` when the day does not exist. */
export function isoDate(day: string, month: string, year: string): string | null {
  const text = `${year}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`
  return z.iso.date().safeParse(text).success ? text : null
}

export const stateSchema = z.object({ advisories: z.number() })
export type State = z.infer<typeof stateSchema>
