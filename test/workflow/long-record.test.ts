import path from 'node:path'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import { entryOf } from '../../src/core/proposal/entry.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { type SealedEntry, sealEntry } from '../../src/core/record/entry.ts'
import type { Register } from '../../src/core/record/register.ts'
import { listOf } from '../../src/store/bulk.ts'
import { readRegister } from '../../src/store/persons.ts'
import { startChild } from '../support/child.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleService, mara, standard } from '../support/example-service.ts'
import { content } from '../support/proposals.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** One long proposal, and a hundred that are long together. */
const LONG = 200_000
const OTHERS = 100
const EACH = 3_000
const COMMENTS = LONG + OTHERS * EACH

/** What JavaScript may hold: less than a text for each event would take. */
const SMALL = ['--max-old-space-size=64', '--max-semi-space-size=4']

const author: Actor = { kind: 'person', id: mara.id, name: mara.name, via: 'console' }
const assessment: Actor = { kind: 'system', part: 'assessment' }
const words = (seq: number) => `looked at ${seq} of them, and all is as it should be`

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = temporaryFolder('long record')
  const { db, sql } = database
  const opened = new Date(Date.now() - 3_600_000)
  const { workflow, remove } = await exampleService(db, { clock: () => opened })
  const ids = Array.from({ length: OTHERS + 1 }, (_, index) => `PW-${index + 1}`)
  for (const id of ids) {
    const done = await workflow.open('web-platform', contentFor(id), standard, assessment)
    expect(done.state?.id).toBe(id)
  }
  await workflow.execute('PW-1', { type: 'comment', text: 'makes the author known' }, author)
  await workflow.deliver()
  await remove()
  const register = await readRegister(db)
  for (const id of ids) await comment(sql, register, id, id === 'PW-1' ? LONG : EACH, opened.getTime())
  await sql`analyze`
})
afterAll(() => database.drop())

function contentFor(id: string): Content {
  const base = content(2)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const named = base.subject.assets.map((item) => ({ ...item, asset: { ...item.asset, id: `${id}/${item.asset.id}` } }))
  const rings = base.subject.rings.map((ring) => ({ ...ring, assets: ring.assets.map((asset) => `${id}/${asset}`) }))
  const subject = { ...base.subject, assets: named, rings }
  return { ...base, subject, contentHash: contentHash(subject) }
}

/** So many comments, as they would have been recorded, told and kept. */
async function comment(sql: postgres.Sql, register: Register, id: string, count: number, from: number): Promise<void> {
  const [row] = await sql`select seq, head_hash from proposals where id = ${id}`
  let end = { seq: Number(row?.seq), hash: String(row?.head_hash) }
  const first = end.seq + 1
  for (let done = 0; done < count; ) {
    const sealed: SealedEntry[] = []
    for (; sealed.length < 5_000 && done < count; done++) {
      const seq = end.seq + 1
      const at = new Date(from + seq).toISOString()
      const event = { type: 'commented', text: words(seq), via: 'console' } as const
      const { beside, ...entry } = entryOf({ stream: id, seq, at, actor: author, event }, register, null)
      const one = sealEntry({ ...entry, stream: id, seq, at, prev: end.hash }, beside, `${id}${seq}`.padStart(32, '0'))
      sealed.push(one)
      end = one
    }
    const list = (of: (one: SealedEntry) => string | number) => listOf(sealed.map(of))
    await sql`insert into audit.entries (stream, seq, entry, hash, salt, beside)
      select ${id}, * from unnest(${list(({ seq }) => seq)}::text::int[], ${list(({ text }) => text)}::text::text[],
        ${list(({ hash }) => hash)}::text::text[], ${list(({ beside }) => beside?.salt ?? '')}::text::text[],
        ${list(({ beside }) => beside?.text ?? '')}::text::text[])`
  }
  await sql`update proposals set seq = ${end.seq}, head_hash = ${end.hash},
    state = jsonb_set(state, '{seq}', to_jsonb(${end.seq}::int)) where id = ${id}`
  await sql`insert into console_messages (id, channel, proposal, at, entry)
    select (select max(id) from console_messages) + seq, 'web-platform', ${id},
      to_timestamp((${from}::float8 + seq) / 1000),
      jsonb_build_object('author', jsonb_build_object('id', ${mara.id}::text, 'name', ${mara.name}::text, 'via', 'console'),
        'tone', 'neutral', 'detail', '[]'::jsonb, 'text', jsonb_build_array(jsonb_build_object('kind', 'text',
          'text', format('looked at %s of them, and all is as it should be', seq))))
    from generate_series(${first}::int, ${end.seq}::int) as seq`
}

/** What a child says at its end, with what it printed before. */
async function ofChild(file: string, args: readonly string[], lines = 1) {
  const child = startChild(`test/workflow/children/${file}`, args, SMALL)
  const before: string[] = []
  try {
    while (before.length < lines - 1) before.push(await child.line())
    const said = JSON.parse(await child.line())
    console.info(`${args[0] === '' ? file : `${file} ${args[0]}`}: ${said.megabytes} MB at most`)
    return { ...said, before }
  } finally {
    await child.kill()
  }
}

test('half a million events are exported, checked and rebuilt in little memory', { timeout: 900_000 }, async () => {
  const { url } = database
  const file = path.join(folder, 'export.jsonl')
  await ofChild('audit.ts', ['export', url, file])
  const checked = await ofChild('audit-file.ts', [file], 2)
  expect(checked).toMatchObject({
    code: 0,
    before: [expect.stringMatching(/^The record holds: 500,?\d\d\d events in 102 chains, 1 checkpoint/)],
  })
  const holds = { ok: true, streams: OTHERS + 2, checkpoints: 1 }
  const { verdict } = await ofChild('audit.ts', ['verify', url])
  expect(verdict).toMatchObject(holds)
  expect(verdict.events).toBeGreaterThan(COMMENTS)
  // It compares them to the last, and finds nothing else.
  await database.sql`update console_messages set entry = jsonb_set(entry, '{text,0,text}', '"nothing is as it should be"')
    where id = (select max(id) from console_messages where proposal = 'PW-1')`
  const { verdict: changed } = await ofChild('audit.ts', ['rebuild', url])
  expect(changed).toMatchObject({
    ok: false,
    findings: [
      { record: 'console_messages PW-1', problem: expect.stringMatching(/^lacks an entry of mara of /) },
      {
        record: expect.stringMatching(/^console_messages \d+$/),
        problem: expect.stringMatching(/^is one entry too many/),
      },
    ],
    more: 0,
  })
})
