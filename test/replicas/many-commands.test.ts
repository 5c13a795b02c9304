import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { errorText } from '../../src/core/error-text.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { connect } from '../../src/store/database.ts'
import { readStream } from '../../src/store/events.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, mara, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { content, policy } from '../support/proposals.ts'

const database = useDatabase()

const PROPOSALS = 500

/** Content of its own for each proposal. */
function numbered(index: number): Content {
  const one = content(1)
  if (one.subject.kind !== 'patches') throw new Error('not patches')
  return { ...one, subject: { ...one.subject, failureBudget: index } }
}

test.each([2, 10])(
  '1,000 commands on 500 proposals at once all end on a pool of %i connections, straight after a start',
  { timeout: 120_000 },
  async (connections) => {
    const service = await exampleService(database().db)
    const clients = connect(database().url, connections)
    const parts = { ...service.parts, db: clients.db }
    const before = createWorkflow(parts, alwaysMine)
    const opened = await Promise.all(
      Array.from({ length: PROPOSALS }, (_, index) =>
        before.open('web-platform', numbered(index), policy, { kind: 'system', part: 'assessment' }),
      ),
    )
    const ids = opened.flatMap((done) => (done.ok ? [done.state.id] : []))
    expect(new Set(ids).size).toBe(PROPOSALS)

    // A fresh process knows no estimates, no freezes, nothing yet.
    const fresh = createWorkflow(parts, alwaysMine)
    const vote = { type: 'vote', choice: 'approve', revision: 1, reason: null, owner: null, until: null } as const
    const done = await Promise.all(
      ids.flatMap((id) =>
        [mara, tom].map((member) =>
          fresh.execute(id, vote, { kind: 'person', id: member.id, name: member.name, via: 'console' }),
        ),
      ),
    )
    expect(done.filter(({ ok }) => ok)).toHaveLength(2 * PROPOSALS)
    const cast = await clients.sql`select 1 from audit.facts where event = 'vote-cast'`
    expect(cast).toHaveLength(2 * PROPOSALS)
    await clients.end()
    await service.remove()
  },
)

test('commands go on while the connections to the database are killed again and again: each is done once or says that it was not', {
  timeout: 120_000,
}, async () => {
  const service = await exampleService(database().db)
  const clients = connect(database().url, 10)
  const workflow = createWorkflow({ ...service.parts, db: clients.db }, alwaysMine)
  const opened = await workflow.open('web-platform', content(1), policy, { kind: 'system', part: 'assessment' })
  expect(opened.ok).toBe(true)
  const killer = postgres(database().url, { max: 1, connection: { application_name: 'killer' } })
  let killing = true
  const kills = (async () => {
    while (killing) {
      await killer`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'patchwarden'`
      await sleep(10)
    }
  })()
  const actor = { kind: 'person', id: mara.id, name: mara.name, via: 'console' } as const
  const comments = Array.from({ length: 100 }, async (_, index) => {
    const command = { type: 'comment', text: `comment ${index}` } as const
    return workflow.execute('PW-1', command, actor).then(
      ({ ok }) => (ok ? 'done' : 'refused'),
      (error: unknown) => errorText(error),
    )
  })
  await sleep(3_000)
  killing = false
  await kills
  await killer.end()
  const answers = await Promise.all(comments)
  const told = new Set(answers.filter((answer) => answer !== 'done'))
  for (const sentence of told)
    expect(sentence).toMatch(/^(The database cannot be reached|The connection to the database was lost)/)

  // What was answered as done is there once, and the pool is whole again.
  const written = (await readStream(clients.db, 'PW-1')).flatMap(({ event }) =>
    event.type === 'commented' ? [event.text] : [],
  )
  expect(new Set(written).size).toBe(written.length)
  for (const [index, answer] of answers.entries()) if (answer === 'done') expect(written).toContain(`comment ${index}`)
  const after = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      workflow.execute('PW-1', { type: 'comment', text: `after ${index}` }, actor),
    ),
  )
  expect(after.every(({ ok }) => ok)).toBe(true)
  expect(replay(await readStream(clients.db, 'PW-1'))).toEqual(await findProposal(clients.db, 'PW-1'))
  await clients.end()
  await service.remove()
})
