/**
 * A team whose servers are behind ManageEngine: 40 machines and 12 patches, proposed, voted on, told two hours ahead in two
 * rings, followed to the end. With a real database, and the simulated server behind the real client.
 */

import { expect, test } from 'vitest'
import { logsInReport, proposalReport } from '../../src/chat/report.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { readLogs } from '../../src/store/content.ts'
import { readStream } from '../../src/store/events.ts'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { random } from '../bench/fleet.ts'
import {
  type Dies,
  fresh,
  machineRecord,
  manageEngineScene,
  memoryStore,
  patchRecords,
  policy,
  SOURCE,
} from '../integrations/manageengine/scene.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, plan, proposeAll, standard, tom } from '../support/example-service.ts'
import { daily } from '../support/windows.ts'

const database = useDatabase()
const { signal } = new AbortController()
const SEED = Number(process.env.PATCHWARDEN_SEED ?? 19)

/** Long, because time goes by while the machine that tests is busy. */
const nights = daily('nights', '22:00', 8)

const machines = Array.from({ length: 40 }, (_, index) => `m${String(index + 1).padStart(2, '0')}.corp.example`)

/** The cumulative update, which wants a restart, and eleven that want none. */
function twelvePatches(): readonly Record<string, unknown>[] {
  const [cumulative = {}, last = {}, every = {}] = patchRecords()
  const others = Array.from({ length: 11 }, (_, index) => {
    const kb = `90001${String(index).padStart(2, '0')}`
    const title = `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${kb})`
    return { ...every, id: String(105_000 + index), kb, title }
  })
  return [cumulative, last, ...others]
}

async function scene() {
  const { db, url } = database()
  const leases = openLeases(url)
  const keeping = createKeeping(db, leases.alone)
  // Told two hours ahead, so that every agent has learned of it when the window of the deployment policy opens.
  const policies = [{ ...policy, window: { opens: ['22:00'], minutes: 480 } }]
  const state = fresh([], { machines: machines.map(machineRecord), patches: twelvePatches(), policies })
  // A Friday.
  const me = await manageEngineScene(memoryStore(state), { start: '2026-11-20T12:00:00Z', keeping })
  const clock = me.now
  const service = await exampleService(db, { clock })
  const gate = {
    minSuccessPercent: 50,
    maxFailures: 9,
    unreachable: 'ignored',
    waitingForReboot: 'as success',
  } as const
  const rings = plan('web', { window: nights }).rings.map((ring, index) => {
    const select = index === 0 ? ({ kind: 'count', count: 8 } as const) : ({ kind: 'rest' } as const)
    return { ...ring, select, batch: { kind: 'count' as const, value: 99 }, gate, soakSeconds: 0 }
  })
  const teams = {
    ...service.parts.teams,
    plans: [{ ...plan('web', { window: nights }), rings }],
    policyOf: () => ({ ...standard, inventoryMaxAgeSeconds: 90 * 86_400 }),
  }
  function processThat(dies: Dies | null) {
    const engines = new Map([[SOURCE, me.engine({ dies, leadHours: 2 })]])
    const parts = { ...service.parts, teams, sources: [me.source], feeds: [me.catalog()], engines }
    return createWorkflow(parts, leases.alone)
  }
  const workflow = processThat(null)
  await proposeAll(workflow)
  const [opened, ...others] = await openProposals(db)
  if (opened === undefined || others.length > 0) throw new Error(`${others.length + 1} proposals were opened.`)
  const { id } = opened
  const stateNow = async (): Promise<ProposalState> => {
    const found = await findProposal(db, id)
    if (found === null) throw new Error('It is gone.')
    return found
  }
  return {
    ...{ id, me, workflow, processThat, state: stateNow },
    /** Goes on for so many hours, an hour at a time. */
    async pass(hours: number, by = () => workflow) {
      for (let hour = 0; hour < hours; hour++) {
        me.pass(1)
        const ticking = setInterval(() => me.pass(1 / 120), 20)
        const process = by()
        await process.sweep(signal).finally(() => clearInterval(ticking))
        await process.tidy(signal)
      }
    },
    async thread(): Promise<string> {
      await workflow.deliver()
      return JSON.stringify((await consoleThread(db, id)).map(({ entry }) => entry))
    },
    async report(): Promise<string> {
      const events = await readStream(db, id)
      return proposalReport(await stateNow(), events, await readLogs(db, logsInReport(events)))
    },
    verify: () => verifyRecord(url, { rebuild: true, membersOf: () => [mara, tom, jonas], now: clock().toISOString() }),
    async close() {
      await leases.end()
      await service.remove()
    },
  }
}

/** What the record says that the server was asked for a proposal. */
async function readCalls(id: string): Promise<readonly string[]> {
  const events = await readStream(database().db, id)
  return events.flatMap(({ event }) => (event.type === 'calls-recorded' ? event.calls.map(({ what }) => what) : []))
}

type Scene = Awaited<ReturnType<typeof scene>>

/** Chooses four machines of the last ring, and gives them faults. */
async function withFaults({ me, state }: Scene) {
  const { subject } = await state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  const last = subject.rings.filter(({ assets }) => assets.some((asset) => asset.startsWith('me/'))).at(-1)
  const [a = '', b = '', restart = '', silent = ''] = (last?.assets ?? []).map((asset) => asset.slice('me/'.length))
  for (const name of [a, b]) await me.changeMachine(name, { fault: 'install fails' })
  await me.changeMachine(restart, { fault: 'no restart' })
  await me.changeMachine(silent, { fault: 'silent after learning' })
  return { failing: [a, b], restart, silent }
}

function ends({ rollout }: ProposalState): Record<string, string> {
  const all = Object.values(rollout?.deployments ?? {})
  return Object.fromEntries(
    all.map(({ asset, verification }) => [asset.split('/')[1] ?? '', verification?.end ?? 'none']),
  )
}

function counted(found: Record<string, string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const end of Object.values(found)) counts[end] = (counts[end] ?? 0) + 1
  return counts
}

/** No machine did anything twice, and nothing of ours is left in the lists of the server. */
async function expectNothingTwice({ me }: Scene): Promise<void> {
  const { machines: all, configurations } = await me.state()
  expect(configurations.filter(({ trashed }) => !trashed)).toEqual([])
  for (const { name, attempts } of all) {
    const patches = attempts.map(({ patch }) => patch)
    expect(new Set(patches).size, name).toBe(patches.length)
  }
}

test('40 machines, 12 updates, two rings: 36 succeed, 2 fail, 1 waits for a restart, 1 is silent', async () => {
  const one = await scene()
  const { subject } = await one.state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  expect(subject.assets).toHaveLength(40)
  for (const { changes, previewProblem, terms } of subject.assets) {
    expect(previewProblem).toBeNull()
    expect(changes).toHaveLength(12)
    expect(terms).toMatchObject({
      windowEnd: 'taken back',
      stopReaches: 'not fetched',
      reboots: ['if required', 'as the system does'],
    })
    expect(terms?.decidedThere?.join(' ')).toContain('"Servers nightly"')
  }
  const { failing, restart, silent } = await withFaults(one)
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  await one.pass(24 * 4)
  const state = await one.state()
  expect(state.status).toBe('completed')
  const found = ends(state)
  expect(counted(found)).toEqual({ installed: 36, failed: 2, 'waiting for reboot': 1, silent: 1 })
  for (const name of failing) expect(found[name]).toBe('failed')
  expect(found[restart]).toBe('waiting for reboot')
  expect(found[silent]).toBe('silent')
  for (const text of [await one.thread(), await one.report()]) {
    for (const name of [...failing, restart, silent]) expect(text).toContain(name)
    expect(text).toContain('error 1603')
  }
  expect(await one.report()).toMatch(/## Calls to systems\n[\s\S]*\| `PW-1\.r1\.\S+` \| 1 to \d+ \| `[0-9a-f]{64}` \|/)
  expect(await readCalls(one.id)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^make the configuration "Patchwarden \(test\) PW-1\.\S+ \S+": install KB9000001, .* and 7 more on m.*, by the deployment policy "Servers nightly"$/,
      ),
      expect.stringMatching(/^read which machines "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^move "Patchwarden \(test\) PW-1\..* to the trash$/),
    ]),
  )
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)

test(`killed again and again, at random calls (seed ${SEED}): nobody is told twice, and nothing is left behind`, async () => {
  const draw = random(SEED)
  const one = await scene()
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  await one.pass(24 * 4, () => {
    if (draw() < 0.5) return one.workflow
    return one.processThat({ nth: Math.floor(draw() * 120), when: draw() < 0.5 ? 'before' : 'after' })
  })
  await one.pass(48)
  const state = await one.state()
  // What died between the note and the request is left to people, as unreachable and perhaps touched.
  const { installed = 0, unreachable = 0, ...others } = counted(ends(state))
  expect(others).toEqual({})
  expect(installed + unreachable).toBe(40)
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)
