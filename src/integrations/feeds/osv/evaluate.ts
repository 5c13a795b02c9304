/** OSV's own algorithm, https://ossf.github.io/osv-schema/#evaluation, as intervals instead of an answer per version. */

import { type Interval, isWithin, joined } from '../../../core/versions/intervals.ts'
import type { VersionScheme } from '../../../core/versions/scheme.ts'

export interface RangeEvent {
  readonly introduced?: string | undefined
  readonly fixed?: string | undefined
  readonly last_affected?: string | undefined
  readonly limit?: string | undefined
}

type Compare = VersionScheme['compare']

/** The versions that one `affected` is about: those of its ranges, and those that are only listed. */
export function affectedVersions(
  ranges: readonly (readonly RangeEvent[])[],
  listed: readonly string[],
  compare: Compare,
): readonly Interval[] {
  const ofRanges = joined(
    ranges.flatMap((events) => intervals(events, compare)),
    compare,
  )
  // Publishers list every version of their ranges. Only others say something new.
  const others = listed.filter((version) => !ofRanges.some((interval) => isWithin(version, interval, compare)))
  if (others.length === 0) return ofRanges
  const single = others.map((version) => ({ introduced: version, fixedVersion: null, lastAffected: version }))
  return joined([...ofRanges, ...single], compare)
}

interface Event {
  readonly kind: 'introduced' | 'fixed' | 'last affected'
  /** `null`: before every other version. */
  readonly version: string | null
}

function intervals(given: readonly RangeEvent[], compare: Compare): readonly Interval[] {
  const found: Interval[] = []
  /** The first affected version of the interval that has begun; `undefined`: none has. */
  let begun: string | null | undefined
  for (const group of grouped(eventsOf(given), compare)) {
    const [{ version } = { version: null }] = group
    // The last affected version itself is affected, so such an event counts only for the versions after this one.
    const at = stateAfter(
      group.filter(({ kind }) => kind !== 'last affected'),
      begun !== undefined,
    )
    const after = stateAfter(group, begun !== undefined)
    if (begun !== undefined && !at) {
      found.push({ introduced: begun, fixedVersion: version, lastAffected: null })
      begun = undefined
    }
    if (begun === undefined && at) begun = version
    if (begun !== undefined && !after) {
      found.push({ introduced: begun, fixedVersion: null, lastAffected: version })
      begun = undefined
    }
  }
  if (begun !== undefined) found.push({ introduced: begun, fixedVersion: null, lastAffected: null })
  return limited(found, given, compare)
}

function stateAfter(events: readonly Event[], before: boolean): boolean {
  const last = events.at(-1)
  return last === undefined ? before : last.kind === 'introduced'
}

function eventsOf(given: readonly RangeEvent[]): readonly Event[] {
  return given.flatMap(({ introduced, fixed, last_affected: last }) => {
    const events: Event[] = []
    if (introduced !== undefined) events.push({ kind: 'introduced', version: introduced === '0' ? null : introduced })
    if (fixed !== undefined) events.push({ kind: 'fixed', version: fixed })
    if (last !== undefined) events.push({ kind: 'last affected', version: last })
    return events
  })
}

/** Events in order of their versions; those of one version together, in the order in which they were given. */
function grouped(events: readonly Event[], compare: Compare): readonly (readonly Event[])[] {
  const order = (a: Event, b: Event) => {
    if (a.version === null || b.version === null) return Number(b.version === null) - Number(a.version === null)
    return compare(a.version, b.version)
  }
  const groups: Event[][] = []
  for (const event of [...events].sort(order)) {
    const group = groups.at(-1)
    const [first] = group ?? []
    if (group !== undefined && first !== undefined && order(first, event) === 0) group.push(event)
    else groups.push([event])
  }
  return groups
}

/** A range counts only below the highest of its limits, which ends an interval like a fix. */
function limited(found: readonly Interval[], given: readonly RangeEvent[], compare: Compare): readonly Interval[] {
  const limits = given.flatMap(({ limit }) => limit ?? [])
  if (limits.length === 0 || limits.includes('*')) return found
  const highest = limits.reduce((high, one) => (compare(one, high) > 0 ? one : high))
  return found.flatMap((interval) => {
    const { introduced, fixedVersion, lastAffected } = interval
    if (introduced !== null && compare(introduced, highest) >= 0) return []
    const end = fixedVersion ?? lastAffected
    if (end !== null && compare(end, highest) < 0) return [interval]
    return [{ introduced, fixedVersion: highest, lastAffected: null }]
  })
}
