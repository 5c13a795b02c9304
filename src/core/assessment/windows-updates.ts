/** Finds the updates that a Windows machine misses: by build if they are cumulative, otherwise by what they replace. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { WindowsUpdate } from '../catalog.ts'
import { isApplied, type UpdateChange, windowsOf } from '../change.ts'
import { compareWindows, sameWindowsRelease } from '../versions/windows.ts'

export interface MissingUpdate {
  readonly update: WindowsUpdate
  /** The CVEs of this update and of every update in `includes`. */
  readonly cves: readonly string[]
  /** KBs that are also missing and that this update contains. */
  readonly includes: readonly string[]
}

/** The updates of one product by KB. Several records about one KB are merged into one update. */
export function mergeUpdates(updates: Iterable<WindowsUpdate>): ReadonlyMap<string, WindowsUpdate> {
  const merged = new Map<string, WindowsUpdate>()
  for (const update of updates) {
    const known = merged.get(update.kb)
    merged.set(update.kb, known === undefined ? update : join(known, update))
  }
  return merged
}

function join(a: WindowsUpdate, b: WindowsUpdate): WindowsUpdate {
  return {
    ...a,
    title: a.title || b.title,
    cves: [...new Set([...a.cves, ...b.cves])],
    supersedes: [...new Set([...a.supersedes, ...b.supersedes])],
    fixedBuild: highestBuild(a.fixedBuild, b.fixedBuild),
    severity: a.severity ?? b.severity,
    restart: a.restart ?? b.restart,
    published: a.published === null || (b.published !== null && b.published < a.published) ? b.published : a.published,
  }
}

function highestBuild(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return compareWindows(a, b) >= 0 ? a : b
}

/**
 * The updates to install, without those that another update to install replaces. An update counts as installed in three
 * cases: the machine's build is at least the update's build, the update is listed, or an installed update replaces it,
 * directly or over several steps. Upstream data often lacks replacements, so the build decides wherever it is known.
 */
export function missingWindowsUpdates(
  packages: readonly InstalledPackage[],
  updates: ReadonlyMap<string, WindowsUpdate>,
): readonly MissingUpdate[] {
  const { build, updates: listed } = windowsOf(packages)
  const there = new Set(listed)
  for (const update of updates.values())
    if (isApplied(updateChange(update), { packages, asset: update }).applied === 'yes') there.add(update.kb)
  for (const kb of [...there]) for (const old of replacedBy(kb, updates)) there.add(old)

  const missing = [...updates.values()].filter(
    (update) =>
      !there.has(update.kb) &&
      (build === null || update.fixedBuild === null || sameWindowsRelease(build, update.fixedBuild)),
  )
  const replaced = new Map<string, ReadonlySet<string>>()
  for (const { kb } of missing) replaced.set(kb, replacedBy(kb, updates))
  const covered = new Set<string>()
  for (const { kb } of missing) for (const old of replaced.get(kb) ?? []) if (old !== kb) covered.add(old)
  // Only the newest cumulative update has to be installed, even if it does not name the others.
  const cumulative = missing.filter((update) => update.fixedBuild !== null)
  let newest: WindowsUpdate | null = null
  for (const update of cumulative)
    if (newest === null || compareWindows(update.fixedBuild ?? '', newest.fixedBuild ?? '') > 0) newest = update
  const result: MissingUpdate[] = []
  for (const update of missing) {
    const older = update.fixedBuild !== null && newest !== null && build !== null && update !== newest
    if (covered.has(update.kb) || older) continue
    const includes = new Set([...(replaced.get(update.kb) ?? [])].filter((kb) => !there.has(kb) && updates.has(kb)))
    if (update === newest && build !== null) for (const item of cumulative) includes.add(item.kb)
    includes.delete(update.kb)
    const cves = new Set(update.cves)
    for (const kb of includes) for (const cve of updates.get(kb)?.cves ?? []) cves.add(cve)
    result.push({ update, cves: [...cves], includes: [...includes].sort() })
  }
  return result
}

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

/**
 * The platform of a product as Microsoft names it: `Windows Server 2022`, `Windows 10 Version 22H2 for x64-based
 * Systems`; `null`: not a known Windows.
 */
export function windowsPlatform(product: string): Platform | null {
  const match = /^(?:Microsoft )?Windows (Server )?(.+)$/i.exec(product.trim())
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
