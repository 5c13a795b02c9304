/** Looks in the form in which they are stored. What takes long is done here, before anything is locked. */

import { withBuiltSources } from '../core/assessment/built-from.ts'
import { withOwnWindows } from '../core/assessment/windows-releases.ts'
import { type AssetSnapshot, type Observation, observedAsset, seenAs } from '../core/asset.ts'
import type { Identity } from '../core/identity.ts'
import { storable, storableText } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db } from './connection.ts'
import { inSlices } from './in-slices.ts'
import type { StoredLook } from './schema.ts'
import { type Interned, internSets, type SetIds } from './sets.ts'

/** Looks that are stored together, and rows that one statement writes. */
export const LOOKS_AT_ONCE = 500

/** A look in the form in which it is stored. Lists and JSON are texts that PostgreSQL reads. */
export interface PreparedLook {
  readonly id: string
  readonly source: string
  readonly team: string
  readonly name: string
  readonly asset: string
  readonly checkedAt: string
  readonly problem: string | null
  /** `null`: the asset could not be looked at. */
  readonly seen: Seen | null
  /** `null`: the look did not ask by what the machine is recognised. */
  readonly identity: Identity | null
  /** False: the look was taken for an asset that several sources know, so `asset` is not the word of this source. */
  readonly ownFacts: boolean
}

export interface Seen extends SetIds, StoredLook {
  readonly observedAt: string
  readonly listsRefreshedAt: string | null
}

/** Every look is stored under the sources and the Windows that security data speaks of, whatever read it. */
export function withSources(observation: Observation): Observation {
  if (observation.kind !== 'seen') return observation
  const snapshot = withBuiltSources(withOwnWindows(observation.snapshot))
  return snapshot === observation.snapshot ? observation : { ...observation, snapshot }
}

/** The id under which a look is stored: that of its source. */
export function storedId(observation: Observation): string {
  return storableText(seenAs(observedAsset(observation)))
}

/** Sorted by id, so that two transactions never wait for each other. */
export async function preparedLooks(
  db: Db,
  observations: readonly Observation[],
  interned: Interned,
): Promise<readonly PreparedLook[]> {
  const looks: PreparedLook[] = []
  for (const some of slices(observations, LOOKS_AT_ONCE)) {
    const snapshots = some.flatMap((observation) => (observation.kind === 'seen' ? [observation.snapshot] : []))
    const sets = await internSets(db, snapshots, interned)
    looks.push(...(await inSlices(prepared(some, sets))))
  }
  return looks.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function* prepared(observations: readonly Observation[], sets: ReadonlyMap<AssetSnapshot, SetIds>) {
  const looks: PreparedLook[] = []
  for (const observation of observations) {
    const asset = storable(observedAsset(observation))
    const { source, team, name, own } = asset
    const id = storedId(observation)
    const row = { id, source, team, name, asset: JSON.stringify(asset), ownFacts: own === undefined }
    if (observation.kind === 'unreachable') {
      const problem = storable(observation.reason)
      const { at: checkedAt, identity = null } = observation
      looks.push({ ...row, checkedAt, problem, seen: null, identity })
    } else {
      const { snapshot } = observation
      const ids = sets.get(snapshot)
      if (ids === undefined) throw new Error('A look was stored without its software.')
      const { observedAt, listsRefreshedAt, rebootRequired, identity = null } = snapshot
      const seen: Seen = {
        ...ids,
        runningKernel: storable(snapshot.runningKernel),
        bootId: storable(snapshot.bootId),
        rebootRequired,
        rebootPackages: listOf(storable(snapshot.rebootPackages)),
        staleServices: listOf(storable(snapshot.staleServices)),
        archives: snapshot.archives == null ? null : JSON.stringify(storable(snapshot.archives)),
        observedAt,
        listsRefreshedAt,
      }
      looks.push({ ...row, checkedAt: observedAt, problem: null, seen, identity })
    }
    yield
  }
  return looks
}
