/**
 * What the product's work takes at the size of a large fleet, on a durable database and on data that the bench makes.
 *
 * `npm run bench -- scale [hosts]`: 2,000 unless told otherwise, in 40 teams, with 1,000 sets of software. Options:
 * `--unique`: each host has a set of its own. `--only first,votes`: some parts alone, as scale/figures.ts names them.
 * `--history [proposals] [results]`: after years, 20,000 proposals with 5 million results unless told otherwise.
 * `--pairs N`: without and with such a past, in turn, N times each. `--epss ROWS`: of a day of EPSS, 360,000 otherwise.
 *
 * The last line is one object of JSON, `Figures` of scale/figures.ts. docs/performance.md says what is measured, and how.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { startEmbedded } from '../../src/store/embedded-postgres.ts'
import { EPSS_ROWS } from './scale/feeds.ts'
import { type Figures, nothing, type Part, parts, together } from './scale/figures.ts'
import { type History, usualHistory } from './scale/history.ts'
import { type OfPair, tellPairs } from './scale/pairs.ts'
import type { Step } from './scale/step.ts'

const asked = readOptions(process.argv.slice(2))
const given = { ...asked, now: new Date().toISOString() }

interface Options extends Pick<Step, 'hosts' | 'unique' | 'scores' | 'only'> {
  readonly history: History | null
  readonly pairs: number
}

function readOptions(words: readonly string[]): Options {
  let options: Options = { hosts: 2_000, unique: false, scores: EPSS_ROWS, only: parts, history: null, pairs: 0 }
  const left = [...words]
  const number = (otherwise: number) => (/^\d+$/.test(left[0] ?? '') ? Number(left.shift()) : otherwise)
  while (left.length > 0) {
    const word = left.shift() ?? ''
    if (/^\d+$/.test(word)) options = { ...options, hosts: Number(word) }
    else if (word === '--unique') options = { ...options, unique: true }
    else if (word === '--epss') options = { ...options, scores: number(EPSS_ROWS) }
    else if (word === '--pairs') options = { ...options, pairs: number(5), history: options.history ?? usualHistory }
    else if (word === '--history') {
      const proposals = number(usualHistory.proposals)
      options = { ...options, history: { proposals, results: number(usualHistory.results) } }
    } else if (word === '--only') options = { ...options, only: (left.shift() ?? '').split(',').map(partOf) }
    else throw new Error(`"${word}" is no option of this bench.`)
  }
  return options
}

function partOf(name: string): Part {
  const part = parts.find((one) => one === name)
  if (part === undefined) throw new Error(`There is no part "${name}"; there are ${parts.join(', ')}.`)
  return part
}

/** Runs a step in a process of its own, which is not to begin with what another has in memory. */
async function run(step: Exclude<Step['step'], 'pair'>, url: string, drafts?: string): Promise<Partial<Figures>>
async function run(step: 'pair', url: string): Promise<OfPair>
async function run(step: Step['step'], url: string, drafts = ''): Promise<Partial<Figures> | OfPair> {
  const file = fileURLToPath(new URL('scale/step.ts', import.meta.url))
  const task: Step = { ...given, step, url, drafts }
  const child = fork(file, [JSON.stringify(task)], { execArgv: process.execArgv })
  let answer: Partial<Figures> | OfPair = {}
  child.on('message', (said: Partial<Figures> | OfPair) => {
    answer = said
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`The step "${step}" failed.`)
  return answer
}

/** A copy of a database that nobody uses; its address. */
async function copied(url: string, name: string): Promise<string> {
  const address = new URL(url)
  const from = address.pathname.slice(1)
  await asAdmin(url, (sql) => sql`create database ${sql(name)} template ${sql(from)} strategy file_copy`)
  address.pathname = `/${name}`
  return address.href
}

async function dropped(url: string, name: string): Promise<void> {
  await asAdmin(url, (sql) => sql`drop database ${sql(name)} with (force)`)
}

async function asAdmin(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const address = new URL(url)
  address.pathname = '/template1'
  const sql = postgres(address.href, { max: 1, fetch_types: false, onnotice: () => {} })
  await work(sql).finally(() => sql.end())
}

const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
const server = await startEmbedded({ dataDir: path.join(folder, 'postgres'), durable: true, log: () => {} })
try {
  let { url } = server
  const plain = url
  console.log(`${given.hosts} hosts; made and stored before anything is measured:`)
  let figures: Figures = { ...nothing, ...(await run('fixture', url)) }
  if (given.history !== null) {
    const drafts = await copied(url, 'drafts')
    url = await copied(url, 'long_past')
    figures = { ...figures, ...(await run('history', url, drafts)) }
    await dropped(url, 'drafts')
  }
  console.log('\nmeasured:')
  figures = together(figures, await run('work', url))
  if (given.pairs > 0) {
    console.log('\nthe same work without a past, to compare with it:')
    await run('work', plain)
    const pairs: { without: OfPair; beside: OfPair }[] = []
    while (pairs.length < given.pairs) pairs.push({ without: await run('pair', plain), beside: await run('pair', url) })
    tellPairs(pairs)
  }
  if (given.only.includes('pages')) figures = together(figures, await run('pages', url))
  if (given.only.includes('floors')) await run('floors', url)
  console.log(JSON.stringify(figures))
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
