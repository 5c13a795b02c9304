/** What the record says of feeds, assets, coverage and findings, on a real database. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Observation } from '../../src/core/asset.ts'
import { verifyExport } from '../../src/core/audit-export.ts'
import { sealEntry } from '../../src/core/record/entry.ts'
import { createFileCatalogFeed } from '../../src/integrations/feeds/file-catalog/index.ts'
import { purgeContents } from '../../src/store/content.ts'
import { migrationsFolder } from '../../src/store/migrate.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { exportRecord, verifyRecord } from '../../src/workflow/audit.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { anAsset } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, tom } from '../support/example-service.ts'
import { assetsIn, judgementsIn, type Listed } from '../support/finished.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
let folder: string
let catalog: string
let service: Awaited<ReturnType<typeof exampleService>>
let parts: WorkflowParts
let workflow: ReturnType<typeof createWorkflow>
let skew = 0
const clock = () => new Date(Date.now() + skew)

const openssl = '3.0.17-1~deb12u2+example1'
const fixes = [
  { platform: 'debian:12', source: 'openssl', cve: 'CVE-2026-9900001', fixedVersion: openssl },
  { platform: 'debian:12', source: 'openssl', cve: 'CVE-2026-9900002', fixedVersion: openssl },
]

beforeEach(async () => {
  skew = 0
  folder = await mkdtemp(path.join(tmpdir(), 'pw-known-'))
  catalog = path.join(folder, 'catalog.json')
  service = await exampleService(database().db, { clock })
  const feeds = [createFileCatalogFeed({ name: 'catalog', location: catalog, clock, allowShrinking: true })]
  parts = { ...service.parts, feeds }
  workflow = createWorkflow(parts, alwaysMine)
})
afterEach(async () => {
  await service.remove()
  await rm(folder, { recursive: true, force: true })
})

async function look(content: object = { fixes }, { workflow: of }: { workflow: typeof workflow } = { workflow }) {
  await writeFile(catalog, JSON.stringify(content))
  await of.syncFeeds(signal)
  await of.syncInventory(signal)
  await of.propose(signal)
}

interface FleetAsset {
  name: string
  team: string
  exposure: string
  fault?: string
  packages: { name: string; version: string; source?: string }[]
  pending: { name: string; source: string; held?: string }[]
}

async function editFleet(edit: (assets: FleetAsset[]) => FleetAsset[]): Promise<void> {
  const fleet = JSON.parse(await readFile(service.fleet, 'utf8')) as { assets: FleetAsset[] }
  await writeFile(service.fleet, JSON.stringify({ ...fleet, assets: edit(fleet.assets) }))
}

interface Row extends Record<string, unknown> {
  readonly stream: string
  readonly event: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly beside: unknown
}

/** Entries of the streams that begin so, after the first `from`. */
async function entries(prefix: string, from = 0): Promise<readonly Row[]> {
  const rows = await database().sql<Row[]>`select stream, seq, event, facts, beside from audit.facts
    where stream like ${`${prefix}%`} order by stream, seq`
  return rows.slice(from)
}

async function contents(): Promise<(hash: string) => string | undefined> {
  const rows = await database().sql<{ hash: string; text: string }[]>`
    select encode(hash, 'hex') as hash, text from audit.content where kind in (15, 16, 17)`
  const texts = new Map(rows.map(({ hash, text }) => [hash, text]))
  return (hash) => texts.get(hash)
}

const known = 'feeds assets:payments assets:web-platform findings:payments findings:web-platform'.split(' ')

/** How many entries each stream has. */
async function counts(): Promise<Readonly<Record<string, number>>> {
  const rows = await database().sql<{ stream: string; count: number }[]>`
    select stream, count(*)::int as count from audit.entries where stream in ${database().sql(known)} group by stream`
  return Object.fromEntries(rows.map(({ stream, count }) => [stream, count]))
}

/** What a reader of the entries alone knows in the end. */
async function folded() {
  const textOf = await contents()
  const assets = new Map<string, { team: string; facts: object; coverage: string }>()
  const open = new Map<string, Set<string>>()
  const judged = new Map<string, unknown>()
  const platforms = new Map<string, unknown>()
  const moved: [string, Listed, string][] = []
  for (const { stream, event, facts } of await entries('assets:')) {
    const team = stream.slice('assets:'.length)
    if (facts.platform !== undefined) {
      platforms.set(`${team} ${facts.platform}`, facts.is)
      continue
    }
    for (const item of assetsIn(String(facts.assets), textOf)) {
      const { id, saidAt: _, before: __, after, ...rest } = item
      const before = assets.get(id)
      if (event === 'assets-enrolled') assets.set(id, { team, facts: rest, coverage: 'covered' })
      else if (event === 'assets-changed')
        assets.set(id, { team, coverage: 'covered', facts: { ...before?.facts, ...(after as object) } })
      else if (event === 'assets-moved') moved.push([id, item, String(facts.to)])
      else if (event === 'assets-gone') assets.delete(id)
      else if (before !== undefined) assets.set(id, { ...before, coverage: String(facts.is) })
    }
  }
  for (const [id, { id: _, saidAt: __, before: ___, ...facts }, team] of moved)
    assets.set(id, { team, facts, coverage: assets.get(id)?.coverage ?? '' })
  for (const { stream, event, facts } of await entries('findings:')) {
    const team = stream.slice('findings:'.length)
    const key = `${team} ${facts.flaw}`
    if (event === 'judged') {
      for (const { flaw, exposure, criticality, priority, due } of judgementsIn(facts, textOf))
        judged.set(`${team} ${flaw} ${exposure} ${criticality}`, [priority, due])
      continue
    }
    const mine = open.get(key) ?? new Set<string>()
    open.set(key, mine)
    for (const { id } of assetsIn(String(facts.assets), textOf))
      if (event === 'findings-opened') mine.add(id)
      else mine.delete(id)
    expect(facts.open).toBe(mine.size)
    if (mine.size === 0) for (const one of judged.keys()) if (one.startsWith(`${key} `)) judged.delete(one)
  }
  for (const [key, mine] of open) if (mine.size === 0) open.delete(key)
  return { assets, open, judged, platforms }
}

/** The tables that are to say the same. */
async function kept() {
  const { sql } = database()
  const assets = await sql`select asset, team, facts, coverage from assets_recorded`
  const open = await sql`select a.team, flaw, a.asset from finding_assets a join finding_classes c on c.id = a.class
    cross join jsonb_array_elements_text(c.flaws) as flaw`
  const counted = await sql`select team, flaw, open from findings_recorded where open > 0`
  const judged = await sql`select team, flaw, one ->> 'exposure' as exposure, one ->> 'criticality' as criticality,
    one ->> 'priority' as priority, one ->> 'dueAt' as due from judged_flaws cross join jsonb_array_elements(judged) as one`
  const platforms = await sql`select team, platform, coverage from platforms_recorded`
  const sets = new Map<string, Set<string>>()
  for (const { team, flaw, asset } of open) {
    const key = `${team} ${flaw}`
    sets.set(key, (sets.get(key) ?? new Set()).add(asset))
  }
  expect(new Map(counted.map(({ team, flaw, open: count }) => [`${team} ${flaw}`, count]))).toEqual(
    new Map([...sets].map(([key, mine]) => [key, mine.size])),
  )
  return {
    assets: new Map(assets.map(({ asset, ...rest }) => [asset, rest])),
    open: sets,
    judged: new Map(
      judged.map((row) => [`${row.team} ${row.flaw} ${row.exposure} ${row.criticality}`, [row.priority, row.due]]),
    ),
    platforms: new Map(platforms.map((row) => [`${row.team} ${row.platform}`, row.coverage])),
  }
}

/** Nothing is lost, said twice, or unlike what the tables say; the record holds, and so does its export. */
async function holds(): Promise<void> {
  // That another process has proposed it already is no matter of the record.
  expect(service.warnings.filter((words) => !words.startsWith('No proposal for'))).toEqual([])
  expect(await kept()).toEqual(await folded())
  const { db, url } = database()
  const now = clock().toISOString()
  expect(await verifyRecord(url, { rebuild: false, membersOf: () => [mara, tom, jonas], now })).toMatchObject({
    ok: true,
  })
  let text = ''
  await exportRecord({ db, url }, now, async (line) => {
    text += line
  })
  expect(verifyExport(text)).toMatchObject({ ok: true })
}

const said = (rows: readonly Row[]) =>
  rows
    .filter(({ event }) => event !== 'judged')
    .map(({ stream, event, facts: { flaw, how, proposal, count, open } }) =>
      [stream, event, flaw, how, proposal, count, open].filter((one) => one !== undefined).join(' '),
    )

it('an hour in which nothing has changed adds no entry', async () => {
  await look()
  const before = await counts()
  expect(Object.keys(before).toSorted()).toEqual(known.toSorted())
  await look()
  await look()
  expect(await counts()).toEqual(before)
  await holds()
})

describe('a finding', () => {
  it('is opened for the flaw that a feed names, with the feed, the reading and the date of the fix', async () => {
    await look()
    const [opened] = (await entries('findings:web-platform')).filter(({ facts }) => facts.flaw === 'CVE-2026-9900001')
    const [read] = await entries('feeds')
    expect(opened).toMatchObject({
      event: 'findings-opened',
      facts: {
        feeds: ['catalog'],
        readAt: read?.facts.readAt,
        fixedAt: read?.facts.readAt,
        fixDate: 'first read',
        patches: [`debian:12/openssl/${openssl}`],
        count: 8,
        open: 8,
      },
    })
  })

  it('is closed by the proposal whose verification says so, where a rollout mended it', {
    timeout: 120_000,
  }, async () => {
    await look()
    const web = (await openProposals(database().db)).find((state) => state.team === 'web-platform')
    if (web === undefined) throw new Error('The example has no proposal.')
    const from = (await entries('findings:web-platform')).length
    for (const member of [mara, tom]) await approveAs(workflow, web.id, member)
    await workflow.advance(web.id, signal)
    await look()
    const closed = (await entries('findings:web-platform', from)).filter(
      ({ facts }) => facts.flaw === 'CVE-2026-9900001',
    )
    expect(closed.length).toBeGreaterThan(0)
    for (const { event, facts } of closed)
      expect([event, facts.how, facts.proposal]).toEqual(['findings-closed', 'fixed', web.id])
    const good = await database().sql`select count(distinct asset)::int as count from results
      where proposal = ${web.id} and end_state in ('installed', 'waiting for reboot', 'rebooted and re-scanned')`
    expect(closed.reduce((sum, { facts }) => sum + Number(facts.count), 0)).toBe(good[0]?.count)
    await holds()
  })

  it('is closed as mended by others, removed, withdrawn, or gone; a held update stays open', async () => {
    await look()
    const from = (await entries('findings:web-platform')).length
    await editFleet((assets) =>
      assets
        .filter(({ name }) => name !== 'web-04')
        .map((asset) => {
          const of = (source: string) => (item: { name: string; source?: string }) =>
            (item.source ?? item.name) === source
          const openssl_ = of('openssl')
          if (asset.name === 'web-01')
            return {
              ...asset,
              packages: asset.packages.map((item) => (openssl_(item) ? { ...item, version: openssl } : item)),
              pending: asset.pending.filter((item) => !openssl_(item)),
            }
          if (asset.name === 'web-02')
            return {
              ...asset,
              packages: asset.packages.filter((item) => !openssl_(item)),
              pending: asset.pending.filter((item) => !openssl_(item)),
            }
          if (asset.name === 'web-03')
            return {
              ...asset,
              pending: asset.pending.map((item) => (openssl_(item) ? { ...item, held: 'hold' } : item)),
            }
          return asset
        }),
    )
    await look()
    const ofOne = (await entries('findings:web-platform', from)).filter(
      ({ facts }) => facts.flaw === 'CVE-2026-9900001',
    )
    expect(said(ofOne)).toEqual([
      'findings:web-platform findings-closed CVE-2026-9900001 fixed 1 7',
      'findings:web-platform findings-closed CVE-2026-9900001 removed 1 6',
      'findings:web-platform findings-closed CVE-2026-9900001 gone 1 5',
    ])
    await look({ fixes: fixes.slice(1) })
    const [withdrawn] = (await entries('findings:web-platform', from)).filter(({ facts }) => facts.how === 'withdrawn')
    expect(withdrawn?.facts).toMatchObject({ flaw: 'CVE-2026-9900001', count: 5, open: 0 })
    await holds()
  })

  it('that comes back keeps the date and the reading that it had', async () => {
    await look()
    await look({ fixes: fixes.slice(1) })
    skew = 3_600_000
    await look()
    const opened = (await entries('findings:payments')).filter(
      ({ event, facts }) => event === 'findings-opened' && facts.flaw === 'CVE-2026-9900001',
    )
    expect(opened).toHaveLength(2)
    expect(opened[1]?.facts).toMatchObject({
      readAt: opened[0]?.facts.readAt,
      fixedAt: opened[0]?.facts.fixedAt,
      open: 4,
    })
    await holds()
  })

  it('moves with its asset, which both teams are told of', async () => {
    await look()
    const before = await counts()
    await editFleet((assets) =>
      assets.map((asset) => (asset.name === 'web-05' ? { ...asset, team: 'payments', exposure: 'small' } : asset)),
    )
    await look()
    for (const team of ['payments', 'web-platform']) {
      const [moved, ...more] = await entries(`assets:${team}`, before[`assets:${team}`])
      expect([moved?.event, more]).toEqual(['assets-moved', []])
      expect(moved?.facts).toMatchObject({ from: 'web-platform', to: 'payments', source: 'example', count: 1 })
    }
    const mine = async (team: string) =>
      said(await entries(`findings:${team}`, before[`findings:${team}`])).filter((one) => one.includes('9900001'))
    expect(await mine('web-platform')).toEqual(['findings:web-platform findings-closed CVE-2026-9900001 moved 1 7'])
    expect(await mine('payments')).toEqual(['findings:payments findings-opened CVE-2026-9900001 1 5'])
    await holds()
  })

  it('is gone with the last asset of a team that the configuration does not know', async () => {
    const move = (team: string) => (assets: FleetAsset[]) =>
      assets.map((asset) => (asset.name === 'web-01' ? { ...asset, team } : asset))
    await editFleet(move('elsewhere'))
    await look()
    expect((await folded()).open.get('elsewhere CVE-2026-9900001')?.size).toBe(1)
    await editFleet((assets) => assets.filter(({ name }) => name !== 'web-01'))
    await look()
    expect((await folded()).open.get('elsewhere CVE-2026-9900001')).toBeUndefined()
  })

  it('is judged again when a feed says that it is exploited, and not when a score moves', async () => {
    const epss = (score: number) => [{ cve: 'CVE-2026-9900001', score, percentile: 0.5, model: 'v5', date: 'today' }]
    await look({ fixes, epss: epss(0.01) })
    const before = await counts()
    await look({ fixes, epss: epss(0.02) })
    expect(await counts()).toEqual({ ...before, feeds: (before.feeds ?? 0) + 1 })
    const kev = [{ cve: 'CVE-2026-9900001', dateAdded: 'today', dueDate: 'today+3', ransomware: false, name: '' }]
    await look({ fixes, epss: epss(0.02), kev })
    const told = await entries('findings:web-platform', before['findings:web-platform'])
    expect(told.map(({ event }) => event)).toEqual(['judged'])
    const judged = judgementsIn(told[0]?.facts ?? {}, await contents())
    expect(judged.length).toBeGreaterThan(0)
    for (const { flaw, grounds, priorityBefore } of judged) {
      expect(flaw).toBe('CVE-2026-9900001')
      expect(grounds).toMatchObject({ table: 'SSVC deployer table 1.0.0', row: expect.any(Number) })
      expect((grounds as { points: unknown }).points).toContainEqual({
        fact: 'Exploitation',
        value: 'active',
        source: 'CISA KEV',
        at: clock().toISOString().slice(0, 10),
      })
      expect(priorityBefore).toBeTypeOf('string')
    }
    await holds()
  })
})

it('a feed is said to fail when it begins, to work again, and to be gone from the configuration', async () => {
  await look()
  await writeFile(catalog, 'not a catalog')
  await workflow.syncFeeds(signal)
  await workflow.syncFeeds(signal)
  await writeFile(catalog, JSON.stringify({ fixes }))
  await workflow.syncFeeds(signal)
  await workflow.syncFeeds(signal)
  await createWorkflow({ ...parts, feeds: [] }, alwaysMine).syncFeeds(signal)
  await createWorkflow({ ...parts, feeds: [] }, alwaysMine).syncFeeds(signal)
  const rows = await entries('feeds')
  expect(rows.map(({ event }) => event).filter((event) => event !== 'feed-read')).toEqual([
    'feed-failed',
    'feed-recovered',
    'feed-removed',
  ])
  const [failed] = rows.filter(({ event }) => event === 'feed-failed')
  expect(failed?.facts).toEqual({ feed: 'catalog' })
  expect(failed?.beside).toEqual({ problem: expect.stringContaining('catalog') })
  expect(await database().sql`select * from feeds_recorded`).toHaveLength(0)
})

it('what cannot be assessed is said when that begins, and when it ends', async () => {
  await look()
  const before = await counts()
  const changed = async (team: string) =>
    (await entries(`assets:${team}`, before[`assets:${team}`])).filter(({ event }) => event === 'coverage-changed')
  const failing = { ...parts.sources[0], name: 'example', describe: '', observe: () => failingSource() }
  const blind = createWorkflow({ ...parts, sources: [failing] }, alwaysMine)
  await blind.syncInventory(signal)
  await workflow.propose(signal)
  await workflow.propose(signal)
  expect((await changed('payments')).map(({ facts, beside }) => [facts.is, facts.count, beside])).toEqual([
    [
      'cannot be looked at',
      4,
      { problems: [1, 2, 3, 4].map((number) => [`example/pay-0${number}`, expect.stringMatching('192.0.2.1')]) },
    ],
  ])
  await workflow.syncInventory(signal)
  // As old as each team's policy lets facts be.
  const policyOf = (team: string) => ({
    ...parts.teams.policyOf(team),
    inventoryMaxAgeSeconds: team === 'payments' ? 86_400 : 3 * 86_400,
  })
  skew = 2 * 86_400_000
  await createWorkflow({ ...parts, teams: { ...parts.teams, policyOf } }, alwaysMine).propose(signal)
  skew = 0
  const web = (await changed('web-platform')).map(({ facts }) => facts.is)
  expect(web).toEqual(['cannot be looked at', 'covered'])
  await look({ fixes: fixes.map((fix) => ({ ...fix, platform: 'debian:13' })) })
  await look()
  expect((await changed('payments')).map(({ facts }) => facts.platform ?? facts.is)).toEqual([
    'cannot be looked at',
    'not looked at for too long',
    'covered',
    'debian:12',
    'debian:12',
  ])
  expect((await changed('payments')).slice(3).map(({ facts }) => facts.is)).toEqual(['no feed speaks of it', 'covered'])
  await holds()
})

it('of an asset that cannot be assessed the team that it moves to says so, too', async () => {
  await editFleet((assets) =>
    assets.map((asset) => (asset.name === 'web-05' ? { ...asset, fault: 'unreachable' } : asset)),
  )
  await look()
  const before = await counts()
  await editFleet((assets) => assets.map((asset) => (asset.name === 'web-05' ? { ...asset, team: 'payments' } : asset)))
  await look()
  const told = await entries('assets:payments', before['assets:payments'])
  expect(told.map(({ event, facts }) => [event, facts.is])).toEqual([
    ['assets-moved', undefined],
    ['coverage-changed', 'never looked at'],
  ])
  await holds()
})

// biome-ignore lint/correctness/useYield: it fails before it has anything.
async function* failingSource(): AsyncGenerator<never> {
  throw new Error('192.0.2.1 does not answer.')
}

it('what could not be written is written the next time, once', async () => {
  const { sql } = database()
  await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$`
  const refuse = (table: string, when = 'true') =>
    sql.unsafe(`create trigger refuse before insert on ${table} for each row when (${when}) execute function refuse()`)
  const allow = (table: string) => sql.unsafe(`drop trigger refuse on ${table}`)
  await writeFile(catalog, JSON.stringify({ fixes }))
  await refuse('feeds_recorded', 'not new.failing')
  expect(await workflow.syncFeeds(signal)).toMatchObject([{ ok: false }])
  expect(await sql`select * from fixes`).toHaveLength(0)
  await allow('feeds_recorded')
  await workflow.syncFeeds(signal)
  expect((await entries('feeds')).map(({ event }) => event)).toEqual(['feed-failed', 'feed-recovered', 'feed-read'])
  await refuse('assets_recorded')
  expect(await workflow.syncInventory(signal)).toMatchObject([{ ok: false }])
  expect(await sql`select * from assets`).toHaveLength(0)
  await allow('assets_recorded')
  await workflow.syncInventory(signal)
  // The last that is written of findings: all that was written before it is undone.
  await refuse('finding_assets')
  await workflow.propose(signal)
  expect(await counts()).toEqual({ feeds: 3, 'assets:payments': 1, 'assets:web-platform': 1 })
  expect(service.warnings.splice(0)).toEqual([expect.stringContaining('is not in the record yet')])
  await allow('finding_assets')
  await workflow.propose(signal)
  const after = await counts()
  await look()
  expect(await counts()).toEqual(after)
  await holds()
})

it('two processes that look at the same time say each difference once', async () => {
  const other = createWorkflow(parts, alwaysMine)
  await writeFile(catalog, JSON.stringify({ fixes }))
  const both = async (work: (of: typeof workflow) => Promise<unknown>) => {
    await Promise.all([work(workflow), work(other)])
  }
  await both((of) => of.syncFeeds(signal))
  await both((of) => of.syncInventory(signal))
  await both((of) => of.propose(signal))
  const first = await counts()
  expect(first).toMatchObject({ feeds: 1, 'assets:payments': 1, 'assets:web-platform': 1 })
  await editFleet((assets) => assets.filter(({ name }) => name !== 'pay-01'))
  await both((of) => of.syncInventory(signal))
  await both((of) => of.propose(signal))
  const gone = await entries('findings:payments', first['findings:payments'])
  expect(new Set(said(gone)).size).toBe(gone.length)
  expect((await counts())['assets:payments']).toBe(2)
  await holds()
})

it('an assessment that is older than what is recorded says nothing', async () => {
  await look()
  const before = await counts()
  await editFleet((assets) => assets.filter(({ name }) => name !== 'pay-01'))
  await workflow.syncInventory(signal)
  skew = -3_600_000
  await workflow.propose(signal)
  expect((await counts())['findings:payments']).toBe(before['findings:payments'])
  skew = 0
  await workflow.propose(signal)
  expect((await counts())['findings:payments']).toBeGreaterThan(before['findings:payments'] ?? 0)
})

it('a list of more than 1,000 assets stands on pages, which are kept, exported and missed with the entry that names it', async () => {
  const { db, sql, url } = database()
  const now = clock().toISOString()
  const many = Array.from({ length: 1_201 }, (_, index): Observation => {
    const asset = anAsset(`host${String(index).padStart(5, '0')}`, { team: 'payments' })
    return { kind: 'unreachable', asset, reason: 'no answer', at: now }
  })
  await saveObservations(db, many, now)
  await purgeContents(db, new Date(Date.now() + 400 * 86_400_000).toISOString())
  const [enrolled] = await entries('assets:payments')
  expect(enrolled).toMatchObject({ event: 'assets-enrolled', facts: { count: 1_201 } })
  await holds()
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`delete from audit.content where kind = 15 and text not like '%"parts"%' and text like '%host01200%'`
  })
  const verdict = await verifyRecord(url, { rebuild: false, membersOf: () => [], now })
  expect(verdict).toMatchObject({
    ok: false,
    record: 'assets:payments event 1',
    problem: expect.stringMatching(/which is missing$/),
  })
})

it('names no person, no host user and no address; what it names is kept for ever', async () => {
  await look()
  const fleet = JSON.parse(await readFile(service.fleet, 'utf8')) as { assets: { address: string; notes?: string }[] }
  const { db, sql } = database()
  await purgeContents(db, new Date(Date.now() + 400 * 86_400_000).toISOString())
  const texts = await sql<{ text: string }[]>`select entry as text from audit.entries where stream in ${sql(known)}
    union all select text from audit.content where kind in (15, 16, 17)`
  const all = texts.map(({ text }) => text).join('\n')
  expect(all).toContain('example/web-01')
  for (const { address, notes } of fleet.assets) {
    expect(all).not.toContain(address)
    if (notes !== undefined) expect(all).not.toContain(notes)
  }
  for (const { id, name } of [mara, tom, jonas])
    for (const word of [id, name]) expect(all).not.toMatch(new RegExp(`\\b${word}\\b`))
  await holds()
})

it('shows an auditor the judgements of earlier versions, which had an entry each, like those of today', async () => {
  await look({ fixes, kev: [] })
  const { sql } = database()
  const stream = 'findings:payments'
  const [end] = await sql<{ seq: number; hash: string }[]>`
    select seq, hash from audit.entries where stream = ${stream} order by seq desc limit 1`
  if (end === undefined) throw new Error('Nothing is recorded.')
  const facts = {
    ...{ flaw: 'CVE-2026-1', exposure: 'open', criticality: null, from: '2026-11-01', fromKind: 'day' },
    ...{ points: [], assumed: [], table: 'T', row: 7, outcome: 'scheduled', priority: 'scheduled', due: null },
  }
  const entry = { stream, seq: end.seq + 1, at: clock().toISOString(), by: 'assessment', event: 'judged', facts }
  const { text, hash } = sealEntry({ ...entry, prev: end.hash }, {}, '')
  await sql`insert into audit.entries (stream, seq, entry, hash) values (${stream}, ${entry.seq}, ${text}, ${hash})`
  const shown = async (flaw: string) =>
    (await sql<{ facts: object }[]>`select facts from audit.judgements where flaw = ${flaw}`).map((row) => row.facts)
  expect(await shown('CVE-2026-1')).toEqual([facts])
  const [today] = await shown('CVE-2026-9900001')
  expect(Object.keys(today ?? {}).toSorted()).toEqual(Object.keys(facts).toSorted())
  const { url } = database()
  const given = { rebuild: false, membersOf: () => [], now: clock().toISOString() }
  expect(await verifyRecord(url, given)).toMatchObject({ ok: true })
})

it('judgements that an earlier version kept in rows of their own are not said again', async () => {
  await look({ fixes, kev: [] })
  const { sql } = database()
  const rows = () => sql`select team, flaw, one from judged_flaws cross join jsonb_array_elements(judged) as one
    order by team, flaw, one`
  const [before, said] = [await rows(), await counts()]
  await sql`create table judged_recorded as select team, flaw, coalesce(one ->> 'exposure', '') as exposure,
      coalesce(one ->> 'criticality', '') as criticality, rpad(one ->> 'hash', 64, '0') as hash,
      one ->> 'priority' as priority, one ->> 'dueAt' as due_at, entry
    from judged_flaws cross join jsonb_array_elements(judged) as one`
  await sql`drop view audit.judgements`
  await sql`drop table judged_flaws`
  const file = (await readdir(migrationsFolder)).find((name) => name.endsWith('_judged-flaws.sql')) ?? ''
  await sql.unsafe(
    (await readFile(path.join(migrationsFolder, file), 'utf8')).replaceAll('--> statement-breakpoint', ''),
  )
  expect(await rows()).toEqual(before)
  await look({ fixes, kev: [] }, { workflow: createWorkflow(parts, alwaysMine) })
  expect(await counts()).toEqual(said)
  await holds()
})

it('answers an auditor by the queries of docs/audit.md', async () => {
  await look({ fixes, kev: [] })
  await editFleet((assets) => assets.filter(({ name }) => name !== 'pay-01'))
  await look({ fixes, kev: [] })
  const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('## Asking the record'))
  const { sql } = database()
  const today = clock().toISOString().slice(0, 10)
  const queries = [...section.matchAll(/^(\S[^\n]*)\n\n```sql\n([\s\S]*?)```/gm)].map(
    ([, question = '', query = '']) => ({
      question,
      query: query.replaceAll(":'flaw'", "'CVE-2026-9900001'").replaceAll(":'day'", `'${today}'`),
    }),
  )
  const answer = async (words: RegExp) => {
    const found = queries.find(({ question }) => words.test(question))
    if (found === undefined) throw new Error(`No query answers ${words}.`)
    return [...(await sql.unsafe(found.query))]
  }
  const [read] = await entries('feeds')
  expect(await answer(/when was the feed read/)).toEqual([
    { feed: 'catalog', read_at: read?.facts.readAt, brought: read?.facts.said },
  ])
  expect(await answer(/how many assets/)).toMatchObject([
    { team: 'payments', open: 3, read_at: read?.facts.readAt },
    { team: 'web-platform', open: 8, read_at: read?.facts.readAt },
  ])
  const which = await answer(/^On which\?/)
  expect(which.map(({ team, asset }) => `${team} ${asset}`)).toEqual([
    ...[2, 3, 4].map((number) => `payments example/pay-0${number}`),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((number) => `web-platform example/web-0${number}`),
  ])
  const judged = await answer(/judged/)
  expect(judged.length).toBeGreaterThan(2)
  for (const row of judged)
    expect(row).toMatchObject({
      table: 'SSVC deployer table 1.0.0',
      row: expect.any(Number),
      points: expect.any(Array),
    })
  expect(await answer(/platforms/)).toEqual([])
  // The day before, nothing was known.
  for (const { question, query } of queries)
    expect(await sql.unsafe(query.replaceAll(`'${today}'`, "'2020-01-01'")), question).toHaveLength(0)
})
