/** What an earlier version left, carried over by processes that are killed, alone and two at once. */

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { finalStatuses, type ProposalState } from '../../src/core/proposal/proposal.ts'
import { deploymentsOf } from '../../src/core/rollout/deployments.ts'
import { createSimulatedEngine } from '../../src/integrations/simulated/index.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { allProposals, findProposal, openProposals, proposalsOfBefore } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { asBefore, asVersionBefore, held } from '../support/as-before.ts'
import { startChild } from '../support/child.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, proposeAll, tom } from '../support/example-service.ts'
import { manyProposals } from '../support/many-proposals.ts'
import { createRandom } from '../support/random.ts'

const database = useDatabase()
const { signal } = new AbortController()

/** Two minutes' worth: fewer where everything is to be run. */
const KILLS = Number(process.env.PATCHWARDEN_CARRY_KILLS ?? (process.env.CI === undefined ? 20 : 3))
/** Reproducible but for the speed of the machine: the same seed kills after the same times. */
const seed = Number(process.env.PATCHWARDEN_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))
const random = createRandom(seed)
const MANY = 500

const CARRYING = 'test/store/children/carrying.ts'
const now = () => new Date().toISOString()
const rollout = { kind: 'system', part: 'rollout' } as const

/** Two of the example: one at work by an engine that takes its time, of the other a vote is missing; and all others. */
async function earlier() {
  const { db } = database()
  const service = await exampleService(db)
  const leases = openLeases(database().url)
  const engineOf = (pace: number) =>
    createSimulatedEngine({ name: 'simulated', stateFile: service.fleet, pace, clock: () => new Date() })
  const workflowWith = (pace: number) =>
    createWorkflow({ ...service.parts, engines: new Map([['simulated', engineOf(pace)]]) }, leases.alone)
  const workflow = workflowWith(600)
  await proposeAll(workflow)
  const idOf = async (team: string) => (await openProposals(db, team))[0]?.id ?? ''
  const [open, running] = [await idOf('payments'), await idOf('web-platform')]
  await approveAs(workflow, open, tom)
  for (const member of [mara, tom]) await approveAs(workflow, running, member)
  const stopping = new AbortController()
  const driven = workflow.advance(running, stopping.signal).catch(() => undefined)
  await expect.poll(() => database().sql`select key from starts where stage = 'started'`).toHaveLength(1)
  stopping.abort(new Error('the process ends'))
  await driven
  await manyProposals({ db, workflow, hashOf: contentHash, hosts: { few: 12, many: MANY } })
  return {
    db,
    /** Its engine takes no time. */
    workflow: workflowWith(0),
    open,
    running,
    fleet: service.fleet,
    close: async () => {
      await leases.end()
      await service.remove()
    },
  }
}

/** Collects what the old process says, until it is killed. */
function listenTo(child: ReturnType<typeof startChild>): () => readonly string[] {
  const said: string[] = []
  void (async () => {
    for (;;) said.push(await child.line())
  })().catch(() => undefined)
  return () => said
}

test.each([
  { version: 'the version before', format: 2 },
  { version: 'the version before that', format: 1 },
])(
  `from a database of $version, killed ${KILLS} times at random moments (seed ${seed}): all that was decided and done holds`,
  {
    timeout: 240_000 + KILLS * 15_000,
  },
  async ({ format }) => {
    const { db, workflow, open, running, fleet, close } = await earlier()
    const { url, sql } = database()
    const ids = (await allProposals(db)).map(({ state }) => state.id)
    const before = await (format === 2 ? asVersionBefore : asBefore)(database(), ids)
    expect(before.size).toBeGreaterThan(35)
    expect(await sql`select distinct format from proposals`).toEqual([{ format }])
    /** What was kept whole gets one event where it is not over. */
    const added = ({ status }: ProposalState) => (format === 1 && !finalStatuses.includes(status) ? 1 : 0)
    const hashes = async () =>
      (await sql`select stream, seq, hash from audit.events order by stream, seq`).map((row) =>
        Object.values(row).join(' '),
      )
    const record = await hashes()

    const old = startChild('test/store/children/earlier-writer.ts', [url, String(format)])
    const refusals = listenTo(old)
    let hit = 0
    let left = ids.length
    let longest = 2_000 / KILLS
    for (let kill = 1; kill <= KILLS; kill++) {
      const children = Array.from({ length: kill % 3 === 0 ? 2 : 1 }, () => startChild(CARRYING, [url]))
      await Promise.all(
        children.map(async (child) => {
          expect(await child.line()).toBe('begins')
          await sleep(random() * longest)
          await child.kill()
        }),
      )
      // What it was doing at the database ends with its connection, not before.
      const still =
        (await proposalsOfBefore(db, 'live', now())).length + (await proposalsOfBefore(db, 'over', now())).length
      if (still > 0) hit++
      // So that the last is killed while there is something to carry over, too.
      longest *= left - still > left / (KILLS - kill + 1) ? 0.5 : 1.2
      left = still
    }
    const last = startChild(CARRYING, [url])
    expect(await last.line()).toBe('begins')
    expect(JSON.parse(await last.line())).toMatchObject({ problems: [] })
    // It tries once more, when all is carried over.
    const refusedSoFar = refusals().length
    await expect.poll(() => refusals().length).toBeGreaterThan(refusedSoFar)
    await old.kill()
    console.log(
      `seed ${seed}: killed ${KILLS} times, ${hit} of them before all of ${ids.length} was carried over; the earlier version was refused ${refusals().length} times`,
    )
    expect(hit).toBeGreaterThan(0)
    expect(refusals().length).toBeGreaterThan(ids.length)
    for (const sentence of new Set(refusals()))
      expect(sentence).toMatch(/^This process is of an earlier version of Patchwarden, and the database was upgraded/)

    expect(await sql`select id from proposals where format <> 3 or state ? 'subject'`).toEqual([])
    const kept = new Map<string, number>()
    for (const { stream } of await sql`select stream from audit.facts where event = 'content-kept'`)
      kept.set(stream, (kept.get(stream) ?? 0) + 1)
    expect(kept).toEqual(new Map([...before.values()].flatMap((state) => (added(state) === 0 ? [] : [[state.id, 1]]))))
    expect(await hashes()).toEqual(record)
    const people = [mara, tom, jonas].map(({ id, name }) => ({ person: id, name }))
    expect(await sql`select person, name from persons order by person`).toEqual(
      people.sort((a, b) => (a.person < b.person ? -1 : 1)),
    )
    for (const [id, was] of before) {
      const state = await findProposal(db, id)
      if (state === null) throw new Error(`${id} is gone`)
      expect(held(state), id).toEqual(held(was))
      expect(state.seq, id).toBe(was.seq + added(was))
      expect(replay(await readStream(db, id)), id).toEqual(added(was) === 0 ? was : state)
    }
    const look = { rebuild: true, membersOf: () => [mara, tom, jonas], now: now() }
    expect(await verifyRecord(url, look)).toMatchObject({ ok: true })

    // Nothing is asked for anew; what is at work goes on, and nothing is started twice.
    expect(await workflow.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
    for (const id of ids) {
      const state = await findProposal(db, id)
      const run = state?.rollout ?? state?.test
      const atWork = run ? deploymentsOf(run).filter(({ verification }) => verification === null) : []
      const [first] = atWork
      if (state === null || first === undefined || id === running) continue
      const outcome = { state: 'held back', reason: 'no room', log: '' } as const
      const done = await workflow.execute(
        id,
        { type: 'record-outcomes', outcomes: atWork.map(({ asset }) => ({ asset, outcome })) },
        rollout,
      )
      expect(done, id).toMatchObject({ ok: true })
    }
    await workflow.advance(running, AbortSignal.timeout(120_000))
    const ended = await findProposal(db, running)
    expect(ended?.status).toBe('completed')
    const { assets } = JSON.parse(await readFile(fleet, 'utf8')) as {
      readonly assets: readonly { readonly name: string; readonly team: string; readonly runs?: object }[]
    }
    for (const asset of assets.filter(({ team }) => team === 'web-platform'))
      expect(Object.keys(asset.runs ?? {}), asset.name).toHaveLength(1)
    const was = before.get(running)?.rollout
    for (const { asset, key } of was ? deploymentsOf(was) : [])
      expect(ended?.rollout?.deployments[asset]?.key).toBe(key)

    await approveAs(workflow, open, mara)
    expect((await findProposal(db, open))?.approvedBy).toMatchObject({ how: 'quorum' })
    expect((await findProposal(db, open))?.revision).toBe(1)
    expect(await verifyRecord(url, { ...look, now: now() })).toMatchObject({ ok: true })
    await close()
  },
)
