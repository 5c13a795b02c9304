/**
 * A team whose servers are behind Ivanti Security Controls: 40 machines and 12 patches, proposed, voted on, scanned before the
 * window and deployed in it, in two rings, followed to the end. With a real database, and the simulated console behind the real
 * client.
 */

import { expect, test } from 'vitest'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import { random } from '../bench/fleet.ts'
import {
  consoleScene,
  type Dies,
  fresh,
  guid,
  machineRecord,
  memoryStore,
  OS,
  SOURCE,
  vulnerabilityRecords,
} from '../integrations/ivanti-security-controls/scene.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, tom } from '../support/example-service.ts'
import { counted, ends, openLateProposal } from '../support/late-proposal.ts'
import { daily } from '../support/windows.ts'

const database = useDatabase()
const SEED = Number(process.env.PATCHWARDEN_SEED ?? 19)

/** Long, because time goes by while the machine that tests is busy. */
const nights = daily('nights', '22:00', 8)

const machines = Array.from({ length: 40 }, (_, index) => `m${String(index + 1).padStart(2, '0')}.corp.example`)

/** One that wants a restart, and eleven that want none. */
function twelvePatches(): readonly Record<string, unknown>[] {
  const [last = {}, cumulative = {}] = vulnerabilityRecords()
  const others = Array.from({ length: 11 }, (_, index) => ({
    ...{ id: 41_000 + index, kb: `90001${String(index).padStart(2, '0')}`, daysAgo: 3 },
    patches: [{ id: guid(100 + index), product: OS }],
  }))
  return [last, cumulative, ...others]
}

async function scene() {
  const { db, url } = database()
  const leases = openLeases(url)
  const keeping = createKeeping(db, leases.alone)
  const state = fresh([], { machines: machines.map(machineRecord), vulnerabilities: twelvePatches() })
  // A Friday.
  const isc = await consoleScene(memoryStore(state), { start: '2026-11-20T12:00:00Z', keeping })
  const clock = isc.now
  const service = await exampleService(db, { clock })
  const opened = await openLateProposal<Dies>({
    ...{ database: { db, url }, service, leases, clock, system: isc, tickHours: 1 / 120, window: nights },
    ...{ first: { kind: 'count', count: 8 }, batchSize: 99 },
    parts: (dies) => ({
      ...{ sources: [isc.source], feeds: [isc.catalog()] },
      engines: new Map([[SOURCE, isc.engine({ dies })]]),
    }),
  })
  return { ...opened, isc }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** No machine did anything twice, or anything that nobody approved, and nothing of ours is left that could be used again. */
async function expectNothingTwice({ isc }: Scene): Promise<void> {
  const { machines: all, groups, scanTemplates } = await isc.state()
  expect([...groups, ...scanTemplates].filter(({ name }) => name.startsWith('Patchwarden'))).toEqual([])
  const approved = new Set(twelvePatches().map(({ id }) => id))
  for (const { name, attempts } of all) {
    const done = attempts.map(({ vulnerability }) => vulnerability)
    expect(new Set(done).size, name).toBe(done.length)
    for (const id of done) expect(approved).toContain(id)
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
      reboots: ['never', 'if required'],
    })
    expect(terms?.notUndone).toHaveLength(12)
    expect(terms?.decidedThere?.join(' ')).toContain('"Restart if needed"')
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
      expect.stringMatching(/^make the patch group "Patchwarden \(test\) PW-1\.\S+ \S+"$/),
      expect.stringMatching(/^put KB9000001, .* into the patch group \d+$/),
      expect.stringMatching(/^scan m.* and 3 more as "Patchwarden \(test\) PW-1\.\S+ 1"$/),
      expect.stringMatching(
        /^deploy what the scan "Patchwarden \(test\) PW-1\.\S+ 1" found, by .*"Restart if needed"$/,
      ),
      expect.stringMatching(/^scan m.* as "Patchwarden \(test\) PW-1\.\S+ look\.1"$/),
    ]),
  )
  // Of each ring one scan was deployed.
  expect((await one.isc.state()).deployments).toHaveLength(2)
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
    return one.processThat({ nth: Math.floor(draw() * 200), when: draw() < 0.5 ? 'before' : 'after' })
  })
  await one.pass(48)
  const state = await one.state()
  // What died between the note and the deployment is left to people, as unreachable and perhaps touched.
  const { installed = 0, unreachable = 0, ...others } = counted(ends(state))
  expect(others).toEqual({})
  expect(installed + unreachable).toBe(40)
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)
