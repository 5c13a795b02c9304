import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { namesAt } from '../../../src/integrations/on-call/calendar.ts'
import { createPagerDuty } from '../../../src/integrations/on-call/pagerduty.ts'
import { peopleNamed, placeNames } from '../../../src/integrations/on-call/people-named.ts'

const { signal } = new AbortController()

/** A weekly duty that begins on a Monday at nine in Berlin; the second week was moved, the fourth is left out. */
const duty = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//duty//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:duty@example.net
DTSTART;TZID=Europe/Berlin:20260309T090000
DTEND;TZID=Europe/Berlin:20260310T090000
RRULE:FREQ=WEEKLY;COUNT=6
EXDATE;TZID=Europe/Berlin:20260330T090000
SUMMARY:Jonas Berg
END:VEVENT
BEGIN:VEVENT
UID:duty@example.net
RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000
DTSTART;TZID=Europe/Berlin:20260317T090000
DTEND;TZID=Europe/Berlin:20260318T090000
SUMMARY:somebody else
ATTENDEE;CN=Mara:mailto:mara@example.net
END:VEVENT
BEGIN:VEVENT
UID:off@example.net
STATUS:CANCELLED
DTSTART:20260309T000000Z
DTEND:20260401T000000Z
SUMMARY:Tom
END:VEVENT
BEGIN:VEVENT
UID:allday@example.net
DTSTART;VALUE=DATE:20260501
DTEND;VALUE=DATE:20260502
SUMMARY:tom
END:VEVENT
END:VCALENDAR
`

describe('a calendar (RFC 5545)', () => {
  test.each([
    ['2026-03-09T07:59:59Z', []],
    ['2026-03-09T08:00:00Z', ['Jonas Berg']],
    ['2026-03-10T07:59:59Z', ['Jonas Berg']],
    ['2026-03-10T08:00:00Z', []],
    ['2026-03-16T12:00:00Z', []], // moved to the next day,
    ['2026-03-17T12:00:00Z', ['mara@example.net']], // with somebody else
    ['2026-03-23T08:30:00Z', ['Jonas Berg']],
    ['2026-03-30T12:00:00Z', []], // left out
    ['2026-04-06T07:30:00Z', ['Jonas Berg']], // nine in Berlin is an hour earlier in UTC from here on
    ['2026-04-06T06:59:00Z', []],
    ['2026-04-20T12:00:00Z', []], // the six are over
    ['2026-05-01T12:00:00Z', ['tom']],
  ])('at %s names %j', (at, names) => {
    expect(namesAt(duty, new Date(at), 'duty.ics')).toEqual(names)
  })

  test.each(['', '<html></html>', 'BEGIN:VEVENT', duty.slice(0, 200)])('says what is wrong with %j', (text) => {
    try {
      expect(namesAt(text, new Date(), 'duty.ics')).toEqual([])
    } catch (error) {
      expect(String(error)).toContain('duty.ics is not an iCalendar file')
    }
  })
})

describe('a shift', () => {
  const shift = (...lines: readonly string[]) =>
    ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example//EN', ...lines, 'END:VCALENDAR'].join('\r\n')
  const at = (text: string, instant: string, timeZone?: string) =>
    namesAt(text, new Date(instant), 'duty.ics', timeZone)

  test.each([
    [
      'who declined',
      ['ATTENDEE;PARTSTAT=DECLINED:mailto:mara@example.net', 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:tom@example.net'],
      ['tom@example.net'],
    ],
    [
      'who handed it on',
      ['ATTENDEE;PARTSTAT=DELEGATED:mailto:mara@example.net', 'ATTENDEE:mailto:tom@example.net'],
      ['tom@example.net'],
    ],
    [
      'who is only informed',
      ['ATTENDEE;ROLE=NON-PARTICIPANT:mailto:mara@example.net', 'ATTENDEE:mailto:tom@example.net'],
      ['tom@example.net'],
    ],
    [
      'that is a room',
      ['ATTENDEE;CUTYPE=ROOM:mailto:room@example.net', 'ATTENDEE:mailto:tom@example.net'],
      ['tom@example.net'],
    ],
    ['when all declined, whatever the title says', ['ATTENDEE;PARTSTAT=DECLINED:mailto:tom@example.net'], []],
    [
      'when all are only informed: the title counts',
      ['ATTENDEE;ROLE=NON-PARTICIPANT:mailto:boss@example.net'],
      ['Tom Okafor'],
    ],
    ['who has a name and no address', ['ATTENDEE;CN=Tom Okafor:invalid:nomail'], ['Tom Okafor']],
  ])('names nobody %s', (_what, attendees, names) => {
    const text = shift(
      'BEGIN:VEVENT',
      'UID:a',
      'SUMMARY:Tom Okafor',
      'DTSTART:20261201T080000Z',
      'DURATION:P1D',
      ...attendees,
      'END:VEVENT',
    )
    expect(at(text, '2026-12-01T12:00:00Z')).toEqual(names)
  })

  const day = ['BEGIN:VEVENT', 'UID:a', 'SUMMARY:tom', 'DTSTART;VALUE=DATE:20261201', 'END:VEVENT']
  const morning = ['BEGIN:VEVENT', 'UID:a', 'SUMMARY:tom', 'DTSTART:20261201T080000', 'DURATION:PT1H', 'END:VEVENT']
  test.each<[string, readonly string[], string, string]>([
    ['a day of the teams', day, '2026-12-01T08:00:00Z', '2026-12-02T08:00:00Z'],
    ['a time of the teams', morning, '2026-12-01T16:00:00Z', '2026-12-01T17:00:00Z'],
    [
      'a day of the place that the calendar names',
      ['X-WR-TIMEZONE:Asia/Tokyo', ...day],
      '2026-11-30T15:00:00Z',
      '2026-12-01T15:00:00Z',
    ],
    [
      'a time of the place that the calendar names',
      ['X-WR-TIMEZONE:Asia/Tokyo', ...morning],
      '2026-11-30T23:00:00Z',
      '2026-12-01T00:00:00Z',
    ],
    [
      'a day of the teams where the calendar names no place',
      ['X-WR-TIMEZONE:UTC', ...day],
      '2026-12-01T08:00:00Z',
      '2026-12-02T08:00:00Z',
    ],
  ])('is %s', (_what, lines, from, to) => {
    const zone = 'America/Los_Angeles'
    const secondBefore = (instant: string) => new Date(Date.parse(instant) - 1_000).toISOString()
    const named = [secondBefore(from), from, secondBefore(to), to].map((instant) => at(shift(...lines), instant, zone))
    expect(named).toEqual([[], ['tom'], ['tom'], []])
  })
})

describe('PagerDuty', () => {
  let server: Server
  let asked: { url: string; authorization: string }[]
  let answer: { status: number; body: string }
  let apiUrl: string

  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const address = server.address()
    apiUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  })
  afterEach(() => void server.close())

  const source = () =>
    createPagerDuty({ schedule: 'PABC123', token: 't0k3n', apiUrl, clock: () => new Date('2026-11-20T02:00:00Z') })

  test('is asked who is on call at this moment', async () => {
    const users = [{ id: 'P1', name: 'Jonas Berg', email: 'jonas@example.net' }]
    answer = { status: 200, body: JSON.stringify({ users }) }
    expect(await source().names(signal)).toEqual(['jonas@example.net'])
    const url = new URL(asked[0]?.url ?? '', apiUrl)
    expect(url.pathname).toBe('/schedules/PABC123/users')
    expect(url.searchParams.get('since')).toBe('2026-11-20T02:00:00.000Z')
    expect(asked[0]?.authorization).toBe('Token token=t0k3n')
  })

  test.each([
    [401, '{}', 'does not take PAGERDUTY_TOKEN'],
    [404, '{}', 'has no schedule PABC123'],
    [503, 'busy', 'answers 503'],
    [200, '<html>', 'is not a list of users'],
  ])('that answers %i %s is told as a sentence', async (status, body, says) => {
    answer = { status, body }
    await expect(source().names(signal)).rejects.toThrow(says)
  })
})

test('people are meant by address, id or whole name; by none, or by two, nobody is', () => {
  const people = [
    { id: 'tom', name: 'Tom Okafor', email: 'tom@example.net' },
    { id: 'mara', name: 'Mara Keller', email: null },
    { id: 'mara2', name: 'Mara Keller', email: null },
  ]
  expect(peopleNamed(['TOM@example.net', 'Tom Okafor', 'tom', ' mara '], people)).toEqual(['tom', 'mara'])
  expect(peopleNamed(['Mara Keller', 'Tom O', 'nobody', ''], people)).toEqual([])
})

describe('people are meant as people write them', () => {
  const people = [
    { id: 'tom', name: 'Tom Okafor', email: 'tom@example.net' },
    { id: 'mara', name: 'Mara Keller', email: 'mara@example.net' },
    { id: 'ana', name: 'Ana Müller', email: null },
  ]
  test.each([
    ['Keller, Mara', ['mara']],
    ['On Call - Mara Keller', ['mara']],
    ['On-call: mara', ['mara']],
    ['On call: Okafor, Tom', ['tom']],
    ['Mara Keller (primary)', ['mara']],
    ['On call (Mara Keller)', ['mara']],
    ['Tom Okafor (for Mara Keller)', ['tom']],
    ['Tom Okafor (was: Mara Keller)', ['tom']],
    ['Mara / Tom', ['mara', 'tom']],
    ['mara, tom', ['mara', 'tom']],
    ['Mara\u00A0Keller', ['mara']],
    ['Ana Mu\u0308ller', ['ana']],
    ['Mara Keller and Tom Okafor', ['mara', 'tom']],
    ['Keller, Mara und Okafor, Tom', ['mara', 'tom']],
    ['\u{1F4DF} Mara Keller', ['mara']],
    ['Tom Okafor instead of mara@example.net', []],
    ['Mara Keller out', []],
    ['Tomorrow', []],
  ])('%s: %j', (name, ids) => {
    expect(peopleNamed([name], people)).toEqual(ids)
  })

  test('and a name that stands for nobody is said with its reason', () => {
    const two = [...people, { id: 'mara2', name: 'Mara Keller', email: null }]
    const { people: found, vain } = placeNames(['Mara Keller', 'Jonas', 'tom'], two)
    expect(found).toEqual(['tom'])
    expect(vain).toEqual([
      expect.stringMatching(/^"Mara Keller" is the name of mara and mara2.*e-mail address/),
      expect.stringContaining('"Jonas" is nobody'),
    ])
  })
})
