import { parseRecurrence } from '../core/recurrence/text.ts'
import { mendZoneData, missedZoneChange, type ZoneData } from '../core/time/zone-changes.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import type { Settings } from './schema.ts'

type Path = readonly (string | number)[]

/** Warns of each zone whose rules are newer than the runtime's data, once, at the first place that names it. */
export function checkZones(settings: Settings, notes: Notes, data: ZoneData): void {
  const places = new Map<string, Path[]>()
  // Systems are left out, because their settings are also among the sources.
  for (const [zone, path] of zonesIn({ ...settings, systems: {} }, [])) {
    const before = places.get(zone)
    if (before) before.push(path)
    else places.set(zone, [path])
  }
  for (const [zone, [first = [], ...others]] of places) {
    const missed = missedZoneChange(zone, data)
    if (missed === null) continue
    const also =
      others.length === 0 ? '' : ` (as in ${others.length} other ${others.length === 1 ? 'place' : 'places'})`
    notes.warning(first, `is ${quote(zone)}${also}, ${missed}`, mendZoneData)
  }
}

/** Every zone that the settings name, under the key `timeZone` or in a recurrence rule. */
function* zonesIn(value: unknown, path: Path): Generator<readonly [string, Path]> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key]
    if (typeof inner !== 'string') yield* zonesIn(inner, place)
    else if (key === 'timeZone') yield [inner, place]
    else if (key === 'rrule') for (const zone of zonesOfRule(inner)) yield [zone, place]
  }
}

function zonesOfRule(rrule: string): ReadonlySet<string> {
  const parsed = parseRecurrence(rrule)
  if (!parsed.ok) return new Set()
  const { start, added, excluded } = parsed.recurrence
  return new Set([start, ...added, ...excluded].flatMap((time) => time?.zone ?? []))
}
