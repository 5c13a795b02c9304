/** From an earlier version: what was kept whole is carried over, and all that was decided and done holds. */

import { expect, test } from 'vitest'
import { GENESIS, seal } from '../../src/core/audit.ts'
import type { Actor, ProposalState } from '../../src/core/proposal/proposal.ts'
import { carryOver } from '../../src/store/carry-over.ts'
import { appendEvents, readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { dueTimers } from '../../src/store/timers.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { asBefore, hashOfBefore, held } from '../support/as-before.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, mara, tom } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const rollout = { kind: 'system', part: 'rollout' } as const
const now = () => new Date().toISOString()

async function scene(options: Parameters<typeof exampleService>[1] = {}) {
  const { db } = database()
  const service = await exampleService(db, options)
  const leases = openLeases(database().url)
  const workflow = createWorkflow(service.parts, leases.alone)
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  await workflow.propose(signal)
  const idOf = async (team: string) => {
    const state = (await openProposals(db)).find((one) => one.team === team)
    if (state === undefined) throw new Error(`${team} has no proposal.`)
    return state.id
  }
  async function stateOf(id: string): Promise<ProposalState> {
    const state = await findProposal(db, id)
    if (state === null) throw new Error(`${id} is gone.`)
    return state
  }
  async function close(): Promise<void> {
    await leases.end()
    await service.remove()
  }
  return { db, workflow, service, idOf, stateOf, close }
}

const as = ({ id, name }: { readonly id: string; readonly name: string }): Actor => ({
  kind: 'person',
  id,
  name,
  via: 'console',
})
const approve = {
  type: 'vote',
  choice: 'approve',
  revision: null,
  reason: 'looks good',
  owner: null,
  until: null,
} as const

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
    expect(await isWhole(id)).toEqual({ whole: false, format: 2 })
    expect((await readStream(db, id)).at(-1)?.event).toMatchObject({
      type: 'content-kept',
      was: hashOfBefore(id, 1),
      contentHash: state.contentHash,
    })
  }
  expect(await carryOver(db, 'live', now())).toEqual({ carried: 0, problems: [] })
  expect(await verifyRecord(database().url, { rebuild: true, membersOf: () => [mara, tom], now: now() })).toMatchObject(
    { ok: true },
  )

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
  expect(await isWhole(two)).toEqual({ whole: false, format: 2 })
  expect(await carryOver(db, 'over', now())).toEqual({ carried: 1, problems: [] })
  expect(await isWhole(one)).toEqual({ whole: false, format: 2 })
  expect(await readStream(db, one)).toHaveLength(events)
  expect(held(await stateOf(one))).toEqual(held(before.get(one) as ProposalState))
  expect(await verifyRecord(database().url, { rebuild: true, membersOf: () => [mara, tom], now: now() })).toMatchObject(
    { ok: true },
  )
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
  const old = JSON.stringify({ id, subject: { kind: 'patches' }, votes: [] })
  const refused = /This process is of an earlier version of Patchwarden, and the database was upgraded/
  const { sql } = database()
  await expect(sql`update proposals set state = ${sql.json(JSON.parse(old))} where id = ${id}`).rejects.toThrow(refused)
  await expect(
    sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, state)
      values ('PW-99', 99, 'payments', 'open', 1, 'h', now(), ${sql.json(JSON.parse(old))})`,
  ).rejects.toThrow(refused)
  await close()
})

test('a test whose proposal was over is followed to its end, and of two with the same content the first keeps it', async () => {
  const { db, workflow, idOf, close } = await scene({ tested: 2, policy: { testRing: 'required' } })
  const id = await idOf('web-platform')
  await workflow.execute(id, { type: 'start-test' }, rollout)
  await workflow.execute(id, { type: 'start-batch' }, rollout)
  const copy = 'PW-90'
  let prev = GENESIS
  for (const { hash: _, prev: __, ...recorded } of await readStream(db, id)) {
    const event = recorded.event.type === 'opened' ? { ...recorded.event, id: copy, number: 90 } : recorded.event
    const sealed = seal({ ...recorded, stream: copy, event }, prev)
    await appendEvents(db, [sealed])
    prev = sealed.hash
  }
  const { sql } = database()
  await sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, closed_at, state)
    select ${copy}, 90, team, status, seq, ${prev}, opened_at, closed_at, state from proposals where id = ${id}`
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
