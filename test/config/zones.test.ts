import { describe, expect, it } from 'vitest'
import { checkZones } from '../../src/config/check-zones.ts'
import { showPath } from '../../src/config/problem.ts'
import type { ZoneData } from '../../src/core/time/zone-changes.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { small, smallWith } from './small.ts'

/** Data that is wrong about every zone. */
const old: ZoneData = { version: '2025c', offset: () => -720 }

function warned(text: string, data: ZoneData = old): readonly string[] {
  const parsed = parseSettings(text, 'patchwarden.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.map(({ path, what }) => `${path} ${what}`).join('; '))
  const found: string[] = []
  checkZones(
    parsed.settings,
    { problem: () => {}, warning: (path, what) => void found.push(`${showPath(path)} ${what}`) },
    data,
  )
  return found
}

const zone = 'timeZone: Canada/Pacific'
const nights = '{ days: [tue], start: "02:00", duration: 3 hours'
const ruled = (rrule: string) => smallWith(`${nights} }`, `{ rrule: "${rrule}", duration: 3 hours }`)

describe('a zone whose rules changed in newer time zone data is warned of', () => {
  it.each([
    ['timeZone', `${zone}\n${small}`],
    ['people.mara.timeZone', smallWith('{ name: Mara Keller }', `{ name: Mara Keller, ${zone} }`)],
    ['teams.web.timeZone', smallWith('    name: Web\n', `    name: Web\n    ${zone}\n`)],
    ['sources.lab.timeZone', smallWith('    kind: ssh\n', `    kind: ssh\n    ${zone}\n`)],
    ['sources.lab.hosts[1].timeZone', smallWith('[web01, web02]', `[web01, { name: web02, ${zone} }]`)],
    ['windows.nights.rules[0].timeZone', smallWith(nights, `${nights}, ${zone}`)],
    ['windows.nights.rules[0].rrule', ruled('DTSTART;TZID=Canada/Pacific:20270101T020000\\nRRULE:FREQ=DAILY')],
    [
      'windows.nights.rules[0].rrule',
      ruled('DTSTART:20270101T020000\\nRRULE:FREQ=DAILY\\nEXDATE;TZID=Canada/Pacific:20270102T020000'),
    ],
  ])('at %s', (path, text) => {
    const place = `${path} is "Canada/Pacific", whose rules changed in time zone data 2026b`
    expect(warned(text)).toEqual([expect.stringContaining(place)])
    expect(warned(text, { ...old, version: '2026b' })).toEqual([])
  })

  it('once for each zone, however many name it', () => {
    const people = ['mara', 'tom', 'aisha'].reduce(
      (text, name) => text.replace(`  ${name}: { name:`, `  ${name}: { ${zone}, name:`),
      `timeZone: Africa/El_Aaiun\n${small}`,
    )
    expect(warned(people)).toEqual([
      expect.stringContaining('timeZone is "Africa/El_Aaiun", whose'),
      expect.stringContaining('people.mara.timeZone is "Canada/Pacific" (as in 2 other places), whose'),
    ])
  })

  it('and no other is', () => {
    expect(warned(`timeZone: Europe/Berlin\n${small}`)).toEqual([])
  })
})

it('reading a configuration warns where this Node.js is older than the rules, with the place in the file', () => {
  const parsed = parseSettings(`timeZone: America/Winnipeg\n${small}`, 'patchwarden.yaml')
  const old = (process.versions.tz ?? '') < '2026e'
  expect(parsed.ok && parsed.warnings.filter(({ what }) => what.includes('2026e'))).toEqual(
    old ? [expect.objectContaining({ path: 'timeZone', line: 1, column: 11 })] : [],
  )
})
