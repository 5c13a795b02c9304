import { zoneNamed } from '../core/time/local-time.ts'
import type { ZoneData } from '../core/time/zone-changes.ts'

/** The time zone data of this process. It comes with Node.js. */
export const zoneData: ZoneData = {
  version: process.versions.tz ?? '',
  offset: (zone, instant) => zoneNamed(zone)?.offset(instant) ?? null,
}
