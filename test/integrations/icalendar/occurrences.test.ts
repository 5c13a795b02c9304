import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { unfold } from '../../../src/integrations/icalendar/lines.ts'
import { eventsIn } from '../../../src/integrations/icalendar/occurrences.ts'

function calendar(...lines: readonly string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example//changes//EN', ...lines, 'END:VCALENDAR', ''].join(
    '\r\n',
  )
}

function event(...lines: readonly string[]): readonly string[] {
  return ['BEGIN:VEVENT', 'UID:one@example.net', 'SUMMARY:Freeze', ...lines, 'END:VEVENT']
}

function times(text: string, from = '2026-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z'): readonly string[] {
  const stretch = { location: 'changes.ics', timeZone: 'America/New_York', from: Date.parse(from), to: Date.parse(to) }
  const short = (instant: number) => new Date(instant).toISOString().slice(0, 16)
  const { occurrences, unclear } = eventsIn(text, stretch)
  for (const { problem } of unclear) throw new Error(`changes.ics: ${problem}`)
  return occurrences.map(({ start, end }) => `${short(start)}/${short(end)}`)
}

const berlinLike = [
  'BEGIN:VTIMEZONE',
  'TZID:W. Europe Standard Time',
  'BEGIN:STANDARD',
  'DTSTART:16010101T030000',
  'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'BEGIN:DAYLIGHT',
  'DTSTART:16010101T020000',
  'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'END:DAYLIGHT',
  'END:VTIMEZONE',
]

describe('when the events of a calendar are', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'in UTC',
      calendar(...event('DTSTART:20260301T220000Z', 'DTEND:20260302T040000Z')),
      ['2026-03-01T22:00/2026-03-02T04:00'],
    ],
    [
      'in a zone without a VTIMEZONE, which is no floating time',
      calendar(...event('DTSTART;TZID=Europe/Berlin:20260701T090000', 'DURATION:PT2H')),
      ['2026-07-01T07:00/2026-07-01T09:00'],
    ],
    [
      'in a zone that only the calendar describes, on both sides of a clock change',
      calendar(
        ...berlinLike,
        ...event('DTSTART;TZID=W. Europe Standard Time:20261024T090000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=2'),
      ),
      ['2026-10-24T07:00/2026-10-24T08:00', '2026-10-25T08:00/2026-10-25T09:00'],
    ],
    [
      'floating, in the zone that the caller gives',
      calendar(...event('DTSTART:20260110T090000', 'DURATION:PT1H')),
      ['2026-01-10T14:00/2026-01-10T15:00'],
    ],
    [
      'whole days, which have no zone of their own; the end is exclusive',
      calendar('X-WR-TIMEZONE:UTC', ...event('DTSTART;VALUE=DATE:20261219', 'DTEND;VALUE=DATE:20270103')),
      ['2026-12-19T05:00/2027-01-03T05:00'],
    ],
    [
      'floating in a calendar that names its zone',
      calendar('X-WR-TIMEZONE:Asia/Tokyo', ...event('DTSTART:20260110T090000', 'DURATION:PT1H')),
      ['2026-01-10T00:00/2026-01-10T01:00'],
    ],
    [
      'in a zone of Windows that nothing describes, as Outlook writes it',
      calendar(
        ...event(
          'DTSTART;TZID=W. Europe Standard Time:20261219T180000',
          'DTEND;TZID=W. Europe Standard Time:20261221T060000',
        ),
      ),
      ['2026-12-19T17:00/2026-12-21T05:00'],
    ],
    [
      'in a zone behind the path of the program that wrote it',
      calendar(
        ...event('DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261219T180000', 'DURATION:PT1H'),
      ),
      ['2026-12-19T17:00/2026-12-19T18:00'],
    ],
    [
      // python3-icalendar reads it so, though RFC 5545 wants VALUE=DATE.
      'a date that is not said to be one',
      calendar(...event('DTSTART:20261219', 'DTEND:20261221')),
      ['2026-12-19T05:00/2026-12-21T05:00'],
    ],
    [
      // RFC 5234, 2.3: the "Z" of RFC 5545 stands for the small letter, too.
      'in small letters',
      calendar(...event('dtstart:20261219t180000z', 'duration:pt2h')),
      ['2026-12-19T18:00/2026-12-19T20:00'],
    ],
    [
      'in a zone with a colon in its name, as Exchange writes UTC',
      calendar(...event('DTSTART;TZID=tzone://Microsoft/Utc:20261219T180000', 'DURATION:PT2H')),
      ['2026-12-19T18:00/2026-12-19T20:00'],
    ],
    [
      // Custom ids of java.util.TimeZone: "GMT+01:00" is ahead of UTC, where Etc/GMT+1 is behind.
      'in a zone that is an offset, as programs in Java write it',
      calendar(
        ...event('DTSTART;TZID="GMT+01:00":20261219T180000', 'DURATION:PT2H'),
        ...event('DTSTART;TZID=GMT-0330:20261219T180000', 'DURATION:PT2H'),
      ),
      ['2026-12-19T17:00/2026-12-19T19:00', '2026-12-19T21:30/2026-12-19T23:30'],
    ],
    [
      'of two calendars in one file',
      calendar(...event('DTSTART:20260601T200000Z', 'DURATION:PT1H')) +
        calendar(...event('DTSTART:20260602T200000Z', 'DURATION:PT1H')),
      ['2026-06-01T20:00/2026-06-01T21:00', '2026-06-02T20:00/2026-06-02T21:00'],
    ],
    [
      'on a further date with a length of its own',
      calendar(
        ...event(
          'DTSTART;TZID=Europe/Berlin:20261201T180000',
          'DTEND;TZID=Europe/Berlin:20261201T200000',
          'RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20261205T180000/PT12H,20261207T180000/20261208T060000',
        ),
      ),
      ['2026-12-01T17:00/2026-12-01T19:00', '2026-12-05T17:00/2026-12-06T05:00', '2026-12-07T17:00/2026-12-08T05:00'],
    ],
    [
      'beside a line that is none, and an alarm',
      calendar(
        ...event(
          'DTSTART:20260601T200000Z',
          'DURATION:PT1H',
          'DESCRIPTION:a text',
          'that was broken',
          '',
          'BEGIN:VALARM',
          'TRIGGER:-PT5M',
          'DURATION:PT9H',
          'END:VALARM',
        ),
      ),
      ['2026-06-01T20:00/2026-06-01T21:00'],
    ],
    [
      // RFC 5545, 3.3.6: a day of a duration is one of the calendar; 3.8.5.3: an end is an exact duration.
      'days long on the clock that a DURATION counts by, and hours where it counts hours',
      calendar(
        ...event('DTSTART;TZID=Europe/Berlin:20261024T180000', 'DURATION:P1DT1H'),
        ...event('DTSTART;TZID=Europe/Berlin:20261024T180000', 'DURATION:PT24H'),
      ),
      ['2026-10-24T16:00/2026-10-25T18:00', '2026-10-24T16:00/2026-10-25T16:00'],
    ],
    [
      'a whole day without an end, 23 hours long where clocks go forward',
      calendar(...event('DTSTART;VALUE=DATE:20260308')),
      ['2026-03-08T05:00/2026-03-09T04:00'],
    ],
    [
      'every year since long ago',
      calendar(...event('DTSTART;VALUE=DATE:19991224', 'DURATION:P3D', 'RRULE:FREQ=YEARLY')),
      ['2026-12-24T05:00/2026-12-27T05:00'],
    ],
    [
      'repeated, one left out, one moved, one cancelled',
      calendar(
        ...event(
          'DTSTART;TZID=Europe/Berlin:20260601T200000',
          'DTEND;TZID=Europe/Berlin:20260601T220000',
          'RRULE:FREQ=WEEKLY;COUNT=4',
          'EXDATE;TZID=Europe/Berlin:20260608T200000',
        ),
        ...event(
          'RECURRENCE-ID;TZID=Europe/Berlin:20260615T200000',
          'DTSTART;TZID=Europe/Berlin:20260616T100000',
          'DTEND;TZID=Europe/Berlin:20260616T110000',
        ),
        ...event(
          'RECURRENCE-ID;TZID=Europe/Berlin:20260622T200000',
          'DTSTART;TZID=Europe/Berlin:20260622T200000',
          'STATUS:CANCELLED',
        ),
      ),
      ['2026-06-01T18:00/2026-06-01T20:00', '2026-06-16T08:00/2026-06-16T09:00'],
    ],
    [
      'moved from one on',
      calendar(
        ...event('DTSTART:20260601T200000Z', 'DTEND:20260601T220000Z', 'RRULE:FREQ=WEEKLY;COUNT=3'),
        ...event(
          'RECURRENCE-ID;RANGE=THISANDFUTURE:20260608T200000Z',
          'DTSTART:20260609T200000Z',
          'DTEND:20260609T210000Z',
        ),
      ),
      ['2026-06-01T20:00/2026-06-01T22:00', '2026-06-09T20:00/2026-06-09T21:00', '2026-06-16T20:00/2026-06-16T21:00'],
    ],
    [
      'on further dates',
      calendar(...event('DTSTART:20260601T200000Z', 'DURATION:PT1H', 'RDATE:20260603T200000Z,20260605T200000Z')),
      ['2026-06-01T20:00/2026-06-01T21:00', '2026-06-03T20:00/2026-06-03T21:00', '2026-06-05T20:00/2026-06-05T21:00'],
    ],
    ['cancelled as a whole', calendar(...event('DTSTART:20260601T200000Z', 'DURATION:PT1H', 'STATUS:CANCELLED')), []],
    [
      'under way when the stretch begins, and over before it',
      calendar(
        ...event('DTSTART:20251231T200000Z', 'DURATION:PT5H'),
        ...event('UID:two@example.net', 'DTSTART:20251231T200000Z', 'DURATION:PT3H'),
      ),
      ['2025-12-31T20:00/2026-01-01T01:00'],
    ],
    [
      'a rule that never occurs: only its DTSTART',
      calendar(...event('DTSTART:20260601T200000Z', 'DURATION:PT1H', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31')),
      ['2026-06-01T20:00/2026-06-01T21:00'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(times(text)).toEqual(expected)
  })

  it.each([
    ['<html></html>', 'changes.ics is not an iCalendar file'],
    ['', 'changes.ics is not an iCalendar file'],
    [calendar(...event('DTSTART;TZID=Mars/Olympus:20260601T200000')), '"Mars/Olympus" is not an IANA zone'],
    [calendar(...event('DURATION:PT1H')), 'it has no DTSTART'],
    [
      calendar(...event('DTSTART:20260602T200000Z', 'DTEND:20260601T200000Z')),
      'it ends at 2026-06-01 20:00 UTC, before it begins at 2026-06-02 20:00 UTC',
    ],
    [calendar(...event('DTSTART:20260602T200000Z', 'DURATION:-PT1H')), 'so that it would end before it begins'],
    [calendar(...event('DTSTART:20260602T200000Z')).replace('END:VCALENDAR', ''), 'cut off'],
    [calendar(...event('DTSTART:20260601T200000Z', 'RRULE:FREQ=WEEKLY;BYDAY=1MO')), 'numbers a weekday'],
    [calendar(...event('DTSTART:20260101T000000Z', 'DURATION:PT1M', 'RRULE:FREQ=MINUTELY')), 'are too many'],
  ])('%j cannot be told, and says why', (text, says) => {
    expect(() => times(text)).toThrow(says)
  })
})

test('a damaged calendar is a sentence or another calendar, never anything else', () => {
  const whole = calendar(
    ...berlinLike,
    ...event('DTSTART:20260601T200000Z', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=3'),
  )
  const edits = fc.tuple(fc.nat(whole.length), fc.nat(40), fc.string({ maxLength: 12 }))
  fc.assert(
    fc.property(edits, ([at, length, put]) => {
      try {
        expect(Array.isArray(times(whole.slice(0, at) + put + whole.slice(at + length)))).toBe(true)
      } catch (error) {
        expect(String(error)).toContain('changes.ics')
      }
    }),
    { numRuns: 150 },
  )
})

describe('an event that cannot be placed', () => {
  const stretch = {
    location: 'changes.ics',
    timeZone: 'UTC',
    from: Date.parse('2026-06-01'),
    to: Date.parse('2027-06-01'),
  }
  const unknown = (uid: string, day: string, ...more: readonly string[]) => [
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'SUMMARY:Lunch',
    `DTSTART;TZID=Customized Time Zone:${day}T120000`,
    ...more,
    'END:VEVENT',
  ]

  it('is named and hides no other', () => {
    const text = calendar(...unknown('a', '20261210'), ...event('DTSTART:20261201T200000Z', 'DURATION:PT1H'))
    const { occurrences, unclear } = eventsIn(text, stretch)
    expect(occurrences.map(({ summary }) => summary)).toEqual(['Freeze'])
    expect(unclear).toEqual([{ titles: ['Lunch'], problem: expect.stringContaining('"Customized Time Zone"') }])
  })

  it('is not named any more when it is over in every time zone', () => {
    const text = calendar(
      ...unknown('a', '20200101'),
      ...unknown('b', '20200101', 'RRULE:FREQ=WEEKLY;UNTIL=20210101T000000Z'),
      ...unknown('c', '20200101', 'RRULE:FREQ=WEEKLY'),
      ...unknown('d', '20260531'),
    )
    expect(eventsIn(text, stretch).unclear).toHaveLength(2)
  })
})

test('a title is the same however its bytes are folded', () => {
  const title = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
    .map((text) => text.replace(/[\p{C}\s\\;,]+/gu, ' ').trim())
  const folds = fc.array(fc.tuple(fc.nat(400), fc.constantFrom('\r\n ', '\n ', '\r\n\t')), { maxLength: 6 })
  fc.assert(
    fc.property(title, folds, (summary, at) => {
      let bytes = Buffer.from(
        calendar(...event('DTSTART:20260601T200000Z', 'DURATION:PT1H')).replace(
          'SUMMARY:Freeze',
          () => `SUMMARY:${summary}`,
        ),
      )
      const [from, to] = [bytes.indexOf('SUMMARY:') + 8, bytes.indexOf('SUMMARY:') + 8 + Buffer.byteLength(summary)]
      const cuts = at.map(([place, fold]) => [from + (place % (to - from + 1)), fold] as const)
      for (const [cut, fold] of cuts.toSorted((a, b) => b[0] - a[0])) {
        bytes = Buffer.concat([bytes.subarray(0, cut), Buffer.from(fold), bytes.subarray(cut)])
      }
      const { occurrences } = eventsIn(unfold(bytes).toString('utf8'), {
        location: 'changes.ics',
        timeZone: 'UTC',
        from: 0,
        to: Date.parse('2030-01-01'),
      })
      expect(occurrences.map((one) => one.summary.trim())).toEqual([summary])
    }),
  )
})
