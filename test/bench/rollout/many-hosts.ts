import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { count, eq } from 'drizzle-orm'
import type { AssetSnapshot, Observation } from '../../../src/core/asset.ts'
import { type PackageChange, packageChanges } from '../../../src/core/change.ts'
import type { Batch, DeployEngine, DeploymentReport, InventorySource } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import type { ProposalEvent } from '../../../src/core/proposal/event.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import type { Db } from '../../../src/store/connection.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { findProposal, openProposals } from '../../../src/store/proposals.ts'
import { results } from '../../../src/store/schema.ts'
import type { Executed } from '../../../src/workflow/commands/run-command.ts'
import { createWorkflow } from '../../../src/workflow/workflow.ts'
import { exampleService, plan } from '../../support/example-service.ts'
import { alwaysMine } from '../../support/leases.ts'

const BATCH = 200
/** Looks at a batch until it has ended. */
const POLLS = 3
const SAMPLE_MS = 250
/** So often, about, the heap is measured during a rollout. */
const HEAP_SAMPLES = 20
const MB = 1_024 * 1_024

const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

export interface RolloutOfMany {
  readonly status: string
  readonly ends: ReadonlyMap<string, number>
  /** Seconds that each part took. */
  readonly seconds: Seconds
  readonly cpuSeconds: number
  /** Megabytes of this process, again and again during the rollout. */
  readonly rss: readonly number[]
  /** Megabytes of its heap with the garbage taken out, several times during the rollout; none where node cannot do that. */
  readonly heap: readonly number[]
  readonly commits: readonly Commit[]
}

/** One command of the rollout, in its transaction. */
export interface Commit {
  /** Type of its first event. */
  readonly event: string
  /** In the last everything is looked at once more, 500 hosts in one commit. */
  readonly part: 'canary' | 'broad' | 'last look'
  readonly milliseconds: number
}

/** Prints wall time and memory of this process for a whole approved rollout of so many simulated hosts. */
export async function rolloutOfMany(hosts: number): Promise<void> {
  console.log(`\n${hosts} simulated hosts, batches of ${BATCH}, embedded database, one process`)
  const { status, ends, seconds, cpuSeconds, rss } = await playRollout(hosts)
  const all = seconds.find(([part]) => part === 'rollout')?.[1] ?? Number.NaN
  console.log(`${status}: ${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}`)
  const parts = seconds.map(([part, took]) => `${part} ${took.toFixed(1)} s`)
  console.log(`${parts.join(', ')}; ${((all / hosts) * 1_000).toFixed(1)} ms a host`)
  console.log(`CPU of the rollout ${cpuSeconds.toFixed(1)} s, ${((cpuSeconds * 1_000) / hosts).toFixed(1)} ms a host`)
  printMemory(rss)
  if (status !== 'completed') process.exitCode = 1
}

/**
 * A whole approved rollout: the real workflow on an embedded database; hosts that exist only in memory, so that what is
 * measured is ours.
 */
export async function playRollout(hosts: number): Promise<RolloutOfMany> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
  try {
    const { seconds: before } = await inService(hosts, folder, approve)
    const played = await inService(hosts, folder, follow)
    return { ...played, seconds: [...before, ...played.seconds] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Does a part of it with the service on the database of the folder. */
export async function inService<Result>(
  hosts: number,
  folder: string,
  part: (hosts: number, db: Db, workflow: ReturnType<typeof createWorkflow>) => Promise<Result>,
): Promise<Result> {
  const dataDir = path.join(folder, 'postgres')
  const database = await openDatabase({ url: undefined, dataDir, durable: false, log: () => {} })
  const service = await exampleService(database.db)
  try {
    const fleet = await createFleet(hosts, service.fleet, path.join(folder, 'fleet.json'))
    const rings = [
      {
        name: 'canary',
        select: { kind: 'count', count: 10 },
        batch: { kind: 'count', value: 10 },
        soakSeconds: 0,
        gate,
      },
      { name: 'broad', select: { kind: 'rest' }, batch: { kind: 'count', value: BATCH }, soakSeconds: 0, gate },
    ] as const
    const parts = {
      ...service.parts,
      sources: [fleet.source],
      engines: new Map([['memory', fleet.engine]]),
      teams: { ...service.parts.teams, plans: [{ ...plan('web-platform'), rings }] },
    }
    return await part(hosts, parts.db, createWorkflow(parts, alwaysMine))
  } finally {
    await service.remove()
    await database.close()
  }
}

type Seconds = readonly (readonly [part: string, seconds: number])[]

function stopwatch() {
  const seconds: (readonly [string, number])[] = []
  let last = performance.now()
  return {
    seconds,
    mark(part: string): void {
      const now = performance.now()
      seconds.push([part, (now - last) / 1_000])
      last = now
    },
  }
}

/** From the inventory to the votes. */
export async function approve(
  _hosts: number,
  db: Db,
  workflow: ReturnType<typeof createWorkflow>,
): Promise<{ readonly seconds: Seconds }> {
  const { signal } = new AbortController()
  const { seconds, mark } = stopwatch()
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  mark('inventory')
  await workflow.propose(signal)
  const [open] = await openProposals(db)
  if (open === undefined) throw new Error('Nothing was proposed.')
  const { id: proposal } = open
  mark('proposal')
  for (const [id, name] of [
    ['mara', 'Mara'],
    ['tom', 'Tom'],
  ] as const) {
    const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
    const by: Actor = { kind: 'person', id, name, via: 'console' }
    const answer = await workflow.execute(proposal, vote, by)
    if (!answer.ok) throw new Error(`The vote was refused: ${JSON.stringify(answer)}`)
  }
  mark('votes')
  return { seconds }
}

/** The rollout of what was approved. */
export async function follow(
  hosts: number,
  db: Db,
  workflow: ReturnType<typeof createWorkflow>,
): Promise<RolloutOfMany> {
  const { signal } = new AbortController()
  const { seconds, mark } = stopwatch()
  const [open] = await openProposals(db)
  if (open === undefined) throw new Error('Nothing was approved.')
  const { id: proposal } = open
  const rss: number[] = []
  const heap: number[] = []
  const commits: Commit[] = []
  const sample = () => rss.push(process.memoryUsage.rss() / MB)
  const each = Math.max(1, Math.round(hosts / BATCH / HEAP_SAMPLES))
  let batches = 0
  const stop = watchCommits(db, (commit) => {
    commits.push(commit)
    if (commit.event !== 'batch-started' || global.gc === undefined || batches++ % each !== 0) return
    global.gc()
    heap.push(process.memoryUsage().heapUsed / MB)
  })
  sample()
  const timer = setInterval(sample, SAMPLE_MS)
  const cpu = process.cpuUsage()
  try {
    await workflow.advance(proposal, signal)
  } finally {
    clearInterval(timer)
    stop()
  }
  sample()
  mark('rollout')
  const { user, system } = process.cpuUsage(cpu)
  const done = await findProposal(db, proposal)
  const ends = new Map<string, number>()
  const counted = await db
    .select({ end: results.endState, count: count() })
    .from(results)
    .where(eq(results.proposal, proposal))
    .groupBy(results.endState)
  for (const row of counted) ends.set(row.end ?? 'none', row.count)
  return { status: done?.status ?? 'gone', ends, seconds, cpuSeconds: (user + system) / 1e6, rss, heap, commits }
}

/** Measures each command from the beginning of its transaction to its end. Comes back with what ends that. */
function watchCommits(db: Db, see: (commit: Commit) => void): () => void {
  const transaction = db.transaction.bind(db)
  let part: Commit['part'] = 'canary'
  const watched: typeof transaction = async (work, config) => {
    const began = performance.now()
    const result = await transaction(work, config)
    const milliseconds = performance.now() - began
    const events = eventsOf(result).map(({ type }) => type)
    const [event] = events
    if (event !== undefined) see({ event, part, milliseconds })
    if (events.includes('verifying-started')) part = 'last look'
    else if (events.includes('ring-passed')) part = 'broad'
    return result
  }
  Object.assign(db, { transaction: watched })
  return () => Object.assign(db, { transaction })
}

/** None where it was no command, or one that did nothing. */
function eventsOf(result: unknown): readonly ProposalEvent[] {
  const { ok, events } = (result ?? {}) as Partial<Extract<Executed, { ok: true }>>
  return ok === true ? (events ?? []) : []
}

/** Flat is what does not grow from the second quarter of the time to the last. */
function printMemory(memory: readonly number[]): void {
  const quarter = Math.ceil(memory.length / 4)
  const peakOf = (from: number, to: number) => Math.max(...memory.slice(from, to))
  const peaks = [0, 1, 2, 3].map((part) => peakOf(part * quarter, Math.max(part * quarter + 1, (part + 1) * quarter)))
  const early = peaks[1] ?? Number.NaN
  const late = peaks[3] ?? Number.NaN
  const first = memory[0] ?? Number.NaN
  const end = memory.at(-1) ?? Number.NaN
  console.log(
    `memory (RSS, MB): start ${first.toFixed(0)}, peak ${Math.max(...memory).toFixed(0)}, end ${end.toFixed(0)}`,
  )
  console.log(
    `peak in each quarter of the rollout: ${peaks.map((peak) => peak.toFixed(0)).join(', ')} (last / second: ${(late / early).toFixed(2)})`,
  )
}

/**
 * Copies of one asset of the example fleet, and an engine that changes them in memory. Of each host next to nothing is
 * kept, so that memory is what the service itself needs.
 */
async function createFleet(hosts: number, exampleFile: string, file: string) {
  const example: { assets: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(
    await readFile(exampleFile, 'utf8'),
  )
  const shown = example.assets.find((asset) => asset.team === 'web-platform' && asset.fault === undefined)
  await writeFile(file, JSON.stringify({ ...example, assets: [{ ...shown, name: 'host-1' }] }))
  const clock = () => new Date()
  const defaults = { engine: 'memory' }
  const once = createFileInventory({ name: 'many', path: file, format: 'json', defaults, clock })
  const found: AssetSnapshot[] = []
  for await (const observation of once.observe({ signal: new AbortController().signal }))
    if (observation.kind === 'seen') found.push(observation.snapshot)
  const model = found[0] ?? notFound()
  /** What hosts are like, as they were and after what was installed on them, and which of it each host is. */
  const versions: Pick<AssetSnapshot, 'packages' | 'pending'>[] = [model]
  const versionBy = new Map<string, number>()
  const versionOf = new Uint8Array(hosts)
  const prefix = model.asset.id.slice(0, -1)
  const placeOf = (id: string) => Number(id.slice(prefix.length)) - 1

  function snapshotOf(place: number): AssetSnapshot {
    const name = `host-${place + 1}`
    const version = versions[versionOf[place] ?? 0] ?? model
    return { ...model, ...version, asset: { ...model.asset, id: `${prefix}${place + 1}`, name } }
  }

  function install(id: string, changes: readonly PackageChange[]): void {
    const place = placeOf(id)
    const key = JSON.stringify([versionOf[place], changes])
    const known = versionBy.get(key)
    if (known === undefined) {
      versionBy.set(key, versions.length)
      versions.push(changed(versions[versionOf[place] ?? 0] ?? model, changes))
    }
    versionOf[place] = versionBy.get(key) ?? 0
  }

  const source: InventorySource = {
    name: 'many',
    describe: `${hosts} hosts in memory`,
    async *observe({ only }): AsyncGenerator<Observation> {
      const observedAt = clock().toISOString()
      const places = only === undefined ? versionOf.keys() : [...only].map(placeOf)
      for (const place of places) yield { kind: 'seen', snapshot: { ...snapshotOf(place), observedAt }, warnings: [] }
    },
  }
  return { source, engine: createMemoryEngine(install) }
}

function notFound(): never {
  throw new Error('The example fleet has no asset to be copied.')
}

function changed(
  { packages, pending }: Pick<AssetSnapshot, 'packages' | 'pending'>,
  changes: readonly PackageChange[],
): Pick<AssetSnapshot, 'packages' | 'pending'> {
  const versions = new Map(changes.map(({ name, to }) => [name, to]))
  return {
    packages: packages.map((one) => {
      const to = versions.get(one.name)
      return to === undefined ? one : { ...one, version: to, sourceVersion: to }
    }),
    pending: pending.filter((update) => versions.get(update.name) !== update.candidate),
  }
}

function createMemoryEngine(install: (id: string, changes: readonly PackageChange[]) => void): DeployEngine {
  const runs = new Map<string, { readonly batch: Batch; polls: number }>()

  return {
    name: 'memory',
    describe: 'Changes hosts in memory',
    simulated: true,
    preview: async (_asset, changes) => stepsOf(changes),
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    async start(batch) {
      if (!runs.has(batch.key)) runs.set(batch.key, { batch, polls: 0 })
      return { key: batch.key, data: {} }
    },
    async poll({ key }): Promise<readonly DeploymentReport[]> {
      const run = runs.get(key)
      if (run === undefined) throw new Error(`Nobody started ${key}, or it has ended.`)
      run.polls++
      const ended = run.polls >= POLLS
      if (ended) runs.delete(key)
      return run.batch.deployments.map(({ asset, changes }) => {
        if (!ended) return { asset: asset.id, outcome: null, progress: 'unpacking' }
        install(asset.id, packageChanges(changes, 'memory'))
        return {
          asset: asset.id,
          outcome: { state: 'succeeded', changed: changes, rebooted: false, log: '' },
          progress: null,
        }
      })
    },
    async cancel() {},
  }
}
