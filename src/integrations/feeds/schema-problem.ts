import type { z } from 'zod'

/**
 * Returns the first problem of a record in a few words: `dateAdded: Invalid ISO date`, `"dateAdded" is missing`.
 * `keys`: the keys that the whole value must have, named when it is not an object.
 */
export function schemaProblem(error: z.ZodError, keys: readonly string[] = []): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'it makes no sense'
  const where = issue.path.map(String).join('.')
  if (where === '' && keys.length > 0)
    return `it must be an object whose keys are ${keys.map((key) => `"${key}"`).join(', ')}`
  if (where === '') return issue.message
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return missing ? `"${where}" is missing` : `${where}: ${issue.message}`
}
