import { DateTime } from 'luxon'
import type { Priority } from './priority/priority.ts'
import { finalStatuses, type ProposalState } from './proposal/proposal.ts'

/** Proposals of low priority are announced once a day together, instead of with one card each. */
export interface DigestRule {
  readonly priorities: readonly Priority[]
  /** Local time of day, `HH:MM`. */
  readonly at: string
  /** IANA zone. */
  readonly timeZone: string
}

/** The local date whose digest is due at `now`; `null`: the time of day has not come yet. */
export function digestDay(rule: DigestRule, now: string): string | null {
  const local = DateTime.fromISO(now, { zone: rule.timeZone })
  return local.toFormat('HH:mm') >= rule.at ? local.toFormat('yyyy-MM-dd') : null
}

/**
 * Whether the proposal waits for the digest. It waits while it is open, and stays out of sight if it then ends without
 * a decision. After a decision it is announced like any other.
 */
export function waitsForDigest(rule: DigestRule | null, before: ProposalState | null, after: ProposalState): boolean {
  if (rule === null || !rule.priorities.includes(after.priority)) return false
  const unseen = before !== null && (before.status === 'open' || finalStatuses.includes(before.status))
  return after.status === 'open' || (unseen && finalStatuses.includes(after.status))
}
