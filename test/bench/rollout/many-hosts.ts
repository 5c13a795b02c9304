import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { AssetSnapshot, Observation } from '../../../src/core/asset.ts'
import type { PackageChange } from '../../../src/core/catalog.ts'
import type { Batch, DeployEngine, DeploymentReport, InventorySource } from '../../../src/core/ports.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { findProposal, openProposals } from '../../../src/store/proposals.ts'
import { results } from '../../../src/store/schema.ts'
import { createWorkflow } from '../../../src/workflow/workflow.ts'
import { exampleService, plan } from '../../support/example-service.ts'
import { alwaysMine } from '../../support/leases.ts'

const BATCH = 200
/** Looks at a batch until it has ended. */
const POLLS = 3
const SAMPLE_MS = 250

const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

/**
 * A whole approved rollout of so many simulated hosts: the real workflow on an embedded database; hosts that exist only
 * in memory, so that what is measured is ours. Prints wall time and memory of this process.
 */
export async function rolloutOfMany(hosts: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
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
    const workflow = createWorkflow(parts, alwaysMine)
    await follow(hosts, parts.db, workflow)
  } finally {
    await service.remove()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function follow(
  hosts: number,
  db: Parameters<typeof openProposals>[0],
  workflow: ReturnType<typeof createWorkflow>,
): Promise<void> {
  const { signal } = new AbortController()
  console.log(`\n${hosts} simulated hosts, batches of ${BATCH}, embedded database, one process`)
  const marks: string[] = []
  let last = performance.now()
  function mark(name: string): void {
    const now = performance.now()
    marks.push(`${name} ${((now - last) / 1_000).toFixed(1)} s`)
    last = now
  }
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  mark('inventory')
  await workflow.propose(signal)
  const [open] = await openProposals(db)
  if (open === undefined) throw new Error('Nothing was proposed.')
  mark('proposal')
  for (const [id, name] of [
    ['mara', 'Mara'],
    ['tom', 'Tom'],
  ] as const) {
    const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
    const by: Actor = { kind: 'person', id, name, via: 'console' }
    const answer = await workflow.execute(open.id, vote, by)
    if (!answer.ok) throw new Error(`The vote was refused: ${JSON.stringify(answer)}`)
  }
  mark('votes')

  const memory: number[] = []
  const sample = () => memory.push(process.memoryUsage.rss() / 1024 / 1024)
  sample()
  const timer = setInterval(sample, SAMPLE_MS)
  const began = performance.now()
  const cpu = process.cpuUsage()
  try {
    await workflow.advance(open.id, signal)
  } finally {
    clearInterval(timer)
  }
  sample()
  mark('rollout')
  const { user, system } = process.cpuUsage(cpu)
  const done = await findProposal(db, open.id)
  const rows = (await db.select().from(results)).filter((row) => row.proposal === open.id)
  const ends = new Map<string, number>()
  for (const { endState } of rows) ends.set(endState ?? 'none', (ends.get(endState ?? 'none') ?? 0) + 1)
  const seconds = (performance.now() - began) / 1_000
  console.log(`${done?.status}: ${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}`)
  console.log(`${marks.join(', ')}; ${((seconds / hosts) * 1_000).toFixed(1)} ms a host`)
  console.log(
    `CPU of the rollout ${((user + system) / 1e6).toFixed(1)} s, ${((user + system) / 1e3 / hosts).toFixed(1)} ms a host`,
  )
  printMemory(memory)
  if (done?.status !== 'completed') process.exitCode = 1
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

/** Copies of one asset of the example fleet, and an engine that changes them in memory. */
async function createFleet(hosts: number, exampleFile: string, file: string) {
  const example: { assets: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(
    await readFile(exampleFile, 'utf8'),
  )
  const model = example.assets.find((asset) => asset.team === 'web-platform' && asset.fault === undefined)
  const assets = Array.from({ length: hosts }, (_, index) => ({ ...model, name: `host-${index + 1}` }))
  await writeFile(file, JSON.stringify({ ...example, assets }))
  const seen = new Map<string, AssetSnapshot>()
  const clock = () => new Date()
  const defaults = { engine: 'memory' }
  const once = createFileInventory({ name: 'many', path: file, format: 'json', defaults, clock })
  for await (const observation of once.observe({ signal: new AbortController().signal })) {
    if (observation.kind === 'seen') seen.set(observation.snapshot.asset.id, observation.snapshot)
  }

  const source: InventorySource = {
    name: 'many',
    describe: `${hosts} hosts in memory`,
    async *observe({ only }): AsyncGenerator<Observation> {
      const observedAt = clock().toISOString()
      for (const id of only ?? seen.keys()) {
        const snapshot = seen.get(id)
        if (snapshot !== undefined) yield { kind: 'seen', snapshot: { ...snapshot, observedAt }, warnings: [] }
      }
    },
  }
  return { source, engine: createMemoryEngine(seen) }
}

function createMemoryEngine(seen: Map<string, AssetSnapshot>): DeployEngine {
  const runs = new Map<string, { readonly batch: Batch; polls: number }>()

  function install(id: string, changes: readonly PackageChange[]): void {
    const snapshot = seen.get(id)
    if (snapshot === undefined) return
    const versions = new Map(changes.map(({ name, to }) => [name, to]))
    seen.set(id, {
      ...snapshot,
      packages: snapshot.packages.map((one) => {
        const to = versions.get(one.name)
        return to === undefined ? one : { ...one, version: to, sourceVersion: to }
      }),
      pending: snapshot.pending.filter((update) => versions.get(update.name) !== update.candidate),
    })
  }

  return {
    name: 'memory',
    describe: 'Changes hosts in memory',
    simulated: true,
    preview: async (_asset, changes) => changes.map((change) => ({ action: 'upgrade', ...change })),
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    async start(batch) {
      if (!runs.has(batch.key)) runs.set(batch.key, { batch, polls: 0 })
      return { key: batch.key, data: {} }
    },
    async poll({ key }): Promise<readonly DeploymentReport[]> {
      const run = runs.get(key)
      if (run === undefined) throw new Error(`Nobody started ${key}.`)
      run.polls++
      const ended = run.polls >= POLLS
      return run.batch.deployments.map(({ asset, changes }) => {
        if (!ended) return { asset: asset.id, outcome: null, progress: 'unpacking' }
        install(asset.id, changes)
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
