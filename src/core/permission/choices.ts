/** What may be picked with an act, for dialogs to offer: a decision takes no other. */

import { limits } from '../limits.ts'
import { DAY_SECONDS, plusSeconds } from '../time/instant.ts'

/** Dates as `2026-12-31`. */
interface Dates {
  readonly first: string
  readonly last: string
}

/** A freeze holds to the end of its date, so that it may be today's; a rejection and a postponement to the begin of theirs. */
export function datesFor(act: 'reject' | 'postpone' | 'freeze', now: string): Dates {
  const first = act === 'freeze' ? now : plusSeconds(now, DAY_SECONDS)
  return { first: dateOf(first), last: dateOf(plusSeconds(now, limits.deferralDays * DAY_SECONDS)) }
}

function dateOf(instant: string): string {
  return instant.slice(0, 10)
}
