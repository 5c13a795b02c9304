/** What was erased changes nothing: states, rows and comparisons stay, and what is shown says so. */

import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { proposalReport } from '../../src/chat/report.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { storyOf } from '../../src/chat/story/story.ts'
import { COMMAND_LINE, type Through } from '../../src/core/hands.ts'
import type { Member, Policy } from '../../src/core/policy.ts'
import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import { evolve, replay } from '../../src/core/proposal/evolve.ts'
import type { Actor, PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { readStream } from '../../src/store/events.ts'
import { readRegister } from '../../src/store/persons.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { starts } from '../../src/store/schema.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleService, standard } from '../support/example-service.ts'
import { placeOf } from '../support/place.ts'
import { machineFor } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { listSeen } from '../support/seen-assets.ts'

const quillon: Member = { id: 'quillon.kestrel', name: 'Quillon Featherstone', roles: ['owner'] }
const svetlana: Member = { id: 'svetlana.harrow', name: 'Svetlana Goldwasser', roles: ['security'] }
const ibrahim: Member = { id: 'ibrahim.tolland', name: 'Ibrahim Abernathy', roles: ['on-call', 'owner'] }
const members = [quillon, svetlana, ibrahim]
/** Makes sign-in links, and is in no team. */
const MAKER = 'wendeline.zauber'
const shell: Through = { kind: 'command line', user: 'xoanuser', host: 'bastion77.example.net' }
const link: Through = { kind: 'sign-in link', madeBy: [MAKER, COMMAND_LINE] }
const ADDRESS = '203.0.113.77'

/** Every word, name, id and address that somebody could be known by. */
const personal =
  /quillon|kestrel|featherstone|svetlana|harrow|goldwasser|ibrahim|tolland|abernathy|wendeline|zauber|xoanuser|bastion77|zephyr|203\.0\.113/i

const as = ({ id, name }: Member, through?: Through): Actor & { kind: 'person' } => ({
  kind: 'person',
  id,
  name,
  via: through?.kind === 'command line' ? 'cli' : 'console',
  ...(through === undefined ? {} : { through }),
})

let database: TestDatabase
let now = new Date('2026-11-20T12:00:00.000Z')
let ids: readonly string[] = []
let service: Awaited<ReturnType<typeof exampleService>>

beforeAll(async () => {
  database = await createTestDatabase()
  // Every command at an instant of its own.
  const clock = () => {
    now = new Date(now.getTime() + 1_000)
    return now
  }
  service = await exampleService(database.db, { clock })
  Object.assign(service.parts, { teams: { ...service.parts.teams, membersOf: () => members } })
  ids = await everything()
  await service.workflow.deliver()
  await service.remove()
})
afterAll(() => database.drop())

type How = 'plain' | 'tested' | 'gated'
const checks = [{ kind: 'health', check: { kind: 'tcp', port: 80, host: 'web', timeoutSeconds: 1 } }] as never

/** Proposals with whatever people can say and do. */
async function everything(): Promise<readonly string[]> {
  const { db } = database
  const { workflow } = service
  let made = 0
  let words = 0
  const reason = () => `zephyr ${++words}`
  const rule: Policy = {
    ...standard,
    cli: 'recorded',
    remindAfterSeconds: 1,
    breakGlass: { roles: ['on-call'], reviewWithinSeconds: 3_600 },
    stop: ['owner', 'on-call'],
  }

  async function must(id: string, command: ProposalCommand, actor: Actor = machineFor(command)): Promise<void> {
    const done = await workflow.execute(id, command, actor)
    if (!done.ok) throw new Error(`${id} ${command.type}: ${done.refusal.sentence}`)
  }
  const stateOf = async (id: string) => {
    const state = await findProposal(db, id)
    if (state === null) throw new Error(`${id} is gone.`)
    return state
  }
  const vote = (id: string, actor: Actor, text: string | null = null, choice: 'approve' | 'abstain' = 'approve') =>
    must(id, { type: 'vote', choice, revision: null, reason: text, owner: null, until: null }, actor)

  async function asked(how: How = 'plain', change: Partial<PatchSubject> = {}) {
    const base = content(4)
    if (base.subject.kind !== 'patches') throw new Error('not patches')
    const number = ++made
    const idOf = (id: string) => `lab${number}/${id}`
    const assets = base.subject.assets.map((item) => ({ ...item, asset: { ...item.asset, id: idOf(item.asset.id) } }))
    const rings = base.subject.rings.map((ring, index) => ({
      ...ring,
      name: `${ring.name} of ${number}`,
      assets: ring.assets.map(idOf),
      batchSize: 3,
      ...(how === 'tested' && index === 0 ? ({ beforeVote: true } as const) : {}),
      ...(how === 'gated' ? { gate: { ...ring.gate, checks } } : {}),
    }))
    const at = now.toISOString()
    await listSeen(db, assets, at)
    const subject = { ...base.subject, assets, rings, inventoryAt: at, ...change }
    return { ...base, title: `number ${number}`, whyNow: reason(), subject, contentHash: contentHash(subject) }
  }

  async function open(by: Actor, policy: Partial<Policy> = {}, how: How = 'plain'): Promise<string> {
    const done = await workflow.open('web-platform', await asked(how), { ...rule, ...policy }, by)
    if (!done.ok) throw new Error(done.refusal.sentence)
    return done.state.id
  }

  async function batch(id: string, end: 'installed' | 'failed'): Promise<void> {
    await must(id, { type: 'start-batch' })
    const state = await stateOf(id)
    const keys = new Set(unfinished(state).map((asset) => (state.rollout ?? state.test)?.deployments[asset]?.key ?? ''))
    const stage = { engine: 'ssh', stage: 'started', handle: {}, startedAt: now.toISOString() } as const
    for (const key of keys)
      await db
        .insert(starts)
        .values({ key, proposal: id, ...stage })
        .onConflictDoNothing()
    for (const asset of unfinished(state)) {
      const outcome =
        end === 'installed'
          ? ({ state: 'succeeded', changed: [], rebooted: false, log: '' } as const)
          : ({ state: 'failed', reason: 'dpkg failed', log: '' } as const)
      await must(id, { type: 'record-outcomes', outcomes: [{ asset, outcome }] })
      const verification = { end, reason: 'it says so', packages: [], health: [], at: now.toISOString() }
      await must(id, { type: 'record-verifications', verifications: [{ asset, verification }] })
    }
  }

  const assessment: Actor = { kind: 'system', part: 'assessment' }

  // Votes by every way, a rollout that is stopped, resumed and left in the middle, with one left out.
  const rolled = await open(assessment)
  await vote(rolled, as(quillon, link), reason())
  await must(rolled, { type: 'confirm', act: null }, as(quillon))
  await vote(rolled, as(svetlana, shell), reason(), 'abstain')
  await must(rolled, { type: 'withdraw-vote' }, as(svetlana))
  await must(rolled, { type: 'comment', text: `${reason()}\nodd \0 \ud800 <b>@channel` }, as(ibrahim, shell))
  await must(rolled, { type: 'remind' }, { kind: 'system', part: 'timer' })
  await vote(rolled, as(svetlana, shell))
  await must(rolled, { type: 'start' })
  await batch(rolled, 'installed')
  await must(rolled, { type: 'pause', reason: reason() }, as(ibrahim))
  await must(rolled, { type: 'resume' }, as(quillon))
  await must(rolled, { type: 'halt', reason: reason() }, as(ibrahim, link))
  await must(rolled, { type: 'note', text: reason() })
  const left = await stateOf(rolled)
  const other = left.subject.kind === 'patches' ? (left.subject.assets[3]?.asset.id ?? '') : ''
  await must(rolled, { type: 'skip', asset: other, reason: reason() }, as(quillon))

  // A gate whose check says an address.
  const gated = await open(assessment, {}, 'gated')
  for (const member of [quillon, svetlana]) await vote(gated, as(member))
  await must(gated, { type: 'start' })
  const results = [{ check: `http://${ADDRESS}/health`, healthy: false, detail: `${ADDRESS} refused` }]
  await must(gated, { type: 'record-gate', results })

  // A no, with somebody who looks at it again.
  const no = await open(as(ibrahim, shell))
  const until = new Date(now.getTime() + 20 * 86_400_000).toISOString()
  const rejection = { type: 'vote', choice: 'reject', revision: null, owner: svetlana.id, until } as const
  await must(no, { ...rejection, reason: reason() }, as(quillon))

  // Without votes, reviewed afterwards; and one that was taken back.
  const glass = await open(assessment)
  await must(glass, { type: 'break-glass', reason: reason() }, as(ibrahim))
  await must(glass, { type: 'review-break-glass' }, as(svetlana))
  await must(glass, { type: 'start' })
  await must(glass, { type: 'start-batch' })
  await must(await open(as(quillon)), { type: 'withdraw', reason: reason() }, as(quillon, shell))

  // A test ring that is stopped twice, and goes on.
  const tested = await open(assessment, { testRing: 'required' }, 'tested')
  await must(tested, { type: 'start-test' })
  await must(tested, { type: 'pause', reason: reason() }, as(ibrahim))
  await must(tested, { type: 'resume' }, as(quillon))
  await must(tested, { type: 'halt', reason: reason() }, as(ibrahim, shell))
  await vote(tested, as(svetlana), reason())

  // Another plan: twice with the same words; one with votes that stay.
  const revised = await open(assessment)
  const again = await asked()
  await must(revised, { type: 'revise', content: again, reason: reason() }, assessment)
  await must(
    revised,
    { type: 'revise', content: { ...(await asked()), whyNow: again.whyNow }, reason: reason() },
    assessment,
  )
  await vote(revised, as(quillon), reason())

  // An earlier one is undone.
  const back = { proposal: rolled, keys: {} }
  const undoing = await asked('plain', { rollsBack: back })
  const undone = await workflow.openRollBack(await stateOf(rolled), undoing, as(ibrahim, link), {
    end: false,
    reason: reason(),
  })
  if (!undone.ok) throw new Error(undone.refusal.sentence)

  // Freezes of the team, in every one that is alive.
  for (const change of [
    { until: '2026-12-20', reason: reason() },
    'lift',
    { until: '2026-12-24', reason: reason() },
  ] as const) {
    const frozen = await workflow.freezeTeam('web-platform', change, as(quillon))
    expect(frozen).toMatchObject({ ok: true })
    now = new Date(now.getTime() + 1_800_000)
  }
  now = new Date(now.getTime() + 3_600_000)
  const rows = await database.sql`select id from proposals order by number`
  return rows.map(({ id }) => String(id))
}

const verify = (mayBeErased = true) =>
  verifyRecord(database.url, { rebuild: true, membersOf: () => members, now: now.toISOString(), mayBeErased })

/** All that is kept of proposals but what stands beside entries, and what was told. */
async function kept() {
  const { sql } = database
  return {
    entries: await sql`select entry from audit.entries order by id`,
    proposals: await sql`select * from proposals order by number`,
    votes: await sql`select * from votes order by proposal, person`,
    results: await sql`select * from results order by proposal, part, asset`,
    beside: await sql`select proposal, content_hash from live_contents order by proposal`,
    work: await sql`select proposal, asset from at_work order by proposal, asset`,
    contents: await sql`select text from audit.content order by hash`,
  }
}

async function states(): Promise<readonly ProposalState[]> {
  const all = []
  for (const id of ids) {
    const state = await findProposal(database.db, id)
    // Read from the store, it is what its events lead to.
    expect(state).toEqual(replay(await readStream(database.db, id)))
    if (state !== null) all.push(state)
  }
  return all
}

/** Cards, threads and reports, for nobody whom the configuration names. */
async function shown(): Promise<string> {
  let text = ''
  for (const state of await states()) {
    const events = await readStream(database.db, state.id)
    text += JSON.stringify(proposalCard(placeOf(state, []), null))
    text += proposalReport(state, events, new Map())
    let before: ProposalState | null = null
    for (const event of events) {
      const after: ProposalState = evolve(before, event)
      for (const entry of storyOf(event, before, after)) text += `${entry.author?.name}: ${plain(entry.text)}\n`
      before = after
    }
  }
  return text
}

test('no name, id, comment, user, host or address is among facts, or in what is derived from them', async () => {
  expect(ids.length).toBeGreaterThan(7)
  const { entries, ...rows } = await kept()
  expect(entries.length).toBeGreaterThan(60)
  const types = new Set(entries.map(({ entry }) => JSON.parse(entry).event))
  const wanted =
    'opened revised vote-cast vote-withdrawn act-confirmed commented reminded approved rejected withdrawn frozen'
  const more = 'unfrozen asset-skipped paused halted resumed test-paused test-halted test-resumed gate-checked noted'
  const last = 'break-glass-used break-glass-reviewed person-known scheduled'
  expect(`${wanted} ${more} ${last}`.split(' ').filter((type) => !types.has(type))).toEqual([])
  expect(entries.filter(({ entry }) => personal.test(entry))).toEqual([])
  for (const [table, found] of Object.entries(rows)) {
    expect(found.length, table).toBeGreaterThan(0)
    expect(
      found.filter((row) => personal.test(JSON.stringify(row))),
      table,
    ).toEqual([])
  }
  // It would have been found.
  const [beside] = await database.sql`select string_agg(beside, '') as text from audit.entries`
  for (const one of [quillon.id, quillon.name, 'xoanuser', 'bastion77', ADDRESS, 'zephyr 1'])
    expect(beside?.text).toContain(one)
})

test('the commands and the question of docs/audit.md say the same of a real entry', async () => {
  const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const blocks = (language: string) =>
    [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, text = '']) => (of === language ? [text] : []))
  const [hash = '', commit = ''] = blocks('sh')
  const run = (command: string, env: Readonly<Record<string, string>>) =>
    execFileSync('sh', ['-c', command], { env: { ...process.env, ...env }, encoding: 'utf8' }).slice(0, 64)
  const rows =
    await database.sql`select * from audit.entries where (entry::jsonb ->> 'event') = 'vote-cast' and beside is not null`
  expect(rows.length).toBeGreaterThan(3)
  for (const row of rows) {
    expect(run(hash, { ENTRY: row.entry })).toBe(row.hash)
    expect(run(commit, { SALT: row.salt, BESIDE: row.beside })).toBe(JSON.parse(row.entry).commit)
  }
  const [question = ''] = blocks('sql')
  const votes = await database.sql.unsafe(question.replace('PW-3', 'PW-1'))
  expect(votes.map(({ choice, words }) => [choice, words])).toEqual([
    ['approve', expect.stringMatching(/^zephyr/)],
    ['abstain', expect.stringMatching(/^zephyr/)],
    ['approve', null],
  ])
})

test('with every personal part erased, all is as it was, and says so', async () => {
  const { sql } = database
  expect(await verify(false)).toMatchObject({ ok: true, notCompared: 0, erased: 0 })
  expect(await shown()).toMatch(personal)
  const before = await kept()
  // One person, every other entry, and then all.
  const persons = async (condition: string) => {
    await sql.unsafe(`update persons set person = null, name = null where ${condition}`)
    await sql`update persons_version set version = gen_random_uuid()::text`
    return verify()
  }
  const { pseudonymOf } = await readRegister(database.db)
  await sql`update audit.entries set salt = null, beside = null
    where stream = 'persons' and entry::jsonb -> 'facts' ->> 'person' = ${pseudonymOf(quillon.id)}`
  expect(await persons(`person = '${quillon.id}'`)).toMatchObject({ ok: true, notCompared: 0 })
  await sql`update audit.entries set salt = null, beside = null where id % 2 = 0`
  expect(await verify()).toMatchObject({ ok: true })
  await sql`update audit.entries set salt = null, beside = null`
  const verdict = await persons('true')
  expect(verdict).toMatchObject({ ok: true })
  const [had] = await sql`select count(*)::int as commits from audit.entries where entry::jsonb ? 'commit'`
  expect(verdict).toMatchObject({ erased: had?.commits })
  // No entry says that it was erased: whoever asks without knowing of it is told.
  const unexplained = await verify(false)
  expect(unexplained).toMatchObject({
    ok: false,
    record: expect.stringMatching(/ event \d+$/),
    problem: 'has lost what stood beside it, and no entry says that it was erased',
    erased: had?.commits,
  })
  expect(unexplained.ok || unexplained.findings.length + unexplained.more).toBe(had?.commits)
  expect(verdict.ok && verdict.notCompared).toBeGreaterThan(20)
  expect(await kept()).toEqual(before)
  const text = await shown()
  expect(text.match(new RegExp(personal, 'gi'))).toBeNull()
  expect(text).toContain('(erased)')
  expect(text).toMatch(/p_[0-9a-f]{12}/)
  const all = await states()
  expect(all.flatMap(({ votes }) => votes.map(({ reason }) => reason))).toEqual(
    expect.arrayContaining(['(erased)', null]),
  )

  // What was told is still compared in all else.
  await sql`delete from console_messages where id = (select max(id) from console_messages where jsonb_typeof(entry -> 'author') = 'object')`
  expect(await verify()).toMatchObject({ ok: false, record: expect.stringMatching(/^console_messages PW-\d+$/) })
})

test('who was erased can be in what comes after, under another pseudonym', async () => {
  const [id = ''] = ids
  const done = await service.workflow.execute(id, { type: 'comment', text: 'zephyr again' }, as(quillon))
  expect(done.ok).toBe(true)
  const rows = await database.sql`select person from persons where person = ${quillon.id}`
  expect(rows).toHaveLength(1)
  const state = await findProposal(database.db, id)
  expect(state).toEqual(replay(await readStream(database.db, id)))
})
