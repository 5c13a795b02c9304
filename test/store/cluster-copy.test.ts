/** The copy of an embedded database before a migration that there is no way back from. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { databaseAhead } from '../../src/cli/database-ahead.ts'
import { type Database, type DatabaseOptions, lookAhead, openDatabase } from '../../src/store/database.ts'
import { type Migrations, migrateDatabase, migrationsFolder } from '../../src/store/migrate.ts'
import { isAlive } from '../../src/store/process-identity.ts'
import { type Child, startChild } from '../support/child.ts'
import { migrationNames, migrationsWithout } from '../support/earlier-migrations.ts'

const LAST = migrationNames().at(-1) ?? ''

let folder: string
let dataDir: string
/** Of the version before, and of this one. */
let before: Migrations
let now: Migrations
let opened: Database[]
let children: Child[]
let said: string[]

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'patchwarden copy '))
  chmodSync(folder, 0o755)
  dataDir = path.join(folder, 'data', 'postgres')
  before = { folder: migrationsWithout(path.join(folder, 'before'), 1), noWayBack: [] }
  now = { folder: migrationsFolder, noWayBack: [LAST] }
  opened = []
  children = []
  said = []
})

afterEach(async () => {
  for (const child of children) await child.kill()
  for (const database of opened) await database.close()
  rmSync(folder, { recursive: true, force: true })
})

function options(migrations: Migrations, more: Partial<DatabaseOptions> = {}): DatabaseOptions {
  return { url: undefined, dataDir, durable: false, log: (line) => said.push(line), migrations, ...more }
}

async function open(migrations: Migrations, more?: Partial<DatabaseOptions>): Promise<Database> {
  const database = await openDatabase(options(migrations, more))
  opened.push(database)
  return database
}

/** A database as the version before leaves it, with something in it. */
async function leaveOld(word = 'old'): Promise<void> {
  const database = await open(before)
  await database.sql`create table if not exists kept (word text)`
  await database.sql`insert into kept values (${word})`
  await database.close()
}

function copies(): readonly string[] {
  return readdirSync(dataDir).filter((name) => name.startsWith('before-'))
}

const today = () => new Date().toISOString().slice(0, 10)
const copyOfToday = () => `before-${LAST}-${today()}`
const inData = (name: string) => path.join(dataDir, name)

async function hasRun({ sql }: Database): Promise<boolean> {
  return (await sql`select from drizzle.__drizzle_migrations`).length === migrationNames().length
}

/** Every file below, with owner and mode. */
function tree(root: string, below = ''): readonly string[] {
  const { uid, gid, mode } = statSync(path.join(root, below))
  const own = `${below} ${uid}:${gid} ${mode.toString(8)}`
  if (!statSync(path.join(root, below)).isDirectory()) return [own]
  return [own, ...readdirSync(path.join(root, below)).flatMap((name) => tree(root, path.join(below, name)))]
}

describe('the copy', () => {
  test('is made before, once, with owners and modes, and the log says where it is and how to go back', async () => {
    await leaveOld()
    const files = tree(inData('pgdata'))
    const database = await open(now)
    expect(copies()).toEqual([copyOfToday()])
    expect(said.at(-1)).toBe(
      `This start changes how things are stored (${LAST}). ${inData('pgdata')} was copied to ${inData(copyOfToday())} before. To go back: stop Patchwarden, move ${inData('pgdata')} away, put ${inData(copyOfToday())} in its place, and run the earlier version.`,
    )
    const isFile = (line: string) => !/^(patchwarden-copy\.json|postmaster\.pid) /.test(line)
    // The start that looked which migrations are to come may have written more of the log ahead.
    const withoutLog = (line: string) => !/^pg_wal\/[0-9A-F]{24} /.test(line)
    const copied = tree(inData(copyOfToday())).filter(isFile).filter(withoutLog)
    expect(copied).toEqual(expect.arrayContaining(files.filter(isFile).filter(withoutLog)))
    expect(statSync(inData(copyOfToday())).mode & 0o777).toBe(0o700)
    expect(await database.sql`select word from kept`).toEqual([{ word: 'old' }])
    await database.close()

    said = []
    await (await open(now)).close()
    expect(copies()).toEqual([copyOfToday()])
    expect(said).toEqual([])
  })

  test('put in the place of the database, it works with the version before, and holds what was there', async () => {
    await leaveOld()
    const upgraded = await open(now)
    await upgraded.sql`insert into kept values ('new')`
    await upgraded.close()
    await expect(open(before)).rejects.toThrow('This database was migrated by a newer Patchwarden.')

    rmSync(inData('pgdata'), { recursive: true })
    renameSync(inData(copyOfToday()), inData('pgdata'))
    const back = await open(before)
    expect(await back.sql`select word from kept`).toEqual([{ word: 'old' }])
    await back.sql`insert into kept values ('later')`
    await back.close()

    const again = await open(now)
    expect(await again.sql`select word from kept`).toEqual([{ word: 'old' }, { word: 'later' }])
    expect(copies()).toEqual([copyOfToday()])
  })

  test('is not made again where the upgrade failed; it is where the version before went on meanwhile', async () => {
    const fails = { '9000_fails': 'create table half (id int);\n--> statement-breakpoint\nselect 1 / 0' }
    const failing: Migrations = {
      folder: migrationsWithout(path.join(folder, 'failing'), 0, fails),
      noWayBack: ['9000_fails'],
    }
    before = { folder: migrationsFolder, noWayBack: [] }
    const first = `before-9000_fails-${today()}`
    await leaveOld()
    await expect(open(failing)).rejects.toThrow()
    await expect(open(failing)).rejects.toThrow()
    await expect(open(failing)).rejects.toThrow()
    expect(copies()).toEqual([first])
    expect(said.filter((line) => line.includes(`The copy made before is ${inData(first)}.`))).toHaveLength(2)

    await leaveOld('meanwhile')
    await expect(open(failing)).rejects.toThrow()
    expect(copies()).toEqual([first, `${first}-2`])

    rmSync(inData('pgdata'), { recursive: true })
    renameSync(inData(`${first}-2`), inData('pgdata'))
    const back = await open(before)
    expect(await back.sql`select word from kept`).toEqual([{ word: 'old' }, { word: 'meanwhile' }])
  })

  test('cut off by a crash, it never looks whole, and the next start makes it anew', async () => {
    await leaveOld()
    const database = await open(before)
    // So much that it is cut off in the middle.
    await database.sql`create table large as select md5(random()::text) from generate_series(1, 200000)`
    await database.close()
    const child = startChild('test/store/children/upgrading.ts', [dataDir, now.folder, LAST])
    children.push(child)
    const unfinished = inData(`${copyOfToday()}.unfinished`)
    await expect.poll(() => existsSync(path.join(unfinished, 'base')), { interval: 1 }).toBe(true)
    await child.kill('SIGKILL')
    expect(copies()).toEqual([`${copyOfToday()}.unfinished`])
    expect(existsSync(inData('pgdata/postmaster.pid'))).toBe(false)
    // As a crash of the machine leaves it.
    writeFileSync(path.join(unfinished, 'PG_VERSION'), '')

    const next = await open(now)
    expect(copies()).toEqual([copyOfToday()])
    expect(await next.sql`select word from kept`).toEqual([{ word: 'old' }])
    expect(readFileSync(inData(`${copyOfToday()}/PG_VERSION`), 'utf8')).toMatch(/^\d+\n$/)
  })

  test('what was cut off goes even where no copy is made any more', async () => {
    await leaveOld()
    mkdirSync(inData(`${copyOfToday()}.unfinished/base`), { recursive: true })
    await open(before)
    expect(copies()).toEqual([])
  })

  test('without room the start stops, says what is needed, and leaves all as it was; by hand it goes on', async () => {
    await leaveOld()
    const refused = open(now, { freeBytes: () => 12_000_000 })
    await expect(refused).rejects.toThrow(
      new RegExp(
        `^This start changes how things are stored \\(${LAST}\\)\\. .*/pgdata has to be copied to .*/${copyOfToday()} before, which needs \\d+ MB, and 12 MB are free there\\. Make room and start again, or copy .*/pgdata elsewhere while Patchwarden is stopped, and start with PATCHWARDEN_UPGRADE=without-copy\\.$`,
      ),
    )
    expect(copies()).toEqual([])
    expect(existsSync(inData('pgdata/postmaster.pid'))).toBe(false)
    const old = await open(before)
    expect(await hasRun(old)).toBe(false)
    await old.close()

    said = []
    const database = await open(now, { freeBytes: () => 12_000_000, withoutCopy: true })
    expect(await hasRun(database)).toBe(true)
    expect(copies()).toEqual([])
    expect(said).toEqual([expect.stringContaining('is not copied, because PATCHWARDEN_UPGRADE is without-copy')])
  })

  test('is not made under others who use the server: they go on, and the start says that they must stop', async () => {
    await leaveOld()
    const child = startChild('test/store/children/upgrading.ts', [dataDir, before.folder, ''])
    children.push(child)
    await child.line()
    const pid = Number.parseInt(readFileSync(inData('pgdata/postmaster.pid'), 'utf8'), 10)
    await expect(open(now)).rejects.toThrow(
      'has to be copied before, and other processes of Patchwarden use it. Stop them all, then start again.',
    )
    expect(isAlive(pid)).toBe(true)
    expect(copies()).toEqual([])
    await child.kill('SIGKILL')
    await open(now)
    expect(copies()).toEqual([copyOfToday()])
  })

  test('is made once by two starts at once, and both work', async () => {
    await leaveOld()
    const both = await Promise.all([open(now), open(now)])
    expect(copies()).toEqual([copyOfToday()])
    for (const database of both) expect(await database.sql`select word from kept`).toEqual([{ word: 'old' }])
  })

  test('a fresh database needs none, nor does a migration that is not there yet', async () => {
    await open(now).then((database) => database.close())
    await open({ folder: migrationsFolder, noWayBack: ['0017_light-decisions'] }).then((database) => database.close())
    await open({ ...now, noWayBack: [LAST, '9999_not-there-yet'] })
    expect(copies()).toEqual([])
    expect(said).toEqual([])
  })
})

describe('a look at what the next start does', () => {
  async function look(migrations: Migrations, more: Partial<DatabaseOptions> = {}) {
    const outlook = await lookAhead(options(migrations, more))
    await outlook?.close()
    return outlook === null ? null : databaseAhead(outlook)
  }

  test('finds nothing where there is no database yet, and makes none', async () => {
    expect(await look(now)).toBeNull()
    expect(existsSync(inData('pgdata'))).toBe(false)
  })

  test('says where the copy will be, how large, and whether there is room; nothing is changed', async () => {
    await leaveOld()
    const found = await look(now)
    expect(found).toMatchObject({ kind: 'database', name: dataDir, ok: true })
    expect(found?.what).toMatch(
      new RegExp(
        `^the next start applies 1 migration to it: ${LAST}\nwarning: The start will change how things are stored\\. The only way back to an earlier version is a copy of the database, which the start makes itself: ${inData(copyOfToday())}, \\d+ MB large; \\d+ MB are needed and [\\d.]+ [MG]B free there\\.$`,
      ),
    )
    const tight = await look(now, { freeBytes: () => 1 })
    expect(tight).toMatchObject({
      ok: false,
      what: expect.stringMatching(/ So there is no room, and it will not start: /),
    })
    const byHand = await look(now, { withoutCopy: true })
    expect(byHand?.what).toMatch(/, and the start makes none, for PATCHWARDEN_UPGRADE is without-copy\.$/)
    expect(copies()).toEqual([])
    expect(existsSync(inData('pgdata/postmaster.pid'))).toBe(false)

    const old = await open(before)
    expect(await hasRun(old)).toBe(false)
    expect((await look(now))?.what).toMatch(/ Other processes use the database now: stop them all before that start\.$/)
    expect(await old.sql`select word from kept`).toEqual([{ word: 'old' }])
    await old.close()
    await (await open(now)).close()
    expect(await look(now)).toBeNull()
  })
})

describe('a database of the operator', () => {
  let url: string

  beforeEach(async () => {
    const admin = postgres(inject('pgUrl'), { max: 1 })
    const name = `ahead_${process.pid}_${Date.now()}`
    await admin`create database ${admin(name)}`
    await admin.end()
    url = Object.assign(new URL(inject('pgUrl')), { pathname: `/${name}` }).href
  })
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close()
    const admin = postgres(inject('pgUrl'), { max: 1 })
    await admin`drop database ${admin(new URL(url).pathname.slice(1))} with (force)`
    await admin.end()
  })

  test('is not copied: a look says that it must be, and the start that there is no other way back, once', async () => {
    await migrateDatabase(url, before.folder)
    const outlook = await lookAhead(options(now, { url }))
    expect(outlook === null ? null : databaseAhead(outlook)).toEqual({
      kind: 'database',
      name: expect.stringMatching(/^127\.0\.0\.1:\d+\/ahead_/),
      ok: true,
      what: `the next start applies 1 migration to it: ${LAST}\nwarning: The start will change how things are stored. The only way back to an earlier version is a copy of the database: stop every process of the earlier version, and make one first (pg_dump), to go back to it by pg_restore.`,
    })
    await Promise.all([open(now, { url }), open(now, { url })])
    expect(said).toEqual([
      `This start changes how things are stored (${LAST}). The only way back is a backup of the database from before.`,
    ])
    const after = await lookAhead(options(now, { url }))
    expect(after === null ? null : databaseAhead(after)).toBeNull()
    expect(existsSync(dataDir)).toBe(false)
  })

  test('is taken as it is where it is fresh', async () => {
    const outlook = await lookAhead(options(now, { url }))
    expect(outlook).toMatchObject({ fresh: true, noWayBack: null })
    expect(outlook === null ? null : databaseAhead(outlook)).toBeNull()
    await open(now, { url })
    expect(said).toEqual([])
  })
})
