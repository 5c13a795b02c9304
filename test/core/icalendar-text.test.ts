import fc from 'fast-check'
import ICAL from 'ical.js'
import { expect, test } from 'vitest'
import { type CalendarEvent, calendarText } from '../../src/core/icalendar-text.ts'

const event: CalendarEvent = {
  uid: 'PW-7-start@pw.example',
  sequence: 3,
  saidAt: '2026-11-28T09:00:00.000Z',
  start: '2026-12-01T01:00:00.000Z',
  end: '2026-12-01T04:00:00.000Z',
  summary: 'Rollout starts: PW-7, web',
  description: '',
  url: 'https://pw.example/p/PW-7',
}

function read(text: string) {
  const calendar = new ICAL.Component(ICAL.parse(text))
  return calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one))
}

test('what is written is read back by ical.js', () => {
  const [found] = read(calendarText('Patchwarden: web', 'Windows', [event]))
  expect(found?.uid).toBe(event.uid)
  expect(found?.sequence).toBe(3)
  expect(found?.summary).toBe(event.summary)
  expect(found?.startDate.toJSDate().toISOString()).toBe(event.start)
  expect(found?.endDate.toJSDate().toISOString()).toBe(event.end)
  expect(found?.startDate.zone.tzid).toBe('UTC')
})

test('any text comes back as it was, in lines of at most 75 octets that end as RFC 5545 says', () => {
  const said = fc.string({ unit: 'grapheme', maxLength: 300 }).map((text) => text.replace(/\p{Cc}/gu, ' '))
  fc.assert(
    fc.property(said, fc.array(said, { maxLength: 4 }), (summary, lines) => {
      const description = lines.join('\n')
      const text = calendarText('Web', 'About', [{ ...event, summary, description }])
      for (const line of text.split('\r\n')) {
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
        expect(line).not.toMatch(/[\r\n]/)
      }
      const [found] = read(text)
      expect(found?.summary).toBe(summary)
      expect(found?.description ?? '').toBe(description)
    }),
  )
})
