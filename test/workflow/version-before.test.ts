/** From the version before: small states and rows with ids, names and words. All that was decided, done and written holds. */

import { expect, test } from 'vitest'
import { verifyExport } from '../../src/core/audit-export.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import { carry, carryOver } from '../../src/store/carry-over.ts'
import { readStream } from '../../src/store/events.ts'
import { readRegister } from '../../src/store/persons.ts'
import { lockProposal } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { asVersionBefore } from '../support/as-before.ts'
import { useDatabase } from '../support/database.ts'
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
import { type ExampleOptions, jonas, mara, tom } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()

const scene = (options?: ExampleOptions) => earlierScene(database(), options)

const formats = () => formatsIn(database())
const stored = (id: string) => storedIn(database(), id)

test('votes, a rollout at work and a test ring hold, and go on by the votes of today', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene({ tested: 1, policy: { testRing: 'required' } })
  const [open, running] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(open, { type: 'start-test' }, rollout)
  await workflow.execute(open, { type: 'start-batch' }, rollout)
  await workflow.execute(open, approve, as(tom))
  await workflow.advance(running, signal)
  expect((await stateOf(running)).test?.result).toMatchObject({ passed: true })
  for (const person of [mara, tom]) await workflow.execute(running, approve, as(person))
  await workflow.execute(running, { type: 'start' }, rollout)
  await workflow.execute(running, { type: 'start-batch' }, rollout)
  const before = await asVersionBefore(database(), [open, running])
  expect(before.get(running)?.status).toBe('rolling out')

  expect(await carryOver(db, 'live', now())).toEqual({ carried: 2, problems: [] })
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 0, problems: [] })
  expect(await workflow.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
  await workflow.advance(open, signal)
  expect((await stateOf(open)).test?.result).toMatchObject({ passed: true })
  await workflow.execute(open, approve, as(mara))
  expect(await stateOf(open)).toMatchObject({ revision: 1, approvedBy: { how: 'quorum' } })
  await workflow.advance(running, signal)
  expect((await stateOf(running)).status).toBe('completed')

  // Streams begin with events of that version and go on with entries.
  for (const table of ['events', 'entries'])
    expect(await database().sql`select from audit.${database().sql(table)} where stream = ${running}`).not.toHaveLength(
      0,
    )
  expect(await verified(database())).toMatchObject({ ok: true })
  expect(verifyExport(await exported(database()))).toMatchObject({ ok: true, streams: 3 })
  await close()
})

test('what people wrote before stands where it stood, what they write now beside its entry', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [open, other] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(open, { ...approve, reason: 'words of before' }, as(tom))
  for (const person of [mara, tom]) await workflow.execute(other, approve, as(person))
  await workflow.execute(other, { type: 'start' }, rollout)
  await workflow.execute(other, { type: 'halt', reason: 'halted before' }, as(jonas))
  await asVersionBefore(database(), [open, other])
  await carryOver(db, 'live', now())
  await workflow.execute(open, { ...approve, reason: 'words of today' }, as(mara))
  expect(await stored(open)).toContain('words of before')
  expect(await stored(open)).not.toContain('words of today')
  expect(await stored(other)).toContain('halted before')
  await workflow.execute(other, { type: 'resume' }, as(mara))
  await workflow.execute(other, { type: 'halt', reason: 'halted today' }, as(jonas))
  expect(await stored(other)).not.toMatch(/halted before|halted today/)
  const words = async () => (await stateOf(open)).votes.map(({ name, reason }) => [name, reason])
  expect(await words()).toEqual([
    ['Tom', 'words of before'],
    ['Mara', 'words of today'],
  ])
  expect((await stateOf(other)).stopped).toMatchObject({
    by: { person: 'jonas', name: 'Jonas' },
    reason: 'halted today',
  })

  const { sql } = database()
  await sql`update audit.entries set salt = null, beside = null where stream in (${open}, ${other})`
  await sql`update persons_version set version = gen_random_uuid()::text`
  expect(await words()).toEqual([
    ['Tom', 'words of before'],
    ['Mara', '(erased)'],
  ])
  expect((await stateOf(other)).stopped).toMatchObject({ reason: '(erased)' })
  expect(await verified(database(), { mayBeErased: true })).toMatchObject({ ok: true })
  await close()
})

test('a closed one is read, and carried over behind the service or by what happens to it; neither adds an event', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [one, two] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(one, approve, as(tom))
  for (const id of [one, two]) await workflow.execute(id, { type: 'withdraw', reason: 'not now' }, as(mara))
  await asVersionBefore(database(), [one, two])
  const [events, before] = [await readStream(db, one), await stateOf(one)]
  expect(before).toMatchObject({ status: 'withdrawn', votes: [{ person: 'tom', name: 'Tom', reason: 'looks good' }] })
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 0, problems: [] })
  expect((await workflow.execute(two, { type: 'comment', text: 'why?' }, as(tom))).ok).toBe(true)
  expect(await carryOver(db, 'over', now())).toEqual({ carried: 1, problems: [] })
  expect(await formats()).toEqual([3])
  expect(await readStream(db, one)).toEqual(events)
  expect(await stateOf(one)).toEqual(before)
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test.each([
  ['votes', 'the row of a vote', `update votes set reason = 'no words of mine'`],
  ['votes', 'a vote in the state', `update proposals set state = jsonb_set(state, '{votes}', '[]')`],
  ['rollout', 'the row of an asset', `delete from results where part = 1`],
  ['assets that were left out', 'a name in a row', `update results set facts = replace(facts, 'Mara', 'Mallory')`],
  ['schedule', 'why it was stopped', `update proposals set state = jsonb_set(state, '{stopped,reason}', '"no words"')`],
])('one whose %s differ from its events by %s stops alone, with a sentence', async (part, _, change) => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [bad, good] = [await idOf('web-platform'), await idOf('payments')]
  for (const person of [mara, tom]) await workflow.execute(bad, approve, as(person))
  await workflow.execute(bad, { type: 'start' }, rollout)
  await workflow.execute(bad, { type: 'start-batch' }, rollout)
  const { rollout: run, subject } = await stateOf(bad)
  const ids = subject.kind === 'patches' ? subject.assets.map(({ asset }) => asset.id) : []
  const waiting = ids.find((id) => run?.deployments[id] === undefined) ?? ''
  const skip = { type: 'skip', asset: waiting, reason: 'it is replaced soon' } as const
  expect(await workflow.execute(bad, skip, as(mara))).toMatchObject({ ok: true })
  await workflow.execute(bad, { type: 'halt', reason: 'wait' }, as(jonas))
  await asVersionBefore(database(), [bad, good])
  const { sql } = database()
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    const key = change.includes('proposals') ? 'id' : 'proposal'
    await tx.unsafe(`${change} ${change.includes(' where ') ? 'and' : 'where'} ${key} = '${bad}'`)
  })
  const differs = { record: `proposals ${bad}`, problem: expect.stringContaining(`its ${part} differs from`) }
  expect(await verified(database())).toMatchObject({ ok: false, findings: [differs] })
  const problem = `${bad} cannot be carried over: what is kept of its ${part} is not what its events say. See \`patchwarden audit verify --rebuild\`.`
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 1, problems: [problem] })
  expect(await workflow.execute(bad, approve, as(mara))).toMatchObject({ ok: false, refusal: { sentence: problem } })
  expect((await workflow.execute(good, approve, as(mara))).ok).toBe(true)
  await close()
})

test.each([1, 2])(
  'one that says it is of an earlier version (%i), and has entries, was changed by somebody',
  async (format) => {
    const { workflow, idOf, close } = await scene()
    const id = await idOf('payments')
    await asVersionBefore(database(), [id, await idOf('web-platform')])
    await workflow.execute(id, approve, as(tom))
    await rewrite(database(), id, (state) => {
      state.title = 'another'
    })
    await database().sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`update proposals set format = ${format} where id = ${id}`
    })
    expect(await verified(database())).toMatchObject({
      ok: false,
      findings: ['format', 'state'].map((column) => ({
        record: `proposals ${id}`,
        problem: expect.stringMatching(`^differs in "${column}"`),
      })),
    })
    await close()
  },
)

test('a process of the version before that was left running writes nothing', async () => {
  const { idOf, close } = await scene()
  const [id, other] = [await idOf('payments'), await idOf('web-platform')]
  await asVersionBefore(database(), [id, other])
  await carryOver(database().db, 'live', now())
  const { sql } = database()
  const before = await stored(id)
  const refused =
    'This process is of an earlier version of Patchwarden, and the database was upgraded. Stop it, and start the new version.'
  const event = { stream: id, seq: 99, at: now(), actor: '{}', event: '{}', prev: 'p', hash: 'h' }
  await expect(sql`insert into audit.events ${sql(event)}`).rejects.toThrow(refused)
  await expect(sql`update audit.events set event = '{}' where stream = ${id}`).rejects.toThrow(refused)
  // It writes the whole row, as a new one or over the one that is there.
  const row = { number: 99, team: 'payments', status: 'open', seq: 1, head_hash: 'h', opened_at: now(), format: 2 }
  const written = { ...row, id, state: sql.json({ id, content: {}, votes: [] }) }
  await expect(
    sql`insert into proposals ${sql(written)} on conflict (id) do update set ${sql(written)}`,
  ).rejects.toThrow(refused)
  await expect(sql`insert into proposals ${sql({ ...written, id: 'PW-99' })}`).rejects.toThrow(refused)
  await expect(sql`update proposals set format = 2 where id = ${id}`).rejects.toThrow(refused)
  expect(await stored(id)).toBe(before)
  await close()
})

test('somebody who left the configuration has a pseudonym and the name of then, and others go on', async () => {
  const { db, workflow, service, leases, idOf, stateOf, close } = await scene()
  const id = await idOf('payments')
  const greta = { id: 'greta', name: 'Greta', roles: ['owner'] }
  const { teams } = service.parts
  const withHer = createWorkflow(
    { ...service.parts, teams: { ...teams, membersOf: (team) => [...teams.membersOf(team), greta] } },
    leases.alone,
  )
  expect(await withHer.execute(id, approve, as(greta))).toMatchObject({ ok: true })
  await asVersionBefore(database(), [id, await idOf('web-platform')])
  await carryOver(db, 'live', now())
  const register = await readRegister(db)
  expect(register.personOf(register.pseudonymOf('greta'))).toMatchObject({ id: 'greta', name: 'Greta' })
  expect(await stored(id)).not.toMatch(/greta/i)
  expect((await workflow.execute(id, approve, as(tom))).ok).toBe(true)
  expect((await stateOf(id)).votes).toMatchObject([
    { person: 'greta', name: 'Greta' },
    { person: 'tom', name: 'Tom' },
  ])
  expect((await workflow.execute(id, { type: 'withdraw', reason: 'not now' }, as(mara))).ok).toBe(true)
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('a name that the register has is not undone by older events', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const [one, two] = [await idOf('payments'), await idOf('web-platform')]
  await workflow.execute(one, approve, as({ id: mara.id, name: 'Mara Before' }))
  await asVersionBefore(database(), [one])
  await workflow.execute(two, approve, as(mara))
  await carryOver(db, 'live', now())
  await database().sql`update persons_version set version = gen_random_uuid()::text`
  for (const id of [one, two]) expect((await stateOf(id)).votes).toMatchObject([{ person: 'mara', name: 'Mara' }])
  expect(await database().sql`select event from audit.facts where event = 'person-renamed'`).toEqual([])
  await close()
})

test('two processes carry each over once and know everybody once', async () => {
  const { db, workflow, idOf, close } = await scene()
  const ids = [await idOf('payments'), await idOf('web-platform')]
  for (const id of ids) {
    await workflow.execute(id, approve, as(tom))
    await workflow.execute(id, approve, as(mara))
    await workflow.execute(id, { type: 'withdraw', reason: 'not now' }, as(mara))
  }
  await asVersionBefore(database(), ids)
  const both = await Promise.all([carryOver(db, 'over', now()), carryOver(db, 'over', now())])
  expect(both.flatMap(({ problems }) => problems)).toEqual([])
  expect(both.reduce((sum, { carried }) => sum + carried, 0)).toBe(2)
  const people = await database().sql`select person, name from persons order by person`
  expect([...people]).toEqual([
    { person: 'mara', name: 'Mara' },
    { person: 'tom', name: 'Tom' },
  ])
  expect(await database().sql`select from audit.entries`).toHaveLength(2)
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('of one whose carrying was rolled back nothing is remembered', async () => {
  const { db, workflow, idOf, stateOf, close } = await scene()
  const id = await idOf('payments')
  await workflow.execute(id, approve, as(tom))
  await asVersionBefore(database(), [id, await idOf('web-platform')])
  const before = await stateOf(id)
  const dying = db.transaction(async (tx) => {
    const locked = await lockProposal(tx, id)
    if (locked === null) throw new Error('gone')
    expect(await carry(tx, locked, now())).toMatchObject({ format: 3 })
    throw new Error('the connection ends')
  })
  await expect(dying).rejects.toThrow('the connection ends')
  expect(await stateOf(id)).toEqual(before)
  expect(await formats()).toEqual([2])
  await carryOver(db, 'live', now())
  expect(await stateOf(id)).toEqual(before)
  expect((await workflow.execute(id, approve, as(mara))).ok).toBe(true)
  expect(await verified(database())).toMatchObject({ ok: true })
  await close()
})

test('a rollout that cannot be carried over stands still: told once, tried every hour, and no engine is asked', async () => {
  let at = Date.now()
  const { service, leases, workflow, idOf, stateOf, close } = await scene({ clock: () => new Date(at) })
  const id = await idOf('web-platform')
  for (const person of [mara, tom]) await workflow.execute(id, approve, as(person))
  await workflow.execute(id, { type: 'start' }, rollout)
  await workflow.execute(id, { type: 'start-batch' }, rollout)
  await asVersionBefore(database(), [id, await idOf('payments')])
  let votes: unknown
  await rewrite(database(), id, (state) => {
    votes = state.votes
    state.votes = []
  })

  const asked: string[] = []
  const [simulated] = service.parts.engines.values()
  if (simulated === undefined) throw new Error('no engine')
  const engine: DeployEngine = {
    ...simulated,
    start: (batch, stop) => {
      asked.push('start')
      return simulated.start(batch, stop)
    },
    poll: (handle, stop) => {
      asked.push('poll')
      return simulated.poll(handle, stop)
    },
  }
  const afterwards = createWorkflow({ ...service.parts, engines: new Map([[engine.name, engine]]) }, leases.alone)
  const told = () => service.warnings.filter((line) => line.startsWith(`${id} cannot be carried over: `))
  await database().sql`update timers set due_at = now()`
  for (let sweep = 0; sweep < 5; sweep++) await afterwards.sweep(signal)
  await afterwards.advance(id, signal)
  expect(told()).toEqual([
    `${id} cannot be carried over: what is kept of its votes is not what its events say. See \`patchwarden audit verify --rebuild\`. It stands still, and is tried again every hour.`,
  ])
  expect(asked).toEqual([])

  // Mended, which is seen when it is tried again.
  await rewrite(database(), id, (state) => {
    state.votes = votes
  })
  await afterwards.advance(id, signal)
  expect((await stateOf(id)).status).toBe('rolling out')
  at += 3_600_000
  await afterwards.advance(id, signal)
  expect((await stateOf(id)).status).toBe('completed')
  expect(told()).toHaveLength(1)
  await close()
})
