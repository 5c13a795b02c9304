import type { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addConsoleMessage } from '../../src/store/outbox.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { createBackend } from '../../src/web/backend.ts'
import { createConsole } from '../../src/web/console.ts'
import { cardHtml } from '../../src/web/pages/card.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'
import { pictures } from '../support/pictures.ts'
import { beginSession } from '../support/session.ts'

const database = useDatabase()
const nasty = '"><script>alert(1)</script>'

let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
let id: string

beforeEach(async () => {
  const { db } = database()
  service = await exampleService(db)
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  const people = [{ id: 'mara', name: 'Mara', timeZone: 'Asia/Tokyo' }]
  const port = createBackend({
    db,
    parts: service.parts,
    workflow: service.workflow,
    people: { all: people, timeZone: 'UTC', operators: () => ['mara'], example: true },
    channels: [{ id: 'web-platform', title: 'Web', teams: ['web-platform'] }],
    sources: [],
    subscribe: () => () => {},
  })
  app = createConsole({
    port,
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: () => {} },
    allowedHosts: ['localhost'],
  })
  await beginSession(db, 'mara', new Date())
  id = (await openProposals(db)).find((state) => state.team === 'web-platform')?.id ?? ''
})
afterEach(() => service.remove())

function get(path: string, cookie = 'patchwarden=mara') {
  return app.request(`http://localhost${path}`, { headers: { cookie, host: 'localhost' } })
}

test('a picture of a thread is shown in the reader’s zone, to those who are signed in, and to no other', async () => {
  const { outcome } = pictures.outcome
  const spoiled = { kind: 'outcome' as const, outcome: { rings: [...outcome.rings, { name: nasty, ends: {} }] } }
  for (const [index, picture] of [pictures.plan, spoiled].entries())
    await addConsoleMessage(database().db, {
      id: 9_001 + index,
      channel: 'web-platform',
      proposal: id,
      at: new Date().toISOString(),
      entry: { author: null, tone: 'neutral', text: [], detail: [], picture },
    })
  const page = await (await get(`/p/${id}`)).text()
  const [, source = ''] = /<img src="([^"]*9001[^"]*)" alt="[^"]*Asia\/Tokyo/.exec(page) ?? []
  expect(page).not.toContain('<script>alert')
  const shown = await get(source.replaceAll('&amp;', '&'))
  expect(shown.headers.get('content-type')).toBe('image/svg+xml')
  expect(shown.headers.get('content-security-policy')).toMatch(/default-src 'none'.*img-src 'self'/)
  expect(shown.headers.get('content-security-policy')).not.toContain('unsafe')
  const light = await shown.text()
  expect(light).toContain('Times in Asia/Tokyo.')
  expect(await (await get(`/p/${id}/pictures/9001?theme=dark`)).text()).not.toBe(light)
  expect(await (await get(`/p/${id}/pictures/9002`)).text()).not.toContain('<script>')
  expect((await get(`/p/${id}/pictures/9001`, '')).status).toBe(401)
  expect((await get(`/p/${id}/pictures/9003`)).status).toBe(404)
  expect((await get(`/p/PW-999/pictures/9001`)).status).toBe(404)
})

test('the plan page has the plan as a picture and as a table', async () => {
  const page = await (await get(`/p/${id}/plan`)).text()
  expect(page).toContain(`<img src="/p/${id}/pictures/plan?theme=light`)
  expect(page).toContain('If it were approved now, all would be done by about')
  expect(await (await get(`/p/${id}/pictures/plan`)).text()).toContain('being patched')
})

test('a ring is a bar with its counts in words', async () => {
  const viewer = {
    person: 'mara',
    name: 'Mara',
    roles: [],
    timeZone: 'UTC',
    session: '',
    sessionEnds: '',
    switchTo: [],
    isOperator: false,
    through: { kind: 'example' } as const,
  }
  const card = await service.workflow.desk.card(id, null)
  if (card === null) throw new Error('The example has no card.')
  const rings = [{ name: 'canary', total: 8, good: 3, bad: 1, running: 2, status: 'running' as const }]
  const view = {
    card: { ...card, rings },
    status: 'rolling out' as const,
    priority: 'immediate' as const,
    dueAt: null,
    votes: null,
    owners: [],
    askable: [],
    now: '2026-11-20T00:00:00.000Z',
  }
  const drawn = String(await cardHtml(view, viewer))
  expect(drawn).toContain('<span>3 of 8 done, 1 ended badly, 2 running</span>')
  expect(drawn).toMatch(
    /role="progressbar" aria-labelledby="(\S+)" aria-valuemin="0" aria-valuemax="8" aria-valuenow="4"/,
  )
  // Each lies on the one before it: 6, 4 and 3 of 8.
  expect([...drawn.matchAll(/class="(\w+)" width="([\d.]+)"/g)].map(([, kind, width]) => `${kind} ${width}`)).toEqual([
    'running 75.0',
    'bad 50.0',
    'good 37.5',
  ])
})
