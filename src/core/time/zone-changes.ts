/**
 * Time zones whose rules changed recently, for a runtime with older time zone data. Each row was found by comparing the
 * offsets of every zone and alias in Node.js releases with versions 2024a to 2026e of the tz database.
 */

interface ZoneChange {
  /** The version of the tz database with the new rules: the first one that came with a Node.js release. */
  readonly since: string
  /** The zone and all its aliases. */
  readonly zones: readonly string[]
  /** The time from which older data is wrong. */
  readonly from: string
  /** Minutes ahead of UTC from then on. */
  readonly offset: number
}

/** The tz version of the newest row. Later changes are not listed here. */
export const NEWEST_ZONE_DATA = '2026e'

export const zoneChanges: readonly ZoneChange[] = [
  { since: '2025a', zones: ['America/Asuncion'], from: '2025-03-23T03:00:00Z', offset: -180 },
  { since: '2026a', zones: ['Europe/Chisinau', 'Europe/Tiraspol'], from: '2026-03-29T00:00:00Z', offset: 120 },
  { since: '2026b', zones: ['America/Vancouver', 'Canada/Pacific'], from: '2026-11-01T09:00:00Z', offset: -420 },
  { since: '2026c', zones: ['Africa/Casablanca', 'Africa/El_Aaiun'], from: '2026-09-20T01:00:00Z', offset: 0 },
  {
    since: '2026c',
    zones: ['America/Edmonton', 'America/Yellowknife', 'Canada/Mountain'],
    from: '2026-11-01T08:00:00Z',
    offset: -360,
  },
  { since: '2026e', zones: ['America/Inuvik'], from: '2026-11-01T08:00:00Z', offset: -360 },
  {
    since: '2026e',
    zones: ['America/Rainy_River', 'America/Winnipeg', 'Canada/Central'],
    from: '2026-11-01T07:00:00Z',
    offset: -300,
  },
]

/** What a runtime knows about time zones. */
export interface ZoneData {
  /** The version of the tz database, e.g. `2025c`; empty: not known. */
  readonly version: string
  /** Minutes ahead of UTC at an instant in milliseconds; `null`: the zone is not known. */
  offset(zone: string, instant: number): number | null
}

/** A clause about newer rules of a zone that the data lacks, to follow the zone's name; `null`: none are known. */
export function missedZoneChange(zone: string, data: ZoneData): string | null {
  const name = zone.toLowerCase()
  for (const { since, zones, from, offset } of zoneChanges) {
    if (data.version >= since || !zones.some((each) => each.toLowerCase() === name)) continue
    const here = data.offset(zone, Date.parse(from))
    if (here === null || here === offset) continue
    const when = `${from.slice(0, 10)} ${from.slice(11, 16)} UTC`
    return `whose rules changed in time zone data ${since}: at ${when} its clocks are at ${utc(offset)}, and by the data ${data.version || 'of this runtime'} that is used here at ${utc(here)}`
  }
  return null
}

/** A sentence to follow that one. */
export const mendZoneData = `Run Patchwarden with a newer Node.js (process.versions.tz is the version of its data, and ${NEWEST_ZONE_DATA} is right there): with this one, windows and times in that zone are wrong from then on.`

/** E.g. `UTC-7`, `UTC+5:30`. */
function utc(offset: number): string {
  const minutes = Math.abs(offset)
  const rest = minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`
  return `UTC${offset < 0 ? '-' : '+'}${Math.floor(minutes / 60)}${rest}`
}
