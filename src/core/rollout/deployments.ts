/**
 * The deployments of a rollout. A state shows and stores them as a record by asset id. Copying a record of thousands is
 * the most expensive part of an event, so an event only copies a part of a list, and the record is made when somebody
 * reads it. Beside the list stand values that every step needs. A run that was not made here, for example one from the
 * store, gets its list at the first use.
 */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Deployment, Rollout } from '../proposal/proposal.ts'
import { endsBadly } from './gate.ts'
import { itemAt, itemsOf, type LongList, longList, withItems } from './long-list.ts'
import { changedBy, leavesSomethingToUndo, mayHaveChanged } from './may-have-changed.ts'

type Changes = Partial<Omit<Rollout, 'deployments'>>

interface Deployments {
  /** In the order in which they were started. */
  readonly list: LongList<Deployment>
  /**
   * Place in the list, by asset id. Later lists of the same rollout share this map: a place behind the end of this list
   * belongs to an asset that was started later.
   */
  readonly places: Map<string, number>
  /** Deployments that were started and are not verified yet. The one that changed last comes last. */
  readonly unverified: readonly Deployment[]
  /** Deployments that ended badly or never answered, in the order of the list. */
  readonly failed: readonly Deployment[]
}

const known = memoizeByIdentity((run: Rollout): Deployments => {
  const deployments = listed(Object.values(run.deployments))
  record.know(deployments, run.deployments)
  return deployments
})

const listOf = memoizeByIdentity((list: LongList<Deployment>) => itemsOf(list))

const record = memoizeByIdentity(({ list }: Deployments): Rollout['deployments'] =>
  Object.fromEntries(listOf(list).map((deployment) => [deployment.asset, deployment])),
)

function listed(all: readonly Deployment[]): Deployments {
  const list = longList(all)
  listOf.know(list, all)
  return {
    list,
    places: new Map(all.map(({ asset }, place) => [asset, place])),
    unverified: all.filter(({ verification }) => verification === null),
    failed: all.filter(hasFailed),
  }
}

function hasFailed({ verification }: Deployment): boolean {
  return verification !== null && endsBadly(verification.end)
}

function placeOf({ list, places }: Deployments, asset: string): number | undefined {
  const place = places.get(asset)
  return place !== undefined && place < list.length ? place : undefined
}

export function deploymentOf(run: Rollout, asset: string): Deployment | undefined {
  const deployments = known(run)
  const place = placeOf(deployments, asset)
  return place === undefined ? undefined : itemAt(deployments.list, place)
}

/** In the order in which they were started. */
export function deploymentsOf(run: Rollout): readonly Deployment[] {
  return listOf(known(run).list)
}

/**
 * Two runs have the same `root` if one grew out of the other without a deployment being taken out. Then the run with
 * the larger `length` has all assets of the other.
 */
export function grown(run: Rollout): { readonly root: object; readonly length: number } {
  const { places, list } = known(run)
  return { root: places, length: list.length }
}

/** Assets that were started after the rollout had this `length`. */
export function startedSince(run: Rollout, length: number): readonly string[] {
  const { list } = known(run)
  const assets: string[] = []
  for (let place = length; place < list.length; place++) assets.push(itemAt(list, place)?.asset ?? '')
  return assets
}

/** Deployments of a run that another run does not have, or has differently. */
export function differing(run: Rollout, other: Rollout): readonly Deployment[] {
  const [mine, others] = [known(run), known(other)]
  const parts = new Set(others.list.parts)
  return mine.list.parts.flatMap((part) =>
    parts.has(part) ? [] : part.filter((deployment) => deploymentOf(other, deployment.asset) !== deployment),
  )
}

/** Per ring, the number of deployments in each end state. Those that have not ended count as `at work`. */
export function endsByRing(run: Rollout): ReadonlyMap<number, Readonly<Record<string, number>>> {
  const sums = new Map<number, Record<string, number>>()
  for (const part of known(run).list.parts) {
    for (const [ring, ends] of endsOfPart(part)) {
      const sum = sums.get(ring) ?? {}
      for (const [end, count] of Object.entries(ends)) sum[end] = (sum[end] ?? 0) + count
      sums.set(ring, sum)
    }
  }
  return sums
}

const endsOfPart = memoizeByIdentity((part: readonly Deployment[]) => {
  const counts = new Map<number, Record<string, number>>()
  for (const { ring, verification } of part) {
    const mine = counts.get(ring) ?? {}
    const end = verification?.end ?? 'at work'
    mine[end] = (mine[end] ?? 0) + 1
    counts.set(ring, mine)
  }
  return counts
})

/**
 * Has a start of the rollout possibly changed an asset that was not changed back since? Packages that were newly
 * installed do not count: there is no older version to go back to.
 */
export function hasChanged(run: Rollout): boolean {
  return Object.keys(run.earlier ?? {}).length > 0 || known(run).list.parts.some(partHasChanged)
}

const partHasChanged = memoizeByIdentity((part: readonly Deployment[]) =>
  part.some(
    ({ outcome, undoneBy }) =>
      undoneBy === undefined && mayHaveChanged(outcome) && leavesSomethingToUndo(changedBy(outcome)),
  ),
)

/** How many assets were changed back since. */
export function undoneCount(run: Rollout): number {
  return known(run).list.parts.reduce((sum, part) => sum + undoneInPart(part).count, 0)
}

const undoneInPart = memoizeByIdentity((part: readonly Deployment[]) => ({
  count: part.filter(({ undoneBy }) => undoneBy !== undefined).length,
}))

export function unverified(run: Rollout): readonly Deployment[] {
  return known(run).unverified
}

/** Deployments that ended badly or never answered, including those whose assets somebody has left out since. */
export function failedDeployments(run: Rollout): readonly Deployment[] {
  return known(run).failed
}

/**
 * The run with these deployments added, or put in place of the earlier ones of the same assets. Each asset comes once.
 */
export function withDeployments<Run extends Rollout>(run: Run, changed: readonly Deployment[]): Run {
  const before = known(run)
  const places = withPlaces(before, changed)
  const placeIn = ({ asset }: Deployment) => places.get(asset) ?? places.size
  const list = withItems(before.list, new Map(changed.map((deployment) => [placeIn(deployment), deployment])))
  const touched = new Set(changed.map(({ asset }) => asset))
  const others = (all: readonly Deployment[]) => all.filter(({ asset }) => !touched.has(asset))
  const isOne = (deployment: Deployment | undefined) => deployment !== undefined && hasFailed(deployment)
  const asBefore = !changed.some((one) => hasFailed(one) || isOne(itemAt(before.list, placeIn(one))))
  const failed = () => [...others(before.failed), ...changed.filter(hasFailed)]
  return assembled(run, {
    list,
    places,
    unverified: [...others(before.unverified), ...changed.filter(({ verification }) => verification === null)],
    failed: asBefore ? before.failed : failed().sort((a, b) => placeIn(a) - placeIn(b)),
  })
}

function withPlaces(before: Deployments, changed: readonly Deployment[]): Map<string, number> {
  const fresh = changed.filter(({ asset }) => placeOf(before, asset) === undefined)
  if (fresh.length === 0) return before.places
  // If another state was made from the same one, it has already used the places behind the end of the list.
  const free = before.places.size === before.list.length
  const places = free ? before.places : listed(listOf(before.list)).places
  for (const { asset } of fresh) places.set(asset, places.size)
  return places
}

/** The run as if these assets had never been started. */
export function withoutDeployments<Run extends Rollout>(run: Run, assets: ReadonlySet<string>): Run {
  return assembled(run, listed(deploymentsOf(run).filter(({ asset }) => !assets.has(asset))))
}

/** A copy of the run with these changes, and with the same deployments. */
export function withChanges<Run extends Rollout>(run: Run, changes: Changes): Run {
  return assembled(run, known(run), changes)
}

/** Copies all other members of the run. The record is not read here, because that would make it. */
function assembled<Run extends Rollout>(run: Run, deployments: Deployments, changes: Changes = {}): Run {
  const next = Object.defineProperties({} as Run, {
    ...Object.getOwnPropertyDescriptors(run),
    ...Object.getOwnPropertyDescriptors(changes),
    deployments: { get: () => record(deployments), enumerable: true, configurable: true },
  })
  known.know(next, deployments)
  return next
}
