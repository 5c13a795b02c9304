/** How many servers of a proposal are where. Every sentence of a card takes its numbers from here. */

import type { PatchBrief } from '../core/proposal/brief.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'

/** The counts add up to `total`, which leaves out the servers that were left out since the vote. */
export interface CardCounts {
  readonly total: number
  readonly done: number
  readonly failed: number
  /** They had time to answer and did not. */
  readonly silent: number
  readonly running: number
  /** Their system was told, and they have not reported. */
  readonly told: number
  /** Nothing was begun on them. */
  readonly notBegun: number
}

export function cardCounts(state: Glance, subject: PatchBrief): CardCounts {
  const { ends, reporting = 0 } = state.tally
  const atWork = (state.rollout?.rings ?? []).reduce((sum, ring) => sum + (ring.counts['at work'] ?? 0), 0)
  return {
    total: subject.assets - ends.leftOut,
    done: ends.good,
    failed: ends.bad,
    silent: ends.unreachable,
    running: Math.max(0, atWork - reporting),
    told: reporting,
    notBegun: Math.max(0, ends.untouched - Math.max(atWork, reporting)),
  }
}

/** Such as "4 of 8 done". */
export function doneWords({ done, total }: CardCounts): string {
  return `${done} of ${total} done`
}

/** How many ended badly, which is always said, and the other counts that are not zero. */
export function otherCounts(state: Glance, counts: CardCounts): string {
  const bad = counts.failed + counts.silent
  return `${bad === 0 ? '0 failed' : `${bad} ended badly`}${restWords(state, counts)}`
}

/** What has not ended yet, as the end of a list. */
export function restWords(state: Glance, { running, told, notBegun }: CardCounts): string {
  const stopped = state.status === 'halted' || state.status === 'paused' || finalStatuses.includes(state.status)
  const parts: string[] = []
  if (running > 0) parts.push(`, ${running} running`)
  if (told > 0) parts.push(`, ${told} told and not reported yet`)
  if (notBegun > 0) parts.push(`, ${notBegun} ${stopped ? 'untouched' : 'waiting'}`)
  return parts.join('')
}
