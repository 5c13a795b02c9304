/**
 * A team whose servers are behind a WSUS, with two that are reached directly: proposed, voted on, told a night ahead in
 * two rings, followed to the end. With a real database and the simulated WSUS.
 */

import { expect, test } from 'vitest'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import { random } from '../bench/fleet.ts'
import {
  type Dies,
  fresh,
  idOf,
  inGroups,
  machineRecord,
  memoryStore,
  updatesRecord,
  wsusScene,
} from '../integrations/wsus/scene.ts'
import { useDatabase } from '../support/database.ts'
import { directHosts } from '../support/direct-hosts.ts'
import { approveAs, exampleService, mara, nights, proposeAll, tom } from '../support/example-service.ts'

import { counted, ends, openLateProposal } from '../support/late-proposal.ts'

const database = useDatabase()
const SEED = Number(process.env.PATCHWARDEN_SEED ?? 19)

const machines = Array.from({ length: 40 }, (_, index) => `w${String(index + 1).padStart(2, '0')}.corp.example`)

/** The cumulative update, which wants a restart, and eleven that want none. */
function twelveUpdates(): readonly Record<string, unknown>[] {
  const [cumulative = {}, last = {}, every = {}] = updatesRecord()
  const others = Array.from({ length: 11 }, (_, index) => {
    const kb = `90001${String(index).padStart(2, '0')}`
    const title = `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${kb})`
    return { ...every, id: idOf(kb), kb, title, licence: null, contentHours: index === 0 ? 1 : 0 }
  })
  return [cumulative, last, ...others]
}

/** Policies put the first eight machines into one group, and the others into another. */
const waves = { 'Wave 1': machines.slice(0, 8), 'Wave 2': machines.slice(8) }

/** `whole`: policies decide the groups, so that each is told as a whole. `batchSize`: of each ring. */
async function scene({ whole = false, batchSize = 99 } = {}) {
  const { db, url } = database()
  const leases = openLeases(url)
  const keeping = createKeeping(db, leases.alone)
  const updates = twelveUpdates()
  const server = { targeting: whole ? 'Client' : 'Server' }
  const plain = fresh([], { machines: machines.map(machineRecord), updates, server })
  const state = whole ? inGroups(plain, waves) : plain
  const named = whole ? Object.keys(waves) : null
  // A Friday evening.
  const wsus = await wsusScene(memoryStore(state), { start: '2026-11-20T20:00:00Z', keeping, named })
  const clock = wsus.now
  const service = await exampleService(db, { clock })
  const direct = directHosts(clock)
  const opened = await openLateProposal<Dies>({
    ...{ database: { db, url }, service, leases, clock, system: wsus, tickHours: 1 / 60, window: nights },
    ...{ first: whole ? { kind: 'tag', tag: 'Wave 1' } : { kind: 'count', count: 8 }, batchSize },
    parts: (dies) => ({
      ...{ sources: [direct.source, wsus.source], feeds: [wsus.catalog()] },
      engines: new Map([
        ['direct', direct.engine],
        ['wsus', wsus.engine({ dies })],
      ]),
    }),
  })
  return { ...opened, wsus }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** No machine did anything twice, and nothing is left in WSUS. */
async function expectNothingTwice({ wsus }: Scene): Promise<void> {
  const { machines: all, groups, approvals } = await wsus.state()
  expect(groups.filter(({ name }) => !(name in waves))).toEqual([])
  expect(approvals).toEqual([])
  for (const { name, attempts } of all) {
    const updates = attempts.map(({ update }) => update)
    expect(new Set(updates).size, name).toBe(updates.length)
  }
}

test('40 machines, 12 updates, two rings: 36 succeed, 2 fail, 1 waits for a restart, 1 is silent', async () => {
  const one = await scene()
  const { subject } = await one.state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  expect(subject.assets).toHaveLength(42)
  for (const { asset, changes, previewProblem } of subject.assets) {
    expect(previewProblem).toBeNull()
    expect(changes).toHaveLength(asset.engine === 'wsus' ? 12 : 1)
  }
  const { failing, restart, silent } = await one.withFaults('wsus')
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  await one.pass(24 * 10)
  const state = await one.state()
  expect(state.status).toBe('completed')
  const found = ends(state)
  expect(counted(found)).toEqual({
    installed: 2,
    'rebooted and re-scanned': 36,
    failed: 2,
    'waiting for reboot': 1,
    silent: 1,
  })
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
      expect.stringMatching(/^make the group "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^approve KB9000001 for ".*", deadline \d{4}-\d\d-\d\d 02:\d\d UTC$/),
      expect.stringMatching(new RegExp(`^add ${failing[0]} to "`)),
      expect.stringMatching(/^delete the group "/),
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
  await one.pass(24 * 10, () => {
    if (draw() < 0.5) return one.workflow
    return one.processThat({ nth: Math.floor(draw() * 60), when: draw() < 0.5 ? 'before' : 'after' })
  })
  await one.pass(48)
  const state = await one.state()
  expect(state.status, JSON.stringify(counted(ends(state)))).toBe('completed')
  expect(counted(ends(state))).toEqual({ installed: 2, 'rebooted and re-scanned': 40 })
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)

test(`policies decide the groups, killed at random calls (seed ${SEED}): each group is told as a whole, once, and nothing is left`, async () => {
  const draw = random(SEED)
  const one = await scene({ whole: true })
  const { subject } = await one.state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  for (const { asset, previewProblem, terms } of subject.assets) {
    expect(previewProblem).toBeNull()
    if (asset.engine === 'wsus') expect(asset.tags).toContain(terms?.wholeGroup)
  }
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  await one.pass(24 * 10, () => {
    if (draw() < 0.5) return one.workflow
    return one.processThat({ nth: Math.floor(draw() * 60), when: draw() < 0.5 ? 'before' : 'after' })
  })
  await one.pass(48)
  const state = await one.state()
  expect(state.status, JSON.stringify(counted(ends(state)))).toBe('completed')
  expect(counted(ends(state))).toEqual({ installed: 2, 'rebooted and re-scanned': 40 })
  expect(await one.calls()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^approve KB9000001 for "Wave 1", deadline \d{4}-\d\d-\d\d 02:\d\d UTC$/),
      expect.stringMatching(/^take back the approval of KB9000001 for "Wave 2"$/),
    ]),
  )
  expect((await one.wsus.state()).groups.map(({ name }) => name)).toEqual(Object.keys(waves))
  await expectNothingTwice(one)
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)

test('policies decide the groups: a machine that joins one has the ring held back, and people are told', async () => {
  const one = await scene({ whole: true })
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  const approved = async () => (await one.wsus.state()).approvals.some(({ group }) => group === wave)
  const wave = (await one.wsus.state()).groups.find(({ name }) => name === 'Wave 1')?.id ?? ''
  for (let hour = 0; hour < 48 && !(await approved()); hour++) await one.pass(1)
  await one.wsus.change((state) => ({
    ...state,
    machines: [
      ...state.machines,
      { ...(state.machines[20] ?? never()), id: 'joins', name: 'joins.corp.example', groups: [wave] },
    ],
  }))
  await one.pass(3)
  expect(await approved()).toBe(false)
  expect(await one.thread()).toContain('joins.corp.example (')
  await one.pass(72)
  const state = await one.state()
  expect(counted(ends(state))).toMatchObject({ 'held back': 8 })
  expect((await one.wsus.state()).machines.flatMap(({ attempts }) => attempts)).toEqual([])
  await one.close()
}, 300_000)

test('policies decide the groups: what lies in several batches is not started, also after its preview was asked for again', async () => {
  const one = await scene({ whole: true, batchSize: 4 })
  const { subject } = await one.state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  for (const { asset, previewProblem } of subject.assets)
    if (asset.engine === 'wsus')
      expect(previewProblem).toMatch(/"Wave \d" is told as a whole, .* do not come in one batch/)
  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  for (let hour = 0; hour < 30; hour++) {
    await one.pass(1)
    await proposeAll(one.workflow)
  }
  const { status, rollout } = await one.state()
  expect([status, rollout?.starts]).toEqual(['halted', 0])
  expect(await one.thread()).toContain('40 left out since: 40 could not be previewed')
  expect((await one.wsus.state()).approvals).toEqual([])
  await one.close()
}, 300_000)

function never(): never {
  throw new Error('There is no such machine.')
}
