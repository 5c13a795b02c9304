import ICAL from 'ical.js'
import { expand } from '../../core/recurrence/expand.ts'
import { parseRrule } from '../../core/recurrence/rule.ts'
import { type Zone, zoneNamed } from '../../core/time/local-time.ts'
import { timesOf } from './times.ts'
import { zoneOfWindows } from './windows-zones.ts'

/**
 * Finds zones by TZID: the IANA zone with that name, or else the calendar's own VTIMEZONE, or else the zone that other
 * programs call so.
 */
export function zonesOf(described: readonly ICAL.Component[], until: number): (tzid: string) => Zone {
  const known = new Map<string, Zone>()
  return (tzid) => {
    const before = known.get(tzid)
    if (before) return before
    const own = described.find((one) => one.getFirstPropertyValue('tzid') === tzid)
    const zone = zoneNamed(tzid) ?? (own ? describedZone(own, tzid, until) : zoneKnownAs(tzid)?.zone)
    if (zone === undefined)
      throw new Error(
        `the time zone ${JSON.stringify(tzid.slice(0, 60))} is not an IANA zone or a zone of Windows, and no VTIMEZONE describes it`,
      )
    known.set(tzid, zone)
    return zone
  }
}

/**
 * The zone with this name: of IANA, of Windows (Outlook), or of IANA behind a path, as some programs write it
 * ("/freeassociation.sourceforge.net/Europe/Berlin"). `null`: there is none.
 */
export function zoneKnownAs(name: string): { readonly name: string; readonly zone: Zone } | null {
  const path = /^(?:\/[^/]+\/(?:[\w]+_\d+\/)?|tzone:\/\/Microsoft\/)(.+)$/i.exec(name)?.[1]
  const ahead = minutesAhead(name)
  if (ahead !== null) return { name, zone: { offset: () => ahead } }
  for (const one of [name, zoneOfWindows(name), path ?? null]) {
    const zone = one === null ? null : zoneNamed(one)
    if (one !== null && zone !== null)
      return { name: /^(Etc\/)?(UTC|UCT|Universal|Zulu|GMT)$/i.test(one) ? 'UTC' : one, zone }
  }
  return null
}

/** Of a name that is an offset, as in Java: `GMT+01:00` is an hour ahead of UTC. `null`: it is another. */
function minutesAhead(name: string): number | null {
  const [, sign, hours, minutes = '0'] = /^(?:UTC|GMT)([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(name) ?? []
  if (hours === undefined || Number(hours) > 14 || Number(minutes) > 59) return null
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

interface Change {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Minutes ahead of UTC after that instant. */
  readonly offset: number
}

/**
 * Makes a zone from a VTIMEZONE (RFC 5545, section 3.6.5): the offset of an observance holds from each of its onsets.
 */
function describedZone(component: ICAL.Component, tzid: string, until: number): Zone {
  const changes: Change[] = []
  let first: { readonly at: number; readonly offset: number } | null = null
  for (const observance of [
    ...component.getAllSubcomponents('standard'),
    ...component.getAllSubcomponents('daylight'),
  ]) {
    const from = offsetOf(observance, 'tzoffsetfrom')
    const offset = offsetOf(observance, 'tzoffsetto')
    const [start] = timesOf(observance, 'dtstart')
    if (from === null || offset === null || start === undefined)
      throw new Error(`the VTIMEZONE ${JSON.stringify(tzid.slice(0, 60))} is not complete`)
    const at = (local: number) => (local - from * 60) * 1_000
    if (first === null || at(start.local) < first.at) first = { at: at(start.local), offset: from }
    changes.push({ at: at(start.local), offset })
    for (const more of timesOf(observance, 'rdate')) changes.push({ at: at(more.local), offset })
    for (const property of observance.getAllProperties('rrule')) {
      const parsed = parseRrule(String(property.getFirstValue()))
      if (!parsed.ok || parsed.rule.frequency !== 'YEARLY')
        throw new Error(`the VTIMEZONE ${JSON.stringify(tzid.slice(0, 60))} has a rule that is not yearly`)
      const { rule } = parsed
      for (const local of expand(rule, start.local, start.local, until / 1_000)) {
        const end = rule.until === null ? Number.POSITIVE_INFINITY : rule.until.local * 1_000
        if ((rule.until?.utc ? at(local) : local * 1_000) > end) break
        changes.push({ at: at(local), offset })
      }
    }
  }
  changes.sort((a, b) => a.at - b.at)
  const before = first?.offset ?? 0
  return { offset: (instant) => changes.findLast(({ at }) => at <= instant)?.offset ?? before }
}

/** Returns minutes; `null`: the property is missing. */
function offsetOf(component: ICAL.Component, name: string): number | null {
  const value = component.getFirstPropertyValue(name)
  return value instanceof ICAL.UtcOffset ? value.toSeconds() / 60 : null
}
