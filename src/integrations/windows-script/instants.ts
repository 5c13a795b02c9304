/**
 * Instants as scripts for Windows read and write them, 20261125T020000Z: some versions of PowerShell turn ISO 8601 text into dates of
 * their own.
 */

import { z } from 'zod'

const wireInstant = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

/** An instant as a script writes it, read as ISO 8601 UTC. */
export const instantOnWire = z.string().transform((text, context) => {
  const iso = text.replace(wireInstant, '$1-$2-$3T$4:$5:$6.000Z')
  const at = wireInstant.test(text) ? Date.parse(iso) : Number.NaN
  // Date.parse takes 31 February as a day of March.
  if (Number.isFinite(at) && new Date(at).toISOString() === iso) return iso
  context.addIssue({ code: 'custom', message: `"${text}" is not an instant such as 20261125T020000Z` })
  return z.NEVER
})

/** An instant (ISO 8601) as a script reads it. */
export function wireInstantOf(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
