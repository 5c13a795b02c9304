/** The occurrences of a recurrence rule as instants. */

import { DAY_SECONDS, HOUR_MS } from '../time/instant.ts'
import { instantOf, localOf, type Zone } from '../time/local-time.ts'
import { expand } from './expand.ts'
import type { Rrule } from './rule.ts'

/** A local time is at most this far from the instant with the same digits in UTC. */
const FURTHEST_MS = 16 * HOUR_MS

/** How many instants that were already given may stay in the list before it is shortened. */
const MOST_KEPT = 10_000

/**
 * Instants in milliseconds from `from` until before `to`, in order. If a clock change maps two local times to one
 * instant, it is given once. `start`: local seconds, see `expand`.
 */
export function* occurrences(rule: Rrule, start: number, zone: Zone, from: number, to: number): Generator<number> {
  const locals = expand(rule, start, localOf(from, zone) - 2 * DAY_SECONDS, localOf(to, zone) + 2 * DAY_SECONDS)
  // A local time in a gap can be a later instant than the local time after it. So instants wait until no earlier one
  // can follow.
  const waiting: number[] = []
  let taken = 0
  let last = Number.NEGATIVE_INFINITY
  function* ripe(before: number): Generator<number> {
    for (; taken < waiting.length; taken++) {
      const instant = waiting[taken] ?? 0
      if (instant >= before) break
      if (instant === last || instant < from || instant >= to) continue
      last = instant
      yield instant
    }
    if (taken < MOST_KEPT) return
    waiting.splice(0, taken)
    taken = 0
  }
  for (const local of locals) {
    if (rule.until !== null && local > rule.until.local + 2 * DAY_SECONDS) break
    yield* ripe(local * 1_000 - FURTHEST_MS)
    const instant = instantOf(local, zone)
    if (isBeyond(rule, local, instant)) continue
    let place = waiting.length
    while (place > taken && (waiting[place - 1] ?? 0) > instant) place--
    waiting.splice(place, 0, instant)
  }
  yield* ripe(Number.POSITIVE_INFINITY)
}

function isBeyond({ until }: Rrule, local: number, instant: number): boolean {
  if (until === null) return false
  return until.utc ? instant > until.local * 1_000 : local > until.local
}

/** Merges several iterators of instants, in order, each instant once. */
export function* together(all: readonly Iterator<number>[]): Generator<number> {
  const heads = all.map((each) => ({ each, next: each.next() }))
  let last = Number.NEGATIVE_INFINITY
  while (true) {
    let first: (typeof heads)[number] | null = null
    for (const head of heads) {
      if (head.next.done) continue
      if (first === null || head.next.value < (first.next.value ?? 0)) first = head
    }
    if (first === null) return
    const instant = first.next.value
    first.next = first.each.next()
    if (instant > last) yield instant
    last = Math.max(last, instant)
  }
}
