import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type CuttableProxy, cuttableProxy } from '../support/cuttable-proxy.ts'
import { useDatabase } from '../support/database.ts'
import { createReplicas, type HookRun, type Replicas } from '../support/replicas.ts'

const database = useDatabase()

/** Another process takes over within this time. */
const TAKEN_OVER_MS = 60_000
/** Longer than a lease lives. */
const AWAY_MS = 45_000

let replicas: Replicas | null = null
let wire: CuttableProxy | null = null
afterEach(async () => {
  await replicas?.remove()
  await wire?.close()
  replicas = null
  wire = null
})

/** Two replicas in the middle of a rollout that the first of them drives; its pid. */
async function underWay(
  addresses: readonly [string, string],
): Promise<{ readonly all: Replicas; readonly pid: number; readonly id: string }> {
  const all = await createReplicas(addresses, { pace: 2, drain: 1 })
  replicas = all
  const [first, second] = all.services
  await first?.start()
  await expect.poll(async () => (await all.proposals())[0]?.status, { timeout: 60_000, interval: 500 }).toBe('open')
  const [proposal] = await all.proposals()
  const id = proposal?.id ?? ''
  await all.approve(id)
  await expect.poll(async () => (await all.hooks()).length, { timeout: 60_000, interval: 200 }).toBeGreaterThan(0)
  const [hook] = await all.hooks()
  await second?.start()
  return { all, id, pid: hook?.pid ?? 0 }
}

/** The first sign that another process than `pid` does the work. */
async function takenOver(all: Replicas, pid: number): Promise<void> {
  await expect
    .poll(async () => (await all.hooks()).some((hook) => hook.pid !== pid), { timeout: TAKEN_OVER_MS, interval: 250 })
    .toBe(true)
}

/** The rollout ends; each asset was patched once, and drained anew only where the work on it was taken over. */
async function endsWell(all: Replicas, id: string): Promise<void> {
  const status = async () => (await all.proposals()).find((proposal) => proposal.id === id)?.status
  await expect.poll(status, { timeout: 180_000, interval: 1_000 }).toBe('completed')
  const drained = (await all.hooks()).filter(({ moment }) => moment === 'drain')
  for (const [asset, runs] of byAsset(drained)) {
    expect(runs.length, `drains of ${asset}`).toBeLessThanOrEqual(2)
    // The same start under the same key, for which the operator's program can tell that it was done.
    expect(new Set(runs.map(({ key }) => key)).size, `keys of ${asset}`).toBe(1)
    expect(new Set(runs.map(({ pid }) => pid)).size, `processes that drained ${asset}`).toBe(runs.length)
  }
  const begun = await database().sql`select count(*)::int as starts, count(distinct facts)::int as different
    from audit.facts where event in ('batch-started', 'assets-started')`
  expect(begun[0]?.starts).toBe(begun[0]?.different)
  const outcomes = await database()
    .sql`select count(*)::int as count from results where started_at is not null and end_state is null`
  expect(outcomes[0]?.count).toBe(0)
}

function byAsset(runs: readonly HookRun[]): ReadonlyMap<string, readonly HookRun[]> {
  const found = new Map<string, HookRun[]>()
  for (const run of runs) found.set(run.asset, [...(found.get(run.asset) ?? []), run])
  return found
}

test('a process that is stopped is replaced within a minute, and begins nothing more when it goes on', async () => {
  const { url } = database()
  const { all, pid, id } = await underWay([url, url])
  process.kill(pid, 'SIGSTOP')
  try {
    await takenOver(all, pid)
    await sleep(AWAY_MS / 3)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const back = Date.now()
  await endsWell(all, id)
  const later = (await all.hooks()).filter((hook) => hook.pid === pid && hook.at > back)
  expect(later).toEqual([])
})

test('a process whose lease connection is ended is replaced, or goes on, and nothing is done twice', async () => {
  const { url } = database()
  const { all, id } = await underWay([url, url])
  for (let times = 0; times < 5; times++) {
    await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name in ('patchwarden alive', 'patchwarden leases') and datname = current_database()`
    await sleep(1_500)
  }
  await endsWell(all, id)
})

test('a process that is cut off from the database is replaced within a minute, and begins nothing more afterwards', async () => {
  const cut = await cuttableProxy(database().url)
  wire = cut
  const { all, pid, id } = await underWay([cut.url, database().url])
  cut.cut()
  const away = Date.now()
  // The replica that is left answers for both.
  const { hooks } = all
  await takenOver(all, pid)
  await sleep(AWAY_MS / 3)
  cut.restore()
  const back = Date.now()
  expect((await hooks()).filter((hook) => hook.pid === pid && hook.at > away + AWAY_MS)).toEqual([])
  await endsWell(all, id)
  expect((await hooks()).filter((hook) => hook.pid === pid && hook.at > back)).toEqual([])
})
