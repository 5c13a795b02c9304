/** Values that a dialog may offer with an act. Decisions refuse all others. */

import { limits } from '../limits.ts'
import { DAY_SECONDS, plusSeconds } from '../time/instant.ts'

/** Dates as `2026-12-31`. */
interface Dates {
  readonly first: string
  readonly last: string
}

/**
 * A freeze may end today, because it holds until its date is over. A rejection and a postponement end when their date
 * begins, so the first date is tomorrow.
 */
export function datesFor(act: 'reject' | 'postpone' | 'freeze', now: string): Dates {
  const first = act === 'freeze' ? now : plusSeconds(now, DAY_SECONDS)
  return { first: dateOf(first), last: dateOf(plusSeconds(now, limits.deferralDays * DAY_SECONDS)) }
}

function dateOf(instant: string): string {
  return instant.slice(0, 10)
}
