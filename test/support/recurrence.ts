import { parseRecurrence, recurrenceOccurrences } from '../../src/core/recurrence/text.ts'
import { parseLocal, type Zone } from '../../src/core/time/local-time.ts'

/** One case of test/core/recurrence-oracle.py. */
export interface KnownCase {
  readonly rule: string
  readonly zone: string
  /** Local time. */
  readonly begin: string
  readonly starts: readonly string[]
}

/** From when on, and the minutes ahead of UTC from then on, oldest first; the first holds before as well. */
export type KnownZone = readonly (readonly [string, number])[]

/** What test/core/recurrence-oracle.py writes: answers, and the zones by which they are right. */
export interface Known<Case = KnownCase> {
  /** Version of the tz database that the zones come from. */
  readonly zoneData: string
  readonly zones: Readonly<Record<string, KnownZone>>
  readonly cases: readonly Case[]
}

/** No case has more starts. */
export const MOST_STARTS = 6

/** The zones of the answers themselves: what this Node.js knows of zones does not matter. */
export function zonesOf(known: Known<unknown>): ReadonlyMap<string, Zone> {
  return new Map(Object.entries(known.zones).map(([name, changes]) => [name, zoneOf(changes)]))
}

function zoneOf(changes: KnownZone): Zone {
  const moments = changes.map(([from, offset]) => ({ from: Date.parse(from), offset }))
  return { offset: (instant) => (moments.findLast(({ from }) => from <= instant) ?? moments[0])?.offset ?? 0 }
}

/** The first starts of a rule, `2026-03-29T01:30:00Z`. */
export function startsOf(rule: string, zone: Zone | null | undefined, begin: string, count: number): readonly string[] {
  const parsed = parseRecurrence(rule)
  const start = parseLocal(begin)
  if (!parsed.ok || zone == null || start === null) throw new Error(`${rule} cannot be read.`)
  const starts: string[] = []
  const from = Date.UTC(1900, 0)
  for (const instant of recurrenceOccurrences(parsed.recurrence, start, zone, from, Date.UTC(9999, 11, 31))) {
    starts.push(new Date(instant).toISOString().replace('.000Z', 'Z'))
    if (starts.length === count) break
  }
  return starts
}
