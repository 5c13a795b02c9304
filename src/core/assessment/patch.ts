/** A patch is the updates of one source package to one version, judged by the most endangered asset that misses it. */

import type { Asset } from '../asset.ts'
import type { Advisory, Lifecycle, Patch } from '../catalog.ts'
import { architectureOf, changeTarget, firstVersionBefore } from '../change.ts'
import { type DueDays, defaultDueDays, dueAt } from '../priority/due.ts'
import {
  type CveEvidence,
  exploitKnownSince,
  type Judgement,
  judge,
  judgeWithoutCve,
  kindOf,
  moreUrgent,
  type PriorityDefaults,
} from '../priority/facts.ts'
import { likelihood, urgency } from '../priority/order.ts'
import type { PriorityEvidence } from '../priority/priority.ts'
import type { PriorityRule } from '../priority/rule.ts'
import type { Steps } from '../steps.ts'
import type { CatalogView } from './catalog-view.ts'
import type { Update } from './missing.ts'
import { patchType } from './patch-type.ts'

export interface JudgeOptions {
  readonly catalog: CatalogView
  /** The decision table that judges. */
  readonly rule: PriorityRule
  /** ISO 8601. Judging uses only the day. */
  readonly now: string
  /** When each patch was first seen as missing, by patch id; ISO 8601. A patch that is not listed is new. */
  readonly firstSeen?: ReadonlyMap<string, string>
  readonly dueDays?: DueDays
  readonly defaults?: PriorityDefaults
}

/** The assets that miss an update. */
export interface MissedWhere {
  /** The first asset of each pair of exposure and criticality, by that pair. */
  readonly contexts: Map<string, Asset>
  /** The sum of `stakes` of all assets that miss the update. */
  stake: number
}

export interface FoundPatch {
  readonly id: string
  readonly updates: Map<Update, MissedWhere>
}

interface Known {
  readonly found: FoundPatch
  readonly stake: number
  /** The highest likelihood of exploitation among its CVEs. */
  readonly likeliest: number
  patch: Patch
}

/** Judges patches. Keeps each judgement until the data behind it changes. */
export function createPatchJudge(options: JudgeOptions) {
  const known = new Map<string, Known>()

  function judged(found: FoundPatch): Patch {
    const before = known.get(found.id)
    let stake = 0
    for (const where of found.updates.values()) stake += where.stake
    if (before !== undefined && sameUpdates(found, before.found)) {
      if (stake === before.stake) return before.patch
      const patch = withUrgency(before.patch, before.likeliest, stake)
      known.set(found.id, { ...before, stake, patch })
      return patch
    }
    const patch = toPatch(found, options)
    const today = options.now.slice(0, 10)
    let likeliest = Number.NEGATIVE_INFINITY
    for (const cve of patch.cves) likeliest = Math.max(likeliest, likelihood(options.catalog.about(cve), today))
    const made = withUrgency(patch, likeliest, stake)
    known.set(found.id, { found, stake, likeliest, patch: made })
    return made
  }

  return {
    /** Judges these patches and forgets all others. Works in steps. */
    *all(found: Iterable<FoundPatch>): Steps<Patch[]> {
      const patches: Patch[] = []
      const there = new Set<string>()
      for (const one of found) {
        yield
        there.add(one.id)
        patches.push(judged(one))
      }
      for (const id of known.keys()) if (!there.has(id)) known.delete(id)
      return patches
    },
    /** Forgets judgements that concern these packages (source or binary names) or CVEs. */
    changed(packages: ReadonlySet<string>, cves: ReadonlySet<string>): void {
      for (const [id, { patch }] of known) {
        const touched =
          packages.has(patch.source) ||
          patch.packages.some(({ name }) => packages.has(name)) ||
          patch.cves.some((cve) => cves.has(cve))
        if (touched) known.delete(id)
      }
    },
  }
}

function withUrgency(patch: Patch, likeliest: number, stake: number): Patch {
  return patch.cves.length === 0 ? patch : { ...patch, urgency: urgency(likeliest, stake) }
}

/**
 * Whether the updates and their order, the kinds of assets that miss them, and the assets in the evidence are the same.
 */
function sameUpdates({ updates: some }: FoundPatch, { updates: others }: FoundPatch): boolean {
  if (some.size !== others.size) return false
  const before = others.entries()
  for (const [update, { contexts }] of some) {
    const [other, where] = before.next().value ?? []
    if (other !== update || where === undefined || !sameContexts(contexts, where.contexts)) return false
  }
  return true
}

function sameContexts(some: MissedWhere['contexts'], others: MissedWhere['contexts']): boolean {
  if (some.size !== others.size) return false
  const before = others.entries()
  for (const [key, { name, source }] of some) {
    const [other, asset] = before.next().value ?? []
    if (other !== key || asset?.name !== name || asset.source !== source) return false
  }
  return true
}

function toPatch(found: FoundPatch, { catalog, now, ...options }: JudgeOptions): Patch {
  const updates = [...found.updates.keys()]
  const [first] = updates
  if (first === undefined) throw new Error(`Patch ${found.id} has no asset.`)
  const cves = distinct(updates, 'cves').sort(newestCveFirst)
  const origins = distinct(updates, 'origins').sort()
  const from = firstVersionBefore(first.changes)
  const type =
    first.type ??
    patchType({ security: updates.some((update) => update.security), cves: cves.length, from, to: first.version })
  const judged = judgeAll(found, { catalog, now, ...options })
  const judgement = judged?.judgement ?? judgeWithoutCve(type, origins)
  const packages = new Map<string, Patch['packages'][number]>()
  for (const { changes } of updates)
    for (const change of changes) {
      const architecture = architectureOf(change)
      packages.set(`${change.name} ${architecture}`, { name: change.name, architecture, to: changeTarget(change) })
    }
  const notices = noticesOf(updates, cves, catalog)
  const published = notices.flatMap((notice) => (notice.published === null ? [] : [notice.published])).sort()
  const seen = options.firstSeen?.get(found.id) ?? now
  const since = published[0] === undefined ? seen : new Date(`${published[0].slice(0, 10)}T00:00:00Z`).toISOString()
  const exploited = cves.flatMap((cve) => catalog.about(cve).kev ?? [])
  const clock = { from: since, exploitKnownSince: judged?.exploitKnownSince ?? null }
  const due = dueAt(judgement, clock, options.dueDays ?? defaultDueDays, exploited)
  return {
    id: found.id,
    platform: first.platform,
    source: first.source,
    type,
    version: first.version,
    packages: [...packages.values()].sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture)),
    cves,
    advisories: [...new Set([...notices.map((notice) => notice.id), ...distinct(updates, 'advisories')])].sort(),
    origins,
    priority: judgement.priority,
    evidence: [
      ...judgement.evidence,
      ...vendorSeverity(notices),
      ...endOfSupport(first.platform, catalog.lifecycle(first.platform), now),
    ],
    assumptions: [
      ...judgement.assumptions,
      ...(updates.some((update) => update.sourceUnknown) ? [allFixesExpected] : []),
    ],
    dueAt: due?.at ?? null,
    ...(due === null ? {} : { dueRule: due.rule }),
    ...(judgement.outcome.also === undefined ? {} : { also: judgement.outcome.also }),
    ...(judgement.turns.length === 0 ? {} : { turns: judgement.turns }),
  }
}

const allFixesExpected = {
  fact: 'Source version',
  value: 'the newest fix',
  why: 'the inventory does not say from which source version the new packages were built',
}

function distinct(updates: readonly Update[], key: 'cves' | 'origins' | 'advisories'): string[] {
  const all = new Set<string>()
  for (const update of updates) for (const value of update[key]) all.add(value)
  return [...all]
}

function noticesOf(updates: readonly Update[], cves: readonly string[], catalog: CatalogView): readonly Advisory[] {
  const [first] = updates
  if (!first) return []
  const fixed = new Set(cves)
  const named = new Map<string, Advisory>()
  for (const id of updates.flatMap((update) => update.advisories)) {
    const notice = catalog.advisory(id)
    if (notice !== null) named.set(id, notice)
  }
  for (const notice of catalog.advisories(first.platform, first.source)) {
    const same = notice.fixes.some((fix) => fix.source === first.source && fix.fixedVersion === first.version)
    if (same || notice.cves.some((cve) => fixed.has(cve))) named.set(notice.id, notice)
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

/** Evidence for a platform without regular support: people should move off it, and not count on future fixes. */
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

interface Judged {
  readonly judgement: Judgement
  /** The first day on which an exploit of such a CVE was known; `null`: none is, or nobody says since when. */
  readonly exploitKnownSince: string | null
}

/** The most urgent judgement over all CVEs and assets, with its own evidence; `null`: there is no CVE. */
function judgeAll(found: FoundPatch, { catalog, defaults, rule }: JudgeOptions): Judged | null {
  const assumed = defaults ?? { exposure: 'open', criticality: 'medium' }
  const contexts = new Map<string, { readonly asset: Asset; readonly cves: Set<string> }>()
  for (const [{ cves }, where] of found.updates) {
    for (const [key, asset] of where.contexts) {
      const context = contexts.get(key) ?? { asset, cves: new Set() }
      contexts.set(key, context)
      for (const cve of cves) context.cves.add(cve)
    }
  }
  let worst: Judged | null = null
  for (const { asset, cves } of contexts.values()) {
    for (const { about, since } of likeliestOfEachKind(cves, catalog)) {
      const one = { judgement: judge(asset, about, assumed, rule), exploitKnownSince: since }
      worst = worst === null ? one : worse(worst, one)
    }
  }
  return worst
}

/** Of two that are equally urgent, the one that has been so for longer. */
function worse(a: Judged, b: Judged): Judged {
  if (moreUrgent(a.judgement, b.judgement) === b.judgement) return b
  if (moreUrgent(b.judgement, a.judgement) === a.judgement) return a
  return urgentSince(b) < urgentSince(a) ? b : a
}

/** Empty: from the beginning. */
function urgentSince({ judgement, exploitKnownSince }: Judged): string {
  return judgement.unexploited === null ? '' : (exploitKnownSince ?? '')
}

/** One CVE per kind: a table cannot distinguish CVEs of one kind, so the likeliest to be exploited is enough. */
function likeliestOfEachKind(cves: Iterable<string>, catalog: CatalogView) {
  const kinds = new Map<string, { about: CveEvidence; since: string | null }>()
  for (const cve of cves) {
    const about = catalog.about(cve)
    const kind = kindOf(about)
    const since = exploitKnownSince(about)
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { about, since })
    else {
      if ((about.epss?.score ?? 0) > (known.about.epss?.score ?? 0)) known.about = about
      if (since === null || (known.since !== null && since < known.since)) known.since = since
    }
  }
  return kinds.values()
}

/** Orders CVEs by year and number. The number has four or more digits, so it is compared as a number. */
export function newestCveFirst(a: string, b: string): number {
  const [yearA, numberA] = a.split('-').slice(1).map(Number)
  const [yearB, numberB] = b.split('-').slice(1).map(Number)
  return (yearB ?? 0) - (yearA ?? 0) || (numberB ?? 0) - (numberA ?? 0) || order(a, b)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
