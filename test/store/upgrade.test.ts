/** A database of an earlier version: what it holds is kept. */

import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { expect, it } from 'vitest'
import type { AssetSnapshot, PendingUpdate } from '../../src/core/asset.ts'
import { sha256 } from '../../src/core/sha256.ts'
import { readAbout, readCatalog } from '../../src/store/catalog.ts'
import type { Db } from '../../src/store/connection.ts'
import { connect } from '../../src/store/database.ts'
import { historyOf, listAssets, readSnapshots } from '../../src/store/inventory.ts'
import { migrateDatabase, migrationsFolder } from '../../src/store/migrate.ts'
import { packIds } from '../../src/store/packed-ids.ts'
import { allLinkedAccounts } from '../../src/store/people.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { createRunBook } from '../../src/workflow/rollout/run-book.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { createTestDatabase } from '../support/database.ts'

/** Migrations up to 0004, as the version before had them. */
const BEFORE = 5

interface Upgraded {
  readonly sql: postgres.Sql
  readonly db: Db
}

/** Fills a database as the first `migrations` left it, upgrades it, and looks at what became of it. */
async function upgrade(
  migrations: number,
  fill: (sql: postgres.Sql) => Promise<unknown>,
  look: (upgraded: Upgraded) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pw-upgrade-'))
  const around = await createTestDatabase()
  const empty = `upgrade_${randomUUID().replaceAll('-', '')}`
  await around.sql.unsafe(`create database ${empty}`)
  const address = new URL(around.url)
  address.pathname = `/${empty}`
  const url = address.href
  const clients = connect(url, 2)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await cp(migrationsFolder, folder, { recursive: true })
    const journal = path.join(folder, 'meta', '_journal.json')
    const all = JSON.parse(await readFile(journal, 'utf8'))
    await writeFile(journal, JSON.stringify({ ...all, entries: all.entries.slice(0, migrations) }))
    await migrateDatabase(url, folder)
    await fill(sql)
    await migrateDatabase(url)
    await look({ sql, db: clients.db })
  } finally {
    await sql.end()
    await clients.end()
    await around.sql.unsafe(`drop database ${empty} with (force)`)
    await around.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

it('keeps inventory and catalog, and lets every feed be read whole once', () =>
  upgrade(
    BEFORE,
    async (sql) => {
      await sql`insert into package_versions (id, name, version, architecture, source, source_version)
      values (7, 'curl', '1-1', 'amd64', 'curl', '1-1'), (70000, 'bash', '2', 'amd64', 'bash', '2')`
      await sql`insert into software_sets (id, hash, packages) values (3, 'h', array[70000, 7])`
      await sql`insert into assets (id, source, team, asset, software_set, pending, reboot_required, reboot_packages, stale_services, observed_at, checked_at)
      values ('s/a', 's', 'web', ${sql.json({ ...anAsset('a', { source: 's' }) })}, 3, '[]', false, '{}', '{}', now(), now())`
      await sql`insert into fixes (feed, platform, source, cve, fixed_version) values ('f', 'debian:12', 'curl', 'CVE-2026-1', '1-2')`
      await sql`insert into advisories (feed, id, title, cves, fixes)
      values ('f', 'DSA-1-1', 't', array['CVE-2026-1'], '[{"platform":"debian:12","source":"curl","fixedVersion":"1-2"}]')`
      await sql`insert into sources (name, kind, cursor, checked_at) values ('f', 'catalog', 'seen', now())`
    },
    async ({ sql, db }) => {
      const [snapshot] = await readSnapshots(db)
      expect(snapshot?.packages.map((item) => item.name)).toEqual(['curl', 'bash'])
      const content = await readCatalog(db, ['debian:12'], ['curl'])
      expect(content.fixes).toMatchObject([
        {
          platform: 'debian:12',
          package: 'curl',
          by: 'source',
          cves: ['CVE-2026-1'],
          fixedVersion: '1-2',
          type: 'security',
        },
      ])
      expect(content.advisories).toMatchObject([{ id: 'DSA-1-1', type: 'security' }])
      expect(await sql`select cursor from sources`).toEqual([{ cursor: null }])
    },
  ))

it('keeps the scores of EPSS until they are read again', () =>
  upgrade(
    24,
    (sql) => sql`insert into epss values
      ('f', 'CVE-1999-0001', 0.00383, 0.5, 'v5', '2026-11-20'), ('f', 'CVE-1999-0002', 1, 0.9, 'v5', '2026-11-20'),
      ('f', 'CVE-2026-9100003', 0.97351, 1, 'v5', '2026-11-20'), ('older', 'CVE-1999-0001', 0.1, 0.2, 'v4', '2024-11-20')`,
    async ({ db }) => {
      const same = { feed: 'f', model: 'v5', date: '2026-11-20' }
      const { epss } = await readAbout(db, ['CVE-2026-9100003', 'CVE-1999-0001'])
      expect(epss).toEqual([
        { ...same, cve: 'CVE-1999-0001', score: 0.00383, percentile: 0.5 },
        { ...same, cve: 'CVE-2026-9100003', score: 0.97351, percentile: 1 },
      ])
    },
  ))

it('keeps linked accounts, of several of one person on one platform the latest, and says of none where it was confirmed', () =>
  upgrade(
    13,
    (sql) => sql`insert into linked_accounts (platform, account, person, linked_at) values
      ('discord', '1', 'mara', '2026-01-01'), ('discord', '2', 'mara', '2026-02-01'), ('slack', 'U1', 'mara', '2025-01-01'),
      ('discord', '3', 'tom', '2026-01-01'), ('discord', '4', 'tom', '2026-01-01')`,
    async ({ db }) => {
      const kept = await allLinkedAccounts(db)
      expect(kept.map(({ person, account }) => `${person} ${account}`)).toEqual(['mara 2', 'mara U1', 'tom 4'])
      expect(kept.map(({ label, confirmedIn }) => [label, confirmedIn])).toEqual(Array(3).fill([null, null]))
    },
  ))

it('keeps of each start what whoever drives next needs: how far it had come, with which assets, in which order', () => {
  const well = { check: 'http', healthy: true, detail: '200 in 12 ms' }
  const sick = { check: 'http', healthy: false, detail: 'a "quoted" \\ answer' }
  const runs: Readonly<Record<string, object>> = {
    'PW-1.r1.1.1': {},
    'PW-1.r1.1.2': { starting: ['s/web-2', 's/web-10', 's/web-1'], before: { 's/web-1': [well], 's/refused': [sick] } },
    'PW-2.r3.2.1': { handle: { job: 7, hosts: ['a'] }, before: { 's/web-1': [well, sick], 's/web-2': [] } },
    'PW-12.r1.1.1': { starting: ['s/web-1'], handle: {}, before: { 's/web-1': [sick] } },
    'PW-13.r1.1.1': { starting: ['s/odd", \\{name}'], before: {} },
  }
  return upgrade(
    18,
    async (sql) => {
      for (const [key, handle] of Object.entries(runs))
        await sql`insert into engine_runs values (${key}, 'ssh', ${sql.json(JSON.parse(JSON.stringify(handle)))}, '2026-11-20T02:00:00Z')`
      await sql`insert into engine_runs select 'PW-14.r1.1.1', 'ssh', jsonb_build_object(
          'starting', jsonb_agg('s/' || number order by number desc),
          'before', jsonb_object_agg('s/' || number, ${sql.json([well])}::jsonb)), now()
        from generate_series(1, 20000) as number`
    },
    async ({ sql, db }) => {
      const { notesOf } = createRunBook({ db, clock: () => new Date() })
      const none = { starting: null, handle: null, nextLook: null, windowOver: false, before: new Map() }
      expect(await notesOf('PW-1.r1.1.1')).toEqual(none)
      expect(await notesOf('PW-1.r1.1.2')).toEqual({
        ...none,
        starting: ['s/web-2', 's/web-10', 's/web-1'],
        before: new Map([
          ['s/web-1', [well]],
          ['s/refused', [sick]],
        ]),
      })
      expect(await notesOf('PW-2.r3.2.1')).toEqual({
        ...none,
        handle: { job: 7, hosts: ['a'] },
        before: new Map([
          ['s/web-1', [well, sick]],
          ['s/web-2', []],
        ]),
      })
      expect(await notesOf('PW-12.r1.1.1')).toEqual({ ...none, handle: {}, before: new Map([['s/web-1', [sick]]]) })
      expect(await notesOf('PW-13.r1.1.1')).toEqual({ ...none, starting: ['s/odd", \\{name}'] })
      const many = await notesOf('PW-14.r1.1.1')
      expect(many.starting).toHaveLength(20_000)
      expect(many.starting?.slice(0, 2)).toEqual(['s/20000', 's/19999'])
      expect(many.before.size).toBe(20_000)
      const kept = await sql`select key, proposal, engine, stage from starts
        where started_at = '2026-11-20T02:00:00Z' order by length(key), key`
      expect(kept.map(({ key, proposal, engine, stage }) => `${key} ${proposal} ${engine} ${stage}`)).toEqual([
        'PW-1.r1.1.1 PW-1 ssh starting',
        'PW-1.r1.1.2 PW-1 ssh starting',
        'PW-2.r3.2.1 PW-2 ssh started',
        'PW-12.r1.1.1 PW-12 ssh started',
        'PW-13.r1.1.1 PW-13 ssh starting',
      ])
      expect(await sql`select to_regclass('engine_runs') as gone`).toEqual([{ gone: null }])
    },
  )
})

it('keeps the last look at each asset, so that the next one that finds the same changes nothing', () => {
  const at = '2026-11-20T02:00:00.000Z'
  const bash = { name: 'bash', version: '1', architecture: 'amd64', source: 'bash', sourceVersion: '1' }
  const curl = { ...bash, name: 'curl', source: 'curl' }
  const update: PendingUpdate = {
    name: 'bash',
    architecture: 'amd64',
    installed: '1',
    candidate: '10',
    source: null,
    origins: ['Debian-Security:12/oldstable-security', 'o"d\\d \u0001\u2028 \u{1f600}\n'],
    security: true,
    held: null,
  }
  const listed = [
    { ...update, name: 'curl', origins: [], security: false, held: 'hold' as const },
    update,
    { ...update, candidate: '9' },
    { ...update, name: 'a\u{1f600}' },
    { ...update, name: 'a\uffee' },
  ]
  const sorted = [listed[4], listed[3], listed[1], listed[2], listed[0]]
  const found = (name: string, other: Partial<AssetSnapshot> = {}, platform = 'debian:12') =>
    aSnapshot(anAsset(name, { platform }), { packages: [bash, curl], observedAt: at, ...other })
  const looks = [
    found('a', { pending: listed, listsRefreshedAt: at }),
    found('b', { pending: [...listed, update].reverse(), packages: [curl] }),
    found('c', { listsRefreshedAt: at }),
    found('d'),
    found('e', { packages: [] }),
    found('f', { packages: [] }, 'ubuntu:24.04'),
  ]
  const packed = (ids: readonly number[]) => [sha256(ids.join(',')), packIds(ids)] as const
  const sets = [packed([7, 70_000]), packed([70_000]), packed([])]
  const setOf: Readonly<Record<string, number>> = { b: 2, e: 3, f: 3 }
  return upgrade(
    24,
    async (sql) => {
      await sql`insert into package_versions (id, platform, name, version, architecture, source, source_version, origin, module)
        values (7, 'debian:12', 'bash', '1', 'amd64', 'bash', '1', '', ''),
          (70000, 'debian:12', 'curl', '1', 'amd64', 'curl', '1', '', '')`
      for (const [hash, bytes] of sets)
        await sql`insert into software_sets (hash, packages) values (${hash}, ${Buffer.from(bytes)})`
      for (const { asset, pending, listsRefreshedAt } of looks)
        await sql`insert into assets (id, source, team, asset, software_set, pending, reboot_required, reboot_packages,
            stale_services, lists_refreshed_at, observed_at, checked_at)
          values (${asset.id}, ${asset.source}, ${asset.team}, ${sql.json({ ...asset })}, ${setOf[asset.name] ?? 1},
            ${sql.json(pending.map((item) => ({ ...item })))}, false, '{}', '{}', ${listsRefreshedAt}, ${at}, ${at})`
      await sql`insert into assets (id, source, team, asset, pending, reboot_required, reboot_packages, stale_services,
          checked_at, problem)
        values ('lab/lost', 'lab', 'web', ${sql.json({ ...anAsset('lost') })}, '[]', false, '{}', '{}', ${at}, 'no answer')`
    },
    async ({ sql, db }) => {
      const read = await readSnapshots(db)
      expect(read).toEqual(looks.map((look) => ({ ...look, pending: look.pending.length === 0 ? [] : sorted })))
      expect(read[0]?.pending).toBe(read[1]?.pending)
      expect((await listAssets(db)).map((row) => [row.packages, row.pending, row.security, row.problem])).toEqual([
        [2, 5, 4, null],
        [1, 5, 4, null],
        [2, 0, 0, null],
        [2, 0, 0, null],
        [0, 0, 0, null],
        [0, 0, 0, null],
        [0, 0, 0, 'no answer'],
      ])
      const rows = () => sql`select *, xmin from assets order by id`
      const before = await rows()
      const later = '2026-11-20T03:00:00.000Z'
      await saveObservations(
        db,
        looks.map((look) => ({ kind: 'seen', snapshot: { ...look, observedAt: later }, warnings: [] })),
        later,
      )
      expect(await rows()).toEqual(before)
      expect(await sql`select * from dirty`).toEqual([])
      expect(await historyOf(db, 'lab/a')).toEqual([{ from: at, until: null, softwareSet: 1 }])
      expect(await historyOf(db, 'lab/lost')).toEqual([])
      expect(
        new Set((await sql`select observed_at from asset_looks`).map(({ observed_at: time }) => time?.toISOString())),
      ).toEqual(new Set([undefined, later]))
    },
  )
})
