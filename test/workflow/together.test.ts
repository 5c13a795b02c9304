import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import { connect } from '../../src/store/database.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { allProposals, findProposal, openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, proposeAll, tom } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()

/** Several processes on one database, each with connections and leases of its own. */
async function processes(count: number) {
  const service = await exampleService(database().db)
  const each = Array.from({ length: count }, () => {
    const clients = connect(database().url, 4)
    const leases = openLeases(database().url)
    return { clients, leases, workflow: createWorkflow({ ...service.parts, db: clients.db }, leases.alone) }
  })
  async function end(): Promise<void> {
    for (const { clients, leases } of each) {
      await leases.end()
      await clients.end()
    }
    await service.remove()
  }
  return { service, workflows: each.map(({ workflow }) => workflow), end }
}

test('three processes that look at the same moment open each proposal once, and close none', async () => {
  const { workflows, end } = await processes(3)
  await Promise.all(
    workflows.map(async (workflow) => {
      await proposeAll(workflow)
    }),
  )
  const all = (await allProposals(database().db)).map(({ state }) => state)
  expect(all.map(({ team, status }) => [team, status]).sort()).toEqual([
    ['payments', 'open'],
    ['web-platform', 'open'],
  ])
  await end()
})

test('the database itself refuses a second proposal with the same content', async () => {
  const { workflows, end } = await processes(2)
  const [first] = workflows
  await first?.syncFeeds(signal)
  await first?.syncInventory(signal)
  await first?.propose(signal)
  const [known] = await openProposals(database().db)
  if (known === undefined) throw new Error('nothing was proposed')
  const { title, subject, contentHash, priority, whyNow, dueAt, team, policy } = known
  const copy = { title, subject, contentHash, priority, whyNow, dueAt }
  const copies = await Promise.all(
    workflows.map((workflow) => workflow.open(team, copy, policy, { kind: 'system', part: 'assessment' })),
  )
  for (const done of copies)
    expect(done).toMatchObject({
      ok: false,
      refusal: { code: 'already', sentence: `${known.id} asks for exactly this already; decide there.` },
    })
  await expect(database().sql`insert into live_contents values ('PW-99', ${team}, ${contentHash})`).rejects.toThrow(
    /live_contents_once/,
  )
  await end()
})

test('an asset that is at work for one proposal is touched by no other, which waits, says for whom, and goes on', async () => {
  const { service, end } = await processes(0)
  const { db } = database()
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const begun: string[] = []
  const touching = new Map<string, number>()
  let most = 0
  const engines = new Map(
    [...service.parts.engines].map(([name, real]): [string, DeployEngine] => [
      name,
      {
        ...real,
        async start(batch, limit) {
          for (const { asset } of batch.deployments) {
            begun.push(`${batch.key.split('.')[0]} ${asset.name}`)
            const now = (touching.get(asset.id) ?? 0) + 1
            touching.set(asset.id, now)
            most = Math.max(most, now)
          }
          await gate
          const handle = await real.start(batch, limit)
          for (const { asset } of batch.deployments) touching.set(asset.id, (touching.get(asset.id) ?? 0) - 1)
          return handle
        },
      },
    ]),
  )
  const leases = openLeases(database().url)
  const workflow = createWorkflow({ ...service.parts, engines }, leases.alone)
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  await workflow.propose(signal, { team: 'web-platform' })
  const [first] = await openProposals(db)
  if (first === undefined || first.subject.kind !== 'patches') throw new Error('nothing was proposed')
  // The same assets once more, for another decision.
  const subject = { ...first.subject, failureBudget: 7 }
  const { title, priority, whyNow, dueAt, team, policy } = first
  const other = { title, subject, contentHash: contentHash(subject), priority, whyNow, dueAt }
  await workflow.open(team, other, policy, { kind: 'system', part: 'assessment' })
  for (const id of ['PW-1', 'PW-2']) for (const person of [mara, tom]) await approveAs(workflow, id, person)

  const driving = workflow.advance('PW-1', signal)
  await expect.poll(() => begun).toHaveLength(1)
  await workflow.advance('PW-2', signal)
  expect(begun).toHaveLength(1)
  const waiting = await findProposal(db, 'PW-2')
  expect(waiting?.status).toBe('rolling out')
  expect(waiting?.waitsFor).toMatchObject({ proposal: 'PW-1' })
  await workflow.deliver()
  const told = (await consoleThread(db, 'PW-2')).map(({ entry }) => plain(entry.text))
  expect(
    told.filter((text) => /^Waits: ring \w+ is full; when the wait began, web-\d\d was at work for PW-1\.$/.test(text)),
  ).toHaveLength(1)
  // Said once, however often it is looked at.
  await workflow.advance('PW-2', signal)
  await workflow.deliver()
  expect((await consoleThread(db, 'PW-2')).filter(({ entry }) => plain(entry.text).startsWith('Waits:'))).toHaveLength(
    1,
  )

  open()
  await driving
  for (let round = 0; round < 5; round++) await workflow.advance('PW-2', signal)
  expect((await findProposal(db, 'PW-1'))?.status).toBe('completed')
  expect((await findProposal(db, 'PW-2'))?.waitsFor).toBeNull()
  expect(most).toBe(1)
  expect((await readStream(db, 'PW-2')).filter(({ event }) => event.type === 'asset-awaited')).toHaveLength(1)
  expect(await database().sql`select 1 from at_work`).toHaveLength(0)
  await leases.end()
  await end()
})
