import type { z } from 'zod'
import { wordsOfIssue } from '../schema-words.ts'

/**
 * Returns the first problem of a record in a few words: `"dateAdded" is not in the form of a date`, `"dateAdded" is missing`.
 * `keys`: the keys that the whole value must have, named when it is not an object.
 */
export function schemaProblem(error: z.ZodError, keys: readonly string[] = []): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'it makes no sense'
  const where = issue.path.map(String).join('.')
  if (where === '' && keys.length > 0)
    return `it must be an object whose keys are ${keys.map((key) => `"${key}"`).join(', ')}`
  return `${where === '' ? 'it' : JSON.stringify(where)} ${wordsOfIssue(issue)}`
}
