/** Finds the flaws that are open on a team's assets, and what is known about each, from what the assets miss. */

import { type MissingAlike, patchId } from '../assessment/assess.ts'
import type { CatalogView } from '../assessment/catalog-view.ts'
import type { Missing, NotOffered, Update } from '../assessment/missing.ts'
import { patchType } from '../assessment/patch-type.ts'
import type { AssetSnapshot } from '../asset.ts'
import type { Advisory, PatchType } from '../catalog.ts'
import { firstVersionBefore } from '../change.ts'
import { withoutOlderKernels } from '../kernels.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Steps } from '../steps.ts'
import { schemeFor } from '../versions/scheme.ts'
import { factText } from './asset-lists.ts'
import type { FlawNow, GroupNow } from './findings.ts'

/** The flaws that are open on the assets of a team, by groups of assets. */
export interface OpenFlaws {
  readonly groups: readonly GroupNow[]
  readonly flaws: ReadonlyMap<string, FlawNow>
}

interface Found {
  /** In the order in which flaws were found. */
  readonly number: number
  readonly patches: Set<string>
  type: PatchType
  readonly origins: Set<string>
  published: string | null
  readonly cve: boolean
}

/**
 * A flaw is a CVE; without a CVE it is the advisory, and without an advisory the patch. A flaw is open on an asset if
 * the installed version is older than the fix, even if the update is held or needs a subscription.
 */
export function* openFlaws(missing: MissingAlike, catalog: CatalogView): Generator<void, OpenFlaws, void> {
  const flaws = new Map<string, Found>()
  const groups: OpenFlaws['groups'][number][] = []
  const dates = publicationDates(catalog)
  function note(name: string, cve: boolean, patch: string, said: Pick<Found, 'type' | 'published'>): Found {
    const flaw = factText(name)
    const known: Found = flaws.get(flaw) ?? {
      ...said,
      number: flaws.size,
      patches: new Set<string>(),
      origins: new Set<string>(),
      cve,
    }
    flaws.set(flaw, known)
    known.patches.add(factText(patch))
    if (said.type === 'security') known.type = 'security'
    if (said.published !== null && (known.published === null || said.published < known.published))
      known.published = said.published
    return known
  }

  // Each update and each missing fix is noted once, because many assets share the same object.
  const ofUpdate = memoizeByIdentity((update: Update): readonly number[] => {
    const patch = patchId(update)
    return flawsOf(update, patch).map(({ name, cve }) => {
      const published = dates(update.platform, update.source, name, update.advisories)
      const noted = note(name, cve, patch, { type: typeOf(update), published })
      for (const origin of update.origins) noted.origins.add(origin)
      return noted.number
    })
  })
  const ofOthers = memoizeByIdentity(
    ({ platform, source, flaw, cve, advisory, fixedVersion, type }: NotOffered): number => {
      const published = dates(platform, source, flaw, advisory === null ? [] : [advisory])
      return note(flaw, cve, patchId({ platform, source, version: fixedVersion }), { type, published }).number
    },
  )

  const numbers: number[][] = []
  for (const { updates, notOffered } of missing.keys()) {
    yield
    const mine = new Set<number>()
    for (const update of updates) for (const flaw of ofUpdate(update)) mine.add(flaw)
    // A flaw is also open if the package manager does not offer the fix now.
    for (const other of notOffered) mine.add(ofOthers(other))
    numbers.push([...mine])
  }
  // The names are sorted once, and their places for each group: very many groups have nearly the same flaws.
  const names = [...flaws.keys()].sort()
  const placeOf = new Uint32Array(names.length)
  for (const [place, name] of names.entries()) placeOf[flaws.get(name)?.number ?? 0] = place
  for (const [index, alike] of [...missing.values()].entries()) {
    yield
    const places = Uint32Array.from(numbers[index] ?? [], (number) => placeOf[number] ?? 0).sort()
    groups.push({
      flaws: Array.from(places, (place) => names[place] ?? ''),
      assets: alike.map(({ asset: { id, exposure, criticality }, observedAt }) => ({
        id,
        exposure,
        criticality,
        saidAt: observedAt,
      })),
    })
  }
  const known = [...flaws].map(([flaw, { number: _, patches, origins, ...rest }]): [string, FlawNow] => [
    flaw,
    { ...rest, patches: [...patches].sort(), origins: [...origins].sort() },
  ])
  return { groups, flaws: new Map(known) }
}

/** The names of all flaws in what assets miss. In steps. */
export function* flawNames(missing: Iterable<Missing>): Steps<ReadonlySet<string>> {
  const names = new Set<string>()
  const seen = new Set<Update | NotOffered>()
  for (const { updates, notOffered } of missing) {
    yield
    for (const update of updates) {
      if (seen.has(update)) continue
      seen.add(update)
      for (const { name } of flawsOf(update, patchId(update))) names.add(factText(name))
    }
    for (const other of notOffered) {
      if (seen.has(other)) continue
      seen.add(other)
      names.add(factText(other.flaw))
    }
  }
  return names
}

function flawsOf({ cves, advisories }: Update, patch: string): readonly { name: string; cve: boolean }[] {
  if (cves.length > 0) return cves.map((name) => ({ name, cve: true }))
  return (advisories.length > 0 ? advisories : [patch]).map((name) => ({ name, cve: false }))
}

function typeOf({ type, security, cves, changes, version }: Update): PatchType {
  const from = firstVersionBefore(changes)
  return type ?? patchType({ security, cves: cves.length, from, to: version })
}

/** Finds when the vendor published the fix of a flaw, by the vendor's notices. Dates are collected once per package. */
function publicationDates(catalog: CatalogView) {
  const known = new Map<string, ReadonlyMap<string, string>>()
  function ofPackage(platform: string, source: string): ReadonlyMap<string, string> {
    const key = `${platform} ${source}`
    const before = known.get(key)
    if (before !== undefined) return before
    const dates = new Map<string, string>()
    for (const notice of catalog.advisories(platform, source))
      for (const flaw of [notice.id, ...notice.cves]) earlier(dates, flaw, notice)
    const update = catalog.windowsUpdates(platform).get(source)
    if (update !== undefined) for (const flaw of [update.kb, ...update.cves]) earlier(dates, flaw, update)
    known.set(key, dates)
    return dates
  }
  return (platform: string, source: string, flaw: string, advisories: readonly string[]): string | null => {
    const date = ofPackage(platform, source).get(flaw)
    if (date !== undefined) return date
    const named = advisories.flatMap((id) => {
      const notice = catalog.advisory(id)
      return notice !== null && (notice.id === flaw || notice.cves.includes(flaw)) ? (dateIn(notice) ?? []) : []
    })
    return named.sort()[0] ?? null
  }
}

function earlier(dates: Map<string, string>, flaw: string, notice: Pick<Advisory, 'published'>): void {
  const date = dateIn(notice)
  const known = dates.get(flaw)
  if (date !== null && (known === undefined || date < known)) dates.set(flaw, date)
}

const DAY = /^\d{4}-\d{2}-\d{2}(?:T|$)/

/** The date of a notice, as a day or an instant; `null`: there is none, or it cannot be read. */
function dateIn({ published }: Pick<Advisory, 'published'>): string | null {
  if (published === null || !DAY.test(published) || Number.isNaN(Date.parse(published))) return null
  return published.includes('T') ? new Date(published).toISOString() : published
}

/** How a flaw ended on an asset that still exists. */
export type EndedHere = 'fixed' | 'removed' | 'superseded' | 'withdrawn'

/** Returns a function that says how a flaw ended that was open before. `patches`: the patches that would fix it. */
export function createEndings(catalog: CatalogView) {
  /** Whether feeds still say that the package has the flaw and a newer version fixes it. */
  function says(platform: string, name: string, flaw: string): boolean {
    return catalog.matcher
      .said(platform, name)
      .some(
        ({ fixedVersion, cves, advisory = null }) =>
          fixedVersion !== null &&
          fixedVersion !== '0' &&
          [...cves, ...(advisory === null ? [] : [advisory])].some((one) => factText(one) === flaw),
      )
  }

  return (flaw: string, patches: readonly string[], { asset: { platform }, packages, pending }: AssetSnapshot) => {
    if (isCve(flaw) && catalog.isRejected(flaw)) return 'withdrawn'
    const wanted = patches.flatMap((patch): { source: string; version: string }[] => {
      const [first, last] = [patch.indexOf('/'), patch.lastIndexOf('/')]
      return patch.slice(0, first) === platform
        ? [{ source: patch.slice(first + 1, last), version: patch.slice(last + 1) }]
        : []
    })
    if (platform.startsWith('windows:')) return windowsEnding(flaw, platform, catalog)
    const scheme = schemeFor(platform)
    let present = false
    for (const { source, version } of wanted) {
      const installed = withoutOlderKernels(platform, packages).filter(
        (item) => item.source === source || item.name === source,
      )
      if (installed.length === 0) continue
      present = true
      const older = installed.some(
        (item) => scheme.compare(item.version, version) < 0 && scheme.compare(item.sourceVersion, version) < 0,
      )
      if (!older) continue
      const offered = pending.some((item) => (item.source ?? item.name) === source)
      const still = installed.some((item) => says(platform, source, flaw) || says(platform, item.name, flaw))
      if (!still && !(offered && !isCve(flaw))) return 'withdrawn'
      // The flaw must still be fixed, but it has another name now.
      if (!isCve(flaw)) return 'superseded'
    }
    return wanted.length > 0 && !present ? 'removed' : 'fixed'
  }
}

function isCve(flaw: string): boolean {
  return flaw.startsWith('CVE-')
}

function windowsEnding(flaw: string, platform: string, catalog: CatalogView): EndedHere {
  for (const { kb, cves } of catalog.windowsUpdates(platform).values())
    if (kb === flaw || cves.includes(flaw)) return 'fixed'
  return 'withdrawn'
}
