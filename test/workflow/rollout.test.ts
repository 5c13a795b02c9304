import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import { verifyExport } from '../../src/core/audit-export.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { readStream } from '../../src/store/events.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { allProposals, findProposal, openProposals } from '../../src/store/proposals.ts'
import { results } from '../../src/store/schema.ts'
import { tookByRing } from '../../src/store/took.ts'
import { exportRecord } from '../../src/workflow/audit.ts'
import { createDeploy } from '../../src/workflow/rollout/deploy.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const signal = new AbortController().signal
const person = (id: string, name: string): Actor => ({ kind: 'person', id, name, via: 'console' })
const vote = (choice: 'approve' | 'reject', reason: string | null = null) =>
  ({ type: 'vote', choice, revision: null, reason, owner: null, until: null }) as const

async function proposed() {
  const { db } = database()
  const service = await exampleService(db)
  await proposeAll(service.workflow)
  const open = await openProposals(db)
  const web = open.find((state) => state.team === 'web-platform')
  const payments = open.find((state) => state.team === 'payments')
  if (!web || !payments) throw new Error(`proposals are missing: ${service.warnings.join(' ')}`)
  return { db, service, web, payments }
}

test('one proposal per team is opened, approved by two people, rolled out ring by ring, verified and told', async () => {
  const { db, service, web } = await proposed()
  expect(web.priority).toBe('immediate')
  const first = await service.workflow.execute(web.id, vote('approve'), person('mara', 'Mara'))
  expect(first).toMatchObject({ ok: true, state: { status: 'open' } })
  expect(await service.workflow.execute(web.id, vote('approve'), person('mara', 'Mara'))).toMatchObject({
    ok: false,
    refusal: { code: 'already' },
  })
  expect(await service.workflow.execute(web.id, vote('approve'), person('jonas', 'Jonas'))).toMatchObject({
    ok: false,
    refusal: { code: 'not allowed' },
  })
  expect(await service.workflow.execute(web.id, vote('approve'), person('tom', 'Tom'))).toMatchObject({
    ok: true,
    state: { status: 'scheduled' },
  })
  await service.workflow.advance(web.id, signal)
  const done = await findProposal(db, web.id)
  expect(done?.status).toBe('completed')
  const ends = (await db.select().from(results)).filter((row) => row.proposal === web.id).map((row) => row.endState)
  expect(ends).toHaveLength(8)
  for (const end of ends) expect(['installed', 'rebooted and re-scanned']).toContain(end)
  const took = await tookByRing(db, 'web-platform')
  if (done?.subject.kind !== 'patches') throw new Error('It asks for no patches.')
  const { engine, rings } = done.subject
  expect(took.map((one) => `${one.engine}/${one.ring}`).sort()).toEqual(
    rings.map(({ name }) => `${engine}/${name}`).sort(),
  )
  const seconds = took.flatMap((one) => one.seconds)
  expect(seconds).toHaveLength(8)
  for (const one of seconds) expect(one).toBeGreaterThanOrEqual(1)

  await service.workflow.deliver()
  const thread = (await consoleThread(db, web.id)).map((message) => plain(message.entry.text))
  expect(thread.some((text) => text.startsWith('Approved: Mara as owner, Tom as security'))).toBe(true)
  expect(thread.at(-1)).toMatch(/^Done\. 8 of 8 report the promised versions; nobody looked whether they work\./)

  await service.workflow.syncInventory(signal)
  const again = await service.workflow.propose(signal)
  expect(again.opened).toEqual([])
  await service.remove()
})

test('what ended while the state was being read is not done again', async () => {
  const { db, service, web } = await proposed()
  const { parts, workflow } = service
  for (const who of [person('mara', 'Mara'), person('tom', 'Tom')]) await workflow.execute(web.id, vote('approve'), who)
  const rollout: Actor = { kind: 'system', part: 'rollout' }
  for (const type of ['start', 'start-batch'] as const) await workflow.execute(web.id, { type }, rollout)
  const simulated = parts.engines.get('simulated')
  if (!simulated) throw new Error('The example has no engine.')
  let polls = 0
  const poll: typeof simulated.poll = (...all) => {
    polls++
    return simulated.poll(...all)
  }
  const engines = new Map([['simulated', { ...simulated, poll }]])
  const session = createDeploy({ ...parts, engines }, workflow, alwaysMine).session(web.id, signal)
  const before = await findProposal(db, web.id)
  if (!before) throw new Error('The proposal is gone.')
  const seen = session.version()
  await session.attend(before, seen)
  await session.end()
  const asked = polls
  expect(asked).toBeGreaterThan(0)
  await session.attend(before, seen)
  await session.end()
  expect(polls).toBe(asked)
  await service.remove()
})

test('looking again at what has not changed records nothing', async () => {
  const { db, service, web, payments } = await proposed()
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
  expect(await service.workflow.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
  for (const { id, seq, dueAt } of [web, payments]) expect(await findProposal(db, id)).toMatchObject({ seq, dueAt })
  await service.remove()
})

test('a failed canary stops the rollout before the next batch, and resuming takes the policy', async () => {
  const { db, service, payments } = await proposed()
  await service.workflow.execute(payments.id, vote('approve'), person('mara', 'Mara'))
  await service.workflow.execute(payments.id, vote('approve'), person('tom', 'Tom'))
  await service.workflow.advance(payments.id, signal)
  const state = await findProposal(db, payments.id)
  expect(state?.status).toBe('halted')
  const failed = Object.values(state?.rollout?.deployments ?? {}).filter((item) => item.verification?.end === 'failed')
  expect(failed.map((item) => item.asset)).toEqual([expect.stringContaining('pay-02')])
  expect(await service.workflow.execute(payments.id, { type: 'resume' }, person('tom', 'Tom'))).toMatchObject({
    ok: false,
    refusal: { code: 'not allowed' },
  })
  await service.remove()
})

test('an asset that the preflight refuses does not keep the rest of its batch from coming to an end', async () => {
  const { db, service, web } = await proposed()
  const { assets, ...rest } = JSON.parse(await readFile(service.fleet, 'utf8'))
  const faulty = assets.map((asset: { name: string }) =>
    asset.name === 'web-05' ? { ...asset, fault: 'unreachable' } : asset,
  )
  await writeFile(service.fleet, JSON.stringify({ ...rest, assets: faulty }))
  await service.workflow.execute(web.id, vote('approve'), person('mara', 'Mara'))
  await service.workflow.execute(web.id, vote('approve'), person('tom', 'Tom'))
  await service.workflow.advance(web.id, signal)
  const state = await findProposal(db, web.id)
  expect(state?.rollout?.deployments['example/web-05']?.verification).toMatchObject({ end: 'unreachable' })
  expect(state?.status).toBe('halted')
  const others = Object.values(state?.rollout?.deployments ?? {}).filter((item) => item.asset !== 'example/web-05')
  for (const item of others) expect(item.verification?.end).toMatch(/installed|rebooted/)
  await service.remove()
})

test('projections equal what the events rebuild, and one changed byte of the export is found', async () => {
  const { db, service, web } = await proposed()
  await service.workflow.execute(
    web.id,
    { type: 'comment', text: 'odd text \0 \ud800 <b>@channel' },
    person('mara', 'Mara'),
  )
  for (const stored of await allProposals(db)) {
    const rebuilt = replay(await readStream(db, stored.state.id))
    expect(rebuilt).toEqual(stored.state)
  }
  const lines: string[] = []
  await exportRecord(database(), new Date().toISOString(), async (line) => {
    lines.push(line)
  })
  const text = lines.join('')
  expect(verifyExport(text)).toMatchObject({ ok: true, checkpoints: 1 })
  const bytes = Buffer.from(text)
  for (let offset = 7; offset < bytes.length; offset += Math.ceil(bytes.length / 97)) {
    const changed = Buffer.from(bytes)
    changed[offset] = (changed[offset] ?? 0) ^ 1
    const verdict = verifyExport(changed.toString('utf8'))
    expect(verdict, `byte ${offset}`).toMatchObject({ ok: false, record: expect.stringMatching(/\S/) })
  }
  await service.remove()
})
