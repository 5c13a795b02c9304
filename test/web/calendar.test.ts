/** The calendar: windows, planned starts and freezes, on a page and for other programs. */

import type { Hono } from 'hono'
import ICAL from 'ical.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createConsole } from '../../src/web/console.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import {
  approveAs,
  exampleService,
  jonas,
  mara,
  nights,
  proposeAll,
  tom,
  webProposal,
} from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()
const logged: string[] = []
let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
let now: Date

beforeEach(async () => {
  const { db } = database()
  now = new Date()
  service = await exampleService(db, { window: nights, clock: () => now })
  await proposeAll(service.workflow)
  for (const { id } of [mara, tom, jonas]) await beginSession(db, id, new Date(), { example: true })
  logged.length = 0
  app = createConsole({
    port: exampleConsole(db, service, { example: () => true }),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: (message) => logged.push(message) },
    allowedHosts: ['localhost'],
  })
})
afterEach(() => service.remove())

async function ask(person: string | null, path: string, form?: Readonly<Record<string, string>>) {
  const answer = await app.request(`http://localhost${path}`, {
    headers: { host: 'localhost', ...(person === null ? {} : { cookie: `patchwarden=${person}` }) },
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
  })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}
const words = (text: string) =>
  text
    .replace(/^[\s\S]*<main/, '<main')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

const newAddress = async (more: Readonly<Record<string, string>> = {}) => {
  const { text } = await ask('mara', '/calendar/addresses', { team: 'web-platform', ...more })
  return /(\/calendar\/feed\/[\w-]+\.ics)/.exec(text)?.[1] ?? ''
}
const events = (text: string) =>
  new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent').map((one) => new ICAL.Event(one))

it('shows windows, what is due and what is planned; a freeze is made, seen on the card, and lifted', async () => {
  const { db } = database()
  const { id } = await webProposal(db)
  const before = words((await ask('mara', '/calendar')).text)
  expect(before).toContain('02:00–04:00')
  expect(before).toContain('is due by the end of the day, and nothing is planned')
  for (const member of [mara, tom]) await approveAs(service.workflow, id, member)
  expect(words((await ask('mara', '/calendar')).text)).toMatch(new RegExp(`02:00 Planned, ${id} `))
  const until = new Date(now.getTime() + 3 * 86_400_000).toISOString().slice(0, 10)
  const freeze = { team: 'web-platform', until, reason: 'the shop is busy' }
  expect((await ask('tom', '/calendar/freeze', freeze)).text).toContain('takes the role')
  expect((await ask('mara', '/calendar/freeze', { ...freeze, team: 'nobody' })).text).toContain(
    'Nothing is ever rolled out for nobody',
  )
  expect((await ask('mara', '/calendar/freeze', freeze)).text).toContain('Nothing of web-platform starts before')
  const frozen = words((await ask('mara', '/calendar')).text)
  expect(frozen).toContain('“the shop is busy” Holds 1 open proposal.')
  expect(words((await ask('tom', `/p/${id}`)).text)).toContain('the shop is busy')
  expect((await ask('mara', '/calendar/lift', { team: 'web-platform' })).text).toContain('is lifted')
  expect(words((await ask('mara', '/calendar')).text)).toContain('Nothing is frozen.')
})

it('a secret address gives the same to other programs, names no title unless asked for, and can be revoked', async () => {
  const { db } = database()
  const { id } = await webProposal(db)
  for (const member of [mara, tom]) await approveAs(service.workflow, id, member)
  const path = await newAddress()
  // More than 128 bits.
  expect(path.length - '/calendar/feed/.ics'.length).toBeGreaterThan(22)
  const first = await ask(null, path)
  expect(first.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  const start = events(first.text).find(({ uid }) => uid === `${id}-start@localhost`)
  const { schedule } = await webProposal(db)
  expect(start?.startDate.toJSDate().toISOString()).toBe(schedule?.start)
  expect(events(first.text).filter(({ uid }) => uid.startsWith('window-')).length).toBeGreaterThan(20)
  expect(first.text).not.toMatch(/openssl|CVE-|web-0/)
  // The same bytes, as long as nothing changes.
  expect((await ask(null, path)).headers.get('etag')).toBe(first.headers.get('etag'))
  expect((await ask(null, await newAddress({ detailed: '1' }))).text).toContain('openssl')
  const page = (await ask('mara', '/calendar')).text
  expect(page).not.toContain(path)
  const [, hash = ''] = /name="address" value="(\w+)"/.exec(page) ?? []
  await ask('tom', '/calendar/addresses/revoke', { address: hash })
  expect((await ask(null, path)).status).toBe(200)
  await ask('mara', '/calendar/addresses/revoke', { address: hash })
  expect((await ask(null, path)).status).toBe(404)
  expect((await ask(null, '/calendar/feed/guess.ics')).status).toBe(404)
})

it('keeps the secret of an address out of the log', async () => {
  const path = await newAddress()
  await database().drop()
  expect((await ask(null, path)).status).toBe(503)
  expect(logged.join('\n')).toContain('could not answer GET /calendar/feed/.')
  expect(logged.join('\n')).not.toContain(path)
})

it('shows teams that are only watched, which have no policy and cannot be frozen', async () => {
  const { db } = database()
  const { teams } = service.parts
  const policyOf = (team: string) => {
    if (team === 'lab') throw new Error('Team lab has no policy.')
    return teams.policyOf(team)
  }
  await database()
    .sql`update assets set team = 'lab', asset = jsonb_set(asset, '{team}', '"lab"') where name = 'web-01'`
  const parts = { ...service.parts, teams: { ...teams, policyOf } }
  app = createConsole({
    port: exampleConsole(db, { ...service, parts }, { example: () => true, watched: ['lab'] }),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: (message) => logged.push(message) },
    allowedHosts: ['localhost'],
  })
  for (const path of ['/', '/proposals', '/calendar', '/calendar?team=lab', '/asset?id=example%2Fweb-01', '/c/lab'])
    expect((await ask('mara', path)).status, `${path} ${logged.join()}`).toBe(200)
  const { text } = await ask('mara', '/calendar')
  const [, choice = ''] = /action="\/calendar\/freeze">([\s\S]*?)<\/select>/.exec(text) ?? []
  expect(choice).toContain('payments')
  expect(choice).not.toContain('>lab<')
  const until = new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10)
  const freeze = { team: 'lab', until, reason: 'x' }
  expect((await ask('mara', '/calendar/freeze', freeze)).text).toContain('Nothing is ever rolled out for lab')
})
