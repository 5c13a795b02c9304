/** Says why a package manager does not offer what the vendor has fixed. */

import type { AssetSnapshot, HeldReason, Platform } from '../asset.ts'
import { DAY_MS } from '../time/instant.ts'

/** What is known about an asset's package lists. */
export type ListsOf = Pick<AssetSnapshot, 'listsRefreshedAt' | 'archives'> & {
  readonly asset: { readonly platform: Platform }
}

/**
 * The reason as a part of a sentence. `now`: ISO 8601 UTC, for the age of the lists. Left out: nothing is said of it, so
 * that proposals say something new only if something has changed, and not after every look.
 */
export function whyNotOffered(held: HeldReason | null, lists: ListsOf, now?: string): string {
  if (held !== null) return whyHeld(held, lists.asset.platform)
  const { archives, listsRefreshedAt } = lists
  const weakness = weaknessOf(lists, now)
  if (weakness !== null) return weakness
  if (now === undefined) return 'its package lists do not have it'
  if (listsRefreshedAt === null) return 'nobody knows how old its package lists are'
  return `its package lists of ${listsRefreshedAt.slice(0, 10)} do not have it: ${archives?.security === true ? 'is its mirror behind?' : 'is its security archive missing, or its mirror behind?'}`
}

/**
 * Why a package manager may not know all that the vendor has fixed, as a part of a sentence; `null`: nothing is known
 * to be wrong. `now`: as above; without it, nobody can say whether lists are old.
 */
export function weaknessOf({ archives, listsRefreshedAt }: ListsOf, now?: string): string | null {
  if (archives?.problem) return `its package lists could not be refreshed (${archives.problem})`
  if (archives?.security === false) return 'its security archive is missing'
  if (listsRefreshedAt === null || now === undefined) return null
  const days = Math.floor((Date.parse(now) - Date.parse(listsRefreshedAt)) / DAY_MS)
  if (days <= -OLD_DAYS) return `its package lists are dated in the future, ${listsRefreshedAt.slice(0, 10)}`
  return days >= OLD_DAYS ? `its package lists are ${days} days old` : null
}

/** A machine that works refreshes its package lists every day. */
const OLD_DAYS = 2

function whyHeld(held: HeldReason, platform: Platform): string {
  switch (held) {
    case 'hold':
      return /^(?:debian|ubuntu):/.test(platform) ? 'held by apt-mark' : 'locked to its version there'
    case 'phased':
      return 'a phased update that has not reached it yet'
    case 'kept back':
      return 'kept back by its package manager'
    case 'needs a subscription':
      return 'it needs a subscription'
  }
}
