/** Words of assets whose clock is ahead of ours: they claim to be said later than they were read. */

import type { Observation } from './asset.ts'
import { isBefore } from './time/instant.ts'

/** When a word was said by the asset's own clock, and when it was first read by ours, ISO 8601 UTC. */
export interface EarlyWord {
  readonly claimedAt: string
  readonly readAt: string
}

/**
 * A look by our clock: the asset cannot have said it later than it was first read. `known`: the last early word of the
 * asset, because the same word may be read again and again. `early`: the word, if it claims a later time.
 */
export function byOurClock(
  observation: Observation,
  known: EarlyWord | undefined,
  now: string,
): { readonly observation: Observation; readonly early: EarlyWord | null } {
  if (observation.kind !== 'seen') return { observation, early: null }
  const { observedAt, listsRefreshedAt } = observation.snapshot
  const readAt = known !== undefined && isSame(known.claimedAt, observedAt) ? known.readAt : now
  if (!isBefore(readAt, observedAt)) return { observation, early: null }
  const lists = listsRefreshedAt !== null && isBefore(readAt, listsRefreshedAt) ? readAt : listsRefreshedAt
  const snapshot = { ...observation.snapshot, observedAt: readAt, listsRefreshedAt: lists }
  return { observation: { ...observation, snapshot }, early: { claimedAt: observedAt, readAt } }
}

function isSame(a: string, b: string): boolean {
  return Date.parse(a) === Date.parse(b)
}
