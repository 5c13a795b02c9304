/** Selects which missing patches should be proposed. */

import type { AssessedAsset, Assessment } from './assessment/assess.ts'
import type { Patch, PatchType } from './catalog.ts'
import { changeTarget } from './change.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import { type Priority, priorityRank } from './priority/priority.ts'
import type { Steps } from './steps.ts'

export interface Wanted {
  readonly types: readonly PatchType[]
  readonly minPriority: Priority
}

/** A patch that a decision of the team keeps from being proposed, with its priority at that decision. */
export interface KeptBack {
  readonly patch: string
  readonly priority: Priority
}

/**
 * Removes patches that the configuration does not want and patches that a decision keeps back. A patch that was kept
 * back comes again if it is more urgent now or has another target version. Works in steps.
 */
export function* wanted(
  { patches, withheld, assets }: Assessment,
  keptBack: readonly KeptBack[],
  { types, minPriority }: Wanted,
): Steps<Assessment> {
  const least = new Map<string, number>()
  for (const { patch, priority } of keptBack)
    least.set(patch, Math.min(least.get(patch) ?? Number.POSITIVE_INFINITY, priorityRank(priority)))
  const asked = patches.filter(
    ({ id, type, priority }) =>
      types.includes(type) &&
      priorityRank(priority) <= priorityRank(minPriority) &&
      priorityRank(priority) < (least.get(id) ?? Number.POSITIVE_INFINITY),
  )
  const limit = limitedTo(asked)
  const limited: AssessedAsset[] = []
  for (const entry of assets) {
    limited.push({ ...entry, ...limit(entry) })
    yield
  }
  return { patches, withheld, assets: limited }
}

type Misses = Pick<AssessedAsset, 'patches' | 'changes'>

/**
 * Limits what an asset misses to the given patches and their changes. The result is computed once for assets that miss
 * the same. The same patches give the same objects as before, also if they are judged differently now.
 */
export function limitedTo(patches: readonly Patch[]): (misses: Misses) => Misses {
  const byId = new Map(patches.map((patch) => [patch.id, patch]))
  const known = new Map<readonly string[], Misses>()
  return ({ patches: missed, changes }) => {
    const there = known.get(missed)
    if (there !== undefined) return there
    const kept = missed.flatMap((id) => byId.get(id) ?? [])
    const limited = kept.length === missed.length ? { patches: missed, changes } : limitedBefore(missed, changes, kept)
    known.set(missed, limited)
    return limited
  }
}

interface Limited {
  /** The patches that were kept. What counts of them is `targetsOf`. */
  kept: readonly Patch[]
  readonly changes: Misses['changes']
  readonly limited: Misses
}

/** Results kept per list of missed patches. A list is limited once per decision of its team, and a team has few. */
const MOST_LIMITED = 8
const lately = memoizeByIdentity((_missed: readonly string[]): Limited[] => [])

function limitedBefore(missed: readonly string[], changes: Misses['changes'], patches: readonly Patch[]): Misses {
  const before = lately(missed)
  const same = before.find((one) => one.changes === changes && sameTargets(one.kept, patches))
  if (same !== undefined) {
    same.kept = patches
    return same.limited
  }
  const wanted = new Map<string, string[]>()
  for (const { packages } of patches)
    for (const { name, to } of packages) {
      const targets = wanted.get(name)
      if (targets === undefined) wanted.set(name, [to])
      else targets.push(to)
    }
  const limited = {
    patches: patches.map(({ id }) => id),
    changes: changes.filter((change) => wanted.get(change.name)?.includes(changeTarget(change)) === true),
  }
  before.push({ kept: patches, changes, limited })
  if (before.length > MOST_LIMITED) before.shift()
  return limited
}

function sameTargets(some: readonly Patch[], others: readonly Patch[]): boolean {
  return (
    some.length === others.length &&
    some.every((patch, index) => {
      const other = others[index]
      return patch === other || (other !== undefined && targetsOf(patch) === targetsOf(other))
    })
  )
}

/** Kept per patch, whose judgement may be another one with the same targets. */
const targetsOf = memoizeByIdentity(({ id, packages }: Patch) =>
  [id, ...packages.map(({ name, to }) => `${name} ${to}`)].join('\n'),
)
