/**
 * `npm run bench -- pages [assets] [past proposals] [open proposals] [folder]`: every page of the console, by its real
 * routes, over years of a large installation. In the folder the database stays, for the next run.
 */

import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openDatabase } from '../../src/store/database.ts'
import { createBackend } from '../../src/web/backend.ts'
import { createConsole } from '../../src/web/console.ts'
import { exampleService, mara, plan } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'
import { CROWDED, LARGE, makeHistory, teams } from './pages/history.ts'
import { percentile } from './percentile.ts'

/** Each page is asked for so often; one that takes long less often. */
const TIMES = 200
const LONGEST_MS = 20_000

const given = process.argv.slice(2)
const [assets = 100_000, past = 20_000, open = 1_000] = given.filter((word) => /^\d+$/.test(word)).map(Number)
const kept = given.find((word) => word.includes('/'))
const folder = kept ?? (await mkdtemp(path.join(tmpdir(), 'patchwarden bench ')))
const database = await openDatabase({
  url: undefined,
  dataDir: path.join(folder, 'postgres'),
  durable: false,
  withoutCopy: true,
  log: () => {},
})
const { db } = database
const service = await exampleService(db)
try {
  const notes = path.join(folder, 'history.json')
  if (!existsSync(notes)) {
    const began = performance.now()
    const made = await makeHistory(db, service.workflow, { assets, past, open, each: 250 })
    await writeFile(notes, JSON.stringify(made))
    console.log(`made in ${((performance.now() - began) / 1_000).toFixed(0)} s; run it again for cold pages`)
  }
  const { waiting, running, past: over } = JSON.parse(await readFile(notes, 'utf8'))
  await beginSession(db, mara.id, new Date()).catch(() => undefined)
  const all = [...teams, CROWDED, LARGE]
  const port = createBackend({
    db,
    parts: { ...service.parts, teams: { ...service.parts.teams, plans: all.map((team) => plan(team)) } },
    workflow: service.workflow,
    people: { all: [{ ...mara, timeZone: null }], timeZone: 'UTC', operators: () => [mara.id], example: true },
    channels: [CROWDED, LARGE, ...teams].map((id) => ({ id, title: id, teams: [id] })),
    sources: [],
    subscribe: () => () => {},
  })
  const app = createConsole({
    port,
    health: { writing: async () => 'ok', platforms: [] },
    log: console,
    allowedHosts: ['localhost'],
  })
  const headers = { host: 'localhost', cookie: `patchwarden=${mara.id}` }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  async function get(page: string): Promise<{ readonly ms: number; readonly bytes: number; readonly text: string }> {
    const began = performance.now()
    const answer = await app.request(`http://localhost${page}`, { headers })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${page}: ${answer.status} ${text.slice(0, 500)}`)
    return { ms: performance.now() - began, bytes: text.length, text }
  }
  const pages = [
    `/p/${running}`,
    `/c/${CROWDED}`,
    `/c/${CROWDED}?text=round+210`,
    `/c/${CROWDED}?status=over`,
    '/c/team-07',
    '/c/team-07?text=nothing+like+it',
    `/c/${LARGE}`,
    `/p/${waiting}`,
    `/p/${over}`,
    `/p/${running}/assets`,
    `/p/${running}/assets?only=not+well`,
    `/p/${running}/explain`,
    `/p/${running}/plan`,
    '/assets',
    '/assets?team=team-07',
    '/assets?text=host-0500',
    '/assets?text=0500&anywhere=1',
    '/assets?text=nothing&anywhere=1',
    '/assets?is=problem',
    '/assets?team=team-07&is=reboot',
    '/audit',
    '/audit?before=100000',
    '/people',
    '/sources',
    '/explain?name=openssl',
    '/fragment/nav',
    `/fragment/card/${running}`,
    `/fragment/thread/${running}`,
  ]
  console.log(
    `\n${'page'.padEnd(46)}${['first', 'median', 'p95', 'max', 'turn', 'kB'].map((name) => name.padStart(9)).join('')}   (ms)`,
  )
  for (const page of pages) {
    const first = await get(page)
    const took: number[] = []
    const times = Math.min(TIMES, Math.max(2, Math.floor(LONGEST_MS / first.ms)))
    delay.reset()
    delay.enable()
    for (let time = 0; time < times; time++) took.push((await get(page)).ms)
    delay.disable()
    const numbers = [
      first.ms,
      percentile(took, 0.5),
      percentile(took, 0.95),
      percentile(took, 1),
      delay.max / 1e6,
      first.bytes / 1e3,
    ]
    console.log(`${page.padEnd(46)}${numbers.map((value) => value.toFixed(1).padStart(9)).join('')}   ${times} times`)
  }
} finally {
  await service.remove()
  await database.close()
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}
