/** Compares inventory and catalog: what the assets of a team miss, and how urgent it is. */

import type { Archives, Asset, AssetSnapshot, HeldReason } from '../asset.ts'
import type { Patch } from '../catalog.ts'
import { architectureOf, type Change } from '../change.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { stakes } from '../priority/order.ts'
import { priorityRank } from '../priority/priority.ts'
import { inOneGo, type Steps } from '../steps.ts'
import type { CatalogView } from './catalog-view.ts'
import { createMisses, type Misses } from './misses.ts'
import { type Held, type Missing, softwareOf, type Update } from './missing.ts'
import { createPatchJudge, type FoundPatch, type JudgeOptions } from './patch.ts'

/** An asset and when it was last looked at. */
export interface Looked {
  readonly asset: Asset
  /** ISO 8601 UTC. */
  readonly observedAt: string
  /** ISO 8601 UTC: when its package lists were refreshed; left out or `null`: not known. */
  readonly listsRefreshedAt?: string | null
  readonly archives?: Archives | null
}

/** A patch that the vendor has published and that the asset's package manager does not offer. */
export interface WithheldPatch {
  /** Id of a patch in `withheld`. */
  readonly patch: string
  /** Why the package manager will not install the version that it has; `null`: it has none. */
  readonly held: HeldReason | null
}

export interface AssessedAsset extends Looked {
  /** Ids of the patches that the asset misses. Assets that miss the same share this list and `changes`. */
  readonly patches: readonly string[]
  readonly changes: readonly Change[]
  /** Packages with a newer version that the asset's package manager will not install. */
  readonly held: readonly Held[]
  readonly withheld: readonly WithheldPatch[]
  /** Packages built by another vendor. The platform's security data cannot judge their versions. */
  readonly notAssessed: Missing['notAssessed']
}

export interface Assessment {
  /** Most urgent first. */
  readonly patches: readonly Patch[]
  /**
   * What the vendor has fixed and package managers do not offer, most urgent first. Nobody can vote on it, because it
   * cannot be installed. The same id may also be in `patches`, because of other assets.
   */
  readonly withheld: readonly PublishedPatch[]
  readonly assets: readonly AssessedAsset[]
}

/** A patch that package managers do not offer. */
export interface PublishedPatch extends Patch {
  /** The day on which the vendor published it, ISO date; left out: no feed says. */
  readonly fixedOn?: string
}

/** What is missing, with the assets that miss exactly that. */
export type MissingAlike<One extends Looked = Looked> = ReadonlyMap<Missing, readonly One[]>

/** Groups assets by what they miss. Assets with the same package objects are compared with the catalog once. */
export function missingAlike<One extends AssetSnapshot>(
  snapshots: readonly One[],
  catalog: CatalogView,
  misses: Misses = createMisses(catalog),
): MissingAlike<One> {
  const known = new Map<string, Map<unknown, Map<unknown, Missing>>>()
  const within = <Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value => {
    const there = map.get(key) ?? make()
    map.set(key, there)
    return there
  }
  const groups = new Map<Missing, One[]>()
  for (const snapshot of snapshots) {
    const software = softwareOf(snapshot)
    const ofPlatform = within(known, software.platform, () => new Map<unknown, Map<unknown, Missing>>())
    const ofPackages = within(ofPlatform, software.packages, () => new Map<unknown, Missing>())
    const missing = within(ofPackages, software.pending, () => misses.of(software))
    within(groups, missing, () => []).push(snapshot)
  }
  return groups
}

/** Makes one assessment of a team's assets, without keeping anything for the next one. */
export function assess({
  snapshots,
  ...options
}: JudgeOptions & { readonly snapshots: readonly AssetSnapshot[] }): Assessment {
  return inOneGo(createAssess(options)(missingAlike(snapshots, options.catalog)))
}

export interface Assess {
  /** `alike`: sorted by the id of each group's first asset. The resulting assets are sorted by id. In steps. */
  (alike: MissingAlike): Steps<Assessment>
  /** Judges patches again that concern these packages (source or binary names) or these CVEs. */
  changed(packages: ReadonlySet<string>, cves: ReadonlySet<string>): void
}

/** Assesses a team's assets repeatedly and computes only what has changed. An unchanged patch stays the same object. */
export function createAssess(options: JudgeOptions): Assess {
  const judge = createPatchJudge(options)
  const judgeWithheld = createPatchJudge(options)
  const dated = memoizeByIdentity((patch: Patch) => withDate(patch, options.catalog))
  const missed = new WeakMap<Missing, Pick<AssessedAsset, 'patches' | 'changes' | 'withheld'>>()

  function missedBy(missing: Missing): Pick<AssessedAsset, 'patches' | 'changes' | 'withheld'> {
    const known = missed.get(missing)
    if (known !== undefined) return known
    const made = {
      patches: missing.updates.map(patchId).sort(),
      changes: changesOf(missing.updates),
      withheld: missing.withheld
        .map(({ update, held }) => ({ patch: patchId(update), held }))
        .sort((a, b) => order(a.patch, b.patch)),
    }
    missed.set(missing, made)
    return made
  }

  function* assessAlike(alike: MissingAlike): Steps<Assessment> {
    const found: Found = new Map()
    const notOffered: Found = new Map()
    const assets: AssessedAsset[] = []
    for (const [missing, members] of alike) {
      yield
      const where = summed(members)
      for (const update of missing.updates) note(found, update, where)
      for (const { update } of missing.withheld) note(notOffered, update, where)
      const same = { ...missedBy(missing), held: missing.held, notAssessed: missing.notAssessed }
      for (const { asset, observedAt, listsRefreshedAt = null, archives = null } of members)
        assets.push({ asset, observedAt, listsRefreshedAt, archives, ...same })
    }
    const patches = yield* judge.all(byPatch(found))
    const withheld = yield* judgeWithheld.all(byPatch(notOffered))
    return {
      patches: patches.sort(mostUrgentFirst),
      withheld: withheld.map(dated).sort(mostUrgentFirst),
      assets: assets.sort(byAssetId),
    }
  }

  return Object.assign(assessAlike, {
    changed(packages: ReadonlySet<string>, cves: ReadonlySet<string>) {
      judge.changed(packages, cves)
      judgeWithheld.changed(packages, cves)
    },
  })
}

/** With the day of the first notice that names a version of the patch. */
function withDate(patch: Patch, catalog: CatalogView): PublishedPatch {
  const versions = new Set([patch.version, ...patch.packages.map(({ to }) => to)])
  const [first] = patch.advisories
    .flatMap((id) => catalog.advisory(id) ?? [])
    .filter(({ fixes }) =>
      fixes.some(({ platform, fixedVersion }) => platform === patch.platform && versions.has(fixedVersion)),
    )
    .flatMap(({ published }) => published?.slice(0, 10) ?? [])
    .sort()
  return first === undefined ? patch : { ...patch, fixedOn: first }
}

/** Where each update is missed. Very many assets miss few updates, which are the same objects. */
type Found = Map<Update, { readonly contexts: Map<string, Asset>; stake: number }>

/** Adds the assets that miss the update to the others that miss it. */
function note(found: Found, update: Update, { contexts, stake }: ReturnType<typeof summed>): void {
  const known = found.get(update)
  if (known === undefined) found.set(update, { contexts: new Map(contexts), stake })
  else {
    known.stake += stake
    for (const [key, asset] of contexts) if (!known.contexts.has(key)) known.contexts.set(key, asset)
  }
}

function byPatch(found: Found): Iterable<FoundPatch> {
  const patches = new Map<string, FoundPatch>()
  for (const [update, where] of found) {
    const id = patchId(update)
    const patch = patches.get(id) ?? { id, updates: new Map() }
    patches.set(id, patch)
    patch.updates.set(update, where)
  }
  return patches.values()
}

/** Changes sorted by package and architecture. If two updates change the same package, the last one counts. */
function changesOf(updates: readonly Update[]): readonly Change[] {
  const sorted = updates
    .flatMap((update) => update.changes)
    .sort((a, b) => order(a.name, b.name) || order(architectureOf(a), architectureOf(b)))
  return sorted.filter((change, index) => {
    const next = sorted[index + 1]
    return next === undefined || next.name !== change.name || architectureOf(next) !== architectureOf(change)
  })
}

/** One asset for each pair of exposure and criticality, and the sum of all stakes. Judging needs nothing else. */
function summed(members: readonly Looked[]): { readonly contexts: ReadonlyMap<string, Asset>; readonly stake: number } {
  const contexts = new Map<string, Asset>()
  let stake = 0
  for (const { asset } of members) {
    const key = `${asset.exposure} ${asset.criticality}`
    if (!contexts.has(key)) contexts.set(key, asset)
    stake += stakes[asset.criticality ?? 'medium']
  }
  return { contexts, stake }
}

/** Joins several assessments. If two of them contain the same patch, the more urgent judgement counts. */
export function joinAssessments(parts: Iterable<Assessment>): Assessment {
  const patches = new Map<string, Patch>()
  const withheld = new Map<string, PublishedPatch>()
  const assets: AssessedAsset[] = []
  for (const part of parts) {
    for (const patch of part.patches) keepMoreUrgent(patches, patch)
    for (const patch of part.withheld) keepMoreUrgent(withheld, patch)
    for (const asset of part.assets) assets.push(asset)
  }
  return {
    patches: [...patches.values()].sort(mostUrgentFirst),
    withheld: [...withheld.values()].sort(mostUrgentFirst),
    assets,
  }
}

function keepMoreUrgent<One extends Patch>(patches: Map<string, One>, patch: One): void {
  const known = patches.get(patch.id)
  if (known === undefined || mostUrgentFirst(patch, known) < 0) patches.set(patch.id, patch)
}

/** Sorts by priority, then by urgency: likely exploitation of important assets comes first. */
export function mostUrgentFirst(a: Patch, b: Patch): number {
  return (
    priorityRank(a.priority) - priorityRank(b.priority) ||
    (b.urgency ?? 0) - (a.urgency ?? 0) ||
    b.cves.length - a.cves.length ||
    order(a.id, b.id)
  )
}

export function patchId({ platform, source, version }: Pick<Update, 'platform' | 'source' | 'version'>): string {
  return `${platform}/${source}/${version}`
}

function byAssetId(a: Looked, b: Looked): number {
  return order(a.asset.id, b.asset.id)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
