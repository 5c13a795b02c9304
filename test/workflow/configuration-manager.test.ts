/**
 * A team whose servers are behind Configuration Manager: 40 machines and 12 updates, proposed, voted on, told four hours ahead in two
 * rings, followed to the end. With a real database, and the simulated site behind the real client.
 */

import { expect, test } from 'vitest'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import { random } from '../bench/fleet.ts'
import {
  type Dies,
  fresh,
  machineRecord,
  memoryStore,
  SOURCE,
  siteScene,
  updateRecords,
} from '../integrations/configuration-manager/scene.ts'
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
function twelveUpdates(): readonly Record<string, unknown>[] {
  const [cumulative = {}, last = {}, every = {}] = updateRecords()
  const others = Array.from({ length: 11 }, (_, index) => {
    const kb = `90001${String(index).padStart(2, '0')}`
    const title = `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${kb})`
    return { ...every, id: 16_805_000 + index, unique: `00000000-0000-4000-8000-00000${kb}`, kb, title }
  })
  return [cumulative, last, ...others]
}

/** Each machine may install every night from 21:00 to 07:00 UTC. */
const maintenance = {
  ...{ id: 'P0100012', name: 'Maintenance' },
  rules: [{ kind: 'query', name: 'all', begins: 'm' }],
  // 1 January 2026 21:00, and then every day.
  windows: [{ name: 'Every night', schedule: '02A11E0000100008', minutes: 600, isUtc: true }],
}

async function scene() {
  const { db, url } = database()
  const leases = openLeases(url)
  const keeping = createKeeping(db, leases.alone)
  const state = fresh([], {
    machines: machines.map(machineRecord),
    updates: twelveUpdates(),
    collections: [maintenance],
  })
  // A Friday.
  const site = await siteScene(memoryStore(state), { start: '2026-11-20T12:00:00Z', keeping })
  const clock = site.now
  const service = await exampleService(db, { clock })
  const opened = await openLateProposal<Dies>({
    ...{ database: { db, url }, service, leases, clock, system: site, tickHours: 1 / 120, window: nights },
    ...{ first: { kind: 'count', count: 8 }, batchSize: 99 },
    parts: (dies) => ({
      ...{ sources: [site.source], feeds: [site.catalog()] },
      engines: new Map([[SOURCE, site.engine({ dies })]]),
    }),
  })
  return { ...opened, site }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** No machine did anything twice, and nothing of ours is left in the site. */
async function expectNothingTwice({ site }: Scene): Promise<void> {
  const { machines: all, collections, groups, deployments } = await site.state()
  expect(collections).toMatchObject([{ name: 'Maintenance' }])
  expect([...groups, ...deployments]).toEqual([])
  for (const { name, attempts } of all) {
    const updates = attempts.map(({ update }) => update)
    expect(new Set(updates).size, name).toBe(updates.length)
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
      reboots: ['never', 'if required', 'as the system does'],
    })
    expect(terms?.notUndone).toHaveLength(12)
    expect(terms?.decidedThere?.join(' ')).toContain('maintenance windows')
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
    expect(text).toContain('error 0x80070643')
  }
  expect(await one.report()).toMatch(/## Calls to systems\n[\s\S]*\| `PW-1\.r1\.\S+` \| 1 to \d+ \| `[0-9a-f]{64}` \|/)
  expect(await one.calls()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^make the empty collection "Patchwarden \(test\) PW-1\.\S+ \S+"$/),
      expect.stringMatching(
        /^deploy the update group "Patchwarden \(test\) PW-1\..*, with the restarts that it needs, deadline 2026-11-\d\d \d\d:\d\d UTC$/,
      ),
      expect.stringMatching(/^add m\S+, .* to the collection "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^read the rules of the collection "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^delete the collection "Patchwarden \(test\) PW-1\./),
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
  expect(counted(ends(await one.state()))).toEqual({ installed: 40 })
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)
