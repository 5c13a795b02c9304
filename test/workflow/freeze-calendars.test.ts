import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openWindow } from '../../src/core/window.ts'
import { createFreezeCalendar } from '../../src/integrations/freeze-calendar/index.ts'
import { createFreezeCalendars } from '../../src/workflow/freeze-calendars.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { always } from '../support/windows.ts'

const { signal } = new AbortController()
const changes = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//changes//EN
BEGIN:VEVENT
UID:a@example.net
SUMMARY:Year end CHANGE FREEZE
DTSTART;VALUE=DATE:20261219
DTEND;VALUE=DATE:20270103
END:VEVENT
BEGIN:VEVENT
UID:b@example.net
SUMMARY:Office party
DTSTART:20261120T000000Z
DTEND:20261121T000000Z
END:VEVENT
END:VCALENDAR
`

describe('freezes of calendars', () => {
  let database: TestDatabase
  let folder: string
  let file: string
  let now: string
  let said: string[]
  beforeAll(async () => {
    database = await createTestDatabase()
    folder = await mkdtemp(path.join(tmpdir(), 'patchwarden-calendar-'))
  })
  afterAll(async () => {
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(({ task }) => {
    file = path.join(folder, `${task.id}.ics`)
    now = '2026-11-20T02:00:00.000Z'
    said = []
  })

  const open = async (match: string | null = 'change freeze') => {
    const log = { info: (line: string) => void said.push(line), warn: (line: string) => void said.push(line) }
    const calendars = [createFreezeCalendar({ location: file, match, teams: ['web'], timeZone: 'Europe/Berlin' })]
    const created = createFreezeCalendars({ db: database.db, clock: () => new Date(now), log, calendars })
    await created.load()
    return created
  }
  const isOpen = (freezes: Parameters<typeof openWindow>[1], team: string, at: string) =>
    openWindow(always, freezes, team, at) !== null

  it('are their events with the text in their title, for their teams', async () => {
    await writeFile(file, changes)
    const calendars = await open()
    await calendars.refresh(signal)
    expect(calendars.freezes()).toEqual([
      {
        name: 'Year end CHANGE FREEZE',
        from: '2026-12-18T23:00:00.000Z',
        to: '2027-01-02T23:00:00.000Z',
        teams: ['web'],
      },
    ])
    expect(calendars.freezes()).toBe(calendars.freezes())
    expect(isOpen(calendars.freezes(), 'web', '2026-12-25T12:00:00Z')).toBe(false)
    expect(isOpen(calendars.freezes(), 'db', '2026-12-25T12:00:00Z')).toBe(true)
  })

  it('of a calendar that was never read hold from now on, and say why', async () => {
    const calendars = await open()
    expect(isOpen(calendars.freezes(), 'web', now)).toBe(false)
    expect(isOpen(calendars.freezes(), 'db', now)).toBe(true)
    await calendars.refresh(signal)
    await calendars.refresh(signal)
    expect(calendars.freezes()[0]?.name).toMatch(/^the calendar .*\.ics has never been read: .*\.ics/)
    expect(calendars.freezes()[0]?.name).not.toContain(folder)
    expect(isOpen(calendars.freezes(), 'web', '2027-11-20T02:00:00Z')).toBe(false)
    expect(said).toHaveLength(1)
    for (const { check } of calendars.checks)
      expect(await check(signal)).toMatchObject({ ok: false, what: expect.stringContaining('its teams are frozen') })
  })

  it('stay as they were last read, also after a restart, when the calendar breaks or goes away', async () => {
    await writeFile(file, changes)
    const first = await open(null)
    await first.refresh(signal)
    const before = first.freezes()
    expect(before).toHaveLength(2)
    await writeFile(file, '<html>Sign in</html>')
    await first.refresh(signal)
    expect(first.freezes()).toEqual(before)
    await rm(file)
    const second = await open(null)
    await second.refresh(signal)
    expect(second.freezes()).toEqual(before)
    for (const { check } of second.checks)
      expect(await check(signal)).toMatchObject({
        ok: false,
        what: expect.stringContaining(`What it said at ${now} holds.`),
      })
    await writeFile(file, changes)
    await second.refresh(signal)
    expect(said.at(-1)).toContain('can be read again')
    for (const { check } of second.checks)
      expect(await check(signal)).toMatchObject({ ok: true, what: '2 freezes in the coming 400 days' })
  })

  it('come with time: an event beyond the horizon is one once it is near', async () => {
    await writeFile(file, changes)
    now = '2025-01-01T00:00:00.000Z'
    const calendars = await open()
    await calendars.refresh(signal)
    expect(calendars.freezes()).toEqual([])
    now = '2026-11-20T00:00:00.000Z'
    expect(calendars.freezes()).toHaveLength(1)
  })
})

it('an address may hold a secret: only its host is shown', async () => {
  const location = 'http://127.0.0.1:9/private-s3cret/basic.ics'
  const calendar = createFreezeCalendar({ location, match: null, teams: null, timeZone: 'UTC' })
  const said = await calendar.read(signal).catch((error: unknown) => String(error))
  expect(said).toContain('the calendar at 127.0.0.1:9')
  expect(said).not.toContain('s3cret')
  expect(() => calendar.freezes('', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')).toThrow(
    'the calendar at 127.0.0.1:9',
  )
})
