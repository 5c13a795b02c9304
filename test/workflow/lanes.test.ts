/** One proposal on two engines: one that is done at once, and one whose servers report hours later. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import { isLook, type Observation } from '../../src/core/asset.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, proposeAll, tom, webProposal } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
const HOUR = 3_600_000
/** Of the eight servers of the team, these are served by the slow engine. */
const slowHosts = ['web-02', 'web-05', 'web-06', 'web-08']

const onTwo = (one: Observation): Observation => {
  const engine = (asset: Extract<Observation, { kind: 'unreachable' }>['asset']) =>
    slowHosts.includes(asset.name) ? { ...asset, engine: 'slow' } : asset
  return one.kind === 'seen'
    ? { ...one, snapshot: { ...one.snapshot, asset: engine(one.snapshot.asset) } }
    : { ...one, asset: engine(one.asset) }
}

async function scene() {
  let now = Date.parse('2026-11-20T12:00:00Z')
  const clock = () => new Date(++now)
  const service = await exampleService(database().db, { clock, policy: { breakGlass: null } })
  const known = service.parts.engines.get('simulated')
  const [inventory] = service.parts.sources
  if (known === undefined || inventory === undefined) throw new Error('The example has no engine.')
  const simulated: DeployEngine = known
  const source: InventorySource = {
    ...inventory,
    async *observe(options) {
      for await (const one of inventory.observe(options)) yield isLook(one) ? onTwo(one) : one
    },
  }
  const begun: { readonly engine: string; readonly assets: readonly string[] }[] = []
  const startedAt = new Map<string, number>()
  function watched(name: string, poll: DeployEngine['poll']): DeployEngine {
    return {
      ...simulated,
      name,
      poll,
      async start(batch, limit) {
        if (!startedAt.has(batch.key))
          begun.push({ engine: name, assets: batch.deployments.map(({ asset }) => asset.name) })
        startedAt.set(batch.key, startedAt.get(batch.key) ?? now)
        return simulated.start(batch, limit)
      },
    }
  }
  const slow = watched('slow', async (handle, limit) => {
    const reports = await simulated.poll(handle, limit)
    const over = (startedAt.get(handle.key) ?? 0) + 5 * HOUR
    if (now >= over) return reports
    const lookAgainAt = new Date(over).toISOString()
    return reports.map(({ asset }) => ({ asset, outcome: null, progress: null, lookAgainAt }))
  })
  const engines = new Map([
    ['simulated', watched('simulated', simulated.poll.bind(simulated))],
    ['slow', slow],
  ])
  const parts = { ...service.parts, sources: [source], engines }
  const workflow = createWorkflow(parts, alwaysMine)
  await proposeAll(workflow)
  const { id } = await webProposal(database().db)
  const state = async (of = id): Promise<ProposalState> => {
    const found = await findProposal(database().db, of)
    if (found === null) throw new Error(`There is no ${of}.`)
    return found
  }
  return {
    id,
    parts,
    workflow,
    begun,
    state,
    approve: async () => {
      for (const person of [mara, tom]) await approveAs(workflow, id, person)
    },
    pass(hours: number) {
      now += hours * HOUR
    },
    thread: async () => {
      await workflow.deliver()
      return (await consoleThread(database().db, id)).map(({ entry }) => plain(entry.text))
    },
    verify: () =>
      verifyRecord(database().url, {
        rebuild: true,
        membersOf: () => [mara, tom, jonas],
        now: new Date(now).toISOString(),
      }),
    remove: () => service.remove(),
  }
}

let one: Awaited<ReturnType<typeof scene>>
beforeEach(async () => {
  one = await scene()
})
afterEach(() => one.remove())

const rings = (state: ProposalState) => {
  const { subject } = state
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject.rings.map(({ name, engine, assets }, index) => [
    name,
    engine ?? subject.engine,
    assets.length,
    state.rollout?.rings[index]?.status,
  ])
}

test('one lane ends at once and the other hours later, and the record agrees', async () => {
  expect(rings(await one.state())).toEqual([
    ['canary', 'simulated', 1, undefined],
    ['broad', 'simulated', 3, undefined],
    ['canary', 'slow', 1, undefined],
    ['broad', 'slow', 3, undefined],
  ])
  await one.approve()
  await one.workflow.advance(one.id, signal)
  const evening = await one.state()
  expect(rings(evening).map(([, , , status]) => status)).toEqual(['passed', 'passed', 'running', 'waiting'])
  expect(evening.status).toBe('rolling out')
  expect(unfinished(evening)).toHaveLength(1)
  // Nothing of it is held while the slow lane works.
  await one.workflow.sweep(signal)
  expect(await one.state()).toEqual(evening)
  expect(await one.verify()).toMatchObject({ ok: true })

  one.pass(6)
  await one.workflow.sweep(signal)
  expect(rings(await one.state()).map(([, , , status]) => status)).toEqual(['passed', 'passed', 'passed', 'running'])
  one.pass(6)
  await one.workflow.sweep(signal)
  const done = await one.state()
  expect(done.status).toBe('completed')
  expect(replay(await readStream(database().db, one.id))).toEqual(done)
  for (const { engine, assets } of one.begun)
    for (const asset of assets)
      expect([asset, engine]).toEqual([asset, slowHosts.includes(asset) ? 'slow' : 'simulated'])
  expect(await one.verify()).toMatchObject({ ok: true })
  const thread = await one.thread()
  expect(thread.filter((text) => text.startsWith('Rollout started'))).toEqual([
    'Rollout started: canary (simulated) (1), then broad (simulated) (3); beside them canary (slow) (1), then broad (slow) (3). It begins with web-01, web-02.',
  ])
  // How the last ring ended stands in the summary.
  expect(thread.filter((text) => /^Ring .* passed: installed and verified on /.test(text))).toHaveLength(3)
})

test('a process that ends in between is followed by one that goes on in both lanes, and nothing is begun twice', async () => {
  await one.approve()
  const end = new AbortController()
  const leases = openLeases(database().url)
  const doomed = createWorkflow(one.parts, leases.alone)
  const driving = doomed.advance(one.id, end.signal).catch(() => undefined)
  await expect.poll(() => one.begun.length).toBeGreaterThan(1)
  end.abort(new Error('the process ends'))
  await driving
  await leases.end()
  for (let round = 0; round < 4; round++) {
    await one.workflow.advance(one.id, signal)
    one.pass(6)
    await sleep(1)
  }
  expect((await one.state()).status).toBe('completed')
  const each = one.begun.flatMap(({ assets }) => assets)
  expect(each.sort()).toEqual([...new Set(each)].sort())
  expect(each).toHaveLength(8)
})

test('a halt stops both lanes, and both are rolled back in one proposal', async () => {
  await one.approve()
  await one.workflow.advance(one.id, signal)
  await one.workflow.execute(
    one.id,
    { type: 'halt', reason: 'odd graphs' },
    { kind: 'person', id: 'jonas', name: 'Jonas', via: 'console' },
  )
  one.pass(6)
  await one.workflow.sweep(signal)
  await one.workflow.advance(one.id, signal)
  const halted = await one.state()
  expect(halted.status).toBe('halted')
  expect(rings(halted)[3]?.[3]).toBe('waiting')
  expect(unfinished(halted)).toEqual([])
  const answer = await one.workflow.desk.act(
    {
      proposal: one.id,
      action: 'roll-back',
      revision: halted.revision,
      reason: 'it burns',
      owner: null,
      until: null,
      asset: null,
    },
    { kind: 'person', id: 'mara', name: 'Mara', via: 'console' },
  )
  expect(plain(answer.message)).toMatch(/rolls PW-\d+ back on 5 of its servers now/)
  const back = (await one.state()).rollBack?.proposal ?? ''
  expect(rings(await one.state(back)).map(([name, engine, count]) => [name, engine, count])).toEqual([
    ['roll back', 'simulated', 4],
    ['roll back', 'slow', 1],
  ])
  await one.workflow.advance(back, signal)
  expect((await one.state(back)).status).toBe('rolling out')
  one.pass(6)
  await one.workflow.sweep(signal)
  await one.workflow.advance(back, signal)
  const ended = await one.state(back)
  expect(ended.status).toBe('completed')
  expect(Object.values(ended.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)).toEqual(
    Array.from({ length: 5 }, () => 'rolled back'),
  )
  expect(await one.verify()).toMatchObject({ ok: true })
})
