/** Proposals whose machines report a day later: nobody waits for them, and what else has its time is done on time. */

import { expect, test } from 'vitest'
import type { Observation } from '../../src/core/asset.ts'
import type {
  DeployEngine,
  DeploymentHandle,
  DeploymentReport,
  InventorySource,
  SharedPoll,
} from '../../src/core/ports.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { dueTimers } from '../../src/store/timers.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, standard, tom } from '../support/example-service.ts'
import { lateTerms } from '../support/late-terms.ts'
import { content } from '../support/proposals.ts'

const database = useDatabase()
const { signal } = new AbortController()
const HOUR = 3_600_000
/** How many proposals the jobs of a process drive at the same time. */
const SLOTS = 20
/** How many proposals wait. */
const WAITING = Number(process.env.PATCHWARDEN_WAITING ?? 40)
/** How many of a system that is looked at once for all. */
const SHARING = Number(process.env.PATCHWARDEN_WAITING ?? 12)
/** How often each machine is asked before it has reported. */
const LOOKS = 10
const assessment: Actor = { kind: 'system', part: 'assessment' }

function looked(name: string, version: string, at: string): Observation {
  const openssl = { name: 'openssl', version, architecture: 'amd64', source: 'openssl', sourceVersion: version }
  const asset = anAsset(name, { engine: 'late' })
  return { kind: 'seen', snapshot: aSnapshot(asset, { packages: [openssl], observedAt: at }), warnings: [] }
}

/** A proposal for one machine that the late engine serves. `shared`: its engine has terms, so nobody waits for it. */
function contentFor(name: string, shared: boolean): Content {
  const base = content(1)
  if (base.subject.kind !== 'patches') throw new Error('It asks for no patches.')
  const id = `lab/${name}`
  const subject = {
    ...base.subject,
    engine: 'late',
    assets: base.subject.assets.map((planned) => ({
      ...planned,
      asset: { ...planned.asset, id, name, engine: 'late' },
      ...(shared ? { terms: { ...lateTerms, leadSeconds: 0, grain: 'asset' as const } } : {}),
    })),
    // Rings of one name share their limits over all rollouts of a team, and this one takes one asset at a time.
    rings: base.subject.rings.slice(0, 1).map((ring) => ({ ...ring, assets: [id], soakSeconds: 0 })),
  }
  return { ...base, title: `openssl on ${name}`, subject, contentHash: contentHash(subject) }
}

/** A system whose machines report after some days. `shared`: one look at it is for all starts. */
function lateEngine(at: (ms?: number) => string, shared: boolean) {
  const polls = new Map<string, number>()
  const looks: string[] = []
  function report({ data }: DeploymentHandle): readonly DeploymentReport[] {
    const asset = String(data.asset)
    const asked = (polls.get(asset) ?? 0) + 1
    polls.set(asset, asked)
    if (asked <= LOOKS) return [{ asset, outcome: null, progress: null, lookAgainAt: at(24 * HOUR) }]
    const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
    return [{ asset, outcome, progress: null, look: looked(asset.slice('lab/'.length), '3.0.22', at()) }]
  }
  const engine: DeployEngine = {
    name: 'late',
    describe: 'a system whose machines report a day later',
    simulated: true,
    preview: async () => [],
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    start: async ({ key, deployments }) => ({ key, data: { asset: deployments[0]?.asset.id ?? '' } }),
    async poll(handle) {
      if (shared) throw new Error(`${handle.key} was asked by itself`)
      return report(handle)
    },
    cancel: async () => undefined,
  }
  const poll: SharedPoll['poll'] = async (handles) => {
    looks.push(at())
    return new Map(handles.map((handle) => [handle.key, report(handle)]))
  }
  return { polls, looks, engine: shared ? { ...engine, sharedPoll: { everySeconds: 900, poll } } : engine }
}

async function scene(waiting: number, shared: boolean) {
  const { db } = database()
  let now = Math.floor(Date.now() / HOUR) * HOUR
  const clock = () => new Date(now)
  const at = (ms = 0) => new Date(now + ms).toISOString()
  const service = await exampleService(db, { clock })
  const { polls, looks, engine } = lateEngine(at, shared)
  const source: InventorySource = {
    name: 'lab',
    describe: 'what the system says of its machines',
    async *observe({ only }) {
      for (const id of only ?? []) yield looked(id.slice('lab/'.length), '3.0.22', at())
    },
  }
  const leases = [openLeases(database().url), openLeases(database().url)]
  const woken = new Set<string>()
  const parts = {
    ...service.parts,
    sources: [source],
    engines: new Map([['late', engine]]),
    wake: async (_: unknown, proposal: string, due: string) => {
      if (due <= at()) woken.add(proposal)
    },
  }
  const replicas = leases.map(({ alone }) => createWorkflow(parts, alone))
  const [first] = replicas
  if (first === undefined) throw new Error('There is no process.')
  /** What is due is done by both processes, until nothing is due; those that are woken take the slots of the queue. */
  async function settle(): Promise<void> {
    do {
      await Promise.all(replicas.map((replica) => replica.sweep(signal)))
      while (woken.size > 0) {
        const some = [...woken].slice(0, SLOTS)
        for (const id of some) woken.delete(id)
        await Promise.all(some.map((id) => first?.advance(id, signal)))
      }
    } while ((await dueTimers(db, at(), 1)).length > 0)
  }

  const names = Array.from({ length: waiting }, (_, index) => `late${index}`)
  await saveObservations(
    db,
    names.map((name) => looked(name, '3.0.20', at())),
    at(),
  )
  const ids: string[] = []
  for (const name of names) {
    const opened = await first.open('web-platform', contentFor(name, shared), standard, assessment)
    if (!opened.ok) throw new Error(opened.refusal.sentence)
    ids.push(opened.state.id)
    for (const who of [mara, tom]) await approveAs(first, opened.state.id, who)
  }
  return {
    db,
    ids,
    first,
    polls,
    looks,
    at,
    settle,
    pass(hours: number) {
      now += hours * HOUR
    },
    async statuses() {
      const states = await Promise.all(ids.map((id) => findProposal(db, id)))
      return new Set(states.map((state) => state?.status))
    },
    async close() {
      await Promise.all(leases.map((lease) => lease.end()))
      await service.remove()
    },
  }
}

test(`${WAITING} proposals that wait for ten days hold nothing and are asked once a day each, by one of two processes`, async () => {
  const { db, ids, first, polls, at, settle, pass, statuses, close } = await scene(WAITING, false)
  await settle()
  expect(polls.size).toBe(WAITING)
  for (const id of ids.slice(-20)) {
    const awaited = (await readStream(db, id)).filter(({ event }) => event.type === 'asset-awaited')
    expect(awaited.length, 'who takes the place is not told again and again').toBeLessThanOrEqual(1)
  }

  expect(await database().sql`select name from leases`).toEqual([])
  const locks = await database().sql`select pid from pg_locks where locktype = 'advisory' and database = (
    select oid from pg_database where datname = current_database())`
  expect(locks, 'each process says that it lives').toHaveLength(2)
  const other = await first.open('web-platform', contentFor('other', false), standard, assessment)
  if (!other.ok) throw new Error(other.refusal.sentence)
  for (let day = 1; day < LOOKS; day++) {
    pass(24)
    await settle()
    expect(new Set(polls.values()), `day ${day}`).toEqual(new Set([day + 1]))
    const state = await findProposal(db, other.state.id)
    expect(state?.remindersSent, `day ${day}`).toBeGreaterThan(0)
    expect(state?.status, `day ${day}`).toBe(day < 7 ? 'open' : 'expired')
  }
  await saveObservations(db, [looked('last', '3.0.20', at())], at())
  const last = await first.open('web-platform', contentFor('last', false), standard, assessment)
  if (!last.ok) throw new Error(last.refusal.sentence)
  for (const who of [mara, tom]) await approveAs(first, last.state.id, who)
  await settle()
  expect(polls.get('lab/last'), 'one that is approved while all others wait starts in the same hour').toBe(1)
  polls.delete('lab/last')
  pass(24)
  await settle()
  expect(await statuses()).toEqual(new Set(['completed']))
  polls.delete('lab/last')
  expect(new Set(polls.values())).toEqual(new Set([LOOKS + 1]))
  await close()
}, 3_600_000)

test(`of a system that is looked at once for all, two processes and ${SHARING} proposals make one look`, async () => {
  const { polls, looks, settle, pass, statuses, close } = await scene(SHARING, true)
  await settle()
  expect(polls.size).toBe(SHARING)
  for (let day = 1; day < LOOKS; day++) {
    const before = looks.length
    pass(24)
    await settle()
    expect(looks.length - before, `day ${day}`).toBe(1)
  }
  pass(48)
  await settle()
  expect(await statuses()).toEqual(new Set(['completed']))
  await close()
}, 3_600_000)
