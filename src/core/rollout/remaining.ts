/**
 * The assets of a ring that are still to come. Every step needs them, and a ring may be very large, so the part that is
 * over is remembered and not searched again. This memory belongs to the deployments of the run. It holds while
 * deployments are only added, and while `skipped` and `leftOut` stay the same objects.
 */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { PlannedRing, Rollout, Since } from '../proposal/proposal.ts'
import { deploymentOf, grown, startedSince } from './deployments.ts'

/** A ring of a rollout. `leftOut`: assets that are left out since the vote, by id. */
interface Ring {
  readonly planned: PlannedRing
  readonly run: Rollout
  readonly leftOut: Since['leftOut']
}

/** Assets of the ring that are still to come, in order. Skipped assets and assets left out are not among them. */
export function remaining(ring: Ring): readonly string[] {
  return firstRemaining(ring, Number.POSITIVE_INFINITY)
}

/** As `remaining`, but at most `most` assets. */
export function firstRemaining(ring: Ring, most: number): readonly string[] {
  const { assets } = ring.planned
  const found: string[] = []
  for (let place = firstPlace(ring); place < assets.length && found.length < most; place++) {
    const asset = assets[place]
    if (asset !== undefined && remains(ring, asset)) found.push(asset)
  }
  return found
}

export function someRemain(ring: Ring): boolean {
  return firstPlace(ring) < ring.planned.assets.length
}

function remains({ run, leftOut }: Ring, asset: string): boolean {
  return deploymentOf(run, asset) === undefined && run.skipped[asset] === undefined && leftOut[asset] === undefined
}

interface Passed extends Pick<Rollout, 'skipped'>, Pick<Ring, 'leftOut'> {
  readonly assets: readonly string[]
  /** Length of the deployments (see `grown`) when this was remembered. */
  readonly length: number
  /** None of the assets before this place is still to come. */
  readonly place: number
}

const passed = new WeakMap<object, Passed>()

/** Place of the first asset that is still to come; the length of the list if there is none. */
function firstPlace(ring: Ring): number {
  const { assets } = ring.planned
  const { skipped } = ring.run
  const { leftOut } = ring
  const { root, length } = grown(ring.run)
  const known = passed.get(root)
  const holds =
    known?.assets === assets && known.skipped === skipped && known.leftOut === leftOut && known.length <= length
  let place = holds ? known.place : 0
  for (let asset = assets[place]; asset !== undefined && !remains(ring, asset); asset = assets[place]) place++
  if (known === undefined || known.length <= length) passed.set(root, { assets, skipped, leftOut, length, place })
  return place
}

/** How many assets of a ring are left out and were never started. */
export function leftOutIn(ring: Ring): number {
  const { planned, run, leftOut } = ring
  const out = outOf(leftOut, planned)
  return out.size === 0 ? 0 : out.size - startedOf(run, leftOut).filter((asset) => out.has(asset)).length
}

const outByRing = memoizeByIdentity((_: Since['leftOut']) => new WeakMap<PlannedRing, ReadonlySet<string>>())

function outOf(leftOut: Since['leftOut'], planned: PlannedRing): ReadonlySet<string> {
  const rings = outByRing(leftOut)
  const known = rings.get(planned)
  if (known !== undefined) return known
  const out = new Set(planned.assets.filter((asset) => leftOut[asset] !== undefined))
  rings.set(planned, out)
  return out
}

interface Started extends Pick<Ring, 'leftOut'> {
  readonly length: number
  readonly assets: readonly string[]
}

const started = new WeakMap<object, Started>()

/** Assets that are left out although they were started. Normally there are none. */
export function startedOf(run: Rollout, leftOut: Since['leftOut']): readonly string[] {
  const { root, length } = grown(run)
  const known = started.get(root)
  const holds = known?.leftOut === leftOut && known.length <= length
  const fresh = startedSince(run, holds ? known.length : 0).filter((asset) => leftOut[asset] !== undefined)
  const assets = holds ? [...known.assets, ...fresh] : fresh
  started.set(root, { leftOut, length, assets })
  return assets
}
