import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  Advisory,
  CveFacts,
  EpssScore,
  FeedContent,
  Fix,
  KevEntry,
  WindowsUpdate,
} from '../../src/core/catalog.ts'
import type { FeedChange } from '../../src/core/feed-change.ts'
import { limits } from '../../src/core/limits.ts'
import { storable } from '../../src/core/storable.ts'
import { readAbout, readCatalog, sourceSucceeded } from '../../src/store/catalog.ts'
import type { Tx } from '../../src/store/connection.ts'
import { type FeedNews, forgetOtherFeeds, purgeFeedChanges, saveFeed } from '../../src/store/save-feed.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

const now = '2026-11-20T12:00:00.000Z'
const result = { now, cursor: 'c', rejected: 0 }

function save(content: FeedContent, records?: readonly string[]) {
  return saveFeed(database().db, 'f', { content, ...(records === undefined ? {} : { changes: { records } }) }, result)
}

// ---------------------------------------------------------------- contents

const cve = fc.integer({ min: 1, max: 2_500 }).map((number) => `CVE-2026-${String(number).padStart(4, '0')}`)
const few = fc.integer({ min: 1, max: 5 }).map((number) => `CVE-2026-${1_000 * number}`)
const platform = fc.constantFrom('debian:12', 'almalinux:9')
/** Also names that the database cannot hold as they are. */
const name = fc.constantFrom('curl', 'bash', 'openssl', 'a "quoted\\, {name}', 'nul\0', 'half\ud800')
const record = fc.constantFrom('R-1', 'R-2', 'R-3', 'R"4\0')

const fix: fc.Arbitrary<Fix> = fc.record(
  {
    platform,
    package: name,
    by: fc.constantFrom('source', 'binary'),
    cves: fc.uniqueArray(few, { maxLength: 2 }),
    fixedVersion: fc.constantFrom(null, '0', '1-1', '1-2'),
    advisory: record,
    record,
    alsoFixed: fc.constant(['1-0', '1-0~bpo"1']),
  },
  { requiredKeys: ['platform', 'package', 'by', 'cves', 'fixedVersion'] },
)
const advisory: fc.Arbitrary<Advisory> = fc.record({
  id: record,
  title: fc.constantFrom('one', 'two'),
  published: fc.constantFrom(null, '2026-11-01'),
  cves: fc.uniqueArray(few, { maxLength: 2 }),
  fixes: fc.array(fc.record({ platform, source: name, fixedVersion: fc.constant('1-1') }), { maxLength: 2 }),
  type: fc.constantFrom('security', 'bugfix'),
  severity: fc.constantFrom(null, 'Important'),
})
const update: fc.Arbitrary<WindowsUpdate> = fc.record(
  {
    platform: fc.constantFrom('windows:2022', 'windows:11'),
    kb: fc.constantFrom('KB1', 'KB2', 'KB3'),
    title: fc.constant('an update'),
    cves: fc.uniqueArray(few, { maxLength: 2 }),
    supersedes: fc.uniqueArray(fc.constantFrom('KB0', 'KB1'), { maxLength: 1 }),
    fixedBuild: fc.constantFrom(null, '10.0.1.2'),
    type: fc.constantFrom('security', 'bugfix'),
    severity: fc.constant(null),
    restart: fc.constantFrom(null, true),
    published: fc.constant(null),
    record,
  },
  {
    requiredKeys: [
      'platform',
      'kb',
      'title',
      'cves',
      'supersedes',
      'fixedBuild',
      'type',
      'severity',
      'restart',
      'published',
    ],
  },
)
const facts: fc.Arbitrary<CveFacts> = fc.record({
  cve: few,
  published: fc.constantFrom(null, '2026-11-01'),
  rejected: fc.boolean(),
  ssvc: fc.constant(null),
  scores: fc.constantFrom([], [{ source: 'CNA', version: '3.1', score: 9.8, vector: 'v' }]),
  exploited: fc.constant(null),
})
const lifecycle = fc.record({
  platform,
  name: fc.constantFrom('Debian', 'Alma'),
  endOfSupport: fc.constantFrom(null, '2028-06-30'),
  endOfExtendedSupport: fc.constant(null),
})
const listed: fc.Arbitrary<KevEntry> = fc.record({
  cve: few,
  dateAdded: fc.constantFrom('2026-11-01', '2026-11-02'),
  dueDate: fc.constant('2026-11-22'),
  ransomware: fc.boolean(),
  name: fc.constant('x'),
})
const score: fc.Arbitrary<EpssScore> = fc.record({
  cve,
  score: fc.constantFrom(0.5, 0.00043, 1),
  percentile: fc.constantFrom(0.1, 0.9),
  model: fc.constantFrom('v4', 'v5'),
  date: fc.constantFrom('2026-11-19', '2026-11-20'),
})

function some<Row>(row: fc.Arbitrary<Row>) {
  return fc.array(row, { maxLength: 6 })
}
const content: fc.Arbitrary<FeedContent> = fc.record(
  {
    fixes: some(fix),
    advisories: some(advisory),
    updates: some(update),
    cves: some(facts),
    lifecycles: some(lifecycle),
    kev: some(listed),
    epss: some(score),
  },
  { requiredKeys: [] },
)
const news: fc.Arbitrary<FeedNews> = fc.oneof(
  { weight: 2, arbitrary: content.map((all) => ({ content: all })) },
  fc
    .record({ content, records: fc.uniqueArray(fc.oneof(record, few), { maxLength: 4 }) })
    .map(({ content: part, records }) => ({ content: part, changes: { records } })),
)

/** What a feed says in all when it has said this after that: docs of `FeedFetch`, in the simplest words. */
function after(before: FeedContent, { content: said, changes }: FeedNews): FeedContent {
  if (changes === undefined) return { ...before, ...said }
  const { fixes, advisories, updates, cves, ...whole } = said
  function joined<Row>(old: readonly Row[] = [], fresh: readonly Row[] = [], recordOf: (row: Row) => string) {
    const replaced = new Set([...(changes?.records ?? []), ...fresh.map(recordOf)].map((one) => storable(one)))
    return [...old.filter((row) => !replaced.has(storable(recordOf(row)))), ...fresh]
  }
  return {
    ...before,
    ...whole,
    fixes: joined(before.fixes, fixes, (row) => row.record ?? row.advisory ?? row.cves[0] ?? row.package),
    advisories: joined(before.advisories, advisories, (row) => row.id),
    updates: joined(before.updates, updates, (row) => row.record ?? row.kb),
    cves: joined(before.cves, cves, (row) => row.cve),
  }
}

// ---------------------------------------------------------------- what is stored

type Stored = ReadonlyMap<string, readonly string[]>

/** Every row of a feed with what it is about, as SQL says it. */
async function stored(feed: string): Promise<{ readonly [List in 'packages' | 'cves' | 'platforms']: Stored }> {
  const { sql } = database()
  const rows = await sql<{ list: string; row: string; about: readonly unknown[] }[]>`
    select 'packages' as list, to_jsonb(t) - 'feed' as row, jsonb_build_array(jsonb_build_array(platform, package, by)) as about
      from fixes t where feed = ${feed}
    union all select 'packages', to_jsonb(t) - 'feed' - 'packages', (select coalesce(jsonb_agg(x), '[]') from (
        select jsonb_build_array(f->>'platform', f->>'source', 'source') from jsonb_array_elements(fixes) f
        union all select jsonb_build_array(f->>'platform', f->>'source', 'binary') from jsonb_array_elements(fixes) f) as _ (x))
      from advisories t where feed = ${feed}
    union all select 'packages', to_jsonb(t) - 'feed', jsonb_build_array(jsonb_build_array(platform, kb, 'binary'))
      from windows_updates t where feed = ${feed}
    union all select 'cves', to_jsonb(t) - 'feed', jsonb_build_array(cve) from cve_facts t where feed = ${feed}
    union all select 'cves', to_jsonb(t) - 'feed', jsonb_build_array(cve) from kev t where feed = ${feed}
    union all select 'cves', jsonb_build_object('epss', s.cve, 'score', s.score), jsonb_build_array(s.cve)
      from epss_parts, unnest(cves, scores) as s (cve, score) where feed = ${feed}
    union all select 'platforms', to_jsonb(t) - 'feed', jsonb_build_array(platform) from lifecycles t where feed = ${feed}`
  const lists = { packages: new Map(), cves: new Map(), platforms: new Map() }
  for (const { list, row, about } of rows)
    lists[list as keyof typeof lists].set(
      JSON.stringify(row),
      about.map((item) => JSON.stringify(item)),
    )
  return lists
}

/** All that is stored of a feed, percentiles too. */
async function dump(feed: string): Promise<readonly string[]> {
  const { sql } = database()
  const all = await sql<{ row: unknown }[]>`
    select jsonb_build_array('fix', to_jsonb(t) - 'feed') as row from fixes t where feed = ${feed}
    union all select jsonb_build_array('advisory', to_jsonb(t) - 'feed') from advisories t where feed = ${feed}
    union all select jsonb_build_array('update', to_jsonb(t) - 'feed') from windows_updates t where feed = ${feed}
    union all select jsonb_build_array('facts', to_jsonb(t) - 'feed') from cve_facts t where feed = ${feed}
    union all select jsonb_build_array('lifecycle', to_jsonb(t) - 'feed') from lifecycles t where feed = ${feed}
    union all select jsonb_build_array('kev', to_jsonb(t) - 'feed') from kev t where feed = ${feed}
    union all select jsonb_build_array('epss', to_jsonb(t) - 'feed') from epss_parts t where feed = ${feed}`
  return all.map(({ row }) => JSON.stringify(row)).sort()
}

/** What rows that are only in one of the two are about. */
function namesOfDifferent(before: Stored, now: Stored): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [row, about] of before) if (!now.has(row)) for (const one of about) names.add(one)
  for (const [row, about] of now) if (!before.has(row)) for (const one of about) names.add(one)
  return names
}

/** Where every row of the feed's tables lies, and who wrote it. */
async function written(): Promise<readonly unknown[]> {
  const tables = [
    'fixes',
    'advisories',
    'windows_updates',
    'cve_facts',
    'lifecycles',
    'kev',
    'epss_parts',
    'feed_changes',
  ]
  const { sql } = database()
  return Promise.all(
    tables.map((table) => sql.unsafe(`select ctid::text, xmin::text, xmax::text from ${table} order by ctid`)),
  )
}

async function versions(): Promise<readonly number[]> {
  const { sql } = database()
  return (await sql`select version from feed_changes order by version`).map((row) => Number(row.version))
}

// ---------------------------------------------------------------- tests

describe('a feed that is stored by difference', () => {
  it('is what the last content makes from nothing, and each change names all that differs, and nothing else', async () => {
    const { db, sql } = database()
    await fc.assert(
      fc.asyncProperty(fc.array(news, { minLength: 1, maxLength: 5 }), async (all) => {
        await sql`truncate fixes, advisories, windows_updates, cve_facts, lifecycles, kev, epss_parts, sources, feed_changes`
        let said: FeedContent = {}
        let version = 0
        for (const one of all) {
          const before = await stored('f')
          const change = await saveFeed(db, 'f', one, result)
          said = after(said, one)
          const now = await stored('f')
          for (const list of ['packages', 'cves', 'platforms'] as const)
            expect(new Set((change?.[list] ?? []).map((item) => JSON.stringify(item)))).toEqual(
              namesOfDifferent(before[list], now[list]),
            )
          if (change !== null) expect(change.version).toBe(++version)
          const untouched = await written()
          expect(await saveFeed(db, 'f', one, result)).toBeNull()
          expect(await written()).toEqual(untouched)
        }
        await saveFeed(db, 'from nothing', { content: said }, result)
        expect(await dump('f')).toEqual(await dump('from nothing'))
        const kept =
          await sql`select version, packages, cves, platforms from feed_changes where feed = 'f' order by version`
        expect(kept.map((row) => row.version)).toEqual(Array.from({ length: version }, (_, index) => index + 1))
        const [source] = await sql`select version from sources where name = 'f'`
        expect(source?.version).toBe(version)
      }),
      { numRuns: 10 },
    )
  })

  it('tells a change as it is kept, and to whoever does more in the same transaction', async () => {
    const { db, sql } = database()
    const heard: FeedChange[] = []
    async function hear(tx: Tx, change: FeedChange): Promise<void> {
      heard.push(change)
      await tx.execute(`insert into digests values ('${change.feed}', '${change.version}')`)
    }
    const fixes: readonly Fix[] = [
      { platform: 'debian:12', package: 'curl', by: 'source', cves: ['CVE-2026-1000'], fixedVersion: '1-1' },
      { platform: 'debian:12', package: 'bash', by: 'source', cves: ['CVE-2026-1000'], fixedVersion: '2-1' },
    ]
    expect(await saveFeed(db, 'f', { content: { fixes } }, result, hear)).toEqual({
      feed: 'f',
      version: 1,
      packages: [
        ['debian:12', 'bash', 'source'],
        ['debian:12', 'curl', 'source'],
      ],
      cves: [],
      platforms: [],
    })
    const later = fixes.map((one) => (one.package === 'bash' ? { ...one, fixedVersion: '2-2' } : one))
    const second = await saveFeed(db, 'f', { content: { fixes: later } }, result, hear)
    expect(second?.packages).toEqual([['debian:12', 'bash', 'source']])
    expect(await saveFeed(db, 'f', { content: { fixes: later.toReversed() } }, result, hear)).toBeNull()
    expect(heard.map((change) => change.version)).toEqual([1, 2])
    expect((await sql`select day from digests order by day`).map((row) => row.day)).toEqual(['1', '2'])

    async function refuse(): Promise<void> {
      throw new Error('no room')
    }
    const before = await dump('f')
    await expect(saveFeed(db, 'f', { content: { fixes: [] } }, result, refuse)).rejects.toThrow('no room')
    expect(await dump('f')).toEqual(before)
    expect(await versions()).toEqual([1, 2])
  })

  it('of two that save at once each is stored whole, and no number is left out or given twice', async () => {
    const { db, sql } = database()
    const of = (version: string): FeedContent => ({
      fixes: Array.from({ length: 300 }, (_, index) => ({
        platform: 'debian:12',
        package: `p${index % 100}`,
        by: 'source',
        cves: [`CVE-2026-${1_000 + index}`],
        fixedVersion: version,
      })),
      epss: [{ cve: 'CVE-2026-1000', score: 0.5, percentile: 0.5, model: version, date: '2026-11-20' }],
    })
    const contents = ['1', '2', '3', '4'].map(of)
    const changes = await Promise.all(contents.map((one) => saveFeed(db, 'f', { content: one }, result)))
    expect(changes.map((change) => change?.version).sort()).toEqual([1, 2, 3, 4])
    expect(await versions()).toEqual([1, 2, 3, 4])
    const [{ count } = { count: 0 }] = await sql`select count(distinct fixed_version)::int as count from fixes`
    expect(count).toBe(1)
    expect(await sql`select from fixes`).toHaveLength(300)
    expect(await sql`select from epss_parts`).toHaveLength(1)
  })

  it('says of a percentile that moves that nothing is to be judged again, and stores it', async () => {
    const of = (percentile: number, date: string): FeedContent => ({
      epss: ['CVE-2026-1000', 'CVE-2025-0007'].map((id) => ({ cve: id, score: 0.25, percentile, model: 'v5', date })),
    })
    expect((await save(of(0.5, '2026-11-19')))?.cves).toEqual(['CVE-2025-0007', 'CVE-2026-1000'])
    expect(await save(of(0.6, '2026-11-20'))).toEqual({ feed: 'f', version: 2, packages: [], cves: [], platforms: [] })
    expect((await readAbout(database().db, ['CVE-2025-0007', 'CVE-2024-1'])).epss).toEqual([
      { feed: 'f', cve: 'CVE-2025-0007', score: 0.25, percentile: 0.6, model: 'v5', date: '2026-11-20' },
    ])
  })

  it('says of more than can be listed that it may be anything', async () => {
    const of = (count: number, value: number): FeedContent => ({
      epss: Array.from({ length: count }, (_, index) => ({
        cve: `CVE-2026-${10_000 + index}`,
        score: value,
        percentile: 0.5,
        model: 'v5',
        date: '2026-11-20',
      })),
      kev: [{ cve: 'CVE-2026-1000', dateAdded: '2026-11-01', dueDate: '2026-11-22', ransomware: false, name: '' }],
    })
    expect(await save(of(limits.changesListed + 1, 0.5))).toMatchObject({ packages: [], cves: null })
    expect((await save(of(limits.changesListed, 0.5)))?.cves).toEqual([`CVE-2026-${10_000 + limits.changesListed}`])
  })

  it('has changed when it is configured no more, once, and is read as a new one when it comes back', async () => {
    const { db, sql } = database()
    const fixes: readonly Fix[] = [
      { platform: 'debian:12', package: 'curl', by: 'source', cves: ['CVE-2026-1000'], fixedVersion: '1-1' },
    ]
    await save({ fixes })
    await saveFeed(db, 'other', { content: { fixes } }, result)
    const heard: FeedChange[] = []
    async function hear(_tx: Tx, change: FeedChange): Promise<void> {
      heard.push(change)
    }
    await forgetOtherFeeds(db, ['other'], now, hear)
    await forgetOtherFeeds(db, ['other'], now, hear)
    expect(heard).toEqual([{ feed: 'f', version: 2, packages: null, cves: [], platforms: [] }])
    expect(await sql`select feed from fixes`).toEqual([{ feed: 'other' }])
    expect(await sql`select cursor from sources where name = 'f'`).toEqual([{ cursor: null }])
    expect((await save({ fixes }))?.version).toBe(3)
  })

  it('keeps what changed for as long as it is told to', async () => {
    const { db } = database()
    const of = (version: string): FeedContent => ({
      fixes: [{ platform: 'debian:12', package: 'curl', by: 'source', cves: [], fixedVersion: version }],
    })
    await save(of('1'))
    await saveFeed(db, 'f', { content: of('2') }, { ...result, now: '2026-11-27T12:00:00.000Z' })
    await purgeFeedChanges(db, '2026-11-21T00:00:00.000Z')
    expect(await versions()).toEqual([2])
    expect((await save(of('3')))?.version).toBe(3)
  })

  it('of an earlier version is stored by difference from then on, whatever it held', async () => {
    const { db, sql } = database()
    await sourceSucceeded(db, 'catalog', 'f', now, 'c', 0)
    await sql`insert into fixes (feed, record, platform, package, by, cves, fixed_version, type) values
      ('f', 'CVE-2026-1000', 'debian:12', 'curl', 'source', array['CVE-2026-1000'], '1-1', 'security'),
      ('f', 'CVE-2026-1000', 'debian:12', 'curl', 'source', array['CVE-2026-1000'], '1-1', 'security'),
      ('f', 'CVE-2026-2000', 'debian:12', 'gone', 'source', array['CVE-2026-2000'], '1-1', 'security')`
    const fixes: readonly Fix[] = [
      { platform: 'debian:12', package: 'curl', by: 'source', cves: ['CVE-2026-1000'], fixedVersion: '1-1' },
    ]
    expect((await save({ fixes }))?.packages).toEqual([
      ['debian:12', 'curl', 'source'],
      ['debian:12', 'gone', 'source'],
    ])
    expect((await readCatalog(db, ['debian:12'], ['curl', 'gone'])).fixes).toMatchObject([{ package: 'curl' }])
    expect(await save({ fixes })).toBeNull()
  })

  it('keeps the first and the last affected version of a fix', async () => {
    const { db } = database()
    const about = { platform: 'debian:12', package: 'curl', by: 'source', cves: ['CVE-2026-1000'] } as const
    const bounds = [
      { introduced: null, fixedVersion: '1-1' },
      { introduced: '2-1', fixedVersion: '2-3' },
      { introduced: '3-1', fixedVersion: null, lastAffected: '3-4' },
      { introduced: null, fixedVersion: null, lastAffected: '0.9-1' },
    ]
    await save({ fixes: bounds.map((one) => ({ ...about, ...one })) })
    const { fixes = [] } = await readCatalog(db, ['debian:12'], ['curl'])
    const read = fixes.map(({ introduced, fixedVersion, lastAffected }) => [introduced, fixedVersion, lastAffected])
    expect(read.sort()).toEqual(
      bounds
        .map((one) => [one.introduced, one.fixedVersion, 'lastAffected' in one ? one.lastAffected : undefined])
        .sort(),
    )
  })
})
