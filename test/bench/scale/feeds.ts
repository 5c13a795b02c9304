/** What synthetic feeds say of the synthetic packages, as the readers of real feeds would give it. */

import type { Advisory, CveFacts, EpssScore, FeedContent, Fix, KevEntry } from '../../../src/core/catalog.ts'
import { random } from '../fleet.ts'
import type { Source, Universe } from './packages.ts'

/** Of a day of EPSS, as there are by now. */
export const EPSS_ROWS = 360_000
const OTHER_FACTS = 40_000
const OTHER_EXPLOITED = 1_400

export interface Feed {
  readonly name: string
  readonly content: FeedContent
  readonly saidAt?: string
}

/** All of them, with so many rows of EPSS; of the day before `now`, ISO 8601 UTC. */
export function createFeeds(universes: readonly Universe[], now: string, scores: number): readonly Feed[] {
  const day = daysBefore(now, 1)
  const advisories = (debian: boolean): Feed => {
    const mine = universes.filter((universe) => universe.debian === debian)
    const found = mine.flatMap((universe) => universe.sources.flatMap((source) => announced(universe, source, now)))
    return {
      name: debian ? 'debian-advisories' : 'almalinux-osv',
      content: { advisories: joined(found.map(({ notice }) => notice)), fixes: found.flatMap(({ fixes }) => fixes) },
    }
  }
  return [
    { name: 'vendor-tracker', content: { fixes: universes.flatMap(oldFixes) } },
    advisories(true),
    advisories(false),
    { name: 'kev', content: { kev: exploited(universes, now) }, saidAt: day },
    { name: 'cve-records', content: { cves: facts(universes, now) } },
    { name: 'epss', ...epssDay(universes, now, 0, scores) },
    { name: 'endoflife', content: { lifecycles: universes.map(lifecycleOf) } },
  ]
}

/** The flaws that the changed advisory fixes besides: feeds know them already. */
const NEW_CVES = Array.from({ length: 200 }, (_, at) => `CVE-2026-${900_000 + at}`)

/**
 * One advisory as it is changed: a package that every Debian host has gets a newer version, which fixes a flaw more. Three
 * of four hosts have it. `times`: so often it was changed by then.
 */
export function changedAdvisory(
  universes: readonly Universe[],
  now: string,
  times: number,
): Feed & { readonly records: readonly string[] } {
  const changed = universes.flatMap((universe) => {
    const { debian, common } = universe
    if (!debian) return []
    const version = (common.versions.at(-1) ?? '').replace(/u\d+$/, `u${3 + times}`)
    return [announcedAs(universe, { ...common, cves: [...common.cves, ...NEW_CVES.slice(0, times)] }, version, now)]
  })
  const advisories = joined(changed.map(({ notice }) => notice))
  return {
    name: 'debian-advisories',
    content: { advisories, fixes: changed.flatMap(({ fixes }) => fixes) },
    records: advisories.map(({ id }) => id),
  }
}

/** Each advisory once, with what it says of every platform. */
function joined(notices: readonly Advisory[]): readonly Advisory[] {
  const byId = new Map<string, Advisory>()
  for (const notice of notices) {
    const known = byId.get(notice.id)
    const fixes = [...(known?.fixes ?? []), ...notice.fixes]
    const cves = [...new Set([...(known?.cves ?? []), ...notice.cves])]
    byId.set(notice.id, { ...notice, cves, fixes })
  }
  return [...byId.values()]
}

function announced(universe: Universe, source: Source, now: string) {
  return source.advisory === null ? [] : [announcedAs(universe, source, source.versions.at(-1) ?? '', now)]
}

function announcedAs(
  { platform, debian }: Universe,
  source: Source,
  version: string,
  now: string,
): { readonly notice: Advisory; readonly fixes: readonly Fix[] } {
  const { name, advisory: id, fate, binaries, cves } = source
  if (id === null) throw new Error(`${name} has no advisory.`)
  const type = fate === 'bugfix' || fate === 'feature' ? fate : 'security'
  // Debian speaks of sources, RPM of binaries.
  const names = debian ? [name] : binaries
  const severity = debian ? null : fate === 'immediate' ? 'Critical' : 'Moderate'
  return {
    notice: {
      id,
      title: `${name} ${type} update`,
      published: daysBefore(now, 2 + (version.length % 40)),
      cves,
      fixes: names.map((item) => ({ platform, source: item, fixedVersion: version })),
      type,
      severity,
    },
    fixes: names.map((item) => ({
      platform,
      package: item,
      by: debian ? 'source' : 'binary',
      cves,
      fixedVersion: version,
      advisory: id,
      type,
      record: id,
    })),
  }
}

/** What was fixed before the oldest version that a host has, one record for each flaw; and flaws without a fix. */
function oldFixes({ platform, debian, sources }: Universe): readonly Fix[] {
  return sources.flatMap((source) =>
    source.oldCves.map(
      (cve, index): Fix => ({
        platform,
        package: debian ? source.name : (source.binaries[0] ?? source.name),
        by: debian ? 'source' : 'binary',
        cves: [cve],
        fixedVersion: index % 12 === 11 ? null : (source.versions[0] ?? '0'),
        record: `${cve} ${platform}`,
      }),
    ),
  )
}

function flaws(universes: readonly Universe[], fate: Source['fate']): readonly string[] {
  return universes.flatMap(({ sources }) =>
    sources.filter((source) => source.fate === fate).flatMap(({ cves }) => cves),
  )
}

function others(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `CVE-${2009 + (index % 17)}-${100_000 + index}`)
}

function exploited(universes: readonly Universe[], now: string): readonly KevEntry[] {
  const ours = universes.flatMap(({ sources }) =>
    sources.filter(({ fate }) => fate === 'immediate').flatMap(({ cves }) => cves.slice(0, 1)),
  )
  return [...ours, ...others(OTHER_EXPLOITED)].map((cve, index) => ({
    cve,
    dateAdded: daysBefore(now, 3 + (index % 200)),
    dueDate: daysBefore(now, -(10 + (index % 12))),
    ransomware: index % 5 === 0,
    name: `${cve} is exploited`,
  }))
}

/** SSVC points of most flaws, scores of all. What is routine is known to be so: who does not say is taken as careful. */
function facts(universes: readonly Universe[], now: string): readonly CveFacts[] {
  const date = daysBefore(now, 20)
  const fact = (cve: string, ssvc: CveFacts['ssvc'], score: number): CveFacts => ({
    cve,
    published: daysBefore(now, 25),
    rejected: false,
    ssvc,
    scores: [{ source: 'NVD', version: '3.1', score, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    exploited: null,
  })
  const none = { exploitation: 'none', automatable: 'no', technicalImpact: 'partial', date } as const
  const poc = { exploitation: 'poc', automatable: 'yes', technicalImpact: 'total', date } as const
  return [
    ...flaws(universes, 'immediate').map((cve) => fact(cve, poc, 9.8)),
    ...flaws(universes, 'out-of-cycle').map((cve, index) => fact(cve, index % 3 === 2 ? null : poc, 8.1)),
    ...[...flaws(universes, 'scheduled'), ...NEW_CVES].map((cve) => fact(cve, none, 6.5)),
    ...universes.flatMap(({ sources }) => sources.flatMap(({ oldCves }) => oldCves)).map((cve) => fact(cve, none, 7.5)),
    ...others(OTHER_FACTS).map((cve, index) => fact(cve, index % 4 === 0 ? null : none, 5 + (index % 50) / 10)),
  ]
}

/**
 * The scores of one day: 0 is the day before `now`, and so on. From one day to the next 15 % of the scores change, and
 * with them nearly all percentiles, because they are ranks.
 */
export function epssDay(
  universes: readonly Universe[],
  now: string,
  day: number,
  rows: number,
): { readonly content: FeedContent; readonly saidAt: string } {
  const ours = universes.flatMap(({ sources }) => sources.flatMap(({ cves, oldCves }) => [...cves, ...oldCves]))
  const known = [...new Set(ours)]
  const cves = [...known, ...others(Math.max(0, rows - known.length))]
  const first = random(77)
  const scores = Float64Array.from(cves, () => rounded(first() ** 6))
  for (let passed = 1; passed <= day; passed++) {
    const next = random(77 + passed)
    for (const [index, score] of scores.entries())
      if (next() < 0.15) scores[index] = rounded(Math.min(0.99, score * (0.8 + 0.4 * next()) + 0.0001))
  }
  const ranks = Float64Array.from(scores).sort()
  const date = daysBefore(now, 1 - day)
  const epss = cves.map((cve, index): EpssScore => {
    const score = scores[index] ?? 0
    return { cve, score, percentile: rounded(rankOf(ranks, score) / cves.length), model: 'v2025.03.14', date }
  })
  return { content: { epss }, saidAt: date }
}

/** How many of the sorted are at most that. */
function rankOf(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}

function rounded(value: number): number {
  return Math.round(value * 100_000) / 100_000
}

function lifecycleOf({ platform }: Universe) {
  const [name, release] = platform.split(':')
  return { platform, name: `${name} ${release}`, endOfSupport: '2030-06-30', endOfExtendedSupport: null }
}

function daysBefore(now: string, days: number): string {
  return new Date(Date.parse(now) - days * 86_400_000).toISOString().slice(0, 10)
}
