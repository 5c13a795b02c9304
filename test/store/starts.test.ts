import { expect, test } from 'vitest'
import type { HealthResult } from '../../src/core/ports.ts'
import { purgeStartAssets } from '../../src/store/starts.ts'
import { createRunBook } from '../../src/workflow/rollout/run-book.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const clock = () => new Date('2026-11-20T02:00:00.000Z')
const start = { key: 'PW-1.r1.1.1', proposal: 'PW-1', engine: 'ssh' }
const health = (detail: string): readonly HealthResult[] => [{ check: 'http', healthy: true, detail }]
const none: ReadonlyMap<string, readonly HealthResult[]> = new Map()

test('20,000 assets are written by few statements and read back in their order; the answer of the engine writes none', async () => {
  const { db, sql } = database()
  await sql.unsafe(`create table written (what text, number bigint);
    create function note_it() returns trigger language plpgsql as $$
      begin insert into written select tg_op, count(*) from changed; return null; end $$;
    create trigger inserts after insert on start_assets referencing new table as changed
      for each statement execute function note_it();
    create trigger updates after update on start_assets referencing new table as changed
      for each statement execute function note_it();
    create trigger deletes after delete on start_assets referencing old table as changed
      for each statement execute function note_it()`)
  const book = createRunBook({ db, clock })
  const assets = Array.from({ length: 20_000 }, (_, index) => `s/web-${20_000 - index}`)
  const refused = Array.from({ length: 10 }, (_, index) => `s/refused-${index}`)
  const before = new Map([...refused, ...assets.slice(1)].map((asset) => [asset, health(`200 of ${asset}`)]))
  await book.noteStarting(start, assets, before)
  expect(await book.notesOf(start.key)).toEqual({
    starting: assets,
    handle: null,
    nextLook: null,
    windowOver: false,
    before,
  })
  const written = [['DELETE', '0'], ...Array(4).fill(['INSERT', '5000']), ['INSERT', '10']]
  const statements = async () => (await sql`select what, number from written`).map(({ what, number }) => [what, number])
  expect(await statements()).toEqual(written)

  const handle = { jobs: [1, 2], odd: 'a \0 b' }
  await book.noteHandle(start, handle)
  expect(await book.notesOf(start.key)).toEqual({
    starting: null,
    handle: { jobs: [1, 2], odd: 'a \ufffd b' },
    nextLook: null,
    windowOver: false,
    before,
  })
  expect(await statements()).toEqual(written)
})

test('what was noted last holds, of one start alone, whatever is in its texts', async () => {
  const { db } = database()
  const book = createRunBook({ db, clock })
  const other = { ...start, key: 'PW-1.r1.1.2' }
  await book.noteStarting(other, ['s/web-1'], none)
  await book.noteStarting(start, ['s/web-1', 's/web-2'], new Map([['s/web-1', health('once')]]))
  const odd = 's/a", \\{b}, NULL'
  await book.noteStarting(start, [odd], new Map([[odd, health('a "b" \\ {c} \0 \ud800 d')]]))
  expect(await book.notesOf(start.key)).toEqual({
    starting: [odd],
    handle: null,
    nextLook: null,
    windowOver: false,
    before: new Map([[odd, health('a "b" \\ {c} \ufffd \ufffd d')]]),
  })
  expect(await book.notesOf(other.key)).toEqual({
    starting: ['s/web-1'],
    handle: null,
    nextLook: null,
    windowOver: false,
    before: none,
  })
  expect(await book.notesOf('PW-1.r1.1.3')).toEqual({
    starting: null,
    handle: null,
    nextLook: null,
    windowOver: false,
    before: none,
  })
})

test('when a start is looked at again is kept with it alone, is taken back, and is not known of one that begins anew', async () => {
  const { db } = database()
  const book = createRunBook({ db, clock })
  const other = { ...start, key: 'PW-1.r1.1.2' }
  const next = async ({ key }: typeof start) => (await book.notesOf(key)).nextLook
  for (const one of [start, other]) {
    await book.noteStarting(one, ['s/web-1'], none)
    await book.noteHandle(one, { job: 1 })
  }
  expect(await next(start)).toBeNull()
  await book.noteNextLook(start.key, '2026-11-20T03:00:00.123Z')
  expect(await book.notesOf(start.key)).toMatchObject({ handle: { job: 1 }, nextLook: '2026-11-20T03:00:00.123Z' })
  expect(await next(other)).toBeNull()
  await book.noteNextLook(start.key, null)
  expect(await next(start)).toBeNull()
  await book.noteNextLook(start.key, '2026-11-20T04:00:00.000Z')
  await book.noteStarting(start, ['s/web-1'], none)
  expect(await next(start)).toBeNull()
  await book.noteNextLook('PW-1.r1.1.3', '2026-11-20T04:00:00.000Z')
  expect(await book.notesOf('PW-1.r1.1.3')).toEqual({
    starting: null,
    handle: null,
    nextLook: null,
    windowOver: false,
    before: none,
  })
})

test('of what cannot be written whole, nothing is', async () => {
  const { db, sql } = database()
  const book = createRunBook({ db, clock })
  await sql`alter table start_assets add check (place is distinct from 5001)`
  const assets = Array.from({ length: 5_001 }, (_, index) => `s/web-${index}`)
  await expect(book.noteStarting(start, assets, none)).rejects.toThrow()
  expect(await book.notesOf(start.key)).toEqual({
    starting: null,
    handle: null,
    nextLook: null,
    windowOver: false,
    before: none,
  })
})

test('assets are kept until their proposal is over for a while and nothing of it is at work; starts are kept', async () => {
  const { db, sql } = database()
  const book = createRunBook({ db, clock })
  const proposals = [
    ['PW-1', 'completed', '2026-10-01T00:00:00Z'],
    ['PW-2', 'completed', '2026-11-01T00:00:00Z'],
    ['PW-3', 'rolling out', null],
    ['PW-4', 'rejected', '2026-10-01T00:00:00Z'],
  ] as const
  for (const [index, [id, status, closedAt]] of proposals.entries()) {
    await sql`insert into proposals values (${id}, ${index + 1}, 'web', ${status}, 1, 'h', '2026-09-01', ${closedAt}, '{}', 3)`
    await book.noteStarting({ ...start, key: `${id}.r1.1.1`, proposal: id }, ['s/web-1', 's/web-2'], none)
  }
  const many = Array.from({ length: 12_000 }, (_, index) => `s/web-${index}`)
  await book.noteStarting({ ...start, key: 'PW-1.r1.1.2' }, many, none)
  await sql`insert into at_work values ('s/web-1', 'PW-4', 'web', 'all', now())`
  expect(await purgeStartAssets(db, '2026-10-15T00:00:00.000Z')).toBe(12_002)
  const left = await sql`select distinct key from start_assets order by key`
  expect(left.map(({ key }) => key)).toEqual(['PW-2.r1.1.1', 'PW-3.r1.1.1', 'PW-4.r1.1.1'])
  expect(await sql`select from starts`).toHaveLength(5)
  expect(await purgeStartAssets(db, '2026-10-15T00:00:00.000Z')).toBe(0)
})
