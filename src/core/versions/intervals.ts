/** Which versions a flaw is in, as intervals. */

import type { Order } from './order.ts'

/** Ends before `fixedVersion`; without one, with `lastAffected`; without both, never. */
export interface Interval {
  /** The first affected version; `null`: every version from the beginning. */
  readonly introduced: string | null
  readonly fixedVersion: string | null
  readonly lastAffected: string | null
}

type Compare = (a: string, b: string) => Order

export function isWithin(version: string, interval: Interval, compare: Compare): boolean {
  const { introduced } = interval
  return (introduced === null || compare(version, introduced) >= 0) && !isPast(version, interval, compare)
}

/** Whether the interval has ended before this version. */
function isPast(version: string, { fixedVersion, lastAffected }: Interval, compare: Compare): boolean {
  if (fixedVersion !== null) return compare(version, fixedVersion) >= 0
  return lastAffected !== null && compare(version, lastAffected) > 0
}

/** Orders by the end: the one that lasts longer is greater. */
function compareEnds(a: Interval, b: Interval, compare: Compare): number {
  const [endOfA, endOfB] = [a.fixedVersion ?? a.lastAffected, b.fixedVersion ?? b.lastAffected]
  if (endOfA === null || endOfB === null) return Number(endOfA === null) - Number(endOfB === null)
  return compare(endOfA, endOfB) || Number(a.fixedVersion === null) - Number(b.fixedVersion === null)
}

/**
 * Joins intervals that overlap or touch. The result is in order, and no version is in two of them. What else a joined
 * interval says comes from the one that ends last, because only there the flaw is gone; of several that end together,
 * from the first one that `prefer` does not replace.
 */
export function joined<One extends Interval>(
  intervals: readonly One[],
  compare: Compare,
  prefer: (other: One, known: One) => boolean = () => false,
): readonly One[] {
  if (intervals.length < 2) return intervals
  const inOrder = [...intervals].sort((a, b) => {
    if (a.introduced === null || b.introduced === null)
      return Number(b.introduced === null) - Number(a.introduced === null)
    return compare(a.introduced, b.introduced)
  })
  const found: One[] = []
  for (const next of inOrder) {
    const last = found.at(-1)
    if (last === undefined || isApart(last, next, compare)) found.push(next)
    else {
      const order = compareEnds(next, last, compare)
      if (order > 0 || (order === 0 && prefer(next, last)))
        found[found.length - 1] = { ...next, introduced: last.introduced }
    }
  }
  return found
}

/** Whether there is a version between the two that is in none of them. `next` does not begin before `last`. */
function isApart(last: Interval, { introduced }: Interval, compare: Compare): boolean {
  if (introduced === null) return false
  if (last.fixedVersion !== null) return compare(introduced, last.fixedVersion) > 0
  return last.lastAffected !== null && compare(introduced, last.lastAffected) > 0
}

/** Of intervals that begin with the same version, only the one that ends first. */
export function earliestEnds<One extends Interval>(intervals: readonly One[], compare: Compare): readonly One[] {
  const found: One[] = []
  for (const next of intervals) {
    const same = found.findIndex(({ introduced }) =>
      introduced === null || next.introduced === null
        ? introduced === next.introduced
        : compare(introduced, next.introduced) === 0,
    )
    const known = found[same]
    if (known === undefined) found.push(next)
    else if (compareEnds(next, known, compare) < 0) found[same] = next
  }
  return found
}
