/** What feeds say, to be looked up by package and by CVE. It can be taught what changed, without being made again. */

import type { Advisory, CveFacts, EpssScore, FeedContent, Fix, KevEntry, Lifecycle, WindowsUpdate } from '../catalog.ts'
import type { CveEvidence } from '../priority/facts.ts'
import { createMatcher, type Matcher } from './matching.ts'
import { mergeUpdates } from './windows-updates.ts'

export interface CatalogView {
  readonly matcher: Matcher
  advisories(platform: string, source: string): readonly Advisory[]
  advisory(id: string): Advisory | null
  /** By KB. */
  windowsUpdates(platform: string): ReadonlyMap<string, WindowsUpdate>
  /** The same object until something else is known of the CVE. */
  about(cve: string): CveEvidence
  lifecycle(platform: string): Lifecycle | null
  /** CVEs of which something is known, or was asked. */
  cves(): Iterable<string>
  /** Forgets what feeds said of these packages (source or binary names). */
  forgetPackages(packages: ReadonlySet<string>): void
  /** All that feeds say of these packages, of which nothing is known; they may come in any number of portions. */
  takePackages(packages: ReadonlySet<string>, content: Pick<FeedContent, 'fixes' | 'advisories'>): void
  /** Puts these Windows updates and lifecycles in place of all that are known. */
  replacePlatforms(content: Pick<FeedContent, 'updates' | 'lifecycles'>): void
  /** Puts all that feeds say now of these CVEs in place of what they said before. Returns those of which it is another. */
  replaceCves(cves: Iterable<string>, content: AboutCves): ReadonlySet<string>
}

export type AboutCves = Pick<FeedContent, 'kev' | 'epss' | 'cves'>

interface Said {
  kev: KevEntry | null
  epss: EpssScore | null
  facts: CveFacts | null
}

/** An index over feed content. Later contents win where two speak of one CVE. */
export function catalogView(contents: readonly FeedContent[]): CatalogView {
  const matcher = createMatcher(fixesOf(contents))
  const advisories = new Map<string, Advisory[]>()
  const byId = new Map<string, Advisory>()
  const updates = new Map<string, WindowsUpdate[]>()
  const merged = new Map<string, ReadonlyMap<string, WindowsUpdate>>()
  const lifecycles = new Map<string, Lifecycle>()
  const known = new Map<string, CveEvidence>()

  function takeAdvisory(advisory: Advisory, only: ReadonlySet<string> | null): void {
    byId.set(advisory.id, advisory)
    for (const key of new Set(advisory.fixes.map((fix) => packageKey(fix.platform, fix.source))))
      if (only === null || only.has(sourceIn(key))) add(advisories, key, advisory)
  }

  function takeOthers({ updates: windows, lifecycles: lives }: Pick<FeedContent, 'updates' | 'lifecycles'>): void {
    for (const update of windows ?? []) add(updates, update.platform, update)
    for (const item of lives ?? []) lifecycles.set(item.platform, item)
  }

  function take(content: AboutCves): void {
    const said = new Map<string, Said>()
    const of = (cve: string): Said => {
      const one = said.get(cve) ?? { ...(known.get(cve) ?? nothingSaid) }
      said.set(cve, one)
      return one
    }
    for (const entry of content.kev ?? []) of(entry.cve).kev = entry
    for (const score of content.epss ?? []) of(score.cve).epss = score
    for (const item of content.cves ?? []) {
      const one = of(item.cve)
      one.facts = joinFacts(one.facts, item)
    }
    for (const [cve, one] of said) known.set(cve, { cve, kev: one.kev, epss: one.epss, facts: one.facts })
  }

  for (const content of contents) {
    for (const advisory of content.advisories ?? []) takeAdvisory(advisory, null)
    takeOthers(content)
    take(content)
  }

  return {
    matcher,
    advisories: (platform, source) => advisories.get(packageKey(platform, source)) ?? [],
    advisory: (id) => byId.get(id) ?? null,
    windowsUpdates(platform) {
      const there = merged.get(platform) ?? mergeUpdates(updates.get(platform) ?? [])
      merged.set(platform, there)
      return there
    },
    about(cve) {
      const there = known.get(cve) ?? { cve, ...nothingSaid }
      known.set(cve, there)
      return there
    },
    lifecycle: (platform) => lifecycles.get(platform) ?? null,
    cves: () => known.keys(),
    forgetPackages(packages) {
      matcher.forget(packages)
      for (const [key, list] of advisories) {
        if (!packages.has(sourceIn(key))) continue
        for (const { id } of list) byId.delete(id)
        advisories.delete(key)
      }
    },
    takePackages(packages, content) {
      matcher.take(content.fixes ?? [])
      for (const advisory of content.advisories ?? []) takeAdvisory(advisory, packages)
    },
    replacePlatforms(content) {
      updates.clear()
      merged.clear()
      lifecycles.clear()
      takeOthers(content)
    },
    replaceCves(cves, content) {
      const before = new Map<string, CveEvidence>()
      for (const cve of cves) {
        const there = known.get(cve)
        if (there === undefined) continue
        before.set(cve, there)
        known.delete(cve)
      }
      take(content)
      const changed = new Set<string>()
      for (const [cve, there] of before) {
        const now = known.get(cve) ?? { cve, ...nothingSaid }
        if (JSON.stringify(now) === JSON.stringify(there)) known.set(cve, there)
        else changed.add(cve)
      }
      for (const { cve } of [...(content.kev ?? []), ...(content.epss ?? []), ...(content.cves ?? [])])
        if (!before.has(cve)) changed.add(cve)
      return changed
    },
  }
}

const nothingSaid: Readonly<Said> = { kev: null, epss: null, facts: null }

function* fixesOf(contents: readonly FeedContent[]): Generator<Fix> {
  for (const { fixes } of contents) if (fixes !== undefined) yield* fixes
}

function packageKey(platform: string, source: string): string {
  return `${platform} ${source}`
}

function sourceIn(key: string): string {
  return key.slice(key.indexOf(' ') + 1)
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** What several feeds say of one CVE: the newest SSVC points, every score once, the first publication. */
function joinFacts(a: CveFacts | null, b: CveFacts): CveFacts {
  if (a === null) return b
  const newer = (b.ssvc?.date ?? '') >= (a.ssvc?.date ?? '') ? (b.ssvc ?? a.ssvc) : (a.ssvc ?? b.ssvc)
  const scores = new Map([...a.scores, ...b.scores].map((score) => [`${score.source} ${score.version}`, score]))
  return {
    cve: a.cve,
    published: earliest(a.published, b.published),
    rejected: a.rejected || b.rejected,
    ssvc: newer,
    scores: [...scores.values()],
    exploited: earliest(a.exploited, b.exploited),
  }
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}
