/**
 * Lanes: the assets of one proposal that one engine serves, with rings of their own. The rings of a subject are one
 * list, lane by lane, and a ring of a further lane says its engine. So a proposal with one engine looks as it always did.
 */

import type { FrozenAsset } from '../asset.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { PatchSubject, PlannedRing, RingState } from '../proposal/proposal.ts'

/** The part of a subject that says its lanes, whole or in brief. A brief with one lane does not say its engine. */
export interface Lanes extends Partial<Pick<PatchSubject, 'engine'>> {
  readonly rings: readonly Pick<PlannedRing, 'name' | 'engine' | 'after'>[]
}

/** The engines of the lanes, in order. */
export const lanesOf = memoizeByIdentity(({ engine = '', rings }: Lanes): readonly string[] => [
  ...new Set([engine, ...rings.map((ring) => ring.engine ?? engine)]),
])

/** The engine that serves a ring. */
export function engineOfRing({ engine = '', rings }: Lanes, index: number): string {
  return rings[index]?.engine ?? engine
}

/** The engine that serves an asset of the subject. */
export function engineOf(subject: Lanes & Pick<PatchSubject, 'engine'>, asset: Pick<FrozenAsset, 'engine'>): string {
  const lanes = lanesOf(subject)
  return lanes.length > 1 && asset.engine !== null && lanes.includes(asset.engine) ? asset.engine : subject.engine
}

/** How people read the name of a ring: with its engine where there is more than one lane, as in "canary (wsus)". */
export function ringTitle(subject: Lanes, index: number): string | undefined {
  const ring = subject.rings[index]
  if (ring === undefined) return undefined
  return lanesOf(subject).length === 1 ? ring.name : `${ring.name} (${engineOfRing(subject, index)})`
}

/** The rings lane by lane, as a decision keeps them. */
export function laneByLane<Ring extends Pick<PlannedRing, 'engine'>>(
  engine: string,
  rings: readonly Ring[],
): readonly Ring[] {
  if (rings.every((ring) => ring.engine === undefined)) return rings
  const lanes = new Map<string, Ring[]>([[engine, []]])
  for (const ring of rings) {
    const lane = lanes.get(ring.engine ?? engine) ?? []
    lanes.set(ring.engine ?? engine, lane)
    lane.push(ring)
  }
  return [...lanes.values()].flat()
}

/** For each lane that is not through: the number of its ring that is under way or next. */
export function currentRings(
  planned: readonly Pick<PlannedRing, 'engine'>[],
  rings: readonly Pick<RingState, 'status'>[],
): readonly number[] {
  const found = new Map<string | undefined, number>()
  for (const [index, { status }] of rings.entries()) {
    const lane = planned[index]?.engine
    if (status !== 'passed' && !found.has(lane)) found.set(lane, index)
  }
  return [...found.values()]
}

/** Whether the ring is bound to another lane that is not through yet. */
export function isBound(
  { engine, rings: planned }: Lanes,
  rings: readonly Pick<RingState, 'status'>[],
  index: number,
): boolean {
  const after = planned[index]?.after
  if (after === undefined) return false
  return rings.some(({ status }, at) => status !== 'passed' && (planned[at]?.engine ?? engine) === after)
}
