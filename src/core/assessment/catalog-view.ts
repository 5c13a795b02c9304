/** An index of what feeds say, by package and by CVE. It can take changes without being built again. */

import type { Advisory, CveFacts, EpssScore, FeedContent, Fix, KevEntry, Lifecycle, WindowsUpdate } from '../catalog.ts'
import type { CveEvidence } from '../priority/facts.ts'
import { afterBranch, platformsOf } from '../streams.ts'
import { createMatcher, type Matcher } from './matching.ts'
import type { KnownUpdate } from './windows-kinds.ts'
import { mergeUpdates } from './windows-updates.ts'

export interface CatalogView {
  readonly matcher: Matcher
  advisories(platform: string, source: string): readonly Advisory[]
  advisory(id: string): Advisory | null
  /** Updates by their KB. */
  windowsUpdates(platform: string): ReadonlyMap<string, KnownUpdate>
  /** What is known about the CVE. The same object is returned until that changes. */
  about(cve: string): CveEvidence
  /** Whether the CVE is no flaw, because it was withdrawn by whoever assigned it. */
  isRejected(cve: string): boolean
  lifecycle(platform: string): Lifecycle | null
  /** CVEs about which something is known or that were asked for. */
  cves(): Iterable<string>
  /** Forgets what feeds said about these packages (source or binary names). */
  forgetPackages(packages: ReadonlySet<string>): void
  /**
   * Adds everything that feeds say about these packages. Nothing about them may be known before. May be called several
   * times, with a part each time.
   */
  takePackages(packages: ReadonlySet<string>, content: Pick<FeedContent, 'fixes' | 'advisories'>): void
  /** Replaces all known Windows updates and lifecycles by these. */
  replacePlatforms(content: Pick<FeedContent, 'updates' | 'lifecycles'>): void
  /** Replaces what feeds said about these CVEs by what they say now. */
  replaceCves(cves: Iterable<string>, content: AboutCves): CvesReplaced
}

export interface CvesReplaced {
  /** The CVEs for which something changed. */
  readonly changed: ReadonlySet<string>
  /** Packages (source or binary names, KBs) that miss something else now, because a CVE was rejected or is valid again. */
  readonly packages: ReadonlySet<string>
}

export type AboutCves = Pick<FeedContent, 'kev' | 'epss' | 'cves'>

interface Said {
  kev: KevEntry | null
  epss: EpssScore | null
  facts: CveFacts | null
}

interface Index {
  readonly matcher: Matcher
  /** By platform and source. */
  readonly advisories: Map<string, Advisory[]>
  readonly advisoryById: Map<string, Advisory>
  /** By platform, unmerged, as feeds give them. */
  readonly updates: Map<string, WindowsUpdate[]>
  /** By platform, one merged update per KB. */
  readonly mergedUpdates: Map<string, ReadonlyMap<string, KnownUpdate>>
  readonly lifecycles: Map<string, Lifecycle>
  readonly cves: Map<string, CveEvidence>
}

/** Builds the index from feed contents. If two contents describe the same CVE, the later one wins. */
export function catalogView(contents: readonly FeedContent[]): CatalogView {
  const cves: Index['cves'] = new Map()
  const index: Index = {
    matcher: createMatcher(fixesOf(contents), (cve) => isRejected(evidenceOf({ cves }, cve))),
    advisories: new Map(),
    advisoryById: new Map(),
    updates: new Map(),
    mergedUpdates: new Map(),
    lifecycles: new Map(),
    cves,
  }
  for (const content of contents) {
    for (const advisory of content.advisories ?? []) takeAdvisory(index, advisory, null)
    takePlatforms(index, content)
    takeCves(index, content)
  }
  return {
    matcher: index.matcher,
    advisories: (platform, source) => advisoriesOf(index, platform, source),
    advisory: (id) => index.advisoryById.get(id) ?? null,
    windowsUpdates: (platform) => windowsUpdatesOf(index, platform),
    about: (cve) => evidenceOf(index, cve),
    isRejected: (cve) => isRejected(evidenceOf(index, cve)),
    lifecycle: (platform) => {
      for (const one of platformsOf(platform)) {
        const known = index.lifecycles.get(one)
        if (known !== undefined) return known
      }
      return null
    },
    cves: () => index.cves.keys(),
    forgetPackages: (packages) => forgetPackages(index, packages),
    takePackages(packages, content) {
      index.matcher.take(content.fixes ?? [])
      for (const advisory of content.advisories ?? []) takeAdvisory(index, advisory, packages)
    },
    replacePlatforms(content) {
      index.updates.clear()
      index.mergedUpdates.clear()
      index.lifecycles.clear()
      takePlatforms(index, content)
    },
    replaceCves: (cves, content) => replaceCves(index, cves, content),
  }
}

/** `only`: index the advisory for these sources only; `null`: for all of its sources. */
function takeAdvisory(index: Index, advisory: Advisory, only: ReadonlySet<string> | null): void {
  index.advisoryById.set(advisory.id, advisory)
  for (const key of new Set(advisory.fixes.map((fix) => packageKey(fix.platform, fix.source))))
    if (only === null || only.has(sourceIn(key))) add(index.advisories, key, advisory)
}

/** Of an extended stream, also the notices of the main platform from before it branched off. */
function advisoriesOf({ advisories }: Index, platform: string, source: string): readonly Advisory[] {
  const [, ...others] = platformsOf(platform)
  const own = advisories.get(packageKey(platform, source)) ?? []
  if (others.length === 0) return own
  const isAfterBranch = afterBranch(platform)
  const before = others.flatMap((other) =>
    (advisories.get(packageKey(other, source)) ?? []).filter(({ fixes }) =>
      fixes.some(
        (fix) =>
          fix.platform === other &&
          fix.source === source &&
          !isAfterBranch({ platform: other, version: fix.fixedVersion }),
      ),
    ),
  )
  return [...new Set([...own, ...before])]
}

function takePlatforms(index: Index, { updates, lifecycles }: Pick<FeedContent, 'updates' | 'lifecycles'>): void {
  for (const update of updates ?? []) add(index.updates, update.platform, update)
  for (const lifecycle of lifecycles ?? []) index.lifecycles.set(lifecycle.platform, lifecycle)
}

function takeCves(index: Index, { kev, epss, cves }: AboutCves): void {
  const said = new Map<string, Said>()
  const of = (cve: string): Said => {
    const one = said.get(cve) ?? { ...(index.cves.get(cve) ?? nothingSaid) }
    said.set(cve, one)
    return one
  }
  for (const entry of kev ?? []) of(entry.cve).kev = entry
  for (const score of epss ?? []) of(score.cve).epss = score
  for (const facts of cves ?? []) {
    const one = of(facts.cve)
    one.facts = joinFacts(one.facts, facts)
  }
  for (const [cve, one] of said) index.cves.set(cve, { cve, kev: one.kev, epss: one.epss, facts: one.facts })
}

function windowsUpdatesOf(index: Index, platform: string): ReadonlyMap<string, KnownUpdate> {
  const { updates, mergedUpdates } = index
  const there = mergedUpdates.get(platform) ?? mergeUpdates((updates.get(platform) ?? []).map(validOnly(index)))
  mergedUpdates.set(platform, there)
  return there
}

/** An update without the CVEs that were rejected. */
function validOnly(index: Index): (update: WindowsUpdate) => WindowsUpdate {
  return (update) => {
    const cves = update.cves.filter((cve) => !isRejected(evidenceOf(index, cve)))
    return cves.length === update.cves.length ? update : { ...update, cves }
  }
}

/** Whether whoever assigned the CVE has withdrawn it. What is known to be exploited is a flaw all the same. */
function isRejected({ facts, kev }: CveEvidence): boolean {
  return facts?.rejected === true && kev === null && facts.exploited === null
}

function evidenceOf({ cves }: Pick<Index, 'cves'>, cve: string): CveEvidence {
  const there = cves.get(cve) ?? { cve, ...nothingSaid }
  cves.set(cve, there)
  return there
}

function forgetPackages({ matcher, advisories, advisoryById }: Index, packages: ReadonlySet<string>): void {
  matcher.forget(packages)
  for (const [key, list] of advisories) {
    if (!packages.has(sourceIn(key))) continue
    for (const { id } of list) advisoryById.delete(id)
    advisories.delete(key)
  }
}

function replaceCves(index: Index, cves: Iterable<string>, content: AboutCves): CvesReplaced {
  const before = new Map<string, CveEvidence>()
  for (const cve of cves) {
    const there = index.cves.get(cve)
    if (there === undefined) continue
    before.set(cve, there)
    index.cves.delete(cve)
  }
  takeCves(index, content)
  const changed = new Set<string>()
  for (const [cve, there] of before) {
    const now = index.cves.get(cve) ?? { cve, ...nothingSaid }
    if (JSON.stringify(now) === JSON.stringify(there)) index.cves.set(cve, there)
    else changed.add(cve)
  }
  for (const { cve } of [...(content.kev ?? []), ...(content.epss ?? []), ...(content.cves ?? [])])
    if (!before.has(cve)) changed.add(cve)
  const flipped = new Set<string>()
  for (const cve of changed) {
    const [was, now] = [before.get(cve), index.cves.get(cve)]
    if ((was !== undefined && isRejected(was)) !== (now !== undefined && isRejected(now))) flipped.add(cve)
  }
  return { changed, packages: flipped.size === 0 ? flipped : reconsider(index, flipped) }
}

function reconsider({ matcher, updates, mergedUpdates }: Index, cves: ReadonlySet<string>): ReadonlySet<string> {
  const packages = new Set(matcher.reconsider(cves))
  mergedUpdates.clear()
  for (const list of updates.values())
    for (const update of list) if (update.cves.some((cve) => cves.has(cve))) packages.add(update.kb)
  return packages
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

/** Joins what several feeds say about one CVE: the newest SSVC points, each score once, the earliest publication. */
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
