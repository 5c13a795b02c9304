/** The pages of the console over thousands of assets and proposals: by key, a page at a time, and without writing anything. */

import { drizzle } from 'drizzle-orm/postgres-js'
import type { Hono } from 'hono'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Db } from '../../src/store/connection.ts'
import { connect } from '../../src/store/database.ts'
import { createBackend } from '../../src/web/backend.ts'
import { createConsole } from '../../src/web/console.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleService, mara, proposeAll, standard, tom } from '../support/example-service.ts'
import { machineFor } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { beginSession } from '../support/session.ts'

const ASSETS = 4_000
const PAST = 3_000
const WIDE = 250

let database: TestDatabase
let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
/** The proposal of many assets; half of them failed. */
let wide: string

beforeAll(async () => {
  database = await createTestDatabase()
  const { db, sql } = database
  service = await exampleService(db)
  const { workflow } = service
  await proposeAll(workflow)
  wide = await opened(WIDE)
  await grow(1)
  await sql.unsafe('analyze')
  for (const { id } of [mara, tom]) await beginSession(db, id, new Date())
  app = consoleOn(db)
})
afterAll(async () => {
  await service.remove()
  await database.drop()
})

async function opened(hosts: number): Promise<string> {
  const { workflow } = service
  const asked = content(hosts)
  if (asked.subject.kind !== 'patches') throw new Error('not patches')
  const gate = { minSuccessPercent: 0, maxFailures: hosts, unreachable: 'ignored' } as const
  const ids = asked.subject.assets.map(({ asset }) => asset.id)
  const rings = [{ name: 'all', assets: ids, batchSize: hosts, soakSeconds: 0, gate }]
  const subject = { ...asked.subject, rings }
  const policy = { ...standard, breakGlass: { roles: ['owner'], reviewWithinSeconds: 3_600 } }
  const done = await workflow.open(
    'payments',
    { ...asked, subject, contentHash: contentHash(subject) },
    policy,
    machineFor({ type: 'open' }),
  )
  if (!done.ok) throw new Error(done.refusal.sentence)
  const { id } = done.state
  const must = async (
    command: Parameters<typeof workflow.execute>[1],
    actor: Parameters<typeof workflow.execute>[2] = machineFor(command),
  ) => {
    const result = await workflow.execute(id, command, actor)
    if (!result.ok) throw new Error(`${command.type}: ${result.refusal.sentence}`)
  }
  await database.sql`with given as materialized (select e from jsonb_array_elements(
      ${JSON.stringify(subject.assets.map(({ asset }) => ({ ...asset, address: asset.name })))}::text::jsonb) e),
    looks as (insert into asset_looks (asset, observed_at, checked_at) select e->>'id', now(), now() from given)
    insert into assets (id, source, team, asset, reboot_required, reboot_packages, stale_services)
    select e->>'id', 'lab', 'payments', e, false, '{}', '{}' from given`
  await must(
    { type: 'break-glass', reason: 'a test' },
    { kind: 'person', id: mara.id, name: mara.name, via: 'console' },
  )
  await must({ type: 'start' })
  for (;;) if (!(await workflow.execute(id, { type: 'start-batch' }, machineFor({ type: 'start-batch' }))).ok) break
  await must({
    type: 'record-outcomes',
    outcomes: ids.map((asset) => ({ asset, outcome: { state: 'failed', reason: 'dpkg failed', log: '' } })),
  })
  const verification = {
    end: 'failed',
    reason: 'dpkg failed',
    packages: [],
    health: [],
    at: new Date().toISOString(),
  } as const
  await must({
    type: 'record-verifications',
    verifications: ids.slice(0, hosts / 2).map((asset) => ({ asset, verification })),
  })
  return id
}

/** So many times as much of everything that grows. */
async function grow(times: number): Promise<void> {
  const { sql } = database
  const from = 10_000
  await sql`with looks as (insert into asset_looks (asset, problem, observed_at, checked_at)
      select 'cmdb/' || n, case when n % 50 = 0 then 'it does not answer' end, now(), now()
      from generate_series(1, ${ASSETS * times}::int) n on conflict do nothing)
    insert into assets (id, source, team, asset, reboot_required, reboot_packages, stale_services)
    select 'cmdb/' || n, 'cmdb', 'team-' || n % 10, jsonb_build_object('id', 'cmdb/' || n, 'name', 'host-' || lpad(n::text, 6, '0'),
      'platform', 'debian:' || 11 + n % 3, 'team', 'team-' || n % 10, 'tags', '[]'::jsonb, 'source', 'cmdb', 'simulated', false),
      n % 40 = 0, '{}', '{}'
    from generate_series(1, ${ASSETS * times}::int) n on conflict do nothing`
  const [kept] = await sql`select id from proposals where team = 'web-platform' limit 1`
  await sql`insert into proposals select r.* from proposals p, generate_series(${from}::int, ${from + PAST * times}::int) n,
    lateral jsonb_populate_record(p, jsonb_build_object('id', 'PW-' || n, 'number', n, 'status', case when n % 100 = 0 and n <= ${from + PAST}::int then 'open' else 'completed' end,
      'title', 'Round ' || n, 'head_hash', md5(n::text), 'state', p.state || jsonb_build_object('id', 'PW-' || n, 'number', n, 'title', 'Round ' || n))) r
    where p.id = ${kept?.id} on conflict do nothing`
  await sql`insert into proposal_briefs select 'PW-' || n, brief from proposal_briefs, generate_series(${from}::int, ${from + PAST * times}::int) n
    where proposal = ${kept?.id} on conflict do nothing`
  await sql`insert into asked select 'PW-' || n, what, n, 'team-' || n % 10, roles, people, unasked, places from asked, generate_series(${from}::int, ${from + PAST * times}::int) n
    where proposal = ${kept?.id} and n % 100 = 0 and n <= ${from + PAST}::int on conflict do nothing`
  await sql`insert into results (proposal, part, asset, ring, started_at, done_at, end_state, facts)
    select 'PW-' || p, 1, 'cmdb/' || 1 + (p * 7 + a) % ${ASSETS}::int, 0, now(), now(), 'installed', '{}'
    from generate_series(${from}::int, ${from + PAST * times}::int) p, generate_series(1, 10) a on conflict do nothing`
  await sql`insert into console_messages (id, channel, proposal, at, entry)
    select n, 'web-platform', case when n % 2 = 0 then ${wide} else 'PW-' || ${from}::int + n end, now(),
      '{"author": null, "tone": "neutral", "text": [{"kind": "text", "text": "told"}], "detail": []}'
    from generate_series(100000, ${100_000 + 2_000 * times}::int) n on conflict do nothing`
  await sql`insert into outbox (platform, channel, proposal, kind, at, delivered_at)
    select 'console', 'web-platform', 'PW-' || n, 'card', now(), now() from generate_series(1, ${2_000 * times}::int) n`
  await sql`insert into audit.entries (stream, seq, entry, hash) select 'PW-' || n, 1, entry, md5(n::text)
    from generate_series(${from}::int, ${from + PAST * times}::int) n, (select entry from audit.entries where seq = 1 limit 1) one on conflict do nothing`
}

function consoleOn(db: Db): Hono {
  const { parts, workflow } = service
  const teams = Array.from({ length: 10 }, (_, index) => `team-${index}`)
  const port = createBackend({
    db,
    parts: { ...parts, db },
    workflow: {
      ...workflow,
      assessments: () => Promise.reject(new Error('A page assesses.')),
      propose: () => Promise.reject(new Error('A page proposes.')),
    },
    people: {
      all: [mara, tom].map((one) => ({ ...one, timeZone: null })),
      timeZone: 'UTC',
      operators: () => ['mara'],
      example: true,
    },
    channels: ['web-platform', 'payments', ...teams].map((id) => ({ id, title: id, teams: [id] })),
    sources: [{ name: 'example', kind: 'inventory', describe: 'A file' }],
    subscribe: () => () => {},
  })
  const health = { writing: async () => 'ok' as const, platforms: [] }
  return createConsole({ port, health, log: { warn: console.error }, allowedHosts: ['localhost'] })
}

async function get(path: string, on: Hono = app): Promise<string> {
  const answer = await on.request(`http://localhost${path}`, {
    headers: { host: 'localhost', cookie: 'patchwarden=mara' },
  })
  expect(answer.status, path).toBe(200)
  return answer.text()
}

/** Follows "Next" to the end; what of each page matches. */
async function everyPage(path: string, pattern: RegExp, at = 1): Promise<readonly string[]> {
  const found: string[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: string = await get(next)
    const mine = [...page.matchAll(pattern)].map((match) => match[at] ?? '')
    expect(mine.length, next).toBeLessThanOrEqual(limits.pageRows)
    found.push(...mine)
    next = /href="([^"]+)" rel="next"|rel="next" href="([^"]+)"/
      .exec(page)
      ?.slice(1)
      .find((one) => one !== undefined)
      ?.replaceAll('&amp;', '&')
  }
  return found
}

const pages = () => [
  '/c/web-platform',
  '/c/web-platform?status=over',
  '/c/web-platform?text=round+1234',
  '/c/web-platform?text=nothing+is+called+so',
  '/c/payments',
  `/p/${wide}`,
  '/p/PW-10500',
  `/p/${wide}/assets`,
  `/p/${wide}/assets?only=not+well`,
  `/p/${wide}/explain`,
  '/',
  '/proposals',
  '/proposals?state=over',
  '/proposals?team=web-platform&state=votes',
  '/proposals?host=host-000017',
  '/asset?id=cmdb%2F17',
  '/calendar',
  '/assets',
  '/assets?team=team-3',
  '/assets?text=host-0012',
  '/assets?text=0012&anywhere=1',
  '/assets?platform=debian:12',
  '/assets?is=problem',
  '/assets?is=reboot&team=team-0',
  '/audit',
  '/audit?known=1',
  '/people',
  '/sources',
  '/explain?name=openssl',
  '/fragment/nav',
  `/fragment/card/${wide}`,
  `/fragment/thread/${wide}`,
]

describe('lists', () => {
  test('a channel shows its open proposals first, then those that are over, each once', async () => {
    const shown = await everyPage('/c/web-platform?status=open', /<article id="(PW-\d+)"/g)
    const rows =
      await database.sql`select id from proposals where team = 'web-platform' and status = 'open' order by number desc`
    expect(shown).toEqual(rows.map(({ id }) => id))
    const first = await get('/c/web-platform')
    expect(first.match(/<article id="PW-/g)).toHaveLength(limits.pageCards)
    expect(first).toContain(`<article id="${rows[0]?.id}"`)
  })

  test('a search finds by a part of the title and by the id, in the channel alone', async () => {
    expect(await everyPage('/c/web-platform?text=round+1234', /<article id="(PW-\d+)"/g)).toEqual([
      'PW-12349',
      'PW-12348',
      'PW-12347',
      'PW-12346',
      'PW-12345',
      'PW-12344',
      'PW-12343',
      'PW-12342',
      'PW-12341',
      'PW-12340',
    ])
    expect(await everyPage(`/c/payments?text=${wide.toLowerCase()}`, /<article id="(PW-\d+)"/g)).toEqual([wide])
    expect(await get('/c/payments?text=round')).toContain('No proposal of this channel is like that.')
  })

  test.each([
    ['/assets?team=team-3', (n: number) => n % 10 === 3],
    ['/assets?text=host-0012', (n: number) => String(n).padStart(6, '0').startsWith('0012')],
    [
      '/assets?text=012&anywhere=1&is=problem',
      (n: number) => String(n).padStart(6, '0').includes('012') && n % 50 === 0,
    ],
    ['/assets?is=reboot&platform=debian:12', (n: number) => n % 40 === 0 && n % 3 === 1],
  ])('%s lists by name what is asked for', async (path, isWanted) => {
    const wanted = Array.from({ length: ASSETS }, (_, index) => index + 1).filter(isWanted)
    const names = wanted.map((n) => `host-${String(n).padStart(6, '0')}`)
    expect(await everyPage(path, />(host-\d+)<\/a>/g)).toEqual(names)
  })

  test('a cursor holds what was asked: with another question, or forged, it is the first page', async () => {
    const page = await get('/assets?text=host-0')
    const [, after = ''] = /after=([\w-]+)/.exec(page) ?? []
    expect(after).not.toBe('')
    const first = (text: string) => />(host-\d+)<\/a>/.exec(text)?.[1]
    expect(first(await get(`/assets?text=host-0&after=${after}`))).toBe('host-000101')
    expect(first(await get(`/assets?text=host-00&after=${after}`))).toBe('host-000001')
    for (const forged of [
      'nonsense',
      Buffer.from('[]').toString('base64url'),
      Buffer.from('{"a":').toString('base64url'),
    ])
      expect(first(await get(`/assets?text=host-0&after=${forged}`))).toBe('host-000001')
  })

  test('a large proposal shows its assets a page at a time, and those that failed', async () => {
    const rows = await everyPage(`/p/${wide}/assets`, /<tr><th scope="row">(web\d+)<\/th><td data-l="\w+">all<\/td>/g)
    expect(rows).toHaveLength(WIDE)
    expect(new Set(rows).size).toBe(WIDE)
    const failed = await everyPage(
      `/p/${wide}/assets?only=not+well`,
      /<tr><th scope="row">(web\d+)<\/th><td data-l="\w+">all<\/td><td data-l="[^"]+">failed: dpkg failed/g,
    )
    expect(failed).toHaveLength(WIDE / 2)
  })

  test('a long thread shows its end, and what came earlier', async () => {
    const entries = (page: string) => [...page.matchAll(/<li id="m(\d+)"/g)].map(([, id]) => Number(id))
    const found: number[] = []
    for (let next: string | undefined = `/p/${wide}`; next !== undefined; ) {
      const page: string = await get(next)
      const mine = entries(page)
      expect(mine.length).toBeLessThanOrEqual(limits.pageRows)
      found.unshift(...mine)
      next = /href="([^"]+)">Earlier/.exec(page)?.[1]
    }
    const rows = await database.sql`select id from console_messages where proposal = ${wide} order by id`
    expect(found).toEqual(rows.map(({ id }) => id))
  })

  test('what is counted says when', async () => {
    const page = await get('/assets?team=team-3')
    expect(page).toMatch(/team-3: 400 servers, \d+ of them covered; counted <time/)
  })
})

test('no page writes, assesses or proposes', async () => {
  const { sql, url } = database
  const [row] = await sql`select current_database() as name`
  await sql.unsafe(`alter database ${row?.name} set default_transaction_read_only = on`)
  const clients = connect(url, 2)
  try {
    await expect(clients.db.execute('delete from assets')).rejects.toThrow()
    const readOnly = consoleOn(clients.db)
    for (const path of pages()) await get(path, readOnly)
  } finally {
    await clients.end()
    await sql.unsafe(`alter database ${row?.name} reset default_transaction_read_only`)
  }
})

/** What a statement read, as the server says: rows of its scans, and tables that it read from one end to the other. */
interface Read {
  readonly rows: number
  readonly whole: readonly string[]
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

function readBy(node: PlanNode): Read {
  const below = (node.Plans ?? []).map(readBy)
  const isScan = node['Relation Name'] !== undefined
  const seen = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  return {
    rows: below.reduce((sum, { rows }) => sum + rows, isScan ? seen : 0),
    whole: [
      ...below.flatMap(({ whole }) => whole),
      ...(node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []),
    ],
  }
}

/** All that a page asks the server, once more with what it read. But for what is counted for all pages, every few seconds. */
async function readFor(path: string): Promise<Read & { readonly statements: number }> {
  const asked: { query: string; params: unknown[] }[] = []
  const client = postgres(database.url, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    const db = drizzle(client, { logger: { logQuery: (query, params) => asked.push({ query, params }) } })
    await get(path, consoleOn(db as unknown as Db))
    const reads: Read[] = []
    for (const { query, params } of asked) {
      if (query.includes('sum(simulated)')) continue
      const [row] = await client.unsafe(`explain (analyze, format json) ${query}`, params as never[])
      reads.push(readBy(row?.['QUERY PLAN'][0].Plan))
    }
    return {
      statements: asked.length,
      rows: reads.reduce((sum, { rows }) => sum + rows, 0),
      whole: reads.flatMap(({ whole }) => whole),
    }
  } finally {
    await client.end()
  }
}

test('what a page reads grows neither with the assets nor with the past', { timeout: 180_000 }, async () => {
  const grows = ['proposals', 'assets', 'results', 'console_messages', 'outbox', 'entries']
  // A part of a name, or a title that nobody has, is looked for among all of them.
  const scans = pages().filter(
    (path) => (path.startsWith('/c/') && path.includes('text=')) || path.includes('anywhere'),
  )
  const before = new Map<string, Awaited<ReturnType<typeof readFor>>>()
  for (const path of pages()) before.set(path, await readFor(path))
  await grow(3)
  await database.sql.unsafe('analyze')
  for (const [path, { statements, rows, whole }] of before) {
    const now = await readFor(path)
    // What is kept for some time may have been asked for one of the two alone.
    expect(Math.abs(now.statements - statements), path).toBeLessThanOrEqual(2)
    expect(statements, path).toBeLessThan(40)
    if (scans.includes(path)) continue
    expect(
      [...whole, ...now.whole].filter((table) => grows.includes(table)),
      path,
    ).toEqual([])
    expect(now.rows, path).toBeLessThan(rows + 500)
  }
})
