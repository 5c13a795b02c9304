/**
 * What an asset misses. It depends on its software alone, so it is asked once for each pair of a software set and a pending
 * set, and not once for each asset. What one source package misses is the same object wherever it is the same, also where
 * the lists around it differ: package versions and pending updates that come as the same objects are known by that.
 */

import type { AssetSnapshot, HeldReason, InstalledPackage, PendingUpdate, Platform } from '../asset.ts'
import type { PackageChange, PatchType } from '../catalog.ts'
import { schemeFor } from '../versions/scheme.ts'
import type { CatalogView } from './catalog-view.ts'
import type { OpenFix } from './matching.ts'
import { type Changes, createMemo, type Memo, type OfPackage } from './memo.ts'
import { thirdParty } from './third-party.ts'
import { type MissingUpdate, missingWindowsUpdates, WINDOWS } from './windows-updates.ts'

/** What assessment looks at of an asset's software. */
export interface Software {
  readonly platform: Platform
  readonly packages: readonly InstalledPackage[]
  /** What its package manager says can be installed; `null`: none has a say. */
  readonly pending: readonly PendingUpdate[] | null
}

/** One source package (or KB) that one asset should move forward. */
export interface Update {
  readonly platform: string
  readonly source: string
  /** Target version. */
  readonly version: string
  readonly changes: readonly PackageChange[]
  /** CVEs that the installed version has and the target fixes. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly security: boolean
  /** What the vendor calls it; `null`: it does not say. */
  readonly type: PatchType | null
}

/** What feeds have a fix for, and the package manager does not offer. */
export interface NotOffered {
  readonly platform: Platform
  readonly source: string
  /** A CVE, else an advisory. */
  readonly flaw: string
  readonly cve: boolean
  readonly advisory: string | null
  readonly fixedVersion: string
  readonly type: PatchType
}

/** A CVE that a binary package (or Windows) has and a newer version fixes. */
export interface Finding {
  readonly asset: string
  readonly package: string
  readonly source: string
  readonly installed: string
  readonly cve: string
  readonly advisory: string | null
  readonly fixedVersion: string
  readonly type: PatchType
  /** Who alone may install the fix: `Ubuntu Pro`; `null`: everybody. */
  readonly subscription: string | null
}

export interface Held {
  readonly name: string
  readonly reason: HeldReason
}

export interface Missing {
  readonly updates: readonly Update[]
  /** Newer versions exist, and cannot be installed now. */
  readonly held: readonly Held[]
  readonly notOffered: readonly NotOffered[]
  /** Packages that another vendor built, whose versions the platform's security data cannot judge. */
  readonly notAssessed: readonly { readonly name: string; readonly builder: string }[]
  /** CVEs that binary packages (or Windows) have and a newer version fixes, whether it can be had now or not. */
  readonly findings: number
}

/** What assessment looks at of a snapshot. */
export function softwareOf({ asset, packages, pending, listsRefreshedAt }: AssetSnapshot): Software {
  const managed = pending.length > 0 || listsRefreshedAt !== null
  return { platform: asset.platform, packages, pending: managed ? pending : null }
}

function isWindows({ platform }: Pick<Software, 'platform'>): boolean {
  return platform.startsWith('windows:')
}

export interface Misses {
  of(software: Software): Missing
  /** Feeds have changed what they say of these packages (source or binary names), and the catalog knows it already. */
  changed(packages: ReadonlySet<string>): void
  /** After that: of software that missed `before`. The same object where nothing came out otherwise. */
  again(software: Software, before: Missing, packages: ReadonlySet<string>): Missing
}

/** Answers what software misses by what a catalog says. */
export function createMisses(catalog: CatalogView): Misses {
  const { matcher } = catalog
  let changes = 0
  const changedAt = new Map<string, number>()
  const isTouched = ({ name, source }: OfPackage, since: number) =>
    (changedAt.get(name ?? '') ?? 0) > since || (changedAt.get(source ?? '') ?? 0) > since
  const counted: Changes = {
    count: () => changes,
    touched: (lists, since) => lists.some((list) => list.some((item) => isTouched(item, since))),
  }
  const platforms = new Map<Platform, Remembered>()

  /** The same update may be offered on two platforms, and is judged by the fixes of each. */
  function on(platform: Platform): Remembered {
    const known = platforms.get(platform)
    if (known !== undefined) return known
    const made: Remembered = {
      offered: createMemo(counted),
      fixed: createMemo(counted),
      left: createMemo(counted),
      foreign: new WeakMap(),
      lacking: new WeakMap(),
    }
    platforms.set(platform, made)
    return made
  }

  function lackingOf({ platform, packages }: Software): Lacking {
    const { lacking } = on(platform)
    const known = lacking.get(packages)
    if (known !== undefined && (known.at === changes || !packages.some((item) => isTouched(item, known.at)))) {
      known.at = changes
      return known
    }
    let findings = 0
    const found = bySource(packages, (item) => {
      const open = matcher.open(platform, item)
      for (const { cve } of open) if (cve !== null) findings++
      return open.length > 0
    })
    const made = { bySource: found, findings, at: changes }
    lacking.set(packages, made)
    return made
  }

  function foreignIn({ platform, packages }: Software): Missing['notAssessed'] {
    const { foreign } = on(platform)
    const known = foreign.get(packages)
    if (known !== undefined) return known
    const found = packages.flatMap((item) => {
      const builder = thirdParty(platform, item)
      return builder === null ? [] : [{ name: item.name, builder }]
    })
    foreign.set(packages, found)
    return found
  }

  /**
   * Where its package manager has a say, that is what can be installed, and feeds add the CVEs; a bare list of packages is
   * judged by the feeds' fixed versions alone, Windows by its updates.
   */
  function missing(software: Software): Missing {
    const { pending } = software
    const notAssessed = foreignIn(software)
    const held = (pending ?? []).flatMap(({ name, held: reason }) => (reason === null ? [] : [{ name, reason }]))
    if (isWindows(software)) return windowsMissing(software, held, notAssessed)
    const { findings } = lackingOf(software)
    if (pending !== null) {
      const updates = offeredUpdates(software, pending, null)
      return { updates, held, notOffered: notOffered(software, updates), notAssessed, findings }
    }
    const ofFeeds = fixedUpdates(software)
    const updates = ofFeeds.flatMap(({ update }) => update ?? [])
    return {
      updates,
      held: ofFeeds.flatMap((one) => one.held),
      notOffered: notOffered(software, updates),
      notAssessed,
      findings,
    }
  }

  function windowsMissing(software: Software, held: Missing['held'], notAssessed: Missing['notAssessed']): Missing {
    const updates = windowsUpdates(software, catalog)
    const findings = updates.reduce((sum, { cves }) => sum + cves.length, 0)
    return { updates, held, notOffered: nothing, notAssessed, findings }
  }

  /** `only`: of these sources, in place of all. */
  function offeredUpdates(
    { platform, packages }: Software,
    pending: readonly PendingUpdate[],
    only: ReadonlySet<string> | null,
  ): readonly Update[] {
    const groups = new Map<string, PendingUpdate[]>()
    let names: Map<string, InstalledPackage> | null = null
    for (const item of pending) {
      if (item.held !== null) continue
      if (item.source === null)
        names ??= new Map(packages.map((there) => [`${there.name} ${there.architecture}`, there]))
      const source = item.source ?? names?.get(`${item.name} ${item.architecture}`)?.source ?? item.name
      if (only !== null && !only.has(source)) continue
      const group = groups.get(source)
      if (group) group.push(item)
      else groups.set(source, [item])
    }
    if (groups.size === 0) return []
    const present = bySource(packages, ({ source }) => groups.has(source))
    return [...groups].map(([source, items]) => {
      const installed = present.get(source) ?? nothing
      return on(platform).offered([items, installed], () => offeredUpdate(platform, source, items, installed))
    })
  }

  function offeredUpdate(
    platform: Platform,
    source: string,
    items: readonly PendingUpdate[],
    installed: readonly InstalledPackage[],
  ): Update {
    const scheme = schemeFor(platform)
    let version = items[0]?.candidate ?? ''
    for (const item of items) if (scheme.compare(item.candidate, version) > 0) version = item.candidate
    const target = sourceVersion(version)
    const done = installed.flatMap((item) =>
      matcher.open(platform, item).filter((fix) => scheme.compare(fix.fixedVersion, target) <= 0),
    )
    return {
      platform,
      source,
      version,
      changes: items.map((item) => ({
        name: item.name,
        architecture: item.architecture,
        from: item.installed,
        to: item.candidate,
      })),
      ...said(done),
      origins: [...new Set(items.flatMap((item) => item.origins))],
      security: items.some((item) => item.security),
      type: null,
    }
  }

  function fixedUpdates(software: Software): readonly FixedUpdate[] {
    const { platform } = software
    return [...lackingOf(software).bySource].map(([source, installed]) =>
      on(platform).fixed([installed], () => fixedUpdate(platform, source, installed)),
    )
  }

  function fixedUpdate(platform: Platform, source: string, installed: readonly InstalledPackage[]): FixedUpdate {
    const scheme = schemeFor(platform)
    const held: Held[] = []
    const changes: PackageChange[] = []
    const open: OpenFix[] = []
    let version: string | null = null
    for (const item of installed) {
      const all = matcher.open(platform, item)
      const fixes = all.filter((fix) => fix.subscription === null)
      if (fixes.length < all.length) held.push({ name: item.name, reason: 'needs a subscription' })
      const [highest] = fixes
      if (highest === undefined) continue
      const { name, architecture, version: from } = item
      changes.push({ name, architecture, from, to: highest.fixedVersion })
      for (const fix of fixes) open.push(fix)
      if (version === null || scheme.compare(highest.fixedVersion, version) > 0) version = highest.fixedVersion
    }
    if (version === null) return { update: null, held }
    const security = open.some((fix) => fix.type === 'security')
    const type = security ? 'security' : open.every((fix) => fix.type === 'feature') ? 'feature' : 'bugfix'
    return { update: { platform, source, version, changes, ...said(open), origins: [], security, type }, held }
  }

  function notOffered(software: Software, updates: readonly Update[]): readonly NotOffered[] {
    const byName = new Map(updates.map((update) => [update.source, update]))
    const found: (readonly NotOffered[])[] = []
    for (const [source, items] of lackingOf(software).bySource) {
      const update = byName.get(source)
      const ofSource = on(software.platform).left([items, update === undefined ? nothing : [update]], () =>
        notOfferedOf(software.platform, source, items, update),
      )
      if (ofSource.length > 0) found.push(ofSource)
    }
    return found.length === 0 ? nothing : found.flat()
  }

  function notOfferedOf(
    platform: Platform,
    source: string,
    items: readonly InstalledPackage[],
    update: Update | undefined,
  ): readonly NotOffered[] {
    const cves = new Set(update?.cves)
    return items.flatMap((item) =>
      matcher.open(platform, item).flatMap(({ cve, advisory, fixedVersion, type }) => {
        const flaw = cve ?? advisory
        if (flaw === null || cves.has(flaw)) return []
        return [{ platform, source, flaw, cve: cve !== null, advisory, fixedVersion, type }]
      }),
    )
  }

  function again(software: Software, before: Missing, packages: ReadonlySet<string>): Missing {
    const now = anew(software, before, packages)
    const unchanged =
      same(now.updates, before.updates) &&
      same(now.notOffered, before.notOffered) &&
      same(now.held, before.held) &&
      now.findings === before.findings
    return unchanged ? before : now
  }

  function anew(software: Software, before: Missing, packages: ReadonlySet<string>): Missing {
    const { pending } = software
    if (isWindows(software) || pending === null) return missing(software)
    // A feed may name a binary package; what is offered goes by its source.
    const sources = new Set<string>()
    for (const { name, source } of software.packages)
      if (packages.has(name) || packages.has(source)) sources.add(source)
    for (const { source } of before.updates) if (packages.has(source)) sources.add(source)
    if (sources.size === 0) return before
    const now = new Map(offeredUpdates(software, pending, sources).map((update) => [update.source, update]))
    const updates = before.updates.map((update) => now.get(update.source) ?? update)
    const { findings } = lackingOf(software)
    return { ...before, updates, notOffered: notOffered(software, updates), findings }
  }

  return {
    of: missing,
    changed(packages) {
      changes++
      for (const name of packages) changedAt.set(name, changes)
    },
    again,
  }
}

/** What was worked out for one platform. */
interface Remembered {
  readonly offered: Memo<Update>
  readonly fixed: Memo<FixedUpdate>
  readonly left: Memo<readonly NotOffered[]>
  readonly foreign: WeakMap<Software['packages'], Missing['notAssessed']>
  readonly lacking: WeakMap<Software['packages'], Lacking>
}

/** Of a list of packages, those that lack a fix. */
interface Lacking {
  readonly bySource: ReadonlyMap<string, readonly InstalledPackage[]>
  /** CVEs of all of them. */
  readonly findings: number
  /** Of the changes when it was looked at. */
  at: number
}

interface FixedUpdate {
  /** `null`: what is lacking can only be had with a subscription. */
  readonly update: Update | null
  readonly held: readonly Held[]
}

const nothing: readonly never[] = []

function same<Item>(some: readonly Item[], others: readonly Item[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index])
}

/** A binary version without the counter of a rebuild: `5.2.15-2+b13` was built from `5.2.15-2`. */
function sourceVersion(binary: string): string {
  return binary.replace(/\+b\d+$/, '')
}

function said(fixes: readonly OpenFix[]): { readonly cves: readonly string[]; readonly advisories: readonly string[] } {
  return {
    cves: [...new Set(fixes.flatMap((fix) => fix.cve ?? []))],
    advisories: [...new Set(fixes.flatMap((fix) => fix.advisory ?? []))],
  }
}

function windowsUpdates(software: Software, catalog: CatalogView): readonly Update[] {
  const { platform } = software
  return missingOn(software, catalog).map(({ update, cves, includes }) => ({
    platform,
    source: update.kb,
    version: update.fixedBuild ?? update.kb,
    changes: [{ name: update.kb, architecture: 'all', from: null, to: update.fixedBuild ?? update.kb }],
    cves,
    advisories: [update.kb, ...includes],
    origins: [],
    security: update.type === 'security',
    type: update.type,
  }))
}

function missingOn(
  { packages, platform }: Pick<Software, 'packages' | 'platform'>,
  catalog: CatalogView,
): readonly MissingUpdate[] {
  return missingWindowsUpdates(packages, catalog.windowsUpdates(platform))
}

/** Every CVE on every binary package whose version is older than the fix. */
export function findings(
  { asset: { id, platform }, packages }: AssetSnapshot,
  catalog: CatalogView,
): readonly Finding[] {
  if (isWindows({ platform })) {
    const installed = packages.find((item) => item.name === WINDOWS)?.version ?? ''
    return missingOn({ packages, platform }, catalog).flatMap(({ update, cves }) =>
      cves.map((cve) => ({
        asset: id,
        package: update.kb,
        source: WINDOWS,
        installed,
        cve,
        advisory: update.kb,
        fixedVersion: update.fixedBuild ?? update.kb,
        type: update.type,
        subscription: null,
      })),
    )
  }
  return packages.flatMap((item) =>
    catalog.matcher.open(platform, item).flatMap(({ cve, fixedVersion, advisory, type, subscription }) =>
      cve === null
        ? []
        : [
            {
              asset: id,
              package: item.name,
              source: item.source,
              installed: item.version,
              cve,
              advisory,
              fixedVersion,
              type,
              subscription,
            },
          ],
    ),
  )
}

/** The packages that are wanted, by source. */
function bySource(
  packages: readonly InstalledPackage[],
  wanted: (item: InstalledPackage) => boolean,
): ReadonlyMap<string, readonly InstalledPackage[]> {
  const groups = new Map<string, InstalledPackage[]>()
  for (const item of packages) {
    if (!wanted(item)) continue
    const group = groups.get(item.source)
    if (group) group.push(item)
    else groups.set(item.source, [item])
  }
  return groups
}
