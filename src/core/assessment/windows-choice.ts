/** Chooses among the missing updates of Windows: several may contain the same fixes, and one of them is enough. */

import type { WindowsUpdate } from '../catalog.ts'
import { compareWindows, hasReached, revisionIn, sameWindowsRelease } from '../versions/windows.ts'
import { isBaseline, type KnownUpdate, quarterOf, type UpdateKind } from './windows-kinds.ts'

export interface MissingUpdate {
  readonly update: WindowsUpdate
  /** The open CVEs of this update and of every update in `includes`. */
  readonly cves: readonly string[]
  /** KBs that are also missing and that this update contains. */
  readonly includes: readonly string[]
}

export interface Choice {
  readonly missing: readonly KnownUpdate[]
  /** By KB: all that it replaces. */
  readonly replaces: ReadonlyMap<string, ReadonlySet<string>>
  /** By KB: its CVEs that no installed update fixes. */
  readonly open: ReadonlyMap<string, readonly string[]>
  /** The hotpatch that the machine runs; `null`: it takes cumulative updates. */
  readonly hotpatch: KnownUpdate | null
  /** True: the machine takes the security-only updates of each month, and no rollups. */
  readonly monthly: boolean
}

interface Offer {
  readonly update: KnownUpdate
  readonly includes: readonly KnownUpdate[]
  /** True: it is what this machine takes. Others are offered only for CVEs that are left then. */
  readonly usual: boolean
}

export function chosen(choice: Choice): readonly MissingUpdate[] {
  const offers = offersOf(choice)
  const ofUsual = new Set<string>()
  const openOf = ({ update, includes }: Offer) => [
    ...new Set([update, ...includes].flatMap(({ kb }) => choice.open.get(kb) ?? [])),
  ]
  for (const offer of offers) if (offer.usual) for (const cve of openOf(offer)) ofUsual.add(cve)
  return offers.flatMap((offer) => {
    const { update, includes, usual } = offer
    const cves = openOf(offer).filter((cve) => usual || !ofUsual.has(cve))
    const all = [update, ...includes].some((one) => one.cves.length > 0)
    if (all && cves.length === 0) return []
    return [{ update, cves, includes: includes.map(({ kb }) => kb).sort() }]
  })
}

function offersOf(choice: Choice): readonly Offer[] {
  const { missing, replaces, monthly } = choice
  const covered = new Set<string>()
  for (const { kb } of missing) for (const old of replaces.get(kb) ?? []) if (old !== kb) covered.add(old)
  const usualKinds: readonly UpdateKind[] = [
    'other',
    ...(monthly ? (['security only', 'browser'] as const) : (['rollup'] as const)),
    ...(choice.hotpatch === null ? (['cumulative'] as const) : []),
  ]
  const isOfBuilds = ({ kind, fixedBuild }: KnownUpdate) => fixedBuild !== null || kind === 'hotpatch'
  const single = missing
    .filter((update) => !isOfBuilds(update) && !covered.has(update.kb))
    .map((update) => offer(choice, update, [], usualKinds.includes(update.kind)))
  const ofBuilds = choice.hotpatch === null ? cumulative(choice) : hotpatched(choice, choice.hotpatch)
  const order = new Map(missing.map(({ kb }, index) => [kb, index]))
  return [...single, ...ofBuilds].sort((a, b) => (order.get(a.update.kb) ?? 0) - (order.get(b.update.kb) ?? 0))
}

/** `more`: contained updates, beside those that it replaces by name. */
function offer(
  { missing, replaces }: Choice,
  update: KnownUpdate,
  more: readonly KnownUpdate[],
  usual: boolean,
): Offer {
  const inside = new Set(more.map(({ kb }) => kb))
  for (const { kb } of [update, ...more]) for (const old of replaces.get(kb) ?? []) inside.add(old)
  return { update, includes: missing.filter(({ kb }) => kb !== update.kb && inside.has(kb)), usual }
}

/** Only the newest cumulative update, even if it does not name the others. It contains the hotpatches before it, too. */
function cumulative(choice: Choice): readonly Offer[] {
  const { missing } = choice
  const hotpatches = missing.filter(({ kind }) => kind === 'hotpatch')
  const others = missing.filter(({ kind, fixedBuild }) => kind !== 'hotpatch' && fixedBuild !== null)
  const newest = latest(others)
  if (newest === null) return oneHotpatch(choice, hotpatches, false)
  const later = hotpatches.filter((one) => isAfter(one, newest))
  const before = hotpatches.filter((one) => !later.includes(one))
  return [offer(choice, newest, [...others, ...before], true), ...oneHotpatch(choice, later, false)]
}

/**
 * The next hotpatch of the quarter. When another quarter has begun: its baseline, and its newest hotpatch. The cumulative
 * update is offered for CVEs that no hotpatch fixes.
 */
function hotpatched(choice: Choice, installed: KnownUpdate): readonly Offer[] {
  const { missing } = choice
  const quarter = quarterOf(installed) ?? ''
  const others = missing.filter(({ kind, fixedBuild }) => kind !== 'hotpatch' && fixedBuild !== null)
  const baseline = latest(others.filter((one) => isBaseline(one) && (quarterOf(one) ?? '') > quarter))
  const now = baseline === null ? quarter : (quarterOf(baseline) ?? '')
  const next = missing.filter((one) => one.kind === 'hotpatch' && quarterOf(one) === now)
  const offers = [...oneHotpatch(choice, next, true)]
  if (baseline !== null) {
    const before = missing.filter((one) => one.fixedBuild !== null && !isAfter(one, baseline))
    offers.push(offer(choice, baseline, before, true))
  }
  const newest = latest(others)
  if (newest !== null && newest !== baseline) {
    const before = missing.filter((one) => one.fixedBuild !== null && !isAfter(one, newest))
    offers.push(offer(choice, newest, before, false))
  }
  return offers
}

function oneHotpatch(choice: Choice, hotpatches: readonly KnownUpdate[], usual: boolean): readonly Offer[] {
  const newest = latest(hotpatches)
  return newest === null ? [] : [offer(choice, newest, hotpatches, usual)]
}

function latest(updates: readonly KnownUpdate[]): KnownUpdate | null {
  let newest: KnownUpdate | null = null
  for (const update of updates) if (newest === null || isAfter(update, newest)) newest = update
  return newest
}

/** By build, or by date where a build is not known. */
function isAfter(a: KnownUpdate, b: KnownUpdate): boolean {
  if (a.fixedBuild === null || b.fixedBuild === null) return (a.published ?? '') > (b.published ?? '')
  if (sameWindowsRelease(a.fixedBuild, b.fixedBuild)) return revisionIn(a.fixedBuild) > revisionIn(b.fixedBuild)
  return hasReached(a.fixedBuild, b.fixedBuild) === null && compareWindows(a.fixedBuild, b.fixedBuild) > 0
}
