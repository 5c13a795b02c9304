/**
 * How well an order of CVEs puts those first that CISA will list as exploited. At each date the candidates are the CVEs
 * published in the 90 days before, with a CVSS score, not listed yet; right is what is listed within 30 days. Dates up to
 * 2025-06 were used to choose the weights of core/priority/order.ts; dates from 2025-07 on were not, and are what counts.
 * Needs the folder of real data that docs/testing.md tells of.
 */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { likelihood } from '../../src/core/priority/order.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { unpacked } from './fleet.ts'

const DAY = 86_400_000
const CANDIDATE_DAYS = 90
const HORIZON_DAYS = 30
const cuts = [0.01, 0.05, 0.1, 0.25]
/** The first date that the weights have not seen. */
const HELD_OUT = '2025-07-01'

const paths = {
  cvss: sharedData('cvss/nvd_cvss_2026-04-16.csv.zst'),
  changes: sharedData('epss/epss_changes_2024-03-28_2026-08-16.csv.zst'),
  crawls: sharedData('epss/snapshots.csv'),
  kev: sharedData('kev/kev_2026-08-08.json.gz'),
  history: sharedData('kev/kev_history_changes.csv.gz'),
}
if (Object.values(paths).includes(null)) process.exit(0) // said by sharedData

interface Candidate {
  readonly cve: string
  readonly published: string
  readonly cvss: number
  readonly listed: string | null
  /** Date (yymmdd) and score, in order. */
  readonly scores: readonly (readonly [number, number])[]
}

const listed = readListed()
const candidates = readCandidates()
const dates = rows(readFileSync(paths.crawls ?? '', 'utf8'))
  .map((row) => row.crawl_date ?? '')
  .filter((date) => date >= '2024-06-01' && date <= '2026-04-16')

type Order = (candidate: Candidate, epss: number | null, date: string) => number
const orders: Readonly<Record<string, Order>> = {
  CVSS: ({ cvss }) => cvss,
  EPSS: (_, epss) => epss ?? -1,
  'CVSS at least 7, then EPSS': ({ cvss }, epss) => (cvss >= 7 ? 10 : 0) + (epss ?? 0),
  'our order': ({ cve, cvss, published }, epss, date) =>
    likelihood(
      {
        cve,
        kev: null,
        epss: epss === null ? null : { cve, score: epss, percentile: 0, model: '', date },
        facts: {
          cve,
          published,
          rejected: false,
          ssvc: null,
          scores: [{ source: 'NVD', version: '3.1', score: cvss, vector: '' }],
          exploited: null,
        },
      },
      date,
    ),
}

report(
  'every fourth week to 2025-06, which the weights were chosen on',
  dates.filter((date, index) => index % 4 === 0 && date < HELD_OUT),
)
report(
  'every fourth week from 2025-07, which they have not seen',
  dates.filter((date, index) => index % 4 === 0 && date >= HELD_OUT),
)
report(
  'every fourth week, all dates',
  dates.filter((_, index) => index % 4 === 0),
)
report(
  'every week from 2025-07 (the same CVEs count several times)',
  dates.filter((date) => date >= HELD_OUT),
)

function report(title: string, chosen: readonly string[]): void {
  const sums = new Map(Object.keys(orders).map((name) => [name, { hits: cuts.map(() => 0), auc: 0 }]))
  let right = 0
  let all = 0
  for (const date of chosen) {
    const end = shift(date, HORIZON_DAYS)
    const start = shift(date, -CANDIDATE_DAYS)
    const pool = candidates.filter(
      (one) => one.published >= start && one.published <= date && (one.listed === null || one.listed > date),
    )
    const isRight = pool.map((one) => one.listed !== null && one.listed <= end)
    const scores = pool.map((one) => scoreAt(one, date))
    const count = isRight.filter(Boolean).length
    right += count
    all += pool.length
    if (count === 0) continue
    for (const [name, order] of Object.entries(orders)) {
      const sum = sums.get(name)
      if (!sum) continue
      const values = pool.map((one, index) => order(one, scores[index] ?? null, date))
      const ranked = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
      for (const [index, cut] of cuts.entries()) {
        const top = ranked.slice(0, Math.floor(pool.length * cut))
        sum.hits[index] = (sum.hits[index] ?? 0) + top.filter((place) => isRight[place]).length
      }
      sum.auc += auc(values, isRight) * count
    }
  }
  console.log(`\n${title}\n${chosen.length} dates, ${all} candidates, ${right} listed within ${HORIZON_DAYS} days`)
  console.log(`${''.padEnd(28)}${cuts.map((cut) => `recall@${cut * 100}%`.padStart(12)).join('')}${'AUC'.padStart(8)}`)
  for (const [name, { hits, auc: area }] of sums)
    console.log(
      `${name.padEnd(28)}${hits.map((hit) => (hit / right).toFixed(3).padStart(12)).join('')}${(area / right).toFixed(3).padStart(8)}`,
    )
  console.log(
    `one listing is ${(100 / right).toFixed(1)} points; the standard error of a recall of one half is ${(50 / Math.sqrt(right)).toFixed(1)} points`,
  )
}

/** The share of pairs (right, wrong) that are in order; ties count half. */
function auc(values: readonly number[], isRight: readonly boolean[]): number {
  const ranked = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  let ranks = 0
  let count = 0
  for (let from = 0; from < ranked.length; ) {
    let to = from
    while (to < ranked.length && values[ranked[to] ?? 0] === values[ranked[from] ?? 0]) to++
    for (let at = from; at < to; at++) {
      if (!isRight[ranked[at] ?? 0]) continue
      ranks += (from + to + 1) / 2
      count++
    }
    from = to
  }
  return (ranks - (count * (count + 1)) / 2) / (count * (values.length - count))
}

function shift(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10)
}

/** The score that was known on that day; `null` for a CVE that had none yet. */
function scoreAt({ scores }: Candidate, date: string): number | null {
  const day = Number(date.slice(2).replaceAll('-', ''))
  let known: number | null = null
  for (const [from, score] of scores) if (from <= day) known = score
  return known
}

function rows(text: string): Record<string, string | undefined>[] {
  return parse(text, { columns: true, relax_column_count: true, relax_quotes: true })
}

/** When each CVE was listed, also those that were taken back later. */
function readListed(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const catalog: { vulnerabilities: { cveID: string; dateAdded: string }[] } = JSON.parse(
    gunzipSync(readFileSync(paths.kev ?? '')).toString(),
  )
  for (const { cveID, dateAdded } of catalog.vulnerabilities) found.set(cveID, dateAdded)
  for (const { cve = '', field, old = '' } of rows(gunzipSync(readFileSync(paths.history ?? '')).toString()))
    if (field === 'ADDED' && !found.has(cve)) found.set(cve, old)
  return found
}

function readCandidates(): readonly Candidate[] {
  const scores = new Map<string, [number, number][]>()
  const wanted = new Map<string, Omit<Candidate, 'scores'>>()
  for (const row of rows(unpacked(paths.cvss ?? ''))) {
    const { cve = '', published = '' } = row
    const cvss = Number(row.cvss_score || row.ghsa_cvss || Number.NaN)
    if (published < '2024-02' || Number.isNaN(cvss)) continue
    wanted.set(cve, { cve, published: published.slice(0, 10), cvss, listed: listed.get(cve) ?? null })
  }
  for (const line of unpacked(paths.changes ?? '').split('\n')) {
    const [number = '', day = '', score = ''] = line.split(',')
    const cve = `CVE-${number}`
    if (!wanted.has(cve)) continue
    const own = scores.get(cve)
    const change: [number, number] = [Number(day), Number(score) / 100_000]
    if (own) own.push(change)
    else scores.set(cve, [change])
  }
  return [...wanted.values()].map((one) => ({ ...one, scores: scores.get(one.cve) ?? [] }))
}
