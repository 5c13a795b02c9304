/** From an earlier version: what was kept whole is carried over, and all that was decided and done holds. */

import { expect, test } from 'vitest'
import { verifyExport } from '../../src/core/audit-export.ts'
import { contentHash, keepSubject, votedOf, withEvidence } from '../../src/core/proposal/decision-content.ts'
import {
  type Actor,
  type PatchSubject,
  type ProposalState,
  type Rollout,
  statuses,
} from '../../src/core/proposal/proposal.ts'
import { carry, carryOver } from '../../src/store/carry-over.ts'
import { prepareContents, purgeContents, readWithNamed } from '../../src/store/content.ts'
import { readStream, writeCheckpoint } from '../../src/store/events.ts'
import { readRegister } from '../../src/store/persons.ts'
import { allProposals, findProposal, lockProposal, openProposals } from '../../src/store/proposals.ts'
import { starts } from '../../src/store/schema.ts'
import { dueTimers } from '../../src/store/timers.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { asBefore, asVersionBefore, hashOfBefore, held } from '../support/as-before.ts'
import { useDatabase } from '../support/database.ts'
import { writeEarlier } from '../support/earlier-events.ts'
import {
  approve,
  as,
  earlierScene,
  exported,
  formatsIn,
  now,
  rewrite,
  rollout,
  storedIn,
  verified,
} from '../support/earlier-scene.ts'
import { type ExampleOptions, jonas, mara, standard, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { manyProposals } from '../support/many-proposals.ts'
import { machineFor } from '../support/proposal-case.ts'

const database = useDatabase()
const { signal } = new AbortController()

const scene = (options: ExampleOptions = {}) => earlierScene(database(), options)

const isWhole = async (id: string) => {
  const [row] = await database().sql`select state ? 'subject' as whole, format from proposals where id = ${id}`
  return row
}

test('an open and a running proposal keep votes, approval, schedule and what was done; old records verify', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [open, running] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(open, approve, as(tom))
  for (const person of [mara, tom]) await workflow.execute(running, approve, as(person))
  await workflow.execute(running, { type: 'start' }, rollout)
  await workflow.execute(running, { type: 'start-batch' }, rollout)
  await workflow.execute(running, { type: 'comment', text: 'on it' }, as(mara))
  const before = await asBefore(database(), [open, running])
  expect(before.get(running)?.status).toBe('rolling out')
  expect(await isWhole(running)).toEqual({ whole: true, format: 1 })

  expect(await carryOver(db, 'live', now())).toEqual({ carried: 2, problems: [] })
  for (const [id, old] of before) {
    const state = await stateOf(id)
    expect(held(state)).toEqual(held(old))
    expect(await isWhole(id)).toEqual({ whole: false, format: 3 })
    expect((await readStream(db, id)).at(-1)?.event).toMatchObject({
      type: 'content-kept',
      was: hashOfBefore(id, 1),
      contentHash: state.contentHash,
    })
  }
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 0, problems: [] })
  expect(await verified(database())).toMatchObject({ ok: true })

  // A look at the same fleet asks for nothing anew, and the vote that was missing decides.
  await workflow.propose(signal)
  expect((await stateOf(open)).revision).toBe(1)
  await workflow.execute(open, approve, as(mara))
  expect((await stateOf(open)).approvedBy).toMatchObject({ how: 'quorum' })
  await workflow.advance(running, signal)
  expect((await stateOf(running)).status).toBe('completed')
  await close()
})

test('a closed one is carried over behind the service, or before anything happens to it, without an event', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [one, two] = [await idOf('payments'), await idOf('web-platform')]
  for (const id of [one, two]) await workflow.execute(id, { type: 'withdraw', reason: 'not now' }, as(mara))
  const before = await asBefore(database(), [one, two])
  const events = (await readStream(db, one)).length
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 0, problems: [] })
  // It can be read meanwhile.
  expect(held(await stateOf(one))).toEqual(held(before.get(one) as ProposalState))

  await workflow.execute(two, { type: 'comment', text: 'why?' }, as(tom))
  expect(await isWhole(two)).toEqual({ whole: false, format: 3 })
  expect(await carryOver(db, 'over', now())).toEqual({ carried: 1, problems: [] })
  expect(await isWhole(one)).toEqual({ whole: false, format: 3 })
  expect(await readStream(db, one)).toHaveLength(events)
  expect(held(await stateOf(one))).toEqual(held(before.get(one) as ProposalState))
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('one whose state is not what its events say stops alone, with a sentence', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [bad, good] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(bad, approve, as(tom))
  await asBefore(database(), [bad, good])
  await database().sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update proposals set state = jsonb_set(state, '{votes}', '[]') where id = ${bad}`
  })
  const problem = `${bad} cannot be carried over: what is kept of its votes is not what its events say. See \`patchwarden audit verify --rebuild\`.`
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 1, problems: [problem] })
  expect(await workflow.execute(bad, approve, as(mara))).toMatchObject({ ok: false, refusal: { sentence: problem } })
  expect((await stateOf(bad)).votes).toEqual([])
  expect((await workflow.execute(good, approve, as(mara))).ok).toBe(true)
  await close()
})

test('a process of the earlier version that was left running cannot write', async () => {
  const { idOf, close } = await scene()
  const id = await idOf('payments')
  const refused = /This process is of an earlier version of Patchwarden, and the database was upgraded/
  const { sql } = database()
  // It knows no formats, and writes over what is there as if it were new.
  const state = sql.json({ id, subject: { kind: 'patches' }, votes: [] })
  const row = { number: 99, team: 'payments', status: 'open', seq: 1, head_hash: 'h', opened_at: now(), state }
  await expect(
    sql`insert into proposals ${sql({ ...row, id })} on conflict (id) do update set ${sql(row)}`,
  ).rejects.toThrow(refused)
  await expect(sql`insert into proposals ${sql({ ...row, id: 'PW-99' })}`).rejects.toThrow(refused)
  await close()
})

test('a test whose proposal was over is followed to its end, and of two with the same content the first keeps it', async () => {
  const { db, workflow, idOf, close } = await scene({ tested: 2, policy: { testRing: 'required' } })
  const id = await idOf('web-platform')
  await workflow.execute(id, { type: 'start-test' }, rollout)
  await workflow.execute(id, { type: 'start-batch' }, rollout)
  const copy = 'PW-90'
  const { sql } = database()
  const stream = (await readStream(db, id)).map((recorded) => {
    const event = recorded.event.type === 'opened' ? { ...recorded.event, id: copy, number: 90 } : recorded.event
    return { ...recorded, stream: copy, event }
  })
  const prev = await writeEarlier(sql, stream)
  await sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, closed_at, format, state)
    select ${copy}, 90, team, status, seq, ${prev}, opened_at, closed_at, format, state from proposals where id = ${id}`
  await asBefore(database(), [id, copy])
  await sql`delete from timers`
  expect(await carryOver(db, 'live', now())).toMatchObject({ carried: 2 })
  expect(await dueTimers(db, now(), 100)).toContain(id)
  expect(await sql`select distinct proposal from at_work`).toEqual([{ proposal: id }])
  expect(await sql`select proposal from live_contents where proposal in (${id}, ${copy})`).toEqual([{ proposal: id }])
  await workflow.advance(id, signal)
  expect((await findProposal(db, id))?.test?.result).toMatchObject({ passed: true })
  await close()
})

/** Opened, rolled out in part, and withdrawn: it is over, and something happened to its assets. */
async function broughtToAnEnd({ workflow, db }: Awaited<ReturnType<typeof scene>>, id: string): Promise<void> {
  const must = async (command: Parameters<typeof workflow.execute>[1], actor: Actor = machineFor(command)) =>
    expect(await workflow.execute(id, command, actor), command.type).toMatchObject({ ok: true })
  for (const person of [mara, tom]) await must(approve, as(person))
  await must({ type: 'start' })
  await must({ type: 'start-batch' })
  const { deployments = {} } = (await findProposal(db, id))?.rollout ?? {}
  const assets = Object.keys(deployments)
  const outcome = { state: 'failed', reason: 'dpkg failed', log: 'broken' } as const
  await must({ type: 'record-outcomes', outcomes: assets.map((asset) => ({ asset, outcome })) })
  const key = Object.values(deployments)[0]?.key ?? ''
  const start = { key, proposal: id, engine: 'simulated', stage: 'starting' } as const
  await db.insert(starts).values({ ...start, startedAt: now() })
  const verification = { end: 'failed', reason: 'it failed', packages: [], health: [], at: now() } as const
  await must({ type: 'record-verifications', verifications: assets.map((asset) => ({ asset, verification })) })
  await must({ type: 'withdraw', reason: 'it fails' }, as(mara))
}

test('of one whose carrying was rolled back nothing is remembered as carried over', async () => {
  const whole = await scene()
  const { db, workflow, idOf, stateOf, close } = whole
  const id = await idOf('web-platform')
  await broughtToAnEnd(whole, id)
  const before = await asBefore(database(), [id, await idOf('payments')])
  const dying = db.transaction(async (tx) => {
    const stored = await lockProposal(tx, id)
    if (stored === null) throw new Error('gone')
    expect(await carry(tx, stored, now())).toMatchObject({ format: 3 })
    throw new Error('the connection ends')
  })
  await expect(dying).rejects.toThrow('the connection ends')
  expect((await workflow.execute(id, { type: 'comment', text: 'why?' }, as(tom))).ok).toBe(true)
  await carryOver(db, 'live', now())
  expect(await isWhole(id)).toEqual({ whole: false, format: 3 })
  expect(await database().sql`select asset from results where proposal = ${id}`).not.toEqual([])
  expect(held(await stateOf(id))).toEqual(held(before.get(id) as ProposalState))
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('what was withdrawn, and a rule that was rejected, are not asked for anew: before they are carried over, and after', async () => {
  const { db, service, idOf, close } = await scene()
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const rule = { name: 'dev', team: 'web-platform', tags: ['dev'], types: ['security'], expiresAt } as const
  const window = { name: 'always', rules: [] }
  const teams = { ...service.parts.teams, standingRules: [{ rule, decidedBy: standard, window }] }
  const workflow = createWorkflow({ ...service.parts, teams }, alwaysMine)
  expect((await workflow.propose(signal)).opened).toEqual([])
  const [ruled] = (await openProposals(db)).filter(({ subject }) => subject.kind === 'standing rule')
  if (ruled === undefined) throw new Error('no rule')
  const withdrawn = await idOf('payments')
  await workflow.execute(withdrawn, { type: 'withdraw', reason: 'not now' }, as(mara))
  const until = new Date(Date.now() + 3_600_000).toISOString()
  await workflow.execute(ruled.id, { ...approve, choice: 'reject', owner: mara.id, until }, as(mara))
  const number = async () => (await allProposals(db)).length
  const count = await number()
  await workflow.propose(signal)
  expect(await number()).toBe(count)

  await asBefore(database(), [withdrawn, ruled.id])
  await workflow.propose(signal)
  expect(await number()).toBe(count)
  // What was rejected until later says something about what is proposed now.
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 1, problems: [] })
  expect(await carryOver(db, 'over', now())).toEqual({ carried: 1, problems: [] })
  await workflow.propose(signal)
  expect(await number()).toBe(count)
  await close()
})

test('before all is carried over, the record verifies, and what somebody changed is named', async () => {
  const whole = await scene()
  const { workflow, idOf, close } = whole
  const [ended, open] = [await idOf('web-platform'), await idOf('payments')]
  await broughtToAnEnd(whole, ended)
  await workflow.execute(open, approve, as(tom))
  await asBefore(database(), [ended, open])
  expect(await verified(database())).toMatchObject({ ok: true })
  await rewrite(database(), open, (state) => {
    state.votes = []
  })
  await rewrite(database(), ended, (state) => {
    state.rollout = { rings: [], deployments: {} }
  })
  const differs = (id: string, what: string) => ({
    record: `proposals ${id}`,
    problem: `is as an earlier version kept it, and its ${what} differs from what its events rebuild`,
  })
  expect(await verified(database())).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([differs(open, 'votes'), differs(ended, 'rollout')]),
  })
  await close()
})

test('a state from before starts had keys, and before tests, is read, compared by what it has and carried over', async () => {
  const whole = await scene()
  const { db, workflow, idOf, stateOf, close } = whole
  const [ended, running] = [await idOf('web-platform'), await idOf('payments')]
  await broughtToAnEnd(whole, ended)
  for (const person of [mara, tom]) await workflow.execute(running, approve, as(person))
  await workflow.execute(running, { type: 'start' }, rollout)
  await workflow.execute(running, { type: 'start-batch' }, rollout)
  const before = await asBefore(database(), [ended, running])
  const old = (without: readonly string[], from: object) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => !without.includes(name)))
  for (const id of [ended, running])
    await rewrite(database(), id, (state) => {
      for (const name of ['test', 'drifted', 'announced', 'asked', 'remindersSent', 'waitsFor']) delete state[name]
      const run = state.rollout as Rollout
      state.rollout = {
        ...old(['starts', 'retried', 'skipped', 'extendedUntil'], run),
        rings: run.rings.map((ring) => old(['waiting', 'go', 'checked'], ring)),
        deployments: Object.fromEntries(
          Object.entries(run.deployments).map(([id, one]) => [id, old(['key', 'doneAt'], one)]),
        ),
      }
    })
  const read = await stateOf(ended)
  expect(Object.values(read.rollout?.deployments ?? {})).toMatchObject([{ key: '', verification: { end: 'failed' } }])
  expect(read).toMatchObject({ test: null, rollout: { skipped: {}, rings: [{ waiting: [] }, { waiting: [] }] } })
  expect(await verified(database())).toMatchObject({ ok: true })
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 1, problems: [] })
  expect(await carryOver(db, 'over', now())).toEqual({ carried: 1, problems: [] })
  for (const id of [ended, running]) expect(held(await stateOf(id))).toEqual(held(before.get(id) as ProposalState))
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('what cannot be made content stops alone, with a sentence', async () => {
  const { db, idOf, close } = await scene()
  const [bad, good] = [await idOf('payments'), await idOf('web-platform')]
  await asBefore(database(), [good])
  await asBefore(database(), [bad], (subject) => {
    const { rings: _, ...rest } = subject as PatchSubject
    return rest as PatchSubject
  })
  const done = await carryOver(db, 'live', now())
  expect(done).toMatchObject({
    carried: 1,
    problems: [expect.stringMatching(`^${bad} cannot be carried over: .*\\.$`)],
  })
  await close()
})

test('odd lists and texts are carried over, rebuilt and read as one and the same', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const id = await idOf('web-platform')
  await workflow.execute(id, approve, as(tom))
  await asBefore(database(), [id, await idOf('payments')], (subject) => {
    if (subject.kind !== 'patches') return subject
    const [first, second] = subject.assets
    const [canary, broad] = subject.rings
    const [patch] = subject.patches
    if (!first || !second || !canary || !broad || !patch) throw new Error('too small')
    const odd = { ...first, asset: { ...first.asset, name: 'w\0eb\ud800' }, previewProblem: 'no\0 answer\udfff' }
    return {
      ...subject,
      patches: [{ ...patch, type: 'feature' }, ...subject.patches],
      assets: [{ ...second, changes: [] }, odd, ...subject.assets.slice(1)],
      rings: [
        { ...canary, assets: ['gone/one', ...canary.assets, ...canary.assets] },
        { ...canary, name: 'empty', assets: [] },
        { ...broad, assets: [...canary.assets, ...broad.assets, 'gone/two'] },
      ],
      clusters: [{ name: 'c', assets: ['foreign/one', first.asset.id], atOnce: 1, minHealthy: 0 }],
    }
  })
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 2, problems: [] })
  expect(await verified(database())).toMatchObject({ ok: true })
  const { subject } = await stateOf(id)
  if (subject.kind !== 'patches') throw new Error('not patches')
  const ids = subject.assets.map(({ asset }) => asset.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(subject.rings.flatMap(({ assets }) => [...assets]).sort()).toEqual([...ids].sort())
  expect(subject.rings[1]?.assets).toEqual([])
  expect(subject.assets.find(({ previewProblem }) => previewProblem !== null)).toMatchObject({
    asset: { name: 'w\ufffdeb\ufffd' },
    previewProblem: 'no\ufffd answer\ufffd',
  })
  expect(subject.clusters?.[0]?.assets).toContain('foreign/one')
  await workflow.execute(id, approve, as(mara))
  expect((await stateOf(id)).status).toBe('scheduled')
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('two processes carry each over once, and the purge takes nothing that they stored', async () => {
  const whole = await scene()
  const { db, workflow, idOf, close } = whole
  const [ended, open] = [await idOf('web-platform'), await idOf('payments')]
  await broughtToAnEnd(whole, ended)
  await workflow.execute(open, approve, as(tom))
  await asBefore(database(), [ended, open])
  const { sql } = database()
  // Some of it stands there already, prepared long ago and never named.
  const { subject } = (await findProposal(db, open)) as ProposalState
  await prepareContents(db, keepSubject(subject).contents, '2020-01-01T00:00:00.000Z')
  const purging = async () => {
    for (let round = 0; round < 10; round++) await purgeContents(db, now())
  }
  for (const which of ['live', 'over'] as const) {
    const [one, two] = await Promise.all([carryOver(db, which, now()), carryOver(db, which, now()), purging()])
    expect(one.carried + two.carried).toBe(1)
    expect([...one.problems, ...two.problems]).toEqual([])
  }
  const kept = (await readStream(db, open)).filter(({ event }) => event.type === 'content-kept')
  expect(kept).toHaveLength(1)
  await sql`update audit.content set made_at = '2020-01-01'`
  await purgeContents(db, now())
  expect(await verified(database())).toMatchObject({ ok: true })
  for (const id of [ended, open]) {
    const { content } = (await sql`select state -> 'content' as content from proposals where id = ${id}`)[0] as never
    const { decision, evidence } = content as { readonly decision: string; readonly evidence: string }
    const contents = await readWithNamed(db, [decision, evidence])
    expect(withEvidence(votedOf(decision, contents), { decision, evidence }, contents)).toMatchObject({
      kind: 'patches',
    })
  }
  await close()
})

test('one that would be too large stays as it is, with no event of a carrying that did not come about', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const id = await idOf('payments')
  await asBefore(database(), [id], undefined, 'x'.repeat(70_000))
  const [events, before] = [await readStream(db, id), await stateOf(id)]
  const { carried, problems } = await carryOver(db, 'live', now())
  expect(carried).toBe(0)
  expect(problems).toEqual([expect.stringMatching(/^This cannot be recorded: PW-\d would take \d+ KB/)])
  expect(await workflow.execute(id, approve, as(mara))).toMatchObject({ ok: false, refusal: { code: 'not now' } })
  expect(await readStream(db, id)).toEqual(events)
  expect(await stateOf(id)).toEqual(before)
  await close()
})

/** Small states have whoever acted or let a ring begin as a name alone; which person it was, the events say. */
function withNamesAlone(state: ProposalState) {
  return JSON.parse(JSON.stringify(state), (key, value) => {
    if (key === 'by') return value.name ?? value
    return key === 'go' ? value !== null : value
  })
}

const formats = () => formatsIn(database())
const stored = (id: string) => storedIn(database(), id)

test('of the version before, proposals in every state are read as they were, carried over without an event, and go on', {
  timeout: 120_000,
}, async () => {
  const { db, workflow, close } = await scene()
  await manyProposals({ db, workflow, hashOf: contentHash, hosts: { few: 8, many: 9 } })
  const ids = (await allProposals(db)).map(({ state }) => state.id)
  await asVersionBefore(database(), ids)
  await writeCheckpoint(db, now())
  const events = await database().sql`select stream, seq, hash from audit.events order by position`
  const before = new Map((await allProposals(db)).map(({ state }) => [state.id, state]))
  expect(await formats()).toEqual([2])
  expect(new Set([...before.values()].map(({ status }) => status))).toEqual(
    new Set(statuses.filter((status) => status !== 'expired' && status !== 'verifying')),
  )
  expect(await verified(database())).toMatchObject({ ok: true, events: events.length })

  for (const which of ['live', 'over'] as const)
    expect(await carryOver(db, which, now())).toMatchObject({ problems: [] })
  expect(await formats()).toEqual([3])
  expect(await database().sql`select stream, seq, hash from audit.events order by position`).toEqual(events)
  expect(await database().sql`select distinct stream from audit.entries`).toEqual([{ stream: 'persons' }])
  for (const { state } of await allProposals(db)) {
    expect(withNamesAlone(state), state.id).toEqual(withNamesAlone(before.get(state.id) as ProposalState))
    expect(await stored(state.id)).not.toMatch(/"(mara|Mara|tom|Tom|jonas|Jonas)"/)
  }
  const register = await readRegister(db)
  for (const { id, name } of [mara, tom, jonas])
    expect(register.personOf(register.pseudonymOf(id))).toMatchObject({ id, name })
  expect(await verified(database())).toMatchObject({ ok: true })

  // Streams of both kinds of events.
  for (const id of ids)
    expect(await workflow.execute(id, { type: 'comment', text: 'after the upgrade' }, as(tom))).toMatchObject({
      ok: true,
    })
  for (const [id, { status }] of before)
    if (status !== 'completed') await workflow.execute(id, { type: 'withdraw', reason: 'no more of this' }, as(mara))
  expect(await verified(database())).toMatchObject({ ok: true })
  const text = await exported(database())
  expect(verifyExport(text)).toMatchObject({ ok: true, streams: ids.length + 1 })
  // An entry in the place of the last event of the version before does not pass.
  const [line = ''] = text
    .split('\n')
    .filter((one) => one.includes('"kind":"event"'))
    .slice(-1)
  expect(verifyExport(text.replace(`${line}\n`, ''))).toMatchObject({ ok: false })
  await close()
})
