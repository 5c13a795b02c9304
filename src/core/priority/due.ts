/** When a patch is due. */

import type { KevEntry } from '../catalog.ts'
import { DAY_SECONDS, plusSeconds } from '../time/instant.ts'
import type { Judgement } from './facts.ts'
import type { Priority } from './priority.ts'

/** Days to patch, by priority; `null`: no date. */
export type DueDays = Readonly<Record<Priority, number | null>>

export const defaultDueDays: DueDays = { immediate: 3, 'out-of-cycle': 14, scheduled: 60, defer: null }

export interface Due {
  /** ISO 8601. */
  readonly at: string
  /** The rule that sets the date, e.g. `3 days for immediate patches`. */
  readonly rule: string
}

export interface Clock {
  /** When the fix was published, or else first seen: ISO 8601 UTC. */
  readonly from: string
  /** The day since which the exploit is known, ISO 8601; `null`: none is, or nobody says since when. */
  readonly exploitKnownSince: string | null
}

/**
 * The outcome's days after the fix was there, or KEV's date if that is earlier; `null`: no date. If only the exploit
 * makes it this urgent, its days begin when the exploit was known: nobody could be late before. Then the date that held
 * until that day still holds, if it was not over.
 */
export function dueAt(
  judgement: Pick<Judgement, 'priority' | 'outcome' | 'word' | 'unexploited'>,
  { from, exploitKnownSince }: Clock,
  days: DueDays,
  kev: readonly KevEntry[],
): Due | null {
  const { unexploited } = judgement
  const since = unexploited === null ? null : dayOf(exploitKnownSince)
  const dates: Due[] = []
  const isLater = unexploited !== null && since !== null && since > from
  const own = ownDue(judgement, isLater ? since : from, days)
  if (own !== null) dates.push(own)
  const before = isLater ? ownDue(unexploited, from, days) : null
  if (before !== null && since !== null && before.at > since) dates.push(before)
  for (const entry of kev) {
    const at = Date.parse(`${entry.dueDate}T23:59:59Z`)
    if (!Number.isNaN(at)) dates.push({ at: new Date(at).toISOString(), rule: `CISA KEV's date for ${entry.cve}` })
  }
  return dates.reduce<Due | null>((first, due) => (first === null || due.at < first.at ? due : first), null)
}

function ownDue(
  { priority, outcome, word }: Pick<Judgement, 'priority' | 'outcome' | 'word'>,
  start: string,
  days: DueDays,
): Due | null {
  const count = outcome.days === undefined ? days[priority] : outcome.days
  if (count === null) return null
  const named = outcome.days === undefined ? priority : `"${word}"`
  const rule = `${count} days for ${named}, counted from ${start.slice(0, 10)}`
  // To the end of that day: nobody is late on the day that a date names.
  const day = plusSeconds(start, count * DAY_SECONDS).slice(0, 10)
  return { at: new Date(`${day}T23:59:59Z`).toISOString(), rule }
}

/** The beginning of the day, ISO 8601 UTC; `null`: there is none, or it cannot be read. */
function dayOf(date: string | null): string | null {
  if (date === null || Number.isNaN(Date.parse(date.slice(0, 10)))) return null
  return new Date(date.slice(0, 10)).toISOString()
}
