/** Inventory against catalog: what each asset misses, and how urgent it is. */

import type { Asset, AssetSnapshot } from './asset.ts'
import type {
  Advisory,
  CveFacts,
  EpssScore,
  FeedContent,
  Fix,
  KevEntry,
  Lifecycle,
  PackageChange,
  Patch,
  WindowsUpdate,
} from './catalog.ts'
import { createMatcher, type Matcher } from './matching.ts'
import { type Held, isManaged, type Missing, missingUpdates, type Update } from './missing-updates.ts'
import { patchType } from './patch-type.ts'
import {
  type CveEvidence,
  type DueDays,
  defaultDueDays,
  dueAt,
  type Judgement,
  judge,
  judgeWithoutCve,
  kindOf,
  moreUrgent,
  type PriorityDefaults,
} from './priority/facts.ts'
import { likelihood, urgency } from './priority/order.ts'
import { type PriorityEvidence, priorityRank } from './priority/priority.ts'
import type { PriorityRule } from './priority/rule.ts'
import { thirdParty } from './third-party.ts'
import { mergeUpdates } from './windows-updates.ts'

export interface CatalogView {
  readonly matcher: Matcher
  advisories(platform: string, source: string): readonly Advisory[]
  advisory(id: string): Advisory | null
  /** By KB. */
  windowsUpdates(platform: string): ReadonlyMap<string, WindowsUpdate>
  about(cve: string): CveEvidence
  lifecycle(platform: string): Lifecycle | null
}

export interface AssessedAsset {
  readonly asset: Asset
  readonly observedAt: string
  /** Ids of the patches it misses. */
  readonly patches: readonly string[]
  readonly changes: readonly PackageChange[]
  /** Newer versions exist, and its package manager will not install them. */
  readonly held: readonly Held[]
  /** Packages that another vendor built, whose versions the platform's security data cannot judge. */
  readonly notAssessed: readonly { readonly name: string; readonly builder: string }[]
}

export interface Assessment {
  /** Most urgent first. */
  readonly patches: readonly Patch[]
  readonly assets: readonly AssessedAsset[]
}

/** An index over feed content, for lookups by package and CVE. Later contents win where two speak of one CVE. */
export function catalogView(contents: readonly FeedContent[]): CatalogView {
  const advisories = new Map<string, Advisory[]>()
  const byId = new Map<string, Advisory>()
  const updates = new Map<string, WindowsUpdate[]>()
  const kev = new Map<string, KevEntry>()
  const epss = new Map<string, EpssScore>()
  const facts = new Map<string, CveFacts>()
  const lifecycles = new Map<string, Lifecycle>()
  const fixes: Fix[] = []
  for (const content of contents) {
    for (const fix of content.fixes ?? []) fixes.push(fix)
    for (const advisory of content.advisories ?? []) {
      byId.set(advisory.id, advisory)
      for (const key of new Set(advisory.fixes.map((fix) => `${fix.platform} ${fix.source}`)))
        add(advisories, key, advisory)
    }
    for (const update of content.updates ?? []) add(updates, update.platform, update)
    for (const entry of content.kev ?? []) kev.set(entry.cve, entry)
    for (const score of content.epss ?? []) epss.set(score.cve, score)
    for (const item of content.cves ?? []) facts.set(item.cve, joinFacts(facts.get(item.cve), item))
    for (const item of content.lifecycles ?? []) lifecycles.set(item.platform, item)
  }
  const merged = new Map<string, ReadonlyMap<string, WindowsUpdate>>()
  return {
    matcher: createMatcher(fixes),
    advisories: (platform, source) => advisories.get(`${platform} ${source}`) ?? [],
    advisory: (id) => byId.get(id) ?? null,
    windowsUpdates: (platform) => {
      const known = merged.get(platform) ?? mergeUpdates(updates.get(platform) ?? [])
      merged.set(platform, known)
      return known
    },
    about: (cve) => ({
      cve,
      kev: kev.get(cve) ?? null,
      epss: epss.get(cve) ?? null,
      facts: facts.get(cve) ?? null,
    }),
    lifecycle: (platform) => lifecycles.get(platform) ?? null,
  }
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** What several feeds say of one CVE: the newest SSVC points, every score once, the first publication. */
function joinFacts(a: CveFacts | undefined, b: CveFacts): CveFacts {
  if (a === undefined) return b
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

export interface AssessOptions {
  readonly snapshots: readonly AssetSnapshot[]
  readonly catalog: CatalogView
  /** The table that judges. */
  readonly rule: PriorityRule
  /** ISO 8601. */
  readonly now: string
  /** When each patch was first seen to be missing, by its id; ISO 8601. One that is not listed is seen now. */
  readonly firstSeen?: ReadonlyMap<string, string>
  readonly dueDays?: DueDays
  readonly defaults?: PriorityDefaults
  /** `missingAlike` of the same, where it is known already. */
  readonly alike?: MissingAlike
}

/** What is missed, with the assets that miss exactly that. */
export type MissingAlike = ReadonlyMap<Missing, readonly AssetSnapshot[]>

/** Assets by what they miss: equal software of one platform is looked up once. */
export function missingAlike(snapshots: readonly AssetSnapshot[], catalog: CatalogView): MissingAlike {
  const groups = new Map<Missing, AssetSnapshot[]>()
  const known = new Map<string, Map<unknown, Missing>>()
  for (const snapshot of snapshots) {
    const found = missing(snapshot, catalog, known)
    const alike = groups.get(found)
    if (alike) alike.push(snapshot)
    else groups.set(found, [snapshot])
  }
  return groups
}

export function assess(options: AssessOptions): Assessment {
  const { snapshots, catalog } = options
  const found = new Map<string, Found>()
  const assessed = new Map<string, AssessedAsset>()
  for (const [{ updates, held }, alike] of options.alike ?? missingAlike(snapshots, catalog)) {
    const assets = alike.map((snapshot) => snapshot.asset)
    const contexts = contextsOf(assets)
    const changes = new Map<string, PackageChange>()
    for (const update of updates) {
      const key = patchId(update)
      const patch = found.get(key) ?? { id: key, updates: [] }
      found.set(key, patch)
      patch.updates.push({ ...update, assets, contexts })
      for (const change of update.changes) changes.set(`${change.name} ${change.architecture}`, change)
    }
    const same = {
      patches: updates.map(patchId).sort(),
      changes: [...changes.values()].sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture)),
      held,
    }
    const others = new Map<unknown, AssessedAsset['notAssessed']>()
    for (const { asset, observedAt, packages } of alike) {
      const notAssessed = others.get(packages) ?? builtByOthers(asset.platform, packages)
      others.set(packages, notAssessed)
      assessed.set(asset.id, { asset, observedAt, ...same, notAssessed })
    }
  }
  const patches = [...found.values()].map((item) => toPatch(item, options))
  return {
    patches: patches.sort(mostUrgentFirst),
    assets: snapshots.flatMap((snapshot) => assessed.get(snapshot.asset.id) ?? []),
  }
}

function builtByOthers(platform: string, packages: AssetSnapshot['packages']): AssessedAsset['notAssessed'] {
  return packages.flatMap((item) => {
    const builder = thirdParty(platform, item)
    return builder === null ? [] : [{ name: item.name, builder }]
  })
}

/** One asset for each exposure and criticality that there is: judgement looks at nothing else of them. */
function contextsOf(assets: readonly Asset[]): readonly Asset[] {
  const kinds = new Map<string, Asset>()
  for (const asset of assets) {
    const key = `${asset.exposure} ${asset.criticality}`
    if (!kinds.has(key)) kinds.set(key, asset)
  }
  return [...kinds.values()]
}

/** Assets with the same packages, of which their package manager says the same, miss the same: they are asked once. */
function missing(snapshot: AssetSnapshot, catalog: CatalogView, known: Map<string, Map<unknown, Missing>>): Missing {
  const key = `${snapshot.asset.platform} ${isManaged(snapshot) ? JSON.stringify(snapshot.pending) : ''}`
  const ofPlatform = known.get(key) ?? new Map<unknown, Missing>()
  known.set(key, ofPlatform)
  const found = ofPlatform.get(snapshot.packages) ?? missingUpdates(snapshot, catalog)
  ofPlatform.set(snapshot.packages, found)
  return found
}

/** One assessment of several: a patch that two of them judge counts as the more urgent. */
export function joinAssessments(parts: Iterable<Assessment>): Assessment {
  const patches = new Map<string, Patch>()
  const assets: AssessedAsset[] = []
  for (const part of parts) {
    for (const patch of part.patches) {
      const known = patches.get(patch.id)
      if (known === undefined || mostUrgentFirst(patch, known) < 0) patches.set(patch.id, patch)
    }
    for (const asset of part.assets) assets.push(asset)
  }
  return { patches: [...patches.values()].sort(mostUrgentFirst), assets }
}

/** By priority, then by what is likely to be exploited where it hurts. */
export function mostUrgentFirst(a: Patch, b: Patch): number {
  return (
    priorityRank(a.priority) - priorityRank(b.priority) ||
    (b.urgency ?? 0) - (a.urgency ?? 0) ||
    b.cves.length - a.cves.length ||
    order(a.id, b.id)
  )
}

interface Found {
  readonly id: string
  /** Each with the assets that miss it. */
  readonly updates: (Update & { readonly assets: readonly Asset[]; readonly contexts: readonly Asset[] })[]
}

function patchId(update: Update): string {
  return `${update.platform}/${update.source}/${update.version}`
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function toPatch(found: Found, options: AssessOptions): Patch {
  const { catalog, now } = options
  const first = found.updates[0]
  if (!first) throw new Error(`Patch ${found.id} has no asset.`)
  const cves = distinct(found.updates, 'cves').sort(newestCveFirst)
  const origins = distinct(found.updates, 'origins').sort()
  const from = first.changes.find((change) => change.from !== null)?.from ?? null
  const type =
    first.type ??
    patchType({
      security: found.updates.some((update) => update.security),
      cves: cves.length,
      from,
      to: first.version,
    })
  const judgement = judgeAll(found, options) ?? judgeWithoutCve(type, origins)
  const packages = new Map<string, { name: string; architecture: string; to: string }>()
  for (const { changes } of found.updates) {
    for (const { name, architecture, to } of changes)
      packages.set(`${name} ${architecture}`, { name, architecture, to })
  }
  const notices = noticesOf(found, cves, catalog)
  const published = notices.flatMap((notice) => (notice.published === null ? [] : [notice.published])).sort()
  const seen = options.firstSeen?.get(found.id) ?? now
  const since = published[0] === undefined ? seen : new Date(`${published[0].slice(0, 10)}T00:00:00Z`).toISOString()
  const exploited = cves.flatMap((cve) => catalog.about(cve).kev ?? [])
  const due = dueAt(judgement, since, options.dueDays ?? defaultDueDays, exploited)
  let likeliest = Number.NEGATIVE_INFINITY
  for (const cve of cves) likeliest = Math.max(likeliest, likelihood(catalog.about(cve), now))
  return {
    id: found.id,
    platform: first.platform,
    source: first.source,
    type,
    version: first.version,
    packages: [...packages.values()].sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture)),
    cves,
    advisories: [...new Set([...notices.map((notice) => notice.id), ...distinct(found.updates, 'advisories')])].sort(),
    origins,
    priority: judgement.priority,
    evidence: [
      ...judgement.evidence,
      ...vendorSeverity(notices),
      ...endOfSupport(first.platform, catalog.lifecycle(first.platform), now),
    ],
    assumptions: judgement.assumptions,
    dueAt: due?.at ?? null,
    ...(due === null ? {} : { dueRule: due.rule }),
    ...(judgement.outcome.also === undefined ? {} : { also: judgement.outcome.also }),
    ...(judgement.turns.length === 0 ? {} : { turns: judgement.turns }),
    ...(cves.length === 0
      ? {}
      : {
          urgency: urgency(
            likeliest,
            found.updates.flatMap((update) => update.assets),
          ),
        }),
  }
}

function distinct(updates: Found['updates'], key: 'cves' | 'origins' | 'advisories'): string[] {
  const all = new Set<string>()
  for (const update of updates) for (const value of update[key]) all.add(value)
  return [...all]
}

function noticesOf({ updates }: Found, cves: readonly string[], catalog: CatalogView): readonly Advisory[] {
  const [first] = updates
  if (!first) return []
  const mended = new Set(cves)
  const named = new Map<string, Advisory>()
  for (const id of updates.flatMap((update) => update.advisories)) {
    const notice = catalog.advisory(id)
    if (notice !== null) named.set(id, notice)
  }
  for (const notice of catalog.advisories(first.platform, first.source)) {
    const same = notice.fixes.some((fix) => fix.source === first.source && fix.fixedVersion === first.version)
    if (same || notice.cves.some((cve) => mended.has(cve))) named.set(notice.id, notice)
  }
  return [...named.values()]
}

function vendorSeverity(notices: readonly Advisory[]): readonly PriorityEvidence[] {
  const rated = notices.filter((notice) => notice.severity)
  const [notice] = rated
  if (notice?.severity === undefined || notice.severity === null) return []
  return [
    {
      fact: 'Vendor severity',
      value: `${notice.severity} (${notice.id})`,
      source: 'the advisory',
      date: notice.published?.slice(0, 10) ?? null,
      note: rated.length > 1 ? `and ${rated.length - 1} more advisories` : null,
    },
  ]
}

/** A platform that nobody mends any more is evidence for moving off it, and against counting on the next fix. */
function endOfSupport(platform: string, lifecycle: Lifecycle | null, now: string): readonly PriorityEvidence[] {
  if (lifecycle?.endOfSupport == null || lifecycle.endOfSupport > now.slice(0, 10)) return []
  const { name, endOfSupport: date, endOfExtendedSupport: extended } = lifecycle
  const still = extended !== null && extended > now.slice(0, 10)
  return [
    {
      fact: 'Platform support',
      value: `${name || platform} is out of regular support`,
      source: 'endoflife.date',
      date,
      note: still ? `extended support ends ${extended}` : 'extended support has ended too, or there is none',
    },
  ]
}

/** The most urgent judgement over every CVE and asset; the evidence is that of the one that decided. */
function judgeAll(found: Found, { catalog, defaults, rule }: AssessOptions): Judgement | null {
  const assumed = defaults ?? { exposure: 'open', criticality: 'medium' }
  const contexts = new Map<string, { readonly asset: Asset; readonly cves: Set<string> }>()
  for (const { contexts: kinds, cves } of found.updates) {
    for (const asset of kinds) {
      const key = `${asset.exposure} ${asset.criticality}`
      const context = contexts.get(key) ?? { asset, cves: new Set() }
      contexts.set(key, context)
      for (const cve of cves) context.cves.add(cve)
    }
  }
  let worst: Judgement | null = null
  for (const { asset, cves } of contexts.values()) {
    for (const about of likeliestOfEachKind(cves, catalog)) {
      const judgement = judge(asset, about, assumed, rule)
      worst = worst === null ? judgement : moreUrgent(worst, judgement)
    }
  }
  return worst
}

/** CVEs that a table cannot tell apart are judged once: the one that is likeliest to be exploited speaks for them. */
export function likeliestOfEachKind(cves: Iterable<string>, catalog: CatalogView): Iterable<CveEvidence> {
  const kinds = new Map<string, CveEvidence>()
  for (const cve of cves) {
    const about = catalog.about(cve)
    const kind = kindOf(about)
    const known = kinds.get(kind)
    if (known === undefined || (about.epss?.score ?? 0) > (known.epss?.score ?? 0)) kinds.set(kind, about)
  }
  return kinds.values()
}

/** CVE numbers have four digits or more and are ordered as numbers. */
export function newestCveFirst(a: string, b: string): number {
  const [yearA, numberA] = a.split('-').slice(1).map(Number)
  const [yearB, numberB] = b.split('-').slice(1).map(Number)
  return (yearB ?? 0) - (yearA ?? 0) || (numberB ?? 0) - (numberA ?? 0) || order(a, b)
}
