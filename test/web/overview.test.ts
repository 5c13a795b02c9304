/** The first page, and the list of proposals: what waits, what was stopped, and how a proposal is found. */

import type { Hono } from 'hono'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createConsole } from '../../src/web/console.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { approveAs, exampleService, jonas, mara, proposeAll, tom, webProposal } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()
let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono

beforeEach(async () => {
  const { db } = database()
  service = await exampleService(db)
  for (const { id } of [mara, tom, jonas]) await beginSession(db, id, new Date(), { example: true })
  app = createConsole({
    port: exampleConsole(db, service, { example: () => true }),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: console.error },
    allowedHosts: ['localhost'],
  })
})
afterEach(() => service.remove())

/** The page as text. */
async function read(person: string, path: string): Promise<string> {
  const answer = await app.request(`http://localhost${path}`, {
    headers: { host: 'localhost', cookie: `patchwarden=${person}` },
  })
  expect(answer.status, path).toBe(200)
  const main = (await answer.text()).replace(/^[\s\S]*<main/, '<main')
  return main.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

it('says what it does while it looks for the first time, and never that nothing waits', async () => {
  const before = await read('mara', '/')
  expect(before).toContain('Looking at your servers for the first time')
  expect(before).toContain('0 of 1')
  expect(before).not.toContain('Nothing waits')
  await proposeAll(service.workflow)
  const after = await read('mara', '/')
  expect(after).not.toContain('for the first time')
  expect(after).toContain('Waits for you 2')
})

it('shows what waits for whom, and what was stopped', async () => {
  const { db } = database()
  await proposeAll(service.workflow)
  expect(await read('jonas', '/')).toContain('Nothing waits for you')
  const { id } = await webProposal(db)
  await approveAs(service.workflow, id, mara)
  expect(await read('mara', '/')).toContain('Waits for you 1')
  expect(await read('tom', '/')).toContain('Waits for you 2')
  await approveAs(service.workflow, id, tom)
  const person = { kind: 'person', id: jonas.id, name: jonas.name, via: 'console' } as const
  await service.workflow.execute(id, { type: 'start' }, { kind: 'system', part: 'rollout' })
  const halted = await service.workflow.execute(id, { type: 'halt', reason: 'the shop is down' }, person)
  expect(halted.ok).toBe(true)
  const page = await read('tom', '/')
  expect(page).toMatch(new RegExp(`Stopped 1 .*Halted.*${id}`))
  expect(page).toContain('the shop is down')
  expect(page).toContain('1 rollout stopped')
  const answer = await app.request('http://localhost/people', {
    headers: { host: 'localhost', cookie: 'patchwarden=tom' },
  })
  expect(await answer.text()).toMatch(/<title>\(1 stopped\) People/)
})

it('finds proposals by state, title, team, package, CVE, server and day', async () => {
  const { db } = database()
  await proposeAll(service.workflow)
  const { id } = await webProposal(db)
  await approveAs(service.workflow, id, mara)
  const found = async (query: string) => {
    const page = await read('tom', `/proposals?${query}`)
    return [...page.matchAll(/\b(PW-\d+) (?=\S)/g)].map(([, one]) => one)
  }
  expect((await found('')).length).toBe(2)
  expect(await found(`text=${id.toLowerCase()}`)).toEqual([id])
  expect(await found('team=web-platform')).toEqual([id])
  expect(await found('host=web-01')).toEqual([id])
  expect(await found('about=nginx')).toEqual([id])
  expect(await found('about=CVE-2026-9000001')).toContain(id)
  expect(await found('about=CVE-1999-0001')).toEqual([])
  expect(await found('state=votes')).toHaveLength(2)
  expect(await found('state=over')).toEqual([])
  const today = new Date().toISOString().slice(0, 10)
  expect(await found(`from=${today}&to=${today}`)).toHaveLength(2)
  expect(await found('to=2001-01-01')).toEqual([])
  const page = await read('tom', '/proposals?host=web-01')
  expect(page).toContain('approved by Mara')
  expect(await read('tom', '/proposals?host=nothing')).toContain('No server is called nothing.')
})

it('shows what a server misses and why it still does, and when it may be touched', async () => {
  const { db } = database()
  await proposeAll(service.workflow)
  const { id } = await webProposal(db)
  const page = await read('tom', '/asset?id=example%2Fweb-01')
  expect(page).toContain('8 known flaws')
  expect(page).toMatch(new RegExp(`CVE-2026-9000001 .*Since .*said by catalog.*asked for in ${id}`))
  expect(page).toMatch(new RegExp(`Proposals that ask for it 1 .*${id} `))
  expect(page).toContain('No rollout has touched it.')
  expect(page).toContain('Open now')
  const wrong = await app.request('http://localhost/asset?id=example%2Fnobody', {
    headers: { host: 'localhost', cookie: 'patchwarden=tom' },
  })
  expect(wrong.status).toBe(404)
})

it('finds places, proposals, servers and people by a few letters', async () => {
  const { db } = database()
  await proposeAll(service.workflow)
  const { id } = await webProposal(db)
  expect(await read('tom', '/find?text=serv')).toContain('Servers')
  expect(await read('tom', `/find?text=${id}`)).toMatch(new RegExp(`${id} openssl.*web-platform, open`))
  expect(await read('tom', '/find?text=WEB-01')).toContain('web-01 web-platform, debian:12')
  expect(await read('tom', '/find?text=jon')).toContain('jonas')
  expect(await read('tom', '/find?text=CVE-2026-9000001')).toContain('what feeds say of this')
})
