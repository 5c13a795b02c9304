/** The differences between two values of plain JSON, as a list of facts: the path, the old value and the new value. */

import { canonicalJson } from '../canonical-json.ts'
import type { Fact } from './entry.ts'

/**
 * The difference at one path. Only `at`: the values differ, but the record must not or cannot briefly say how. `new`,
 * `gone`: the value exists on one side only. `moved`: a list has the same values in another order.
 */
export interface Difference {
  /** E.g. `policies.standard.approvals.owner`. Items of lists have their index from 0. */
  readonly at: string
  readonly new?: true
  readonly gone?: true
  readonly moved?: true
  /** For single values. Numbers that are not integers are written as text. */
  readonly from?: Single
  readonly to?: Single
  /** For lists of single values. */
  readonly added?: readonly Single[]
  readonly removed?: readonly Single[]
}

type Single = string | number | boolean | null

/** The path of a longer text is named, but not the text. */
const LONGEST = 200

/**
 * Every difference, in the order of paths. Empty exactly if both values have the same JSON. `isWords`: whether a member
 * with this name contains text of people, which is never repeated.
 */
export function differences(
  before: unknown,
  after: unknown,
  isWords: (name: string) => boolean = () => false,
): readonly Difference[] {
  const found: Difference[] = []
  compare({ path: [], before: plain(before), after: plain(after) })
  return found

  function compare({ path, before, after }: Compared): void {
    if (same(before, after)) return
    const at = path.join('.')
    const isList = Array.isArray(before) || Array.isArray(after)
    if (isGroup(before) && isGroup(after)) {
      for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort())
        compare({ path: [...path, key], before: own(before, key), after: own(after, key) })
    } else if (singles(before) && singles(after) && isList && !hidden(path))
      found.push({ at, ...onOneSide(before, after), ...listChange(before ?? [], after ?? []) })
    else if (Array.isArray(before) && Array.isArray(after))
      for (let index = 0; index < Math.max(before.length, after.length); index++)
        compare({ path: [...path, String(index)], before: before[index], after: after[index] })
    else if (isSingle(before) && isSingle(after) && !hidden(path))
      found.push({ at, from: asFact(before), to: asFact(after) })
    else if (before === undefined && isSingle(after) && !hidden(path)) found.push({ at, new: true, to: asFact(after) })
    else if (isSingle(before) && after === undefined && !hidden(path))
      found.push({ at, gone: true, from: asFact(before) })
    else found.push({ at, ...onOneSide(before, after) })
  }

  function hidden(path: readonly string[]): boolean {
    return path.some(isWords)
  }
}

interface Compared {
  readonly path: readonly string[]
  readonly before: unknown
  readonly after: unknown
}

/** The value after writing and reading JSON: without members that are undefined. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(canonicalJson(value))
}

function same(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return canonicalJson(a) === canonicalJson(b)
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(group: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(group, key) ? group[key] : undefined
}

function isSingle(value: unknown): value is Single {
  if (typeof value === 'string') return value.length <= LONGEST
  return value === null || typeof value === 'number' || typeof value === 'boolean'
}

/** Whether the value is a list of single values, or undefined. */
function singles(value: unknown): value is readonly Single[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isSingle))
}

function asFact(value: Single): Single {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? String(value) : value
}

/** `new` if there was no value, or null where now there is an object or a list. `gone` in the opposite case. */
function onOneSide(before: unknown, after: unknown): Pick<Difference, 'new' | 'gone'> {
  if (before === undefined || (before === null && typeof after === 'object')) return { new: true }
  if (after === undefined || (after === null && typeof before === 'object')) return { gone: true }
  return {}
}

function listChange(
  before: readonly Single[],
  after: readonly Single[],
): Pick<Difference, 'added' | 'removed' | 'moved'> {
  const [added, removed] = [without(after, before), without(before, after)]
  return {
    ...(added.length === 0 ? {} : { added: added.map(asFact) }),
    ...(removed.length === 0 ? {} : { removed: removed.map(asFact) }),
    ...(added.length + removed.length > 0 || before.length === 0 ? {} : { moved: true as const }),
  }
}

/** The values of `list` without those of `other`. A value that is in `other` n times is removed n times. */
function without(list: readonly Single[], other: readonly Single[]): readonly Single[] {
  const left = new Map<Single, number>()
  for (const value of other) left.set(value, (left.get(value) ?? 0) + 1)
  return list.filter((value) => {
    const count = left.get(value) ?? 0
    if (count > 0) left.set(value, count - 1)
    return count === 0
  })
}

/** The most differences that an entry names, and the most characters for them. An entry has at most 64 KB. */
const NAMED = 200
const CHARACTERS = 40_000

/** The differences as an entry names them: the first ones, and the number of the others. */
export function named(all: readonly Difference[]): { readonly changed: Fact; readonly more?: number } {
  const changed: Difference[] = []
  let characters = 0
  for (const one of all.slice(0, NAMED)) {
    // Of a difference that is too long, only the path is named.
    const short = canonicalJson(one).length > CHARACTERS / 4 ? { at: one.at } : one
    characters += canonicalJson(short).length
    if (characters > CHARACTERS) break
    changed.push(short)
  }
  const more = all.length - changed.length
  return { changed: changed as unknown as Fact, ...(more === 0 ? {} : { more }) }
}
