/**
 * A proposal over hosts that answer at once and over machines of a system that learns and speaks late, with a real
 * database and the simulated system: by example, and with random nights in which processes die, administrators interfere
 * and machines fall silent.
 */

import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Asset, Observation } from '../../src/core/asset.ts'
import type { Change } from '../../src/core/change.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { stepsOf } from '../../src/core/preview.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import { type Actor, finalStatuses, type ProposalState } from '../../src/core/proposal/proposal.ts'
import type { Freeze } from '../../src/core/window.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { dueTimers } from '../../src/store/timers.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { random } from '../bench/fleet.ts'
import {
  assetNamed,
  dyingStore,
  fresh,
  memoryStore,
  type SystemScene,
  systemScene,
  update,
} from '../integrations/simulated-system/scene.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, nights, standard, tom } from '../support/example-service.ts'
import { content } from '../support/proposals.ts'

const database = useDatabase()
const { signal } = new AbortController()
const SEEDS = Number(process.env.PATCHWARDEN_LATE_SEEDS ?? 3)
const assessment: Actor = { kind: 'system', part: 'assessment' }
const owner: Actor = { kind: 'person', id: mara.id, name: mara.name, via: 'console' }
const names = ['win01', 'win02', 'win03', 'win04']
const openssl: Change = { name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }

/** Two lanes: two hosts over a direct engine, and four machines of the late system, the first of them a canary. */
async function contentOf(late: DeployEngine, hosts: readonly Asset[]): Promise<Content> {
  const base = content(2, nights)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const [patch] = base.subject.patches
  const machines = names.map(assetNamed)
  const terms = await late.terms?.(
    machines.map((asset) => ({ asset, changes: [update] })),
    signal,
  )
  const planned = (asset: Asset, changes: readonly Change[]) => {
    const { address: _, ...kept } = asset
    return { asset: kept, patches: [patch?.id ?? ''], changes, transaction: stepsOf(changes), previewProblem: null }
  }
  const gate = { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored', waitingForReboot: 'as success' } as const
  const ring = (name: string, assets: readonly Asset[]) => {
    return { name, assets: assets.map(({ id }) => id), batchSize: 9, soakSeconds: 0, gate }
  }
  const subject = {
    ...base.subject,
    engine: 'direct',
    assets: [
      ...hosts.map((asset) => planned(asset, [openssl])),
      ...machines.map((asset, index) => {
        const own = terms?.[index]
        return { ...planned(asset, [update]), ...(own === undefined ? {} : { terms: own }) }
      }),
    ],
    rings: [
      ring('all', hosts),
      { ...ring('canary', machines.slice(0, 1)), engine: 'late' },
      { ...ring('broad', machines.slice(1)), engine: 'late' },
    ],
  }
  return { ...base, subject, contentHash: contentHash(subject) }
}

/** Hosts that do at once what they are told, unless they are to fail. */
function directHosts(clock: () => Date) {
  const versions = new Map<string, string>()
  const failing = new Set<string>()
  const starts: string[] = []
  const hosts = ['web1', 'web2'].map((name) => anAsset(name, { engine: 'direct' }))
  const look = (asset: Asset): Observation => {
    const version = versions.get(asset.name) ?? '3.0.20'
    const item = { name: 'openssl', version, architecture: 'amd64', source: 'openssl', sourceVersion: version }
    const observedAt = clock().toISOString()
    return { kind: 'seen', snapshot: aSnapshot(asset, { packages: [item], observedAt }), warnings: [] }
  }
  const source: InventorySource = {
    name: 'lab',
    describe: 'hosts that answer at once',
    async *observe({ only }) {
      for (const asset of hosts) if (only === undefined || only.includes(asset.id)) yield look(asset)
    },
  }
  const engine: DeployEngine = {
    name: 'direct',
    describe: 'does at once what it is told',
    simulated: true,
    preview: async () => [],
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    async start({ key, deployments }) {
      for (const { asset } of deployments) {
        starts.push(`${key} ${asset.name}`)
        if (!failing.has(asset.name)) versions.set(asset.name, '3.0.22')
      }
      return { key, data: { assets: deployments.map(({ asset }) => asset.id) } }
    },
    async poll({ data }) {
      return (data.assets as string[]).map((asset) => {
        const outcome = failing.has(asset.slice('lab/'.length))
          ? ({ state: 'failed', reason: 'dpkg ended with 1', log: '' } as const)
          : ({ state: 'succeeded', changed: [], rebooted: false, log: '' } as const)
        return { asset, outcome, progress: null }
      })
    },
    cancel: async () => undefined,
  }
  return { hosts, source, engine, failing, look }
}

async function scene() {
  const first = memoryStore(fresh([...names, 'web99']))
  // A Friday evening.
  const system = systemScene(first, '2026-11-20T20:00:00Z')
  const clock = system.now
  const { db, url } = database()
  const service = await exampleService(db, { clock })
  const direct = directHosts(clock)
  const freezes: Freeze[] = []
  const leases = openLeases(url)
  /** A process; it dies at the nth change of the system from now on. */
  function processThat(dies: { readonly nth: number; readonly when: 'before' | 'after' } | null) {
    const store = dies === null ? first : dyingStore(first, dies.nth, dies.when)
    const engines = new Map([
      ['direct', direct.engine],
      ['late', system.engine(store)],
    ])
    const teams = { ...service.parts.teams, freezes }
    const parts = { ...service.parts, teams, sources: [direct.source, system.source], engines }
    return createWorkflow(parts, leases.alone)
  }
  const workflow = processThat(null)
  const looks: Observation[] = direct.hosts.map(direct.look)
  const at = clock().toISOString()
  for (const name of names) {
    const asset = assetNamed(name)
    looks.push({ kind: 'seen', snapshot: aSnapshot(asset, { packages: [], observedAt: at }), warnings: [] })
  }
  await saveObservations(db, looks, at)
  const opened = await workflow.open(
    'web-platform',
    await contentOf(system.engine(), direct.hosts),
    { ...standard, inventoryMaxAgeSeconds: 90 * 86_400 },
    assessment,
  )
  if (!opened.ok) throw new Error(opened.refusal.sentence)
  const { id } = opened.state
  for (const who of [mara, tom]) await approveAs(workflow, id, who)
  return {
    id,
    warnings: service.warnings,
    system,
    direct,
    freezes,
    workflow,
    processThat,
    /** Goes on for so many hours, an hour at a time. In an hour in which nothing is due, a process does nothing. */
    async pass(hours: number, by = workflow) {
      for (let hour = 0; hour < hours; hour++) {
        system.pass(1)
        const last = hour === hours - 1
        if (!last && (await dueTimers(db, clock().toISOString(), 1)).length === 0) continue
        // A look that is due within minutes is waited for, so time goes on meanwhile.
        const ticking = setInterval(() => system.pass(1 / 60), 20)
        await by.sweep(signal).finally(() => clearInterval(ticking))
        await by.tidy(signal)
      }
    },
    async state(): Promise<ProposalState> {
      const state = await findProposal(db, id)
      if (state === null) throw new Error('It is gone.')
      return state
    },
    async notes(): Promise<readonly string[]> {
      return (await readStream(db, id)).flatMap(({ event }) => {
        if (event.type === 'noted') return [event.text]
        return event.type === 'taken-back' ? [`${event.why}: taken back from ${event.stopped}`] : []
      })
    },
    verify: () => verifyRecord(url, { rebuild: true, membersOf: () => [mara, tom, jonas], now: clock().toISOString() }),
    async close() {
      await leases.end()
      await service.remove()
    },
  }
}

const ends = ({ rollout }: ProposalState) =>
  Object.fromEntries(
    Object.values(rollout?.deployments ?? {}).map(({ asset, verification }) => [
      asset.split('/')[1] ?? '',
      verification?.end ?? null,
    ]),
  )

test('the direct lane ends the same night, the other one nights later, and the record agrees', async () => {
  const one = await scene()
  await one.pass(8)
  const night = await one.state()
  expect(ends(night)).toMatchObject({ web1: 'installed', web2: 'installed' })
  expect(night.status, JSON.stringify(night.rollout?.deployments, null, 1)).toBe('rolling out')
  await one.pass(24 * 9)
  const state = await one.state()
  expect(state.status).toBe('completed')
  const end = 'rebooted and re-scanned'
  expect(ends(state)).toEqual({
    web1: 'installed',
    web2: 'installed',
    win01: end,
    win02: end,
    win03: end,
    win04: end,
  })
  await one.workflow.tidy(signal)
  expect((await one.system.state()).groups).toEqual([])
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 120_000)

test('a failure in the direct lane halts the other, which is taken back', async () => {
  const one = await scene()
  one.direct.failing.add('web1')
  const { subject } = await one.state()
  expect(subject.kind === 'patches' && subject.rings[0]?.gate.maxFailures).toBe(9)
  await one.pass(7)
  await one.workflow.execute(one.id, { type: 'halt', reason: 'web1 failed' }, owner)
  await one.pass(72)
  expect((await one.notes()).join('\n')).toMatch(/Stopped: taken back from 1/)
  for (const name of names) expect((await one.system.machine(name)).results).toEqual([])
  await one.close()
}, 120_000)

test('a process that was off over the end of a window takes back first, and begins nothing late', async () => {
  const one = await scene()
  await one.pass(7)
  // Nobody asks for two days; the machines do what they were told.
  one.system.pass(50)
  const told = (await one.system.state()).groups.length
  expect(told).toBe(1)
  await one.pass(24 * 8)
  const state = await one.state()
  for (const { startedAt, notBefore, notAfter } of Object.values(state.rollout?.deployments ?? {})) {
    if (notBefore === undefined || notAfter === undefined) continue
    expect(Date.parse(startedAt)).toBeLessThan(Date.parse(notBefore))
    expect(new Date(notBefore).getUTCHours()).toBeLessThan(4)
  }
  expect(state.status).toBe('completed')
  await one.close()
}, 120_000)

/** One random disturbance: what people, machines and processes do. */
test('after a restored database, what nobody knows is taken back and told', async () => {
  const one = await scene()
  await one.pass(7)
  const [group] = (await one.system.state()).groups
  expect(group?.members).toEqual(['win01'])
  // The database is as it was before the proposal, and the sequence of numbers with it.
  await database().db.execute(
    sql`truncate proposals, votes, results, live_contents, timers, at_work, starts, start_assets`,
  )
  await one.pass(1)
  const [left] = (await one.system.state()).groups
  expect(left).toEqual({ ...group, members: [] })
  expect(one.warnings.filter((text) => text.includes('belongs to no rollout that is known here'))).toEqual([
    `late: The group "${group?.name}" belongs to no rollout that is known here. 1 machine taken out: win01. The group is kept, empty.`,
  ])
  await one.pass(72)
  for (const name of names) expect((await one.system.machine(name)).results).toEqual([])
  await one.close()
}, 120_000)

async function disturb(one: Awaited<ReturnType<typeof scene>>, draw: () => number): Promise<void> {
  const { system } = one
  const name = names[Math.floor(draw() * names.length)] ?? 'win01'
  const kind = Math.floor(draw() * 8)
  const inGroups = (change: (members: readonly string[]) => string[]) =>
    system.change((before) => ({
      ...before,
      groups: before.groups.map((group) => ({ ...group, members: change(group.members) })),
    }))
  if (kind === 0) await inGroups((members) => [...members, 'web99'])
  if (kind === 1) await inGroups((members) => members.filter((member) => member !== name))
  if (kind === 2) await system.changeMachine(name, { fault: 'silent' })
  if (kind === 3) await system.changeMachine(name, { fault: 'install fails' })
  if (kind === 4) await system.changeMachine(name, { fault: null })
  if (kind === 5) {
    const from = new Date(system.now().getTime() + draw() * 48 * 3_600_000).toISOString()
    const to = new Date(Date.parse(from) + 30 * 3_600_000).toISOString()
    one.freezes.splice(0, 1, { name: 'sale', from, to, teams: null })
  }
  if (kind === 6) await one.workflow.execute(one.id, { type: 'halt', reason: 'a feeling' }, owner)
  if (kind === 7) await one.workflow.execute(one.id, { type: 'resume' }, owner)
}

/** What must hold of every machine at every moment. */
async function expectPromises(
  system: SystemScene,
  state: ProposalState,
  notes: readonly string[],
  seed: number,
): Promise<void> {
  const approved = new Set(names)
  for (const machine of (await system.state()).machines) {
    const changed = machine.results.filter(({ state: end, changed }) => end === 'installed' && changed.length > 0)
    expect(changed.length, `seed ${seed}: ${machine.name} is patched once at most`).toBeLessThanOrEqual(1)
    // What an administrator has added may learn of it before that is seen. Then it is named.
    const isNamed = notes.some((text) => text.includes(machine.name))
    if (!approved.has(machine.name) && !isNamed)
      expect(machine.results, `seed ${seed}: ${machine.name} was not approved`).toEqual([])
  }
  for (const { asset, verification, notBefore, notAfter } of Object.values(state.rollout?.deployments ?? {})) {
    if (!asset.startsWith('late/') || verification === null) continue
    const machine = await system.machine(asset.slice('late/'.length))
    const has = machine.packages.some(({ name, version }) => name === 'Windows' && version === '10.0.20348.9001')
    const good = ['installed', 'rebooted and re-scanned', 'waiting for reboot'].includes(verification.end)
    if (good) expect(has, `seed ${seed}: ${asset} ended ${verification.end}`).toBe(true)
    expect(Date.parse(notBefore ?? '') < Date.parse(notAfter ?? ''), `seed ${seed}: ${asset} has a window`).toBe(true)
  }
}

test.each(Array.from({ length: SEEDS }, (_, index) => Number(process.env.PATCHWARDEN_SEED ?? 7_000) + index))(
  'whatever happens in these nights, nobody else is patched, nobody twice, and no end is invented: seed %i',
  async (seed) => {
    const draw = random(seed)
    const one = await scene()
    for (let step = 0; step < 40; step++) {
      if (draw() < 0.3) await disturb(one, draw)
      const dies = draw() < 0.3 ? { nth: Math.floor(draw() * 4), when: draw() < 0.5 ? 'before' : 'after' } : null
      const by = one.processThat(dies as Parameters<typeof one.processThat>[0])
      await one.pass(1 + Math.floor(draw() * 8), by)
      await expectPromises(one.system, await one.state(), await one.notes(), seed)
    }
    for (const name of names) await one.system.changeMachine(name, { fault: null })
    one.freezes.length = 0
    for (let day = 0; day < 14 && !finalStatuses.includes((await one.state()).status); day++) {
      await one.workflow.execute(one.id, { type: 'resume' }, owner)
      await one.pass(24)
    }
    const state = await one.state()
    await expectPromises(one.system, state, await one.notes(), seed)
    expect(finalStatuses, `seed ${seed}: it is ${state.status}, ${JSON.stringify(ends(state))}`).toContain(state.status)
    await one.workflow.tidy(signal)
    expect((await one.system.state()).groups.length, `seed ${seed}: nothing is left behind`).toBe(0)
    expect(await one.verify(), `seed ${seed}`).toMatchObject({ ok: true })
    await one.close()
  },
  300_000,
)
