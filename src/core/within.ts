/**
 * What has become of the assets of a decision since the vote. A vote covers exactly what people voted on, and every
 * part of it. An asset that needs less gets the part it needs. An asset that would get anything else is left out.
 */

import type { AssessedAsset, Assessment } from './assessment/assess.ts'
import { weaknessOf, whyNotOffered } from './assessment/why-not-offered.ts'
import type { Patch } from './catalog.ts'
import { type Change, changeKey, changeTarget, sameChange } from './change.ts'
import { notLookedAt } from './proposal/left-out.ts'
import type { LeftOut, PatchSubject, PlannedAsset } from './proposal/proposal.ts'
import { engineOf } from './rollout/lanes.ts'
import { isBefore } from './time/instant.ts'

/** An asset that does not need exactly what was voted on. */
export type Departure =
  | { readonly asset: string; readonly leftOut: LeftOut }
  /**
   * The asset needs only a part. `done`: keys (`changeKey`) of the voted changes that it does not need any more. Empty
   * for an asset without a preview at the vote that joins now, because its later preview shows no additional steps.
   */
  | { readonly asset: string; readonly done: readonly string[] }

export function sameChanges(some: readonly Change[], others: readonly Change[]): boolean {
  if (some === others) return true
  const same = (change: Change, other: Change | undefined) => other !== undefined && sameChange(change, other)
  return some.length === others.length && some.every((change, index) => same(change, others[index]))
}

export interface Needs {
  /** Everything that the assets of the team miss. */
  readonly missing: Assessment
  /** The part of `missing` that the configuration and people's decisions want. */
  readonly wanted: Assessment
  /** Assets without a preview at the vote, whose later preview shows no additional steps. */
  readonly previewed?: ReadonlySet<string>
  /** Earlier looks are too old to act on, ISO 8601, UTC. Left out: any look counts, because no work begins yet. */
  readonly looksSince?: string
}

/** Every asset of the subject that does not need exactly what was voted on, in the order of the subject. */
export function departures(
  subject: PatchSubject,
  { missing, wanted, previewed, looksSince }: Needs,
): readonly Departure[] {
  const [all, mine] = [neededOf(subject, missing), neededOf(subject, wanted)]
  return subject.assets.flatMap((planned): readonly Departure[] => {
    const { id } = planned.asset
    const entry = all.get(id)
    const joins = planned.previewProblem !== null && previewed?.has(id) === true
    const fit =
      entry === undefined
        ? out('gone')
        : isOutdated(entry.entry, looksSince)
          ? { leftOut: notLookedAt(entry.entry.observedAt) }
          : fitOf(planned, engineOf(subject, planned.asset), entry, mine.get(id)?.changes ?? [], joins)
    if (fit === 'whole') return []
    return 'done' in fit ? [{ asset: id, done: fit.done }] : [{ asset: id, leftOut: fit.leftOut }]
  })
}

function isOutdated({ observedAt }: AssessedAsset, looksSince: string | undefined): boolean {
  return looksSince !== undefined && isBefore(observedAt, looksSince)
}

interface Needed {
  readonly entry: AssessedAsset
  /** Changes of the subject's own patches, in the versions that are wanted now. */
  readonly changes: readonly Change[]
}

function neededOf({ patches }: PatchSubject, { patches: known, assets }: Assessment): ReadonlyMap<string, Needed> {
  const asked = new Set(patches.map(sourceOf))
  const own = new Map(known.filter((patch) => asked.has(sourceOf(patch))).map((patch) => [patch.id, patch]))
  return new Map(assets.map((entry) => [entry.asset.id, { entry, changes: changesOf(entry, own) }]))
}

function sourceOf({ platform, source }: Pick<Patch, 'platform' | 'source'>): string {
  return `${platform} ${source}`
}

function changesOf(entry: AssessedAsset, own: ReadonlyMap<string, Patch>): readonly Change[] {
  const targets = new Set<string>()
  for (const id of entry.patches) for (const { name, to } of own.get(id)?.packages ?? []) targets.add(`${name} ${to}`)
  return targets.size === 0
    ? []
    : entry.changes.filter((change) => targets.has(`${change.name} ${changeTarget(change)}`))
}

type Fit = 'whole' | { readonly done: readonly string[] } | { readonly leftOut: LeftOut }

function fitOf(
  planned: PlannedAsset,
  engine: string,
  { entry, changes }: Needed,
  wanted: readonly Change[],
  joins: boolean,
): Fit {
  const { asset, held } = entry
  if (asset.platform !== planned.asset.platform) return out('another system', asset.platform)
  if (asset.engine !== engine) return out('another engine', asset.engine ?? 'none')
  const voted = new Map(planned.changes.map((change) => [changeKey(change), change]))
  if (changes.length === 0) {
    const onHold = held.find(({ name }) => planned.changes.some((change) => change.name === name))
    if (onHold !== undefined) return out('on hold', onHold.name)
    const lost = whyLost(planned, entry)
    return lost === null ? out('up to date') : out('not offered', lost)
  }
  const other = wanted.find((change) => changeTarget(voted.get(changeKey(change)) ?? change) !== changeTarget(change))
  if (other !== undefined) return out('another version', `${other.name} ${changeTarget(other)}`)
  const more = wanted.find((change) => !voted.has(changeKey(change)))
  if (more !== undefined) return out('more', `${more.name} ${changeTarget(more)}`)
  if (wanted.length === 0) return out('not proposed')
  if (planned.previewProblem !== null && !joins) return out('not previewed', planned.previewProblem)
  if (wanted.length === voted.size) return joins ? { done: [] } : 'whole'
  const left = new Set(wanted.map(changeKey))
  return { done: [...voted.keys()].filter((key) => !left.has(key)) }
}

/**
 * Why an asset that needs nothing by its package manager may need it all the same; `null`: nothing says so. Either the
 * vendor's data says that it lacks the fix, or its archives are not what they were.
 */
function whyLost(planned: PlannedAsset, entry: AssessedAsset): string | null {
  const { asset, listsRefreshedAt = null, archives = null, withheld } = entry
  const lists = { asset, listsRefreshedAt, archives }
  const voted = new Set(planned.patches.map(withoutVersion))
  const lacks = withheld.find(({ patch }) => voted.has(withoutVersion(patch)))
  return lacks === undefined ? weaknessOf(lists) : whyNotOffered(lacks.held, lists)
}

/** The platform and the source in the id of a patch. */
function withoutVersion(patch: string): string {
  return patch.slice(0, patch.lastIndexOf('/'))
}

function out(reason: LeftOut['reason'], what?: string): { readonly leftOut: LeftOut } {
  return { leftOut: what === undefined ? { reason } : { reason, what: what.slice(0, WHAT_CHARACTERS) } }
}

/** Characters that are kept of the package or engine next to a reason. */
const WHAT_CHARACTERS = 120

/** The patches of a decision with today's judgement. Their changes stay as they were voted on. */
export function judgedAnew(voted: readonly Patch[], known: readonly Patch[]): readonly Patch[] {
  const today = new Map(known.map((patch) => [patch.id, patch]))
  return voted.map((patch) => {
    const now = today.get(patch.id)
    if (now === undefined) return patch
    const { id, platform, source, type, version, packages, cves, advisories, origins } = patch
    return { ...now, id, platform, source, type, version, packages, cves, advisories, origins }
  })
}
