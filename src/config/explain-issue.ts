/** Turns zod's issues into findings that tell people what to do. The schema's error texts say what would be right. */

import type { z } from 'zod'
import { suggest } from '../core/suggest.ts'
import { type Finding, list, show } from './problem.ts'

type Issue = z.core.$ZodIssue

/** Returns the keys that are known in the group at a path. */
export type KnownKeys = (path: readonly PropertyKey[], root: unknown) => readonly string[]

export function explainIssue(issue: Issue, root: unknown, knownKeys: KnownKeys): readonly Finding[] {
  return explain(issue, issue.path, root, knownKeys)
}

function explain(issue: Issue, path: readonly PropertyKey[], root: unknown, knownKeys: KnownKeys): readonly Finding[] {
  const value = valueAt(root, path)
  const mend = ownMessage(issue) ?? branchMessage(issue) ?? 'Compare it with patchwarden.example.yaml.'
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(key, path, knownKeys(path, root)))
  }
  if (issue.code === 'invalid_key') {
    const [first] = issue.issues
    const why = (first && ownMessage(first)) ?? mend
    return [{ path, at: 'key', what: 'is not a name that can be used here', mend: why }]
  }
  if (value === undefined) return [{ path, at: 'value', what: 'is missing', mend }]
  if (value === null) return [{ path, at: 'value', what: 'is empty', mend }]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return explainUnion(issue, path, root, knownKeys)
  }
  return [{ path, at: 'value', ...explainValue(issue, value, mend) }]
}

/** Explains the shape that the value is closest to. */
function explainUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
  root: unknown,
  knownKeys: KnownKeys,
): readonly Finding[] {
  const wrongKind = (branch: readonly Issue[]) =>
    branch.some((found) => found.path.length === 0 && (found.code === 'invalid_type' || found.code === 'invalid_value'))
  const near = issue.errors.filter((branch) => !wrongKind(branch))
  const [closest] = [...near].sort((a, b) => weight(a) - weight(b))
  if (closest !== undefined) {
    return closest.flatMap((found) => explain(found, [...path, ...found.path], root, knownKeys))
  }
  const value = valueAt(root, path)
  const mend = branchMessage(issue) ?? 'Compare it with patchwarden.example.yaml.'
  return [{ path, at: 'value', what: `is ${show(value)}`, mend }]
}

/** How badly a value misses a shape. Each unknown key counts. */
function weight(branch: readonly Issue[]): number {
  let total = 0
  for (const found of branch) total += found.code === 'unrecognized_keys' ? found.keys.length : 1
  return total
}

function explainValue(issue: Issue, value: unknown, mend: string): { readonly what: string; readonly mend: string } {
  switch (issue.code) {
    case 'custom': {
      const { what, thing } = issue.params ?? {}
      if (typeof what === 'string') return { what, mend }
      if (typeof thing === 'string') return { what: `is ${show(value)}, not ${thing}`, mend }
      return { what: `is ${show(value)}`, mend }
    }
    case 'invalid_type':
      return explainType(issue.expected, value, mend)
    case 'invalid_value':
      return { what: `is ${show(value)}`, mend: withGuess(value, issue.values, mend) }
    case 'invalid_union':
      return { what: `is ${show(value)}`, mend: withGuess(value, 'options' in issue ? issue.options : [], mend) }
    case 'too_big':
      if (typeof value === 'string') return { what: `has ${value.length} characters`, mend }
      if (Array.isArray(value)) return { what: `has ${value.length} entries`, mend }
      return { what: `is ${show(value)}`, mend }
    case 'too_small':
      if (Array.isArray(value)) return { what: 'is an empty list', mend }
      return { what: `is ${show(value)}`, mend }
    default:
      return { what: `is ${show(value)}`, mend }
  }
}

function explainType(expected: string, value: unknown, mend: string): { readonly what: string; readonly mend: string } {
  switch (expected) {
    case 'object':
    case 'record':
      return { what: `is ${show(value)}, where a group of keys belongs`, mend: 'Write its keys indented below it.' }
    case 'array':
      return { what: `is ${show(value)}, where a list belongs`, mend }
    case 'string':
      if (typeof value === 'number') return { what: `is the bare number ${value}`, mend }
      return { what: `is ${show(value)}, where text belongs`, mend }
    default:
      return { what: `is ${show(value)}`, mend }
  }
}

function withGuess(value: unknown, options: readonly unknown[] | undefined, mend: string): string {
  if (typeof value !== 'string') return mend
  const guess = suggest(
    value,
    (options ?? []).filter((option) => typeof option === 'string'),
  )
  return guess === null ? mend : `Did you mean "${guess}"? ${mend}`
}

function unknownKey(key: string, path: readonly PropertyKey[], known: readonly string[]): Finding {
  const guess = suggest(key, known)
  const choice = known.length === 0 ? 'Leave it out.' : `Known here: ${list(known)}.`
  const mend = guess === null ? choice : `Did you mean "${guess}"?`
  return { path: [...path, key], at: 'key', what: 'is not a key that is known here', mend }
}

/** The schema's own error text; `null`: the text is zod's. */
function ownMessage(issue: Issue): string | null {
  if (!/^(Invalid |Too |Unrecognized |Expected )/.test(issue.message)) return issue.message
  const group = issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'record')
  return group ? 'Write its keys indented below it.' : null
}

/** The first error text of the schema among the possible shapes; `null`: there is none. */
function branchMessage(issue: Issue): string | null {
  if (issue.code !== 'invalid_union') return null
  for (const found of issue.errors.flat()) {
    const message = ownMessage(found)
    if (message !== null) return message
  }
  return null
}

export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = Object.getOwnPropertyDescriptor(value, segment)?.value
  }
  return value
}
