import type { z } from 'zod'
import { suggest } from '../core/suggest.ts'
import { valueAt } from './explain-issue.ts'

/**
 * A wrong `kind` hides mistakes in the other keys of its entry. Returns the value with the kinds that were probably
 * meant; `null`: no kind can be guessed.
 */
export function withGuessedKinds(value: object, issues: readonly z.core.$ZodIssue[]): object | null {
  const copy = structuredClone(value)
  let guessed = false
  for (const issue of issues) {
    if (!isWrongKind(issue)) continue
    const written = valueAt(copy, issue.path)
    const kinds = 'options' in issue ? (issue.options ?? []).filter((kind) => typeof kind === 'string') : []
    const guess = typeof written === 'string' ? suggest(written, kinds) : null
    const group = valueAt(copy, issue.path.slice(0, -1))
    const key = issue.path.at(-1)
    if (guess === null || key === undefined || typeof group !== 'object' || group === null) continue
    Object.defineProperty(group, key, { value: guess, enumerable: true, configurable: true, writable: true })
    guessed = true
  }
  return guessed ? copy : null
}

export function isWrongKind(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_union' && issue.errors.length === 0
}
