/** What the version before let be: tests that nobody followed any more, and the same proposal twice. */

import { expect, test } from 'vitest'
import { seal } from '../../src/core/audit.ts'
import type { RecordedEvent } from '../../src/core/proposal/event.ts'
import { evolve } from '../../src/core/proposal/evolve.ts'
import { appendEvents, readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { renewProjections } from '../../src/store/renew.ts'
import { dueTimers } from '../../src/store/timers.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, mara } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const rollout = { kind: 'system', part: 'rollout' } as const
const now = () => new Date().toISOString()

/** A proposal whose test ring is at work. */
async function scene() {
  const { db } = database()
  const service = await exampleService(db, { tested: 2, policy: { testRing: 'required' } })
  const leases = openLeases(database().url)
  const workflow = createWorkflow(service.parts, leases.alone)
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  await workflow.propose(signal)
  const web = (await openProposals(db)).find(({ team }) => team === 'web-platform')
  if (!web) throw new Error('There is no proposal.')
  await workflow.execute(web.id, { type: 'start-test' }, rollout)
  await workflow.execute(web.id, { type: 'start-batch' }, rollout)
  async function close(): Promise<void> {
    await leases.end()
    await service.remove()
  }
  return { db, workflow, id: web.id, close }
}

/** As the version before kept the state. */
async function age(id: string): Promise<void> {
  await database().sql`update proposals set state = state #- '{test,stopped}' where id = ${id}`
}

test('a test whose proposal was rejected is followed to its end, and keeps its assets from nobody', async () => {
  const { db, workflow, id, close } = await scene()
  const head = (await readStream(db, id)).at(-1)
  const state = await findProposal(db, id)
  if (!head || !state) throw new Error(`${id} is gone.`)
  const deferral = { by: mara.id, reason: 'not now', owner: mara.id, until: '2099-01-01T00:00:00.000Z' }
  const actor = { kind: 'person', id: mara.id, name: mara.name, via: 'console' } as const
  const rejected: RecordedEvent = {
    stream: id,
    seq: state.seq + 1,
    at: now(),
    actor,
    event: { type: 'rejected', deferral },
  }
  const sealed = seal(rejected, head.hash)
  await appendEvents(db, [sealed])
  const { sql } = database()
  await sql`update proposals set status = 'rejected', closed_at = now(), seq = seq + 1, head_hash = ${sealed.hash},
    state = ${sql.json(JSON.parse(JSON.stringify(evolve(state, rejected))))} where id = ${id}`
  await sql`delete from timers where proposal = ${id}`
  await sql`delete from at_work`
  await age(id)

  expect(await renewProjections(db, now())).toBe(1)
  expect(await dueTimers(db, now(), 100)).toContain(id)
  await workflow.advance(id, signal)
  expect((await findProposal(db, id))?.test?.result).toMatchObject({ passed: false })
  expect(await sql`select * from at_work`).toEqual([])
  await close()
})

test('of two with the same content the first keeps it, and the service starts', async () => {
  const { db, id, close } = await scene()
  const { sql } = database()
  const copy = 'PW-90'
  let prev = ''
  for (const { hash: _hash, prev: before, ...recorded } of await readStream(db, id)) {
    const event = recorded.event.type === 'opened' ? { ...recorded.event, id: copy, number: 90 } : recorded.event
    const sealed = seal({ ...recorded, stream: copy, event }, prev === '' ? before : prev)
    await appendEvents(db, [sealed])
    prev = sealed.hash
  }
  await sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, closed_at, state)
    select ${copy}, 90, team, status, seq, ${prev}, opened_at, closed_at, state from proposals where id = ${id}`
  await age(id)
  await age(copy)
  expect(await renewProjections(db, now())).toBe(2)
  expect((await findProposal(db, copy))?.test?.stopped).toBeNull()
  expect(await sql`select distinct proposal from at_work`).toEqual([{ proposal: id }])
  expect(await sql`select proposal from live_contents where proposal in (${id}, ${copy})`).toEqual([{ proposal: id }])
  await close()
})
