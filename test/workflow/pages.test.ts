/** What became of 2,000 hosts: in bounded events with pages beside them, and everywhere it is shown. */

import { getTableName } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logsInReport, proposalReport } from '../../src/chat/report.ts'
import type { OpenedEvent } from '../../src/core/audit.ts'
import { verifyExport } from '../../src/core/audit-export.ts'
import type { ProposalEvent, RecordedEvent } from '../../src/core/proposal/event.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { logsOf, withLogs } from '../../src/core/proposal/logs.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { besides } from '../../src/store/beside.ts'
import { readLogs } from '../../src/store/content.ts'
import { readStream } from '../../src/store/events.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { exportRecord, verifyRecord } from '../../src/workflow/audit.ts'
import { createRecording } from '../../src/workflow/rollout/recording.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertEarlier, sealEarlier, writeEarlier } from '../support/earlier-events.ts'
import { exampleService, mara, tom } from '../support/example-service.ts'
import { outcomeOf, startedOn, verificationOf } from '../support/large-rollout.ts'

const HOSTS = 2_000
const ID = 'PW-1'
let database: TestDatabase
let service: Awaited<ReturnType<typeof exampleService>>

beforeAll(async () => {
  database = await createTestDatabase()
  service = await exampleService(database.db)
  const { workflow } = service
  const assets = await startedOn(database.db, workflow, ID, 1, HOSTS)
  const { signal } = new AbortController()
  const recording = createRecording({ pollSeconds: 1 }, workflow.execute, ID, () => {}, signal)
  // As many starts report, each when it sees something.
  const outcomes = assets.map(outcomeOf)
  const some = Array.from({ length: 50 }, (_, start) => outcomes.filter((_, index) => index % 50 === start))
  await Promise.all(some.map((ended) => recording.outcomes(ended)))
  await Promise.all(assets.map((asset, index) => recording.verifications([verificationOf(asset, index)])))
  await workflow.deliver()
}, 120_000)
afterAll(async () => {
  await service.remove()
  await database.drop()
})

async function stateNow(): Promise<ProposalState> {
  const state = await findProposal(database.db, ID)
  if (state === null) throw new Error('The proposal is gone.')
  return state
}

const after = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

function verifyAt(now: string) {
  return verifyRecord(database.url, { rebuild: true, membersOf: () => [mara, tom], now })
}

async function exported(): Promise<string> {
  let text = ''
  await exportRecord(database, new Date().toISOString(), async (line) => {
    text += line
  })
  return text
}

test('no event is larger than 64 KB or tells of more than 500 assets, and none has a log', async () => {
  const { sql } = database
  const rows = await sql`select entry from audit.entries where stream = ${ID}`
  const pages = await sql`select text from audit.content where kind = 1`
  expect(Math.max(...rows.map(({ entry }) => Buffer.byteLength(entry)))).toBeLessThanOrEqual(64 * 1024)
  expect(Math.max(...pages.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(256 * 1024)
  const told = rows.map(({ entry }) => {
    const { event: type, facts } = JSON.parse(entry)
    return { type, ...facts }
  })
  for (const { assets = [], waiting = [] } of told) expect(assets.length + waiting.length).toBeLessThanOrEqual(500)
  for (const { text } of pages) {
    const { outcomes = [], verifications = [] } = JSON.parse(text)
    expect(outcomes.length + verifications.length).toBeLessThanOrEqual(500)
  }
  for (const { entry } of rows) expect(entry).not.toContain('Setting up')
  for (const { text } of pages) expect(text).not.toContain('Setting up')
  const counts = told.filter(({ type }) => type === 'verifications-recorded').map((event) => event.counts)
  const sum = (end: string) => counts.reduce((all, count) => all + (count[end] ?? 0), 0)
  expect([sum('installed'), sum('failed')]).toEqual([1_800, 200])
  // Not one by one.
  expect(told.filter(({ type }) => type === 'outcomes-recorded').length).toBeLessThan(12)
  expect(counts.length).toBeLessThan(12)
})

test('what is read is as if it stood in the events', async () => {
  const state = await stateNow()
  expect(state.status).toBe('verifying')
  expect(replay(await readStream(database.db, ID))).toEqual(state)
  const verified = Object.values(state.rollout?.deployments ?? {}).filter(({ verification }) => verification !== null)
  expect(verified).toHaveLength(HOSTS)
})

test('thread and report quote the logs of what failed', async () => {
  const { db } = database
  const thread = await consoleThread(db, ID)
  expect(thread.flatMap(({ entry }) => entry.detail)).toContain(`Setting up openssl on ${ID}/web10.example.net ...`)
  const events = await readStream(db, ID)
  const report = proposalReport(await stateNow(), events, await readLogs(db, logsInReport(events)))
  expect(report).toContain(`Setting up openssl on ${ID}/web10.example.net ...`)
  expect(proposalReport(await stateNow(), events, new Map())).toContain('Its log is not kept any more.')
  const state = await stateNow()
  const whole = withLogs(state, await readLogs(db, logsOf(state)))
  for (const { asset, outcome } of Object.values(whole.rollout?.deployments ?? {}))
    expect(outcome?.log).toContain(`Setting up openssl on ${asset} ...`)
})

test('events of the version before, with everything in themselves, are read, checked, exported and told as they were', async () => {
  const { db, sql } = database
  const assets = await startedOn(db, service.workflow, 'PW-2', 2, 10)
  const at = new Date().toISOString()
  const before = assets.flatMap((asset, index): readonly ProposalEvent[] => [
    { type: 'outcome-recorded', ...outcomeOf(asset, index) },
    { type: 'verification-recorded', ...verificationOf(asset, index) },
  ])
  const stream = await readStream(db, 'PW-2')
  const [first] = stream.slice(-1)
  if (first === undefined) throw new Error('There are no events.')
  let last: OpenedEvent = { ...first, hash: await writeEarlier(sql, stream) }
  for (const event of before) {
    const recorded: RecordedEvent = { stream: 'PW-2', seq: last.seq + 1, at, actor: last.actor, event }
    const sealed = sealEarlier(recorded, last.hash)
    expect(sealed.event).toEqual(event)
    await insertEarlier(sql, [sealed])
    last = { ...recorded, hash: sealed.hash }
  }
  const events = await readStream(db, 'PW-2')
  expect(events.slice(-before.length).map(({ event }) => event)).toEqual(before)
  const state = replay(events)
  if (state === null) throw new Error('There is no state.')
  expect(state.rollout?.deployments[assets[9] ?? '']?.outcome).toEqual(outcomeOf(assets[9] ?? '', 9).outcome)
  expect(proposalReport(state, events, new Map())).toContain('Setting up openssl on PW-2/web10.example.net ...')
  expect(verifyExport(await exported())).toMatchObject({ ok: true })
  const checked = await verifyRecord(database.url, { rebuild: false, membersOf: () => [], now: after(0) })
  expect(checked).toMatchObject({ ok: true })
  await sql`delete from audit.checkpoints`
  for (const table of [
    'audit.events',
    'timers',
    'console_messages',
    'outbox',
    'at_work',
    'live_contents',
    'votes',
    'results',
    ...besides.map(({ table }) => getTableName(table)),
  ])
    await sql.unsafe(`delete from ${table} where ${table === 'audit.events' ? 'stream' : 'proposal'} = 'PW-2'`)
  await sql`delete from proposals where id = 'PW-2'`
  await sql`delete from starts where proposal = 'PW-2'`
})

test('the export carries each content once and holds; so does the database, with what it rebuilds', async () => {
  const text = await exported()
  const verdict = verifyExport(text)
  expect(verdict).toMatchObject({ ok: true, expiredLogs: 0 })
  const lines = text.split('\n').filter((line) => line.includes('"kind":"content"'))
  expect(verdict.ok && verdict.contents).toBe(lines.length)
  expect(new Set(lines.map((line) => JSON.parse(line).hash)).size).toBe(lines.length)
  expect(lines.length).toBeGreaterThan(HOSTS)
  expect(await verifyAt(after(0))).toMatchObject({ ok: true, contents: lines.length, expiredLogs: 0 })
})

test('an event that would be too large is refused with a sentence, of which the thread is told', async () => {
  const before = (await stateNow()).seq
  const done = await service.workflow.execute(
    ID,
    { type: 'note', text: 'x'.repeat(70_000) },
    { kind: 'system', part: 'rollout' },
  )
  expect(done).toMatchObject({
    ok: false,
    refusal: { code: 'too large', sentence: expect.stringMatching(/"noted" would take 69 KB/) },
  })
  expect((await stateNow()).seq).toBe(before + 1)
})

test('a page and a log that are missing or changed are named with the event that needs them; an expired log is no fault', async () => {
  const { sql } = database
  const [log] = logsOf(await stateNow())
  const [page] =
    await sql`select facts ->> 'page' as hash, seq from audit.facts where stream = ${ID} and facts ? 'page' order by seq limit 1`
  if (log === undefined || page === undefined) throw new Error('nothing to change')
  await sql`create table kept as table audit.content`
  async function afterwards(change: Promise<unknown>, now = after(0)) {
    await change
    const verdict = await verifyAt(now)
    await sql`delete from audit.content`
    await sql`insert into audit.content select * from kept`
    return verdict
  }
  const [gone, changed] = [
    sql`delete from audit.content where hash = decode(${log}, 'hex')`,
    sql`update audit.content set text = '""' where hash = decode(${page.hash}, 'hex')`,
  ]
  expect(await afterwards(gone)).toMatchObject({
    ok: false,
    findings: [{ problem: expect.stringMatching(/^needs the log \w{12}, which is missing$/) }],
  })
  const gone90 = sql`delete from audit.content where kind = 2`
  expect(await afterwards(gone90, after(91))).toMatchObject({ ok: true, expiredLogs: HOSTS })
  expect(await afterwards(changed)).toMatchObject({
    ok: false,
    record: `${ID} event ${page.seq}`,
    problem: expect.stringMatching(/^needs the results page \w{12}, which does not match its hash: it was changed$/),
    findings: expect.arrayContaining([
      {
        record: ID,
        problem: expect.stringMatching(/^cannot be rebuilt from its events: event \d+ needs the results page/),
      },
    ]),
  })
  const missing = sql`delete from audit.content where hash = decode(${page.hash}, 'hex')`
  expect(await afterwards(missing)).toMatchObject({
    ok: false,
    record: `${ID} event ${page.seq}`,
    problem: expect.stringMatching(/^needs the results page \w{12}, which is missing$/),
  })
})
