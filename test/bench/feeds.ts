/**
 * What reading and storing feeds costs, kind by kind: from nothing, the same again, and the next edition, with the longest
 * turn of the event loop; then a day of EPSS with votes' statements beside it. Real data from the folder that docs/testing.md
 * tells of; the largest, which is not there, is made in its form: Debian's tracker, a year of NVD, a month of Microsoft's.
 * Arguments: a part of a kind's name.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { buildFeeds } from '../../src/app/build.ts'
import type { Config } from '../../src/config/schema.ts'
import { defaultConfig } from '../../src/integrations/configuration.ts'
import { documentsIn } from '../../src/integrations/feeds/documents.ts'
import { openDatabase } from '../../src/store/database.ts'
import { saveFeed } from '../../src/store/save-feed.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { random, unpacked } from './fleet.ts'
import { percentile } from './percentile.ts'

type FeedConfig = Config['feeds'][string]

const [part = ''] = process.argv.slice(2)
const { signal } = new AbortController()
const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden-bench-'))
const database = await openDatabase({
  url: undefined,
  dataDir: path.join(folder, 'postgres'),
  durable: true,
  log: () => {},
})
const { db } = database
let saves = 0

function real(name: string): string {
  const found = sharedData(name)
  if (found === null) process.exit(0) // said by sharedData
  return found
}

function made(name: string, content: string | Buffer): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

// ---------------------------------------------------------------- what is not there as a whole

/** 40,000 CVEs of Debian in the tracker's form, about 70 MB. */
function tracker(fixedIn: string): Buffer {
  const next = random(7)
  const sources: Record<string, Record<string, object>> = {}
  for (let index = 0; index < 40_000; index++) {
    const source = `source${Math.floor(next() * 4_000)}`
    const cves = sources[source] ?? {}
    sources[source] = cves
    const releases: Record<string, object> = {}
    for (const release of ['bullseye', 'bookworm', 'trixie', 'forky', 'sid'])
      releases[release] = {
        status: next() < 0.8 ? 'resolved' : 'open',
        repositories: { [release]: '1.2.3-4+deb12u1', [`${release}-security`]: '1.2.3-4+deb12u1' },
        fixed_version: index % 500 === 0 ? fixedIn : `1.2.3-${index % 9}`,
        urgency: 'not yet assigned',
        nodsa: 'Minor issue; can be fixed in the next point release',
        nodsa_reason: 'postponed',
      }
    cves[`CVE-20${10 + (index % 16)}-${10_000 + index}`] = {
      description:
        'A flaw in the handling of something by something else allows somebody to do what nobody should. '.repeat(4),
      scope: 'local',
      releases,
    }
  }
  return Buffer.from(JSON.stringify(sources))
}

/** 40,000 CVEs in the form of NVD's yearly files. */
function nvd(): Buffer {
  const vulnerabilities = Array.from({ length: 40_000 }, (_, index) => ({
    cve: {
      id: `CVE-2025-${10_000 + index}`,
      sourceIdentifier: 'cve@example.org',
      published: '2025-03-01T00:00:00.000',
      vulnStatus: 'Analyzed',
      descriptions: [{ lang: 'en', value: 'A flaw allows somebody to do what nobody should. '.repeat(8) }],
      metrics: {
        cvssMetricV31: [
          {
            source: 'nvd@nist.gov',
            type: 'Primary',
            cvssData: {
              version: '3.1',
              baseScore: 1 + (index % 90) / 10,
              vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
            },
          },
        ],
      },
      references: Array.from({ length: 6 }, (_none, reference) => ({
        url: `https://example.org/${index}/${reference}`,
        source: 'x',
      })),
    },
  }))
  return Buffer.from(JSON.stringify({ format: 'NVD_CVE', version: '2.0', timestamp: '2025-12-01', vulnerabilities }))
}

/** A month of Microsoft's, with so many flaws as a large one has: the flaws of a small one again and again. */
async function msrc(): Promise<string> {
  for await (const { name, bytes } of documentsIn(
    readFileSync(real('fixtures/vuls-data-update.tar.zst')),
    'fixtures',
  )) {
    if (!name.endsWith('fetch/microsoft/cvrf/testdata/fixtures/happy/cvrf/2024-Mar')) continue
    const text = bytes.toString()
    const from = text.indexOf('<vuln:Vulnerability')
    const to = text.lastIndexOf('</vuln:Vulnerability>') + '</vuln:Vulnerability>'.length
    const flaws = Array.from({ length: 400 }, (_, index) =>
      text.slice(from, to).replace(/CVE-2024-(\d+)/g, (_all, number) => `CVE-2024-${index}${number}`),
    )
    return text.slice(0, from) + flaws.join('\n') + text.slice(to)
  }
  return ''
}

async function endoflife(): Promise<string> {
  const result: unknown[] = []
  for await (const { name, bytes } of documentsIn(readFileSync(real('endoflife/products.tar.zst')), 'products')) {
    const [, front] = bytes.toString().split(/^---$/m)
    if (front === undefined || !name.endsWith('.md')) continue
    const { title, permalink, releases = [] } = parse(front)
    result.push({
      name: String(permalink).slice(1),
      label: title,
      releases: releases.map((one: { releaseCycle: string; eol: unknown; eoes: unknown }) => ({
        name: String(one.releaseCycle),
        eolFrom: typeof one.eol === 'string' ? one.eol : null,
        eoesFrom: typeof one.eoes === 'string' ? one.eoes : null,
      })),
    })
  }
  return JSON.stringify({ schema_version: '1.2.0', generated_at: '2026-08-22', result })
}

/** The day after: every percentile moves, and of the scores 5,000. */
function nextDay(file: string): Buffer {
  const next = random(3)
  const lines = gunzipSync(readFileSync(file)).toString().split('\n')
  const day = lines.map((line, index) => {
    if (index === 0) return line.replace(/score_date:\d{4}-\d\d-\d\d/, 'score_date:2026-08-17')
    const [cve = '', score = '', share = ''] = line.split(',')
    if (!cve.startsWith('CVE-')) return line
    const moved = next() < 5_000 / 360_000 ? Math.min(1, Number(score) + 0.00001).toFixed(5) : score
    return `${cve},${moved},${Math.min(1, Number(share) + 0.00001).toFixed(5)}`
  })
  return gzipSync(day.join('\n'))
}

// ---------------------------------------------------------------- measuring

interface Took {
  readonly s: number
  /** The longest turn of the event loop, ms. */
  readonly turn: number
}

/** Nanoseconds that this thread has had a processor, so that a busy machine makes no turn longer; elsewhere by the clock. */
function worked(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])
  } catch {
    return performance.now() * 1e6
  }
}

async function measured<T>(work: () => Promise<T>): Promise<Took & { readonly value: T }> {
  await sleep(100)
  let turn = 0
  let last = worked()
  const timer = setInterval(() => {
    const now = worked()
    turn = Math.max(turn, now - last)
    last = now
  }, 1)
  const start = performance.now()
  const value = await work()
  const s = (performance.now() - start) / 1_000
  await sleep(20)
  clearInterval(timer)
  return { value, s, turn: turn / 1e6 }
}

function shown(took: Took | null): string {
  if (took === null) return ' '.repeat(18)
  return `${took.s.toFixed(2).padStart(8)} s${took.turn.toFixed(0).padStart(5)} ms`
}

function columns(what: string, rows: string, took: readonly (Took | null)[]): void {
  console.log(`${what.padEnd(34)}${rows.padStart(9)}${took.map(shown).join(' ')}`)
}

async function fetched(feed: FeedConfig) {
  const config = { ...defaultConfig(folder, folder), feeds: { f: feed } }
  const [built] = buildFeeds(config, {}, () => new Date())
  const answer = await built?.fetch(null, signal)
  if (answer?.status !== 'fetched') throw new Error('It gave nothing.')
  return answer
}

async function stored(name: string, news: Awaited<ReturnType<typeof fetched>>): Promise<void> {
  const cursor = `${++saves}`
  await saveFeed(db, name, news, { now: new Date().toISOString(), cursor, rejected: news.rejected.length })
}

async function kind(name: string, first: FeedConfig, second: FeedConfig | null = null): Promise<void> {
  if (!name.includes(part)) return
  const read = await measured(() => fetched(first))
  const count = Object.values(read.value.content).reduce((sum, rows) => sum + rows.length, 0)
  const saved = await measured(() => stored(name, read.value))
  const again = await measured(() => stored(name, read.value))
  let next: Took | null = null
  if (second !== null) {
    const news = await fetched(second)
    next = await measured(() => stored(name, news))
  }
  columns(name, String(count), [read, saved, again, next])
}

/** What a vote's transaction is, to the database: a few statements and a commit. */
async function votesBeside(work: () => Promise<void>): Promise<readonly number[]> {
  const took: number[] = []
  const going = { on: true }
  async function votes(): Promise<void> {
    for (let index = 0; going.on; index++) {
      const start = performance.now()
      await db.transaction(async (tx) => {
        await tx.execute(`select name from sources limit 1`)
        await tx.execute(`insert into digests values ('bench', '${took.length}-${index}-${saves}')`)
      })
      took.push(performance.now() - start)
      await sleep(5)
    }
  }
  const voting = votes()
  await work()
  going.on = false
  await voting
  return took
}

const always = { allowShrinking: true, platforms: null } as const

try {
  console.log(
    `${''.padEnd(34)}${'rows'.padStart(9)}${['read', 'stored', 'the same again', 'the next edition'].map((one) => one.padStart(18)).join(' ')}`,
  )
  const epss = real('epss/epss_scores-asof-2026-08-16.csv.gz')
  const day = made('day.csv.gz', nextDay(epss))
  await kind('epss', { kind: 'epss', location: epss, ...always }, { kind: 'epss', location: day, ...always })
  await kind(
    'kev',
    { kind: 'kev', location: real('kev/kev_2025-08-25_cisagov.json.gz'), ...always },
    { kind: 'kev', location: real('kev/kev_2026-08-08.json.gz'), ...always },
  )
  await kind('debsecan', {
    kind: 'debsecan',
    release: 'bookworm',
    location: real('debian/debsecan-feed/bookworm'),
    ...always,
  })
  const list = made('DSA', unpacked(real('debian/tracker-2023-04/DSA-list.zst')))
  await kind('debian-advisories', { kind: 'debian-advisories', list: 'dsa', location: list, ...always })
  if ('debian-tracker'.includes(part))
    await kind(
      'debian-tracker, made',
      { kind: 'debian-tracker', location: made('tracker.json', tracker('1.2.3-1')), ...always },
      { kind: 'debian-tracker', location: made('tracker2.json', tracker('1.2.3-99')), ...always },
    )
  const alma = real('alma-osv/almalinux-osv-2026-08-21.tar.zst')
  await kind('osv, AlmaLinux', { kind: 'osv', ecosystem: 'AlmaLinux', location: alma, ...always })
  const elts = real('elts-osv/debian-elts-osv-2026-08-17.tar.zst')
  await kind('osv, Debian ELTS', { kind: 'osv', ecosystem: 'Debian', location: elts, ...always })
  const oval = real('ubuntu/com.ubuntu.mantic.usn.oval.xml.bz2')
  await kind('ubuntu-oval', { kind: 'ubuntu-oval', release: 'mantic', location: oval, ...always })
  if ('msrc, made'.includes(part)) {
    const months = path.dirname(made('months/2024-Mar.xml', await msrc()))
    await kind('msrc, made', { kind: 'msrc', since: '2024-01', location: months, ...always })
  }
  const wesng = real('msrc/wesng-definitions-before-2026-06-patch-tuesday.zip')
  await kind('wesng', { kind: 'wesng', location: wesng, ...always })
  const records = real('ssvc/vulnrichment_raw_sample.tar.zst')
  await kind('cve-records', { kind: 'cve-records', location: records, ...always })
  if ('nvd, made'.includes(part))
    await kind('nvd, made', { kind: 'nvd', part: '2025', location: made('nvd.json.gz', gzipSync(nvd())), ...always })
  if ('endoflife'.includes(part))
    await kind('endoflife', { kind: 'endoflife', location: made('eol.json', await endoflife()), ...always })
  if ('votes'.includes(part)) {
    const days = [epss, day, epss].map((location) => ({ kind: 'epss', location, ...always }) as const)
    const news = [await fetched(days[0] ?? never()), await fetched(days[1] ?? never())]
    for (const one of news) await stored('votes', one)
    const report = (what: string, took: readonly number[]) =>
      console.log(
        `${what.padEnd(34)}${[0.5, 0.99, 1].map((share) => percentile(took, share).toFixed(1).padStart(8)).join('')}`,
      )
    console.log(
      `\n${'A commit beside it, ms'.padEnd(34)}${['median', 'p99', 'max'].map((one) => one.padStart(8)).join('')}`,
    )
    report('nothing', await votesBeside(async () => void (await sleep(3_000))))
    for (const one of [...news, ...news]) report('a day of EPSS', await votesBeside(() => stored('votes', one)))
  }
} finally {
  await database.close()
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)

function never(): never {
  throw new Error('There is no such day.')
}
