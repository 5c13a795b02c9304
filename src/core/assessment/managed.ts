/**
 * What software with a package manager misses. Two sources of truth are compared: what the package manager offers, and
 * what vendors' data says is fixed.
 */

import type { HeldReason, InstalledPackage, PendingUpdate, Platform } from '../asset.ts'
import { schemeFor, type VersionScheme } from '../versions/scheme.ts'
import type { OpenFix } from './compiled.ts'
import type { Matcher } from './matching.ts'
import type { Held, NotOffered, Software, Update, Withheld } from './missing.ts'
import { lackingOf, mended, nothing, type OfSource, onPlatform, sourcesOf, type WorkedOut } from './worked-out.ts'

/** Results for each source package that has something pending or lacks a fix. `only`: of these; `null`: of all. */
export function managedBySource(
  workedOut: WorkedOut,
  software: Software,
  pending: readonly PendingUpdate[],
  only: ReadonlySet<string> | null,
): ReadonlyMap<string, OfSource> {
  const { platform, packages } = software
  const groups = pendingBySource(packages, pending, only)
  const lacking = lackingOf(workedOut, software).bySource
  const present = groups.size === 0 ? null : sourcesOf(workedOut, packages)
  const { ofSource } = onPlatform(workedOut, platform)
  const { matcher } = workedOut.catalog
  const found = new Map<string, OfSource>()
  const judge = (source: string, { offered, held }: Pending): void => {
    const installed = present?.get(source) ?? lacking.get(source) ?? nothing
    // The first list must not be empty, or nothing is remembered.
    const lists = installed.length > 0 ? [installed, offered, held] : [offered, held]
    const judged = ofSource(lists, () => judgeSource(matcher, { platform, source, offered, held, installed }))
    found.set(source, judged)
  }
  for (const [source, group] of groups) judge(source, group)
  for (const source of only ?? lacking.keys())
    if (lacking.has(source) && !groups.has(source)) judge(source, nothingPending)
  return found
}

interface Pending {
  readonly offered: readonly PendingUpdate[]
  readonly held: readonly PendingUpdate[]
}

const nothingPending: Pending = { offered: nothing, held: nothing }

/** Pending updates by source. If the package manager names no source, the installed package does. */
function pendingBySource(
  packages: readonly InstalledPackage[],
  pending: readonly PendingUpdate[],
  only: ReadonlySet<string> | null,
): ReadonlyMap<string, Pending> {
  const groups = new Map<string, { readonly offered: PendingUpdate[]; readonly held: PendingUpdate[] }>()
  let names: Map<string, InstalledPackage> | null = null
  for (const item of pending) {
    if (item.source === null) names ??= new Map(packages.map((there) => [nameIn(there), there]))
    const source = item.source ?? names?.get(nameIn(item))?.source ?? item.name
    if (only !== null && !only.has(source)) continue
    let group = groups.get(source)
    if (group === undefined) {
      group = { offered: [], held: [] }
      groups.set(source, group)
    }
    if (item.held === null) group.offered.push(item)
    else group.held.push(item)
  }
  return groups
}

function nameIn({ name, architecture }: Pick<InstalledPackage, 'name' | 'architecture'>): string {
  return `${name} ${architecture}`
}

interface SourceGiven {
  readonly platform: Platform
  readonly source: string
  readonly offered: readonly PendingUpdate[]
  readonly held: readonly PendingUpdate[]
  readonly installed: readonly InstalledPackage[]
}

function judgeSource(matcher: Matcher, given: SourceGiven): OfSource {
  const { platform, source, offered, held, installed } = given
  const scheme = schemeFor(platform)
  const byOffered = leadsTo(offered, installed, scheme)
  const byHeld = leadsTo(held, installed, scheme)
  const done: OpenFix[] = []
  const left: Left[] = []
  for (const item of installed) {
    const own = nameIn(item)
    const isHeld = held.some((one) => nameIn(one) === own)
    for (const fix of matcher.open(platform, item)) {
      if (!isHeld && byOffered.has(fix, own)) done.push(fix)
      else left.push({ item, fix, held: byHeld.has(fix, own) ? (reasonOf(held, own) ?? null) : null })
    }
  }
  const update = offered.length === 0 ? null : updateOf(given, byOffered, done)
  return {
    update,
    notOffered: left.flatMap(({ fix }) => notOffered(platform, source, fix, update)),
    withheld: withheldOf(given, left, scheme),
    paid: left
      .flatMap(({ item, fix }): Held[] =>
        fix.subscription === null ? [] : [{ name: item.name, reason: 'needs a subscription' }],
      )
      .filter((one, at, all) => all.findIndex(({ name }) => name === one.name) === at),
  }
}

/** A fix that the offered updates do not bring. `held`: why the package manager keeps back one that would. */
interface Left {
  readonly item: InstalledPackage
  readonly fix: OpenFix
  readonly held: HeldReason | null
}

function reasonOf(held: readonly PendingUpdate[], own: string): HeldReason | null | undefined {
  return (held.find((one) => nameIn(one) === own) ?? held[0])?.held
}

interface LeadsTo {
  readonly version: string
  readonly isSourceKnown: boolean
  /** Whether the updates bring the fix to the package with this name and architecture. */
  has(fix: OpenFix, own: string): boolean
}

/**
 * What updates of one source package lead to. A fix of a source is compared with the source version that the archive
 * names for the new versions. Without it, the new version itself counts where the installed one has the numbering of
 * its source. Where that is not so either (libldb2 2:2.6.2+samba4.17.12 of samba 2:4.17.12), nothing can be compared:
 * the update is then expected to bring all fixes that are published.
 */
function leadsTo(
  items: readonly PendingUpdate[],
  installed: readonly InstalledPackage[],
  scheme: VersionScheme,
): LeadsTo {
  const there = new Map(installed.map((item) => [nameIn(item), item]))
  const own = new Map(items.map((item) => [nameIn(item), item.candidate]))
  const known: string[] = []
  const guessed: string[] = []
  let isUnsure = false
  let isRenumbered = false
  for (const item of items) {
    const version = withoutRebuild(item.candidate)
    const from = there.get(nameIn(item))
    const isOwn = from !== undefined && item.sourceVersion !== null && hasNumberingOfSource(from)
    const said = item.sourceVersion ?? (isOwn ? version : null)
    if (said !== version && (said !== null || from !== undefined)) isRenumbered = true
    if (said !== null) known.push(said)
    else if (from === undefined && item.sourceVersion !== null) guessed.push(version)
    else isUnsure = true
  }
  const highest =
    items.length === 0
      ? ''
      : max(
          items.map(({ candidate }) => candidate),
          scheme,
        )
  const target = known.length > 0 ? max(known, scheme) : isUnsure || guessed.length === 0 ? null : max(guessed, scheme)
  return {
    version: isRenumbered && target !== null ? target : highest,
    isSourceKnown: target !== null,
    has({ by, fixedVersion }, name) {
      if (items.length === 0) return false
      if (by === 'binary') return scheme.compare(fixedVersion, own.get(name) ?? highest) <= 0
      return target === null || scheme.compare(fixedVersion, target) <= 0
    },
  }
}

function hasNumberingOfSource({ version, sourceVersion }: InstalledPackage): boolean {
  return version === sourceVersion || withoutRebuild(version) === sourceVersion
}

/** A binary version without the counter of rebuilds: `5.2.15-2+b13` was built from `5.2.15-2`. */
function withoutRebuild(binary: string): string {
  return binary.replace(/\+b\d+$/, '')
}

function max(versions: readonly string[], { compare }: VersionScheme): string {
  return versions.reduce((highest, version) => (compare(version, highest) > 0 ? version : highest))
}

function updateOf({ platform, source, offered }: SourceGiven, to: LeadsTo, done: readonly OpenFix[]): Update {
  const { cves, advisories } = mended(done)
  return {
    platform,
    source,
    version: to.version,
    changes: offered.map((item) => ({
      name: item.name,
      architecture: item.architecture,
      from: item.installed,
      to: item.candidate,
    })),
    cves,
    advisories,
    origins: [...new Set(offered.flatMap((item) => item.origins))],
    security: offered.some((item) => item.security),
    type: null,
    ...(to.isSourceKnown || cves.length === 0 ? {} : { sourceUnknown: true }),
  }
}

function notOffered(
  platform: Platform,
  source: string,
  { cve, advisory, fixedVersion, type }: OpenFix,
  update: Update | null,
): readonly NotOffered[] {
  const flaw = cve ?? advisory
  if (flaw === null || update?.cves.includes(flaw) === true) return []
  return [{ platform, source, flaw, cve: cve !== null, advisory, fixedVersion, type }]
}

/** The fixes that are left, as the update that would bring them; `null`: none are, or all need a subscription. */
function withheldOf({ platform, source }: SourceGiven, all: readonly Left[], scheme: VersionScheme): Withheld | null {
  const left = all.filter(({ fix }) => fix.subscription === null)
  if (left.length === 0) return null
  const changes = [...new Set(left.map(({ item }) => item))].map((item) => ({
    name: item.name,
    architecture: item.architecture,
    from: item.version,
    to: max(
      left.flatMap((one) => (one.item === item ? [one.fix.fixedVersion] : [])),
      scheme,
    ),
  }))
  const security = left.some(({ fix }) => fix.type === 'security')
  const update: Update = {
    platform,
    source,
    version: max(
      changes.map(({ to }) => to),
      scheme,
    ),
    changes,
    ...mended(left.map(({ fix }) => fix)),
    origins: [],
    security,
    type: security ? 'security' : left.every(({ fix }) => fix.type === 'feature') ? 'feature' : 'bugfix',
  }
  return { update, held: left.find(({ held }) => held !== null)?.held ?? null }
}
