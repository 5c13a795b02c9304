/** Whether a draft asks for exactly what an open proposal asks for already, found without making it into content. */

import { frozen } from '../asset.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Patch } from '../catalog.ts'
import { laneByLane } from '../rollout/lanes.ts'
import type { Steps } from '../steps.ts'
import { sameChanges } from '../within.ts'
import type { PatchSubject, PlannedAsset, PlannedRing } from './proposal.ts'

/**
 * True: with the previews that the proposal has, the draft would be the same content. False: perhaps not, so the content
 * must be made to know. In steps.
 */
export function* asksTheSame(asked: PatchSubject, draft: PatchSubject): Steps<boolean> {
  if (asked.rollsBack !== undefined || draft.rollsBack !== undefined) return false
  if (asked.assets.length !== draft.assets.length || asked.patches.length !== draft.patches.length) return false
  if (restOf(asked) !== restOf(draft)) return false
  if (!samePatches(asked.patches, draft.patches) || !sameRings(ringsOf(asked), ringsOf(draft))) return false
  for (const [index, planned] of draft.assets.entries()) {
    const before = asked.assets[index]
    if (before === undefined || !samePlan(before, planned)) return false
    yield
  }
  return true
}

/** What the content has besides patches, assets and rings, spelled in one way. */
function restOf({ health, failureBudget, hooks, clusters, engine, window }: PatchSubject): string {
  const sorted = clusters?.map((cluster) => ({ ...cluster, assets: [...cluster.assets].sort() }))
  return canonicalJson({ health, failureBudget, hooks, clusters: sorted, engine, window })
}

function samePatches(some: readonly Patch[], others: readonly Patch[]): boolean {
  const byId = new Map(some.map((patch) => [patch.id, patch]))
  return others.every((patch) => {
    const before = byId.get(patch.id)
    return (
      before === patch || (before !== undefined && canonicalJson(before.packages) === canonicalJson(patch.packages))
    )
  })
}

function ringsOf({ engine, rings }: PatchSubject): readonly PlannedRing[] {
  return laneByLane(engine, rings)
}

function sameRings(some: readonly PlannedRing[], others: readonly PlannedRing[]): boolean {
  return (
    some.length === others.length &&
    others.every(({ assets, ...ring }, index) => {
      const { assets: before = [], ...rest } = some[index] ?? {}
      return sameTexts(before, assets) && canonicalJson(rest) === canonicalJson(ring)
    })
  )
}

function samePlan(before: PlannedAsset, now: PlannedAsset): boolean {
  // A preview that is missing may be there by now, and an engine may promise something else.
  if (before.previewProblem !== null || before.terms !== undefined) return false
  if (before.window !== now.window && canonicalJson(before.window ?? null) !== canonicalJson(now.window ?? null))
    return false
  const [{ tags, ...one }, { tags: others, ...other }] = [frozen(before.asset), frozen(now.asset)]
  return (
    sameChanges(before.changes, now.changes) &&
    sameTexts(before.patches, now.patches) &&
    sameTexts([...tags].sort(), [...others].sort()) &&
    JSON.stringify(one) === JSON.stringify(other)
  )
}

function sameTexts(some: readonly string[], others: readonly string[]): boolean {
  return some === others || (some.length === others.length && others.every((text, index) => text === some[index]))
}
