import { parseLocal, zoneNamed } from '../../src/core/local-time.ts'
import { parseRecurrence, recurrenceOccurrences } from '../../src/core/recurrence/text.ts'

/** One case of test/core/recurrence-oracle.py. */
export interface KnownCase {
  readonly rule: string
  readonly zone: string
  /** Local time. */
  readonly begin: string
  readonly starts: readonly string[]
}

/** No case has more starts. */
export const MOST_STARTS = 6

/** The first starts of a rule, `2026-03-29T01:30:00Z`. */
export function startsOf(rule: string, zone: string, begin: string, count: number): readonly string[] {
  const parsed = parseRecurrence(rule)
  const place = zoneNamed(zone)
  const start = parseLocal(begin)
  if (!parsed.ok || place === null || start === null) throw new Error(`${rule} cannot be read.`)
  const starts: string[] = []
  const from = Date.UTC(1900, 0)
  for (const instant of recurrenceOccurrences(parsed.recurrence, start, place, from, Date.UTC(9999, 11, 31))) {
    starts.push(new Date(instant).toISOString().replace('.000Z', 'Z'))
    if (starts.length === count) break
  }
  return starts
}
