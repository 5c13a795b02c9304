/**
 * A team whose servers are behind ManageEngine: 40 machines and 12 patches, proposed, voted on, told two hours ahead in two
 * rings, followed to the end. With a real database, and the simulated server behind the real client.
 */

import { expect, test } from 'vitest'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
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
import { approveAs, exampleService, mara, tom } from '../support/example-service.ts'
import { counted, ends, openLateProposal } from '../support/late-proposal.ts'
import { daily } from '../support/windows.ts'

const database = useDatabase()
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
  const opened = await openLateProposal<Dies>({
    ...{ database: { db, url }, service, leases, clock, system: me, tickHours: 1 / 120, window: nights },
    ...{ first: { kind: 'count', count: 8 }, batchSize: 99 },
    parts: (dies) => ({
      ...{ sources: [me.source], feeds: [me.catalog()] },
      engines: new Map([[SOURCE, me.engine({ dies, leadHours: 2 })]]),
    }),
  })
  return { ...opened, me }
}

type Scene = Awaited<ReturnType<typeof scene>>

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
  const { failing, restart, silent } = await one.withFaults(SOURCE)
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
  expect(await one.calls()).toEqual(
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
