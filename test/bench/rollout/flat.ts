import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Commit } from './many-hosts.ts'

/** The last tenth of the commits may take so many times as long as the first. */
const COMMITS_GROW = 1.2
/** The memory of a large rollout, at its peak, may be so many times that of the smallest. */
const MEMORY_GROWS = 1.3
/**
 * Megabytes that the old space of each may use, as on a small machine. Where there is more, V8 takes garbage out seldom, and
 * the peak says how much of it there was.
 */
const HEAP_LIMIT_MB = 900

/** What a process of its own has measured, as it sends it. */
export interface FlatRun {
  readonly hosts: number
  readonly status: string
  readonly installed: number
  readonly rolloutSeconds: number
  readonly rss: number
  readonly heap: number
  readonly commits: readonly Commit[]
}

/**
 * Plays a rollout of each size in a process of its own, and compares: the last tenth of the commits with the first, and the
 * memory with that of the smallest. The canary and the last look at the whole fleet are not among them: their commits have
 * other sizes.
 */
export async function flatness(sizes: readonly number[]): Promise<void> {
  const runs: FlatRun[] = []
  for (const hosts of sizes) runs.push(await inProcess(hosts))
  const [smallest] = runs
  const rows = [
    [
      'hosts',
      'ended',
      'rollout s',
      'commits',
      'first tenth ms',
      'last tenth ms',
      'last / first',
      'heap MB',
      '/ smallest',
      'RSS MB',
      '/ smallest',
    ],
  ]
  for (const { hosts, status, installed, rolloutSeconds, rss, heap, commits } of runs) {
    const { first, last } = tenths(commits)
    const growth = mean(last) / mean(first)
    const more = { heap: heap / (smallest?.heap ?? heap), rss: rss / (smallest?.rss ?? rss) }
    rows.push([
      String(hosts),
      `${status}, ${installed} installed`,
      rolloutSeconds.toFixed(0),
      String(commits.length),
      mean(first).toFixed(1),
      mean(last).toFixed(1),
      judged(growth, COMMITS_GROW),
      heap.toFixed(0),
      more.heap.toFixed(2),
      rss.toFixed(0),
      judged(more.rss, MEMORY_GROWS),
    ])
    if (status !== 'completed' || installed !== hosts || growth > COMMITS_GROW || more.rss > MEMORY_GROWS)
      process.exitCode = 1
  }
  console.log(
    `\nIs it flat? The last tenth of the commits at most ${COMMITS_GROW} times the first; the peak of the memory (RSS, of at most ${HEAP_LIMIT_MB} MB of old space) at most ${MEMORY_GROWS} times that of the smallest. "!": it is not.`,
  )
  print(rows)
  for (const run of runs) byEvent(run)
}

/** The mean of each kind of commit, in the first tenth of the batches and in the last. */
function byEvent({ hosts, commits }: FlatRun): void {
  const { first, last } = tenths(commits)
  const rows = [...new Set(first.map(({ event }) => event))].map((event) => {
    const [early, late] = [first, last].map((some) => some.filter((commit) => commit.event === event))
    const [before, after] = [mean(early ?? []), mean(late ?? [])]
    const count = commits.filter((commit) => commit.part === 'broad' && commit.event === event).length
    return [event, String(count), before.toFixed(1), after.toFixed(1), (after / before).toFixed(2)]
  })
  const look = commits.filter(({ part, event }) => part === 'last look' && event === 'verifications-recorded')
  console.log(
    `\n${hosts} hosts, by the first event of a commit (of the last look: ${mean(look).toFixed(1)} ms, ${look.length} times)`,
  )
  print([['event', 'commits', 'first tenth ms', 'last tenth ms', 'last / first'], ...rows])
}

/** All that belongs to the first tenth of the batches, which have the same size, and all of the last tenth. */
function tenths(commits: readonly Commit[]): { readonly first: readonly Commit[]; readonly last: readonly Commit[] } {
  const batches: Commit[][] = []
  for (const commit of commits.filter(({ part }) => part === 'broad')) {
    if (commit.event === 'batch-started') batches.push([])
    batches.at(-1)?.push(commit)
  }
  const size = Math.max(1, Math.floor(batches.length / 10))
  return { first: batches.slice(0, size).flat(), last: batches.slice(-size).flat() }
}

function mean(commits: readonly Commit[]): number {
  return commits.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / commits.length
}

function judged(times: number, most: number): string {
  return `${times.toFixed(2)}${times > most ? ' !' : ''}`
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

async function inProcess(hosts: number): Promise<FlatRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
  try {
    await part(hosts, folder, 'approve')
    const found = await part(hosts, folder, 'follow')
    if (found === null) throw new Error(`The rollout of ${hosts} hosts said nothing.`)
    console.log(`${hosts} hosts were played.`)
    return found
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function part(hosts: number, folder: string, name: 'approve' | 'follow'): Promise<FlatRun | null> {
  const file = fileURLToPath(new URL('flat-run.ts', import.meta.url))
  const child = fork(file, [String(hosts), folder, name], {
    execArgv: [...process.execArgv, '--expose-gc', `--max-old-space-size=${HEAP_LIMIT_MB}`],
  })
  let found: FlatRun | null = null
  child.once('message', (message) => {
    found = message as FlatRun
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`The rollout of ${hosts} hosts ended with ${code}.`)
  return found
}
