/** Inventory against catalog: what each asset misses, and how urgent it is. */

import type { Asset, AssetSnapshot, HeldReason } from './asset.ts'
import type { Advisory, EpssScore, FeedContent, Fix, KevEntry, PackageChange, Patch } from './catalog.ts'
import { missingUpdates, type Update } from './missing-updates.ts'
import { patchType } from './patch-type.ts'
import {
  type DueDays,
  defaultDueDays,
  dueAt,
  type Judgement,
  judge,
  judgeWithoutCve,
  moreUrgent,
  type PriorityDefaults,
} from './priority/facts.ts'
import { priorityRank } from './priority/priority.ts'

export interface CatalogView {
  fixes(platform: string, source: string): readonly Fix[]
  advisories(platform: string, source: string): readonly Advisory[]
  kev(cve: string): KevEntry | null
  epss(cve: string): EpssScore | null
}

export interface AssessedAsset {
  readonly asset: Asset
  readonly observedAt: string
  /** Ids of the patches it misses. */
  readonly patches: readonly string[]
  readonly changes: readonly PackageChange[]
  /** Newer versions exist, and its package manager will not install them. */
  readonly held: readonly { readonly name: string; readonly reason: HeldReason }[]
}

export interface Assessment {
  /** Most urgent first. */
  readonly patches: readonly Patch[]
  readonly assets: readonly AssessedAsset[]
}

/** An index over feed content, for lookups by package and CVE. Later contents win where two speak of one CVE. */
export function catalogView(contents: readonly FeedContent[]): CatalogView {
  const fixes = new Map<string, Fix[]>()
  const advisories = new Map<string, Advisory[]>()
  const kev = new Map<string, KevEntry>()
  const epss = new Map<string, EpssScore>()
  const add = <Value>(map: Map<string, Value[]>, key: string, value: Value) => {
    const list = map.get(key)
    if (list) list.push(value)
    else map.set(key, [value])
  }
  for (const content of contents) {
    for (const fix of content.fixes ?? []) add(fixes, `${fix.platform} ${fix.source}`, fix)
    for (const advisory of content.advisories ?? []) {
      for (const key of new Set(advisory.fixes.map((fix) => `${fix.platform} ${fix.source}`)))
        add(advisories, key, advisory)
    }
    for (const entry of content.kev ?? []) kev.set(entry.cve, entry)
    for (const score of content.epss ?? []) epss.set(score.cve, score)
  }
  return {
    fixes: (platform, source) => fixes.get(`${platform} ${source}`) ?? [],
    advisories: (platform, source) => advisories.get(`${platform} ${source}`) ?? [],
    kev: (cve) => kev.get(cve) ?? null,
    epss: (cve) => epss.get(cve) ?? null,
  }
}

export interface AssessOptions {
  readonly snapshots: readonly AssetSnapshot[]
  readonly catalog: CatalogView
  /** ISO 8601. */
  readonly now: string
  /** When each patch was first seen to be missing, by its id; ISO 8601. One that is not listed is seen now. */
  readonly firstSeen?: ReadonlyMap<string, string>
  readonly dueDays?: DueDays
  readonly defaults?: PriorityDefaults
}

export function assess(options: AssessOptions): Assessment {
  const { snapshots, catalog } = options
  const found = new Map<string, Found>()
  const assets: AssessedAsset[] = []
  for (const snapshot of snapshots) {
    const updates = missingUpdates(snapshot, catalog)
    const changes = new Map<string, PackageChange>()
    for (const update of updates) {
      const key = patchId(update)
      const patch = found.get(key) ?? { id: key, updates: [] }
      found.set(key, patch)
      patch.updates.push({ ...update, asset: snapshot.asset })
      for (const change of update.changes) changes.set(`${change.name} ${change.architecture}`, change)
    }
    assets.push({
      asset: snapshot.asset,
      observedAt: snapshot.observedAt,
      patches: updates.map(patchId).sort(),
      changes: [...changes.values()].sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture)),
      held: snapshot.pending.flatMap((item) => (item.held === null ? [] : [{ name: item.name, reason: item.held }])),
    })
  }
  const patches = [...found.values()].map((item) => toPatch(item, options))
  patches.sort(
    (a, b) => priorityRank(a.priority) - priorityRank(b.priority) || b.cves.length - a.cves.length || order(a.id, b.id),
  )
  return { patches, assets }
}

interface Found {
  readonly id: string
  readonly updates: (Update & { readonly asset: Asset })[]
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
  const cves = [...new Set(found.updates.flatMap((update) => update.cves))].sort(newestCveFirst)
  const origins = [...new Set(found.updates.flatMap((update) => update.origins))].sort()
  const from = first.changes.find((change) => change.from !== null)?.from ?? null
  const type = patchType({
    security: found.updates.some((update) => update.security),
    cves: cves.length,
    from,
    to: first.version,
  })
  const judgement = judgeAll(found, options) ?? judgeWithoutCve(type, origins)
  const packages = new Map<string, { name: string; architecture: string; to: string }>()
  for (const change of found.updates.flatMap((update) => update.changes)) {
    packages.set(`${change.name} ${change.architecture}`, {
      name: change.name,
      architecture: change.architecture,
      to: change.to,
    })
  }
  const notices = catalog
    .advisories(first.platform, first.source)
    .filter(
      (notice) =>
        notice.cves.some((cve) => cves.includes(cve)) ||
        notice.fixes.some((fix) => fix.source === first.source && fix.fixedVersion === first.version),
    )
  const published = notices.flatMap((notice) => (notice.published === null ? [] : [notice.published])).sort()
  const seen = options.firstSeen?.get(found.id) ?? now
  const since = published[0] === undefined ? seen : new Date(`${published[0].slice(0, 10)}T00:00:00Z`).toISOString()
  const exploited = cves.flatMap((cve) => catalog.kev(cve) ?? [])
  return {
    id: found.id,
    platform: first.platform,
    source: first.source,
    type,
    version: first.version,
    packages: [...packages.values()].sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture)),
    cves,
    advisories: notices.map((notice) => notice.id).sort(),
    origins,
    priority: judgement.priority,
    evidence: judgement.evidence,
    assumptions: judgement.assumptions,
    dueAt: dueAt(judgement.priority, since, options.dueDays ?? defaultDueDays, exploited),
  }
}

/** The most urgent judgement over every CVE and asset; the evidence is that of the one that decided. */
function judgeAll(found: Found, { catalog, defaults }: AssessOptions): Judgement | null {
  const assumed = defaults ?? { exposure: 'open', criticality: 'medium' }
  let worst: Judgement | null = null
  const seen = new Set<string>()
  for (const { asset, cves } of found.updates) {
    for (const cve of [...cves].sort((a, b) => (catalog.epss(b)?.score ?? 0) - (catalog.epss(a)?.score ?? 0))) {
      const kind = `${cve} ${asset.exposure ?? ''} ${asset.criticality ?? ''}`
      if (seen.has(kind)) continue
      seen.add(kind)
      const judgement = judge(asset, cve, catalog.kev(cve), catalog.epss(cve), assumed)
      worst = worst === null ? judgement : moreUrgent(worst, judgement)
    }
  }
  return worst
}

/** CVE numbers have four digits or more and are ordered as numbers. */
export function newestCveFirst(a: string, b: string): number {
  const [yearA, numberA] = a.split('-').slice(1).map(Number)
  const [yearB, numberB] = b.split('-').slice(1).map(Number)
  return (yearB ?? 0) - (yearA ?? 0) || (numberB ?? 0) - (numberA ?? 0) || order(a, b)
}
