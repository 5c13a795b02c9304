/** Finds the updates that a Windows machine misses: by build if they are cumulative, otherwise by what they replace. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { WindowsUpdate } from '../catalog.ts'
import { type UpdateChange, windowsOf } from '../change.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { compareWindows, hasReached, revisionIn, sameWindowsRelease } from '../versions/windows.ts'
import { chosen, type MissingUpdate } from './windows-choice.ts'
import {
  betterTitle,
  isInsteadOf,
  type KnownUpdate,
  kindInTitle,
  productInTitle,
  quarterOf,
  type UpdateKind,
} from './windows-kinds.ts'
import { isBuildFor } from './windows-releases.ts'

/** The updates of one platform by KB. Several records about one KB are merged into one update. */
export function mergeUpdates(updates: Iterable<WindowsUpdate>): ReadonlyMap<string, KnownUpdate> {
  const merged = new Map<string, WindowsUpdate>()
  for (const update of updates) {
    const known = merged.get(update.kb)
    merged.set(update.kb, known === undefined ? update : join(known, update))
  }
  const known = new Map<string, KnownUpdate>()
  for (const [kb, update] of merged)
    known.set(kb, { ...update, kind: kindInTitle(update.title), product: productInTitle(update.title) })
  return known
}

function join(a: WindowsUpdate, b: WindowsUpdate): WindowsUpdate {
  return {
    ...a,
    title: betterTitle(a.title, b.title),
    cves: [...new Set([...a.cves, ...b.cves])],
    supersedes: [...new Set([...a.supersedes, ...b.supersedes])],
    fixedBuild: buildOf(a.platform, [a.fixedBuild, b.fixedBuild]),
    severity: a.severity ?? b.severity,
    restart: a.restart ?? b.restart,
    published: a.published === null || (b.published !== null && b.published < a.published) ? b.published : a.published,
  }
}

/** The build that an update leads to on the platform, if its records name several: the highest that can be of it. */
export function buildOf(platform: Platform, builds: Iterable<string | null>): string | null {
  let best: string | null = null
  for (const build of builds) {
    if (build === null || build === best) continue
    const [now, before] = [isBuildFor(platform, build), best === null ? false : isBuildFor(platform, best)]
    if (best === null || (now && !before)) best = build
    else if (now === before && higher(build, best)) best = build
  }
  return best
}

function higher(build: string, other: string): boolean {
  return hasReached(other, build) === false || (!sameWindowsRelease(build, other) && compareWindows(build, other) > 0)
}

/** A machine, and what feeds say about its platform. */
interface Compared {
  readonly updates: ReadonlyMap<string, KnownUpdate>
  /** Updates of Windows itself, for the machine's release. */
  readonly own: ReadonlyMap<string, KnownUpdate>
  /** The KBs that the machine lists. */
  readonly listed: ReadonlySet<string>
  /** The build that the machine has at least; `null`: nothing says it. */
  readonly build: string | null
}

/**
 * The updates to install, without those that another update to install replaces. An update counts as installed in three
 * cases: the machine's build is at least the update's build, the update is listed, or an installed update replaces it,
 * directly or over several steps. Upstream data often lacks replacements, so the build decides wherever it is known. A
 * CVE is closed where one of several updates that fix it is installed: a hotpatch, or the security-only update.
 */
export function missingWindowsUpdates(
  packages: readonly InstalledPackage[],
  updates: ReadonlyMap<string, KnownUpdate>,
): readonly MissingUpdate[] {
  const compared = comparedWith(packages, updates)
  const { listed } = compared
  const own = [...compared.own.values()]
  const hotpatch = installedHotpatch(compared)
  const there = installedOf(compared, hotpatch)
  const closed = new Map<UpdateKind, Set<string>>()
  for (const { kb, kind, cves } of own) {
    if (!there.has(kb)) continue
    const ofKind = closed.get(kind) ?? new Set()
    closed.set(kind, ofKind)
    for (const cve of cves) ofKind.add(cve)
  }
  const isClosed = (kind: UpdateKind, cve: string): boolean => {
    for (const [other, cves] of closed) if (cves.has(cve) && isInsteadOf(kind, other)) return true
    return false
  }
  const missing = own.filter(({ kb }) => !there.has(kb))
  const replaces = new Map(missing.map(({ kb }) => [kb, replacedBy(kb, compared.own)]))
  const open = new Map(missing.map(({ kb, kind, cves }) => [kb, cves.filter((cve) => !isClosed(kind, cve))]))
  const securityOnly = own.some(({ kb, kind }) => kind === 'security only' && listed.has(kb))
  const rollup = own.some(({ kb, kind }) => kind === 'rollup' && there.has(kb))
  const ofWindows = chosen({ missing, replaces, open, hotpatch, monthly: securityOnly && !rollup })
  return [...ofWindows, ...missingOfProducts(compared)]
}

function comparedWith(packages: readonly InstalledPackage[], updates: ReadonlyMap<string, KnownUpdate>): Compared {
  const { build, release, updates: listed } = windowsOf(packages)
  // Microsoft tags some KBs with a product of another release. Such an update cannot be installed there.
  const isForRelease = ({ fixedBuild }: WindowsUpdate) =>
    release === null || fixedBuild === null || sameWindowsRelease(release, fixedBuild)
  const own = new Map([...updates].filter(([, update]) => update.product === null && isForRelease(update)))
  let least = build
  if (least === null)
    for (const { kb, fixedBuild } of own.values())
      if (fixedBuild !== null && listed.has(kb) && (least === null || higher(fixedBuild, least))) least = fixedBuild
  return { updates, own, listed, build: least }
}

/** The hotpatch that made the machine's build; `null`: a cumulative update did, or it is not known. */
function installedHotpatch({ own, listed, build }: Compared): KnownUpdate | null {
  if (build === null) return listedHotpatch(own, listed)
  let last: KnownUpdate | null = null
  for (const update of own.values()) {
    const { fixedBuild, kind } = update
    if (fixedBuild === null || hasReached(build, fixedBuild) !== true) continue
    const order = revisionIn(fixedBuild) - revisionIn(last?.fixedBuild ?? '')
    if (last === null || order > 0 || (order === 0 && kind !== 'hotpatch')) last = update
  }
  if (last?.kind !== 'hotpatch') return null
  return revisionIn(last.fixedBuild ?? '') === revisionIn(build) || listed.has(last.kb) ? last : null
}

/** The same where no build is known: the newest update of Windows that the machine lists, if that is a hotpatch. */
function listedHotpatch(own: Compared['own'], listed: ReadonlySet<string>): KnownUpdate | null {
  let last: KnownUpdate | null = null
  for (const update of own.values())
    if (listed.has(update.kb) && (last === null || (update.published ?? '') >= (last.published ?? ''))) last = update
  return last?.kind === 'hotpatch' ? last : null
}

/**
 * KBs that are installed. A hotpatch raises the build, but does not contain the cumulative updates after the baseline of
 * its quarter.
 */
function installedOf({ own, listed, build }: Compared, hotpatch: KnownUpdate | null): ReadonlySet<string> {
  const quarter = hotpatch === null ? null : quarterOf(hotpatch)
  const there = new Set(listed)
  for (const { kb, kind, fixedBuild, published } of own.values()) {
    if (build === null || fixedBuild === null || hasReached(build, fixedBuild) !== true) continue
    const later = quarter !== null && published !== null && published.slice(0, 7) > quarter
    if (kind === 'hotpatch' || !later) there.add(kb)
  }
  for (const kb of [...there]) for (const old of replacedBy(kb, own)) there.add(old)
  return there
}

/**
 * Products on Windows of which the machine lists an update, so that they are certainly installed. Their updates are
 * cumulative: the newest one is enough.
 */
function missingOfProducts({ updates, listed }: Compared): readonly MissingUpdate[] {
  const latest = latestListed(updates, listed)
  const found = new Map<string, { newest: KnownUpdate; readonly all: KnownUpdate[] }>()
  for (const update of updates.values()) {
    const { product, published } = update
    const since = product === null ? undefined : latest.get(product)
    if (product === null || since === undefined || (published ?? '') <= since) continue
    const known = found.get(product)
    if (known === undefined) found.set(product, { newest: update, all: [update] })
    else {
      known.all.push(update)
      if ((published ?? '') > (known.newest.published ?? '')) known.newest = update
    }
  }
  return [...found.values()].map(({ newest, all }) => ({
    update: newest,
    cves: [...new Set(all.flatMap(({ cves }) => cves))],
    includes: all.flatMap(({ kb }) => (kb === newest.kb ? [] : [kb])).sort(),
  }))
}

/** The date of the newest update that the machine lists, by product. */
function latestListed(
  updates: ReadonlyMap<string, KnownUpdate>,
  listed: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const latest = new Map<string, string>()
  for (const kb of listed) {
    const { product = null, published = null } = updates.get(kb) ?? {}
    if (product !== null && (published ?? '') >= (latest.get(product) ?? '')) latest.set(product, published ?? '')
  }
  return latest
}

/**
 * The newest update of each product on Windows of which the machine does not say whether it is installed. Left out where
 * updates of Windows fix the same, as they do for Internet Explorer.
 */
export function unjudgedProducts(
  packages: readonly InstalledPackage[],
  updates: ReadonlyMap<string, KnownUpdate>,
): readonly KnownUpdate[] {
  const latest = latestListed(updates, windowsOf(packages).updates)
  const newest = new Map<string, KnownUpdate>()
  const ofWindows = cvesOfWindows(updates)
  for (const update of updates.values()) {
    const { product, published, cves } = update
    if (product === null || latest.has(product)) continue
    if (cves.length > 0 && cves.every((cve) => ofWindows.has(cve))) continue
    if ((published ?? '') >= (newest.get(product)?.published ?? '')) newest.set(product, update)
  }
  return [...newest.values()]
}

/** The CVEs that updates of Windows itself fix. They are the same for all machines of a platform. */
const cvesOfWindows = memoizeByIdentity(
  (updates: ReadonlyMap<string, KnownUpdate>) =>
    new Set([...updates.values()].flatMap(({ product, cves }) => (product === null ? cves : []))),
)

/** The change that installing the update makes on a machine. */
export function updateChange({ kb, fixedBuild }: Pick<WindowsUpdate, 'kb' | 'fixedBuild'>): UpdateChange {
  return { kind: 'update', name: kb, build: fixedBuild }
}

/** All updates that `kb` replaces, directly or over several steps. Stops at circles, which occur in the data. */
function replacedBy(kb: string, updates: ReadonlyMap<string, WindowsUpdate>): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [...(updates.get(kb)?.supersedes ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...(updates.get(next)?.supersedes ?? []))
  }
  return seen
}

/** What an update is for. */
export interface WindowsTarget {
  readonly platform: Platform
  /** A product on Windows; `null`: Windows itself. */
  readonly product: string | null
}

/**
 * What a product name of Microsoft means: `Windows Server 2022`, or `Microsoft .NET Framework 4.8 on Windows Server
 * 2022`. `null`: neither Windows nor on a known Windows.
 */
export function targetOf(name: string): WindowsTarget | null {
  const own = windowsPlatform(name)
  if (own !== null) return { platform: own, product: null }
  const [, product, system] = /^(.+?) (?:when installed )?on ((?:Microsoft )?Windows .+)$/i.exec(name.trim()) ?? []
  const platform = system === undefined ? null : windowsPlatform(system)
  return product === undefined || platform === null ? null : { platform, product }
}

/**
 * The platform of a product as Microsoft names it: `Windows Server 2022`, `Windows 10 Version 22H2 for x64-based
 * Systems`; `null`: not a known Windows.
 */
export function windowsPlatform(product: string): Platform | null {
  const match = /^(?:Microsoft )?Windows (Server,? )?(.+)$/i.exec(product.trim())
  if (match === null) return null
  const server = match[1] !== undefined
  let rest = (match[2] ?? '').toLowerCase()
  // A product and its Server Core have different replacements.
  const core = /\(server core/.test(rest) ? '-core' : ''
  const arch = /for (32-bit|x64-based|arm64-based|itanium-based) systems/.exec(rest)?.[1]
  rest = rest
    .replace(/\(.*?\)/g, ' ')
    .replace(/for (?:32-bit|x64-based|arm64-based|itanium-based) systems/, ' ')
    .replace(/\bversion\b|\bedition\b|,/g, ' ')
    .replace(/\bservice pack (\d+)/, 'sp$1')
    .replace(
      /\b(?:standard|datacenter|enterprise|education|pro|professional|home|evaluation|essentials|n|ltsc|ltsb)\b/g,
      ' ',
    )
    .replace(/[^a-z0-9.]+/g, ' ')
    .trim()
    .replace(/ +/g, '-')
  if (!/^(?:\d|xp|vista|rt)/.test(rest)) return null
  const suffix =
    server || arch === undefined || arch === 'x64-based' ? '' : arch === '32-bit' ? '-x86' : `-${arch.split('-')[0]}`
  return `windows:${server ? 'server-' : ''}${rest}${suffix}${core}`
}
