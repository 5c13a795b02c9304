import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFreezeCalendar } from '../../../src/integrations/freeze-calendar/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()
const WHOLE_DAYS = ['DTSTART;VALUE=DATE:20261219', 'DTEND;VALUE=DATE:20270104']

function event(summary: string, ...lines: readonly string[]): readonly string[] {
  return ['BEGIN:VEVENT', `UID:${Buffer.from(summary).toString('hex')}`, `SUMMARY:${summary}`, ...lines, 'END:VEVENT']
}

function calendar(...lines: readonly string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n')
}

/** What a file says in the year from November 2026 on. */
async function saidBy(bytes: Buffer | string, match: string | null, timeZone = 'Europe/Berlin') {
  const location = path.join(temporaryFolder('freeze-calendar'), 'freeze.ics')
  await writeFile(location, bytes)
  const own = createFreezeCalendar({ location, match, teams: null, timeZone })
  const text = await own.read(signal)
  const period = ['2026-11-01T00:00:00Z', '2027-11-01T00:00:00Z'] as const
  const shown = own.freezes(text, ...period).map(({ from, to }) => `${from.slice(0, 16)}/${to.slice(0, 16)}`)
  return { shown, ...own.says(text, ...period) }
}

const forEver = '1970-01-01T00:00/9999-12-31T00:00'
const yearEnd = '2026-12-18T23:00/2027-01-03T23:00'

describe('a freeze is not missed', () => {
  it.each<[string, string, string]>([
    ['composed, where match is decomposed', 'Änderungsstopp'.normalize('NFC'), 'Änderungsstopp'.normalize('NFD')],
    ['decomposed, where match is composed', 'Änderungsstopp'.normalize('NFD'), 'Änderungsstopp'.normalize('NFC')],
    ['with a no-break space', 'change freeze', 'change freeze'],
    ['with two spaces', 'Change  freeze', 'change freeze'],
    ['with a soft hyphen', 'Ände\u00ADrungsstopp', 'änderungsstopp'],
    ['with another dash', 'Change\u2011freeze', 'change-freeze'],
    ['in other letters of case', 'GROẞE SPERRE, STRASSE', 'große sperre'],
  ])('whose title is %s', async (_what, title, match) => {
    const { shown } = await saidBy(calendar(...event(title.replace(',', '\\,'), ...WHOLE_DAYS)), match)
    expect(shown).toEqual([yearEnd])
  })

  it('whose title is folded in the middle of a character', async () => {
    const [before, after] = calendar(...event('Wichtig: Änderungsstopp', ...WHOLE_DAYS)).split('Ä')
    const bytes = [
      Buffer.from(`${before}`),
      Buffer.from([0xc3]),
      Buffer.from('\r\n '),
      Buffer.from([0x84]),
      Buffer.from(`${after}`),
    ]
    expect((await saidBy(Buffer.concat(bytes), 'Änderungsstopp')).shown).toEqual([yearEnd])
  })

  it('because its title cannot be read: it counts, and is named', async () => {
    const bytes = Buffer.from(
      calendar(...event('Änderungsstopp', ...WHOLE_DAYS), ...event('Party', ...WHOLE_DAYS)),
      'latin1',
    )
    const { shown, notes } = await saidBy(bytes, 'Änderungsstopp')
    expect(shown).toEqual([yearEnd])
    expect(notes).toEqual([expect.stringContaining('is not UTF-8 text')])
  })

  it.each([
    ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\uFEFF${text}`)],
    ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ])('in a file of %s', async (_what, bytesOf) => {
    expect(
      (await saidBy(bytesOf(calendar(...event('Änderungsstopp', ...WHOLE_DAYS))), 'Änderungsstopp')).shown,
    ).toEqual([yearEnd])
  })

  it.each([
    ['America/Los_Angeles', '2026-12-25T08:00/2026-12-26T08:00'],
    ['Europe/Berlin', '2026-12-24T23:00/2026-12-25T23:00'],
  ])('by the day of %s, whatever zone a feed names for itself', async (timeZone, expected) => {
    const text = calendar(
      'X-WR-TIMEZONE:UTC',
      ...event('Christmas Day', 'DTSTART;VALUE=DATE:20261225', 'DTEND;VALUE=DATE:20261226', 'TRANSP:TRANSPARENT'),
    )
    expect((await saidBy(text, 'Christmas', timeZone)).shown).toEqual([expected])
  })
})

describe('a freeze that cannot be placed holds, and is named', () => {
  it.each([
    [
      'ends before it begins',
      'DTSTART:20261219T180000Z',
      'DTEND:20261218T180000Z',
      'ends at 2026-12-18 18:00 UTC, before',
    ],
    ['ends when it begins', 'DTSTART:20261219T180000Z', 'DTEND:20261219T180000Z', 'without a length'],
    ['is in no zone', 'DTSTART;TZID=Customized Time Zone:20261219T180000', 'DURATION:PT1H', 'Customized Time Zone'],
    ['has a broken time', 'DTSTART:20261399T180000Z', 'DURATION:PT1H', 'which is not a time'],
  ])('when it %s', async (_what, begin, end, says) => {
    const { shown, unclear } = await saidBy(calendar(...event('Change freeze', begin, end)), 'change freeze')
    expect(shown).toEqual([forEver])
    expect(unclear).toEqual([expect.stringMatching(/"Change freeze"/)])
    expect(unclear[0]).toContain(says)
  })

  it('and one that is no freeze is only named', async () => {
    const lunch = event('Team lunch', 'DTSTART;TZID=Customized Time Zone:20261210T120000', 'DURATION:PT1H')
    const { shown, unclear, notes } = await saidBy(
      calendar(...event('Change freeze', ...WHOLE_DAYS), ...lunch),
      'freeze',
    )
    expect(shown).toEqual([yearEnd])
    expect(unclear).toEqual([])
    expect(notes).toEqual([expect.stringContaining('"Team lunch"')])
  })
})

it('a text that no title holds is said, with the titles', async () => {
  const { notes } = await saidBy(calendar(...event('Christmas party', ...WHOLE_DAYS)), 'change freeze')
  expect(notes).toEqual(['no event in that time has "change freeze" in its title: "Christmas party".'])
  expect((await saidBy(calendar(), 'change freeze')).notes).toEqual([])
})
