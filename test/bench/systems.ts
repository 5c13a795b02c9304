/**
 * What reading and following a large system costs: requests, bytes, seconds and memory, with the kind's own code and
 * everything stored in a durable database.
 *
 * `npm run bench -- systems [kind] [machines] [updates]`: a WSUS, 2,000 and 500 unless told otherwise. The last line is one object of
 * JSON, `Figures` of systems/figures.ts. docs/performance.md says what is measured, and how.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openDatabase } from '../../src/store/database.ts'
import { startEmbedded } from '../../src/store/embedded-postgres.ts'
import { createSync } from '../../src/workflow/sync.ts'
import { inBytes, inSeconds, tell } from './scale/figures.ts'
import { rounded } from './scale/watch.ts'
import type { Counted } from './systems/counted.ts'
import type { Figures, Read } from './systems/figures.ts'
import { measuredKinds } from './systems/kinds.ts'

const asked = process.argv.slice(2)
const kind = Number.isNaN(Number(asked[0] ?? 0)) ? (asked.shift() ?? '') : 'wsus'
const [machines = 2_000, updates = 500] = asked.map(Number)
const measured = measuredKinds[kind]
if (measured === undefined) throw new Error(`Write one of ${Object.keys(measuredKinds).join(', ')}, not ${kind}.`)
const HOUR_MS = 3_600_000
const { signal } = new AbortController()

let now = Date.parse('2026-11-20T12:00:00Z')
const clock = () => new Date(now)
const { source, feed, restart, followed } = measured({ machines, updates }, clock)

const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
const postgres = await startEmbedded({ dataDir: path.join(folder, 'postgres'), durable: true, log: () => {} })
try {
  const { db, close } = await openDatabase({ url: postgres.url, dataDir: '', durable: true, log: () => {} })
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const parts = {
    db,
    clock,
    feeds: feed === undefined ? [] : [feed],
    sources: [source],
    log: quiet,
    teams: { ids: ['web'] },
  }
  const sync = createSync(parts)

  async function read(what: string): Promise<Read> {
    restart()
    const began = performance.now()
    for (const { ok, what: said } of [...(await sync.syncFeeds(signal)), ...(await sync.syncInventory(signal))])
      if (!ok) throw new Error(said)
    const seconds = (performance.now() - began) / 1_000
    return told(what, restart(), seconds)
  }

  console.log(`${kind}: ${machines} machines, ${updates} updates; read and stored:`)
  const first = await read('the first time')
  now += HOUR_MS
  const again = await read('an hour later')
  const peakBytes = process.resourceUsage().maxRSS * 1_024
  const [row] = await db.execute<{ looks: number; offered: number; sets: number }>(`select
    (select count(*)::int from assets) as looks, (select count(*)::int from software_sets) as sets`)
  await close()
  const following = followed === undefined ? null : await followed()
  tell('peak memory', inBytes(peakBytes))
  if (following !== null)
    tell('requests for 1,000 machines and hour while a rollout is followed', `${following.toFixed(1)}`)
  const figures: Figures = {
    ...{ kind, machines, updates, assets: row?.looks ?? 0, sets: row?.sets ?? 0 },
    ...{ first, again, peakBytes, followedRequestsPerHour: following },
  }
  console.log(JSON.stringify(figures))
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Without what the making of the answers took. */
function told(what: string, { requests, bytes, making }: Counted, all: number): Read {
  const seconds = rounded(all - making)
  tell(`${what}: requests`, String(requests))
  tell(`${what}: bytes of answers`, inBytes(bytes))
  tell(`${what}: seconds, without the making of the answers`, inSeconds(seconds))
  return { requests, bytes, seconds }
}
