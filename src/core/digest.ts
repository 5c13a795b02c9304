import { DateTime } from 'luxon'
import type { Priority } from './priority/priority.ts'
import { finalStatuses, type ProposalState } from './proposal/proposal.ts'

/** Low priorities are told once a day instead of with a card each. */
export interface DigestRule {
  readonly priorities: readonly Priority[]
  /** Local time of day, `HH:MM`. */
  readonly at: string
  /** IANA zone. */
  readonly timeZone: string
}

/** The local date whose digest is due at `now`; `null` before its time of day. */
export function digestDay(rule: DigestRule, now: string): string | null {
  const local = DateTime.fromISO(now, { zone: rule.timeZone })
  return local.toFormat('HH:mm') >= rule.at ? local.toFormat('yyyy-MM-dd') : null
}

/** Does the proposal wait for the digest? Once it is decided it is told like any other, unless it ended, and stays, unseen. */
export function waitsForDigest(rule: DigestRule | null, before: ProposalState | null, after: ProposalState): boolean {
  if (rule === null || !rule.priorities.includes(after.priority)) return false
  const unseen = before !== null && (before.status === 'open' || finalStatuses.includes(before.status))
  return after.status === 'open' || (unseen && finalStatuses.includes(after.status))
}
