/**
 * Finds what software misses according to a catalog. This depends only on the software, so it is computed once per set
 * of packages and pending updates, and not once per asset.
 */

import { withoutOlderKernels } from '../kernels.ts'
import type { CatalogView } from './catalog-view.ts'
import { managedBySource } from './managed.ts'
import { noteChange } from './memo.ts'
import { type Held, heldIn, isWindows, type Missing, type Software, type Withheld } from './missing.ts'
import { fixedUpdates, unjudgedUpdates, windowsUpdates } from './updates.ts'
import {
  foreignIn,
  lackingOf,
  nothing,
  nothingWorkedOut,
  type OfSource,
  sourcesNamed,
  type WorkedOut,
} from './worked-out.ts'

export interface Misses {
  of(software: Software): Missing
  /** Call it after feeds changed data about these packages (source or binary names) and the catalog has the change. */
  changed(packages: ReadonlySet<string>): void
  /** Computes again, after `changed`, what software misses. Returns `before` itself if nothing differs. */
  again(software: Software, before: Missing, packages: ReadonlySet<string>): Missing
}

/** Makes a `Misses` for a catalog. */
export function createMisses(catalog: CatalogView): Misses {
  const workedOut = nothingWorkedOut(catalog)
  return {
    of: (software) => missingOf(workedOut, counted(software)),
    changed: (packages) => noteChange(workedOut.changes, packages),
    again(software, before, packages) {
      const now = missingAnew(workedOut, counted(software), before, packages)
      return sameMissing(now, before) ? before : now
    },
  }
}

/** Without the kernels that are only kept as a fallback. */
function counted(software: Software): Software {
  const packages = withoutOlderKernels(software.platform, software.packages)
  return packages === software.packages ? software : { ...software, packages }
}

/**
 * With a package manager, it decides what can be installed, and feeds add the CVEs and what it does not offer. A bare
 * list of packages is judged by the fixed versions of the feeds, Windows by its updates.
 */
function missingOf(workedOut: WorkedOut, software: Software): Missing {
  const { pending } = software
  const notAssessed = foreignIn(workedOut, software)
  const held = heldIn(pending ?? nothing)
  if (isWindows(software)) {
    const updates = windowsUpdates(software, workedOut.catalog)
    const findings = updates.reduce((sum, { cves }) => sum + cves.length, 0)
    const unjudged = [...notAssessed, ...unjudgedUpdates(software, workedOut.catalog)]
    return { updates, held, notOffered: nothing, withheld: nothing, notAssessed: unjudged, findings }
  }
  const { findings } = lackingOf(workedOut, software)
  if (pending === null) {
    const ofFeeds = fixedUpdates(workedOut, software)
    return {
      updates: ofFeeds.flatMap(({ update }) => update ?? []),
      held: ofFeeds.flatMap((one) => one.held),
      notOffered: ofFeeds.flatMap((one) => one.notOffered),
      withheld: nothing,
      notAssessed,
      findings,
    }
  }
  const bySource = [...managedBySource(workedOut, software, pending, null).values()]
  return {
    updates: bySource.flatMap(({ update }) => update ?? []),
    held: [...held, ...bySource.flatMap(({ paid }) => paid).sort(byName)],
    notOffered: bySource.flatMap((one) => one.notOffered),
    withheld: bySource.flatMap(({ withheld }) => withheld ?? []),
    notAssessed,
    findings,
  }
}

/** Computes only what concerns these packages. Everything else is taken from `before`. */
function missingAnew(
  workedOut: WorkedOut,
  software: Software,
  before: Missing,
  packages: ReadonlySet<string>,
): Missing {
  const { pending } = software
  if (isWindows(software) || pending === null) return missingOf(workedOut, software)
  // A feed may name a binary package, but updates are grouped by source.
  const sources = new Set(sourcesNamed(workedOut, software.packages, packages))
  for (const { source } of before.updates) if (packages.has(source)) sources.add(source)
  if (sources.size === 0) return before
  const now = managedBySource(workedOut, software, pending, sources)
  return {
    ...before,
    updates: before.updates.map((update) => now.get(update.source)?.update ?? update),
    held: heldAnew(software, before, sources, now),
    notOffered: replaced(
      before.notOffered,
      sources,
      ({ source }) => source,
      now,
      (one) => one.notOffered,
    ),
    withheld: replaced<Withheld>(
      before.withheld,
      sources,
      ({ update }) => update.source,
      now,
      ({ withheld }) => (withheld === null ? nothing : [withheld]),
    ),
    findings: lackingOf(workedOut, software).findings,
  }
}

function heldAnew(
  { packages }: Software,
  { held }: Missing,
  sources: ReadonlySet<string>,
  now: ReadonlyMap<string, OfSource>,
): readonly Held[] {
  const paid = [...now.values()].flatMap((one) => one.paid)
  if (paid.length === 0 && !held.some(isPaid)) return held
  const names = new Set(packages.filter(({ source }) => sources.has(source)).map(({ name }) => name))
  const others = held.filter((one) => isPaid(one) && !names.has(one.name))
  return [...held.filter((one) => !isPaid(one)), ...[...others, ...paid].sort(byName)]
}

function byName(a: Held, b: Held): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function isPaid({ reason }: Held): boolean {
  return reason === 'needs a subscription'
}

/** The items with those of these sources replaced, each where the first one of its source was. */
function replaced<Item>(
  items: readonly Item[],
  sources: ReadonlySet<string>,
  sourceOf: (item: Item) => string,
  now: ReadonlyMap<string, OfSource>,
  of: (one: OfSource) => readonly Item[],
): readonly Item[] {
  const left = new Map<string, readonly Item[]>()
  for (const [source, one] of now) if (of(one).length > 0) left.set(source, of(one))
  if (items.length === 0 && left.size === 0) return items
  const all: Item[] = []
  for (const item of items) {
    const source = sourceOf(item)
    if (!sources.has(source)) all.push(item)
    else {
      all.push(...(left.get(source) ?? nothing))
      left.delete(source)
    }
  }
  for (const rest of left.values()) all.push(...rest)
  return all
}

function sameMissing(now: Missing, before: Missing): boolean {
  return (
    sameItems(now.updates, before.updates) &&
    sameItems(now.notOffered, before.notOffered) &&
    sameItems(now.withheld, before.withheld) &&
    sameItems(now.held, before.held) &&
    (now.notAssessed === before.notAssessed || sameItems(namesOf(now), namesOf(before))) &&
    now.findings === before.findings
  )
}

function namesOf({ notAssessed }: Missing): readonly string[] {
  return notAssessed.map(({ name }) => name)
}

function sameItems<Item>(some: readonly Item[], others: readonly Item[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index])
}
