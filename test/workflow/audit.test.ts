import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { GENESIS } from '../../src/core/audit.ts'
import { verifyExport } from '../../src/core/audit-export.ts'
import type { Tx } from '../../src/store/connection.ts'
import { connect } from '../../src/store/database.ts'
import { endOf, insertEntries, sealNext } from '../../src/store/entries.ts'
import { writeCheckpoint } from '../../src/store/events.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { exportRecord, verifyRecord } from '../../src/workflow/audit.ts'
import { useDatabase } from '../support/database.ts'
import { writeEarlier } from '../support/earlier-events.ts'
import { exampleService, mara, proposeAll } from '../support/example-service.ts'

const database = useDatabase()
const person = { kind: 'person', id: mara.id, name: mara.name, via: 'console' } as const

test('an export and a check beside writers and checkpoints see one moment of the record', {
  timeout: 90_000,
}, async () => {
  const { db, url } = database()
  const service = await exampleService(db)
  await proposeAll(service.workflow)
  const ids = (await openProposals(db)).map(({ id }) => id)
  expect(ids).toHaveLength(2)

  let writing = true
  let written = 0
  const writers = [...ids, ...ids].map(async (id) => {
    while (writing) {
      const done = await service.workflow.execute(id, { type: 'comment', text: `line ${written++}` }, person)
      expect(done.ok).toBe(true)
    }
  })
  const checkpoints = (async () => {
    while (writing) await writeCheckpoint(db, new Date().toISOString())
  })()
  try {
    for (let round = 0; round < 6; round++) {
      const before = written
      let text = ''
      await exportRecord({ db, url }, new Date().toISOString(), async (line) => {
        text += line
        // Like a slow pipe: others write on while it waits.
        if (text.length === line.length) while (written < before + 5) await new Promise(setImmediate)
      })
      expect(verifyExport(text)).toMatchObject({ ok: true })
      const verdict = await verifyRecord(url, {
        rebuild: true,
        membersOf: () => [mara],
        now: new Date().toISOString(),
      })
      expect(verdict).toMatchObject({ ok: true })
    }
  } finally {
    writing = false
    await Promise.all([...writers, checkpoints])
    await service.remove()
  }
})

test('an export that waits longer than the server lets a transaction idle goes on', async () => {
  const { db, url, sql: client } = database()
  const service = await exampleService(db)
  await proposeAll(service.workflow)
  const [row] = await client`select current_database() as name`
  await client.unsafe(`alter database ${row?.name} set idle_in_transaction_session_timeout = '50ms'`)
  let text = ''
  await exportRecord({ db, url }, new Date().toISOString(), async (line) => {
    if (text === '') await client`select pg_sleep(0.3)`
    text += line
  })
  expect(verifyExport(text)).toMatchObject({ ok: true })
  await service.remove()
})

/** Appends to a stream as commands do: its end is read under the lock, and the number is drawn long before the commit. */
async function append(tx: Tx, { stream, words }: { readonly stream: string; readonly words: string }) {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchwarden:stream:${stream}`}, 0))`)
  const entry = { at: new Date().toISOString(), by: 'timer', event: 'noted', facts: {}, beside: { words } }
  const sealed = sealNext(stream, await endOf(tx, stream), entry)
  await insertEntries(tx, [sealed])
  await tx.execute(sql`select pg_sleep(random() / 50)`)
  return sealed
}

test('40 writers at once, beside exports: each is one moment, without gaps, and misses nothing that was committed before', {
  timeout: 120_000,
}, async () => {
  const { db, url, sql: look } = database()
  const writers = 40
  const pool = connect(url, writers)
  const committed = new Map<string, string>()
  let writing = true
  const work = Array.from({ length: writers }, async (_, writer) => {
    for (let turn = 0; writing; turn++) {
      // Now a stream that all share, now one for every five of them, now one of its own.
      const stream = ['findings:all', `findings:${writer % 8}`, `assets:${writer}`][turn % 3] ?? ''
      const { seq, hash } = await inTransaction(pool.db, append, { stream, words: `${writer} ${turn}` })
      committed.set(`${stream} ${seq}`, hash)
    }
  })
  // A reader that goes on from the highest number it has seen would miss these.
  let late = 0
  const reader = (async () => {
    const seen = new Set<number>()
    let highest = 0
    while (writing) {
      const ids = (await look`select id from audit.entries`).map(({ id }) => Number(id))
      for (const id of ids) if (!seen.has(id) && id < highest) late++
      for (const id of ids) seen.add(id)
      highest = Math.max(highest, ...ids)
    }
  })()
  try {
    for (let round = 0; round < 5; round++) {
      const more = committed.size + 200
      while (committed.size < more) await sleep(10)
      const before = new Map(committed)
      let text = ''
      await exportRecord({ db, url }, new Date().toISOString(), async (line) => {
        text += line
      })
      const told = new Map<string, string>()
      for (const line of text.trimEnd().split('\n')) {
        const { kind, stream, seq, hash } = JSON.parse(line)
        if (kind === 'entry') told.set(`${stream} ${seq}`, hash)
      }
      expect([...before].filter(([name, hash]) => told.get(name) !== hash)).toEqual([])
      expect(verifyExport(text)).toMatchObject({ ok: true, events: told.size, checkpoints: round + 1 })
      const verdict = await verifyRecord(url, { rebuild: false, membersOf: () => [], now: new Date().toISOString() })
      expect(verdict).toMatchObject({ ok: true })
    }
  } finally {
    writing = false
    await Promise.all([...work, reader])
    await pool.end()
  }
  expect(late).toBeGreaterThan(0)
  const [row] = await look`select count(*)::int as written, count(distinct stream)::int as streams from audit.entries`
  expect(row).toEqual({ written: committed.size, streams: 1 + 8 + writers })
})

/** One entry at a time, without the pause of `append`. */
async function appendNow(tx: Tx, stream: string) {
  const entry = { at: new Date().toISOString(), by: 'timer', event: 'noted', facts: {} }
  const sealed = sealNext(stream, await endOf(tx, stream), entry)
  await insertEntries(tx, [sealed])
  return sealed
}

const earlierEvent = (stream: string, seq: number) => ({
  stream,
  seq,
  at: new Date().toISOString(),
  actor: { kind: 'system', part: 'timer' } as const,
  event: { type: 'commented', text: `line ${seq}`, via: 'console' } as const,
})

test('a checkpoint seals the end of each stream that grew, of earlier versions too, and of no other', async () => {
  const { db, sql: client, url } = database()
  const heads = async () => (await writeCheckpoint(db, new Date().toISOString()))?.heads ?? null
  const say = (stream: string) => inTransaction(db, appendNow, stream)
  expect(await heads()).toBeNull()
  await writeEarlier(client, [earlierEvent('PW-1', 1), earlierEvent('PW-1', 2)])
  await writeEarlier(client, [earlierEvent('PW-2', 1)])
  const [, old] = await client`select hash from audit.events where stream = 'PW-1' order by seq`
  await say('feeds')
  const feeds = await say('feeds')
  expect(await heads()).toMatchObject([
    { stream: 'PW-1', seq: 2, hash: old?.hash },
    { stream: 'PW-2', seq: 1 },
    { stream: 'feeds', seq: 2, hash: feeds.hash },
  ])
  expect(await heads()).toBeNull()

  // What continues an old stream is its end.
  const next = { at: new Date().toISOString(), by: 'timer', event: 'noted', facts: {} }
  const sealed = sealNext('PW-1', { seq: 2, hash: String(old?.hash) }, next)
  await insertEntries(db, [sealed])
  await say('rights')
  expect(await heads()).toMatchObject([
    { stream: 'PW-1', seq: 3, hash: sealed.hash },
    { stream: 'rights', seq: 1 },
  ])
  await say('feeds')
  expect(await heads()).toMatchObject([{ stream: 'feeds', seq: 3 }])
  const verdict = await verifyRecord(url, { rebuild: false, membersOf: () => [], now: new Date().toISOString() })
  expect(verdict).toMatchObject({ ok: true, checkpoints: 3, streams: 4 })
})

test('a row below all positions, or at the position of another, is checked and exported like all others', async () => {
  const { db, sql: client, url } = database()
  await writeEarlier(client, [earlierEvent('PW-1', 1), earlierEvent('PW-1', 2), earlierEvent('PW-1', 3)])
  await inTransaction(db, appendNow, 'feeds')
  const look = { rebuild: false, membersOf: () => [], now: new Date().toISOString() }
  expect(await verifyRecord(url, look)).toMatchObject({ ok: true, events: 4 })
  const [{ position } = { position: 0 }] = await client`select max(position)::int as position from audit.events`
  const forged = sealNext('rights', { seq: 0, hash: GENESIS }, { at: look.now, by: 'timer', event: 'x', facts: {} })
  const bad = { ok: false, record: 'rights event 1', problem: 'its content does not match its hash: it was changed' }
  for (const id of [-9_000_000_000, -1, 0, position]) {
    await client`delete from audit.entries where stream = 'rights'`
    await client`insert into audit.entries (id, stream, seq, entry, hash) values (${id}, 'rights', 1, ${forged.text}, ${GENESIS})`
    expect(await verifyRecord(url, look), `at ${id}`).toMatchObject(bad)
    let text = ''
    await exportRecord({ db, url }, look.now, async (line) => {
      text += line
    })
    expect(text, `at ${id}`).toContain('"stream":"rights"')
    expect(verifyExport(text), `at ${id}`).toMatchObject({ ok: false, problem: bad.problem })
  }
})
