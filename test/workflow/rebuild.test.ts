import { readFile } from 'node:fs/promises'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leafHash } from '../../src/core/record/entry.ts'
import { readRegister } from '../../src/store/persons.ts'
import { openProposals } from '../../src/store/proposals.ts'
import * as schema from '../../src/store/schema.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleService, mara, proposeAll, standard, tom } from '../support/example-service.ts'
import { machineFor } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { listSeen } from '../support/seen-assets.ts'

const { signal } = new AbortController()
const approve = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
const person = ({ id, name }: { readonly id: string; readonly name: string }) =>
  ({ kind: 'person', id, name, via: 'console' }) as const

let database: TestDatabase
let now: Date

/** A rollout that is done, one that is scheduled, a comment, a freeze, one that was lifted, and a rollout at work. */
beforeAll(async () => {
  database = await createTestDatabase()
  now = new Date('2026-11-20T12:00:00.000Z')
  const service = await exampleService(database.db, {
    // Every command at an instant of its own.
    clock: () => {
      now = new Date(now.getTime() + 1)
      return now
    },
  })
  const { workflow } = service
  const later = (minutes: number) => {
    now = new Date(now.getTime() + minutes * 60_000)
  }
  await proposeAll(workflow)
  const open = await openProposals(database.db)
  const [web, payments] = ['web-platform', 'payments'].map(
    (team) => open.find((state) => state.team === team)?.id ?? '',
  )
  if (!web || !payments) throw new Error('The example lacks a proposal.')
  later(30)
  for (const who of [mara, tom]) await workflow.execute(web, approve, person(who))
  await workflow.execute(payments, { type: 'comment', text: 'odd \0 \ud800 <b>@channel' }, person(tom))
  await workflow.advance(web, signal)
  const freeze = (name: 'freeze' | 'unfreeze') =>
    workflow.desk.act(
      {
        proposal: payments,
        action: name,
        revision: 1,
        reason: 'the sale',
        owner: null,
        until: '2026-12-20',
        asset: null,
      },
      person(mara),
    )
  expect(await freeze('freeze')).toMatchObject({ ok: true })
  later(30)
  expect(await freeze('unfreeze')).toMatchObject({ ok: true })
  later(30)
  expect(await freeze('freeze')).toMatchObject({ ok: true })
  later(30)
  await atWork(service)
  await workflow.deliver()
  later(60)
  await service.remove()
  await database.sql`create schema kept`
  for (const table of touched)
    await database.sql`create table kept.${database.sql(table)} as table ${database.sql(table)}`
})
afterAll(() => database.drop())

/** One more, which is begun at once and whose first ring is never done. */
async function atWork({ workflow }: Pick<Awaited<ReturnType<typeof exampleService>>, 'workflow'>): Promise<void> {
  const asked = content(2)
  if (asked.subject.kind !== 'patches') throw new Error('not patches')
  await listSeen(database.db, asked.subject.assets, now.toISOString())
  const breakGlass = { roles: ['owner'], reviewWithinSeconds: 3_600 }
  const done = await workflow.open('other', asked, { ...standard, breakGlass }, machineFor({ type: 'open' }))
  expect(done.state?.id).toBe('PW-3')
  const glass = await workflow.execute('PW-3', { type: 'break-glass', reason: 'it burns' }, person(mara))
  expect(glass).toMatchObject({ ok: true })
  const commands = [{ type: 'start' }, { type: 'start-batch' }] as const
  for (const command of commands)
    expect(await workflow.execute('PW-3', command, machineFor(command))).toMatchObject({ ok: true })
}

const touched = [
  'proposals',
  'proposal_briefs',
  'asked',
  'open_patches',
  'deferrals',
  'standing_rules',
  'carried',
  'votes',
  'results',
  'live_contents',
  'at_work',
  'timers',
  'console_messages',
  'outbox',
  'posts',
  'starts',
  'start_assets',
  'freezes',
  'persons',
]

function verify() {
  const membersOf = () => [mara, tom]
  return verifyRecord(database.url, { rebuild: true, membersOf, now: now.toISOString() })
}

/** Verifies what the statement leaves, and undoes it. In it `[tom]` is the pseudonym of Tom. */
async function after(statement: string) {
  const { pseudonymOf } = await readRegister(database.db)
  // Triggers refuse some of it to everybody but who owns the server.
  const count = await database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    return (await tx.unsafe(statement.replace(/\[(\w+)\]/g, (_, person) => pseudonymOf(person)))).count
  })
  expect(count, 'rows that were touched').toBeGreaterThan(0)
  try {
    return await verify()
  } finally {
    for (const table of touched) {
      await database.sql`delete from ${database.sql(table)}`
      await database.sql`insert into ${database.sql(table)} select * from kept.${database.sql(table)}`
    }
  }
}

test('a record that nobody touched holds', async () => {
  expect(await verify()).toMatchObject({ ok: true, checkpoints: 0, expiredLogs: 0, notCompared: 0 })
})

test('a record of which the version before wrote the state holds', async () => {
  expect(await after(`update proposals set state = state - 'waitsFor'`)).toMatchObject({ ok: true })
})

test('a record of which the version before did not write what lists show holds', async () => {
  const gone = ['proposal_briefs', 'asked', 'open_patches', 'carried'].map(
    (table) => `${table}_gone as (delete from ${table})`,
  )
  expect(
    await after(`with ${gone.join(', ')} update proposals set tally = null, tally_seq = null, title = ''`),
  ).toMatchObject({ ok: true })
})

describe('one row that somebody touched is found and named', () => {
  test.each([
    ['proposals', `update proposals set title = 'x' where id = 'PW-1'`, /^proposals PW-1 differs in "title"/],
    ['proposals', `update proposals set decision = 'x' where id = 'PW-1'`, /^proposals PW-1 differs in "decision"/],
    ['proposals', `update proposals set under_way = true where id = 'PW-1'`, /^proposals PW-1 differs in "underWay"/],
    [
      'proposals',
      `update proposals set tally = jsonb_set(tally, '{ends,good}', '0') where id = 'PW-1'`,
      /^proposals PW-1 differs in "tally"/,
    ],
    [
      'proposal_briefs',
      `update proposal_briefs set brief = brief || '{"assets": 7}' where proposal = 'PW-1'`,
      /^proposal_briefs PW-1 differs in "brief"/,
    ],
    ['proposal_briefs', `delete from proposal_briefs where proposal = 'PW-1'`, /^proposal_briefs PW-1 is missing/],
    ['asked', `delete from asked where proposal = 'PW-3'`, /^asked PW-3 review is missing/],
    ['asked', `update asked set unasked = '{}' where what = 'review'`, /^asked PW-3 review differs in "unasked"/],
    ['asked', `update asked set roles = '{}'`, /^asked PW-3 review differs in "roles"/],
    [
      'asked',
      `insert into asked values ('PW-1', 'vote', 1, 'web-platform', '{owner}', '{}', '{}')`,
      /^asked PW-1 vote is one row too many/,
    ],
    ['open_patches', `delete from open_patches`, /^open_patches PW-\d \S+ is missing/],
    ['open_patches', `update open_patches set source = 'x'`, /^open_patches PW-\d \S+ differs in "source"/],
    [
      'deferrals',
      `insert into deferrals values ('PW-1', 'debian:12/x/1', 'web-platform', 'scheduled', now())`,
      /^deferrals PW-1 debian:12\/x\/1 is one row too many/,
    ],
    [
      'standing_rules',
      `insert into standing_rules values ('PW-1', 1, 'web-platform', 'all', '{}', '{}', '2030-01-01')`,
      /^standing_rules PW-1 is one row too many/,
    ],
    [
      'carried',
      `insert into carried values ('PW-1', 'DSA-1', 1, 'web-platform', 1, 'DSA-1-1')`,
      /^carried PW-1 DSA-1 is one row too many/,
    ],
    [
      'proposals',
      `update proposals set status = 'completed' where id = 'PW-2'`,
      /^proposals PW-2 differs in "status": "open"|^proposals PW-\d differs in "status"/,
    ],
    ['proposals', `update proposals set team = 'other' where id = 'PW-1'`, /^proposals PW-1 differs in "team"/],
    ['proposals', `update proposals set seq = seq + 1 where id = 'PW-1'`, /^proposals PW-1 differs in "seq"/],
    [
      'proposals',
      `update proposals set head_hash = prev_hash.hash from (select hash from audit.entries limit 1) prev_hash where id = 'PW-1'`,
      /^proposals PW-1 differs in "headHash"/,
    ],
    [
      'proposals',
      `update proposals set opened_at = opened_at + interval '1 s' where id = 'PW-1'`,
      /^proposals PW-1 differs in "openedAt"/,
    ],
    [
      'proposals',
      `update proposals set closed_at = now() where id = 'PW-2' or closed_at is null`,
      /^proposals PW-\d differs in "closedAt"/,
    ],
    [
      'proposals',
      `update proposals set state = jsonb_set(state, '{title}', '"x"') where id = 'PW-1'`,
      /^proposals PW-1 differs in "state"/,
    ],
    ['proposals', `delete from proposals where id = 'PW-1'`, /^proposals PW-1 is missing/],
    [
      'proposals',
      `insert into proposals select 'PW-9', 9, team, status, seq, head_hash, opened_at, closed_at, state, format from proposals limit 1`,
      /^proposals PW-9 is one row too many: there is no event of PW-9/,
    ],
    ['votes', `update votes set choice = 'reject' where person = '[tom]'`, /^votes PW-\d p_\w+ differs in "choice"/],
    ['votes', `update votes set via = 'slack' where person = '[tom]'`, /^votes PW-\d p_\w+ differs in "via"/],
    ['votes', `update votes set at = at - interval '1 h' where person = '[tom]'`, /^votes PW-\d p_\w+ differs in "at"/],
    ['votes', `delete from votes where person = '[tom]'`, /^votes PW-\d p_\w+ is missing/],
    [
      'votes',
      `insert into votes select proposal, 'eva', choice, at, via from votes limit 1`,
      /^votes PW-\d eva is one row too many/,
    ],
    [
      'votes',
      `insert into votes select 'PW-8', 'eva', choice, at, via from votes limit 1`,
      /^votes PW-8 eva is one row too many/,
    ],
    [
      'results',
      `update results set end_state = 'failed' where asset like '%web-01'`,
      /^results PW-\d 1 \S+web-01 differs in "endState"/,
    ],
    [
      'results',
      `update results set facts = '{}' where asset like '%web-01'`,
      /^results PW-\d 1 \S+web-01 differs in "facts"/,
    ],
    [
      'results',
      `update results set started_at = now() where asset like '%web-01'`,
      /^results PW-\d 1 \S+web-01 differs in "startedAt"/,
    ],
    [
      'results',
      `update results set ring = ring + 1 where asset like '%web-01'`,
      /^results PW-\d 1 \S+web-01 differs in "ring"/,
    ],
    [
      'proposals',
      `update proposals set format = 1, state = jsonb_set(state, '{title}', '"another"') where id = 'PW-1'`,
      /^proposals PW-1 differs in "format"/,
    ],
    ['results', `delete from results where asset like '%web-01'`, /^results PW-\d 1 \S+web-01 is missing/],
    [
      'results',
      `insert into results (proposal, part, asset, facts) select proposal, 1, 'ghost', facts from results limit 1`,
      /^results PW-\d 1 ghost is one row too many/,
    ],
    [
      'proposals',
      `update proposals set state = jsonb_set(state, '{rollout,rings,1,counts,installed}', '99') where state #> '{rollout,rings,1,counts,installed}' is not null`,
      /^proposals PW-\d differs in "state"/,
    ],
    [
      'proposals',
      `update proposals set state = state #- '{rollout,rings,0,counts}' where state #> '{rollout,rings,0,counts}' is not null`,
      /^proposals PW-\d differs in "state"/,
    ],
    [
      'proposals',
      `update proposals set state = jsonb_set(state, '{said,why now}', '2') where id = 'PW-2'`,
      /^proposals PW-2 differs in "state"/,
    ],
    ['live_contents', `delete from live_contents`, /^live_contents PW-\d is missing/],
    [
      'live_contents',
      `update live_contents set content_hash = 'another' where proposal = 'PW-2'`,
      /^live_contents PW-\d differs in "contentHash"/,
    ],
    [
      'live_contents',
      `insert into live_contents (proposal, team, content_hash) select id, team, 'another' from proposals where status = 'completed' limit 1`,
      /^live_contents PW-\d is one row too many/,
    ],
    [
      'live_contents',
      `insert into live_contents (proposal, team, content_hash) values ('PW-9', 'payments', 'another')`,
      /^live_contents PW-9 is one row too many: there is no event of PW-9/,
    ],
    ['at_work', `delete from at_work where proposal = 'PW-3'`, /^at_work PW-\d \S+ is missing/],
    ['at_work', `update at_work set ring = 'another'`, /^at_work PW-\d \S+ differs in "ring"/],
    [
      'at_work',
      `insert into at_work values ('ghost', 'PW-1', 'web-platform', 'broad', now())`,
      /^at_work PW-1 ghost is one row too many/,
    ],
    ['timers', `update timers set due_at = due_at + interval '1 year'`, /^timers PW-\d differs in "dueAt"/],
    ['timers', `update timers set due_at = due_at - interval '1 year'`, /^timers PW-\d differs in "dueAt"/],
    ['timers', `delete from timers`, /^timers PW-\d is missing/],
    [
      'timers',
      `insert into timers select id, now() from proposals where status = 'completed'`,
      /^timers PW-\d is one row too many/,
    ],
    [
      'console_messages',
      `delete from console_messages where id = (select max(id) from console_messages)`,
      /^console_messages PW-\d lacks/,
    ],
    [
      'console_messages',
      `update console_messages set at = at + interval '1 h' where id = (select max(id) from console_messages)`,
      /^console_messages (PW-\d lacks|\d+ is told of no event)/,
    ],
    [
      'console_messages',
      `update console_messages set entry = replace(entry::text, '@channel', '@nobody')::jsonb where entry::text like '%@channel%'`,
      /^console_messages PW-\d lacks an entry of tom/,
    ],
    [
      'console_messages',
      `update console_messages set entry = jsonb_set(entry, '{author,id}', '"tom"') where entry->'author'->>'id' = 'mara'`,
      /^console_messages PW-\d lacks an entry of mara/,
    ],
    [
      'console_messages',
      `update console_messages set entry = jsonb_set(entry, '{text}', '[{"kind":"text","text":"All is well."}]')
        where id = (select max(id) from console_messages where jsonb_typeof(entry->'author') = 'null')`,
      /^console_messages \d+ is not what was told elsewhere/,
    ],
    [
      'console_messages',
      `update console_messages set channel = 'elsewhere' where id = (select max(id) from console_messages)`,
      /^console_messages \d+ is not what was told elsewhere/,
    ],
    [
      'console_messages',
      `insert into console_messages select id + 1000, channel, proposal, at, entry from console_messages limit 1`,
      /^console_messages \d+ is one entry too many/,
    ],
    [
      'console_messages',
      `insert into console_messages select id + 1000, channel, 'PW-7', at, entry from console_messages limit 1`,
      /^console_messages \d+ is told of no event: PW-7/,
    ],
    [
      'outbox',
      `insert into outbox (platform, channel, proposal, kind, at, entry) select 'slack', 'web', proposal, 'entry', now(), entry from console_messages limit 1`,
      /^outbox \d+ is told of no event/,
    ],
    [
      'posts',
      `insert into posts values ('slack', 'card PW-6', 'PW-6', 'C1', '1.1')`,
      /^posts slack card PW-6 belongs to PW-6, and the record has no event of it/,
    ],
    ['starts', `delete from starts`, /^starts PW-1\.r1\.\d+\.\d+\.\w+ is missing: an engine was given this start/],
    [
      'starts',
      `insert into starts values ('PW-1.r1.9.9', 'PW-1', 'simulated', 'starting', null, now())`,
      /^starts PW-1\.r1\.9\.9 is a start that no event mentions/,
    ],
    [
      'starts',
      `update starts set proposal = 'PW-2'`,
      /^starts PW-1\.r1\.\d+\.\d+\.\w+ is kept for PW-2, but events of PW-1 tell of it/,
    ],
    [
      'start_assets',
      `insert into start_assets values ('PW-1.r1.9.9', 'ghost', 1, null)`,
      /^start_assets PW-1\.r1\.9\.9 belongs to a start that is not kept/,
    ],
    [
      'freezes',
      `delete from freezes where lifted_at is null`,
      /^freezes: freeze 2 of payments by mara is not kept as rights event 3/,
    ],
    [
      'freezes',
      `update freezes set until_at = until_at + interval '1 day' where lifted_at is null`,
      /^freezes: freeze 2 of payments by mara is not kept as rights event 3/,
    ],
    [
      'freezes',
      `update freezes set person = 'tom' where lifted_at is null`,
      /^freezes: freeze 2 of payments by mara is not kept as rights event 3/,
    ],
    [
      'freezes',
      `update freezes set entry = null where lifted_at is null`,
      /^freezes: freeze 2 of payments by mara is not kept as rights event 3/,
    ],
    [
      'freezes',
      `update freezes set lifted_at = null, lifted_by = null`,
      /^freezes: freeze 1 of payments by mara still holds, though rights event 2 lifted it/,
    ],
    [
      'freezes',
      `update freezes set lifted_at = from_at + interval '20 min', lifted_by = 'mara' where lifted_at is null`,
      /^freezes: freeze 2 of payments by mara was lifted as no event of rights tells/,
    ],
    [
      'freezes',
      `update freezes set lifted_by = 'tom' where lifted_at is not null`,
      /^freezes: freeze 1 of payments by mara was lifted otherwise than rights event 2 tells/,
    ],
    [
      'freezes',
      `insert into freezes (team, person, entry, from_at, until_at) select team, person, 9, from_at, until_at from freezes limit 1`,
      /^freezes: freeze \d+ of payments by mara is told by no event of rights/,
    ],
    [
      'freezes',
      `insert into freezes (team, person, reason, from_at, until_at) select team, 'mara', 'none', from_at + interval '15 min', until_at from freezes limit 1`,
      /^freezes: freeze \d+ of payments by mara appears in no event, although PW-\d was open when it began/,
    ],
    ['persons', `update persons set name = 'Mallory' where person = 'tom'`, /^persons p_\w+ differs in "name" from/],
    ['persons', `update persons set name = null where person = 'tom'`, /^persons p_\w+ differs in "name" from/],
    ['persons', `update persons set person = 'eva' where person = 'tom'`, /^persons p_\w+ differs in "person" from/],
    ['persons', `update persons set person = null where person = 'tom'`, /^persons p_\w+ differs in "person" from/],
    ['persons', `delete from persons where person = 'tom'`, /^persons p_\w+ is missing: its entries give this row/],
    ['persons', `insert into persons values ('p_eva', 'eva', 'Eva')`, /^persons p_eva is one row too many/],
  ])('%s: %s', async (_, statement, finding) => {
    const verdict = await after(statement)
    const said = verdict.ok ? [] : verdict.findings.map(({ record, problem }) => `${record} ${problem}`)
    expect(said.filter((line) => finding.test(line)).length, said.join('\n')).toBeGreaterThan(0)
  })
})

test('two people whose rows were swapped are found, without their names', async () => {
  const verdict = await after(`
    with other as (
      delete from persons where person in ('mara', 'tom') returning *)
    insert into persons select p.pseudonym, q.person, q.name from other p join other q on p.person <> q.person`)
  const { pseudonymOf } = await readRegister(database.db)
  const findings = verdict.ok ? [] : verdict.findings
  for (const one of [mara, tom])
    for (const column of ['person', 'name'])
      expect(findings).toContainEqual({
        record: `persons ${pseudonymOf(one.id)}`,
        problem: `differs in "${column}" from what its entries say`,
      })
  expect(findings.filter(({ record }) => record.startsWith('persons'))).toHaveLength(4)
})

test('an entry whose text is no JSON, or JSON nested too deep, is named', async () => {
  const [kept] = await database.sql`select id, entry, hash from audit.entries where stream = 'PW-1' and seq = 2`
  if (!kept) throw new Error('The example has no second event.')
  for (const text of ['nonsense', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'null']) {
    // Whoever changes the text can make the hash right, too.
    for (const hash of [kept.hash, leafHash(text)]) {
      await database.sql`update audit.entries set entry = ${text}, hash = ${hash} where id = ${kept.id}`
      const verdict = await verify()
      expect(verdict).toMatchObject({ ok: false, record: 'PW-1 event 2' })
      expect(verdict).toMatchObject({
        findings: expect.arrayContaining([expect.objectContaining({ record: 'PW-1' })]),
      })
    }
  }
  await database.sql`update audit.entries set entry = ${kept.entry}, hash = ${kept.hash} where id = ${kept.id}`
  expect(await verify()).toMatchObject({ ok: true })
})

test('docs/audit.md names every table: as compared, or why it is not', async () => {
  const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const tables = Object.values(schema).flatMap((value) => (is(value, PgTable) ? [getTableConfig(value).name] : []))
  expect(tables.length).toBeGreaterThan(30)
  expect(tables.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
