import type { z } from 'zod'

/** The first thing wrong with a record, in a few words: `dateAdded: Invalid ISO date`. */
export function schemaProblem(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'it makes no sense'
  const where = issue.path.map(String).join('.')
  return where === '' ? issue.message : `${where}: ${issue.message}`
}
