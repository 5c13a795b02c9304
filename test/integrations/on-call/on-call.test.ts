import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { namesAt } from '../../../src/integrations/on-call/calendar.ts'
import { createPagerDuty } from '../../../src/integrations/on-call/pagerduty.ts'
import { peopleNamed } from '../../../src/integrations/on-call/people-named.ts'

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
