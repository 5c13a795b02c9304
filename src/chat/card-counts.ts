/** How many servers of a proposal are where. Every sentence of a card takes its numbers from here. */

import { badEnds } from '../core/outcome.ts'
import { atWork } from '../core/permission/place.ts'
import type { PatchBrief } from '../core/proposal/brief.ts'
import type { Glance } from '../core/proposal/glance.ts'
import type { RingCounts } from '../core/proposal/light.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import { owingWords } from './story/words.ts'

/** The counts add up to `total`, which leaves out the servers that were left out since the vote. */
export interface CardCounts {
  readonly total: number
  readonly done: number
  /** About those of the done ones that are not fixed before a restart; empty: there are none. */
  readonly owing: string
  /** Those that did not end as promised, each end under its own name, such as `1 failed` and `2 held back`. */
  readonly bad: readonly string[]
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
  const busy = atWork(state)
  return {
    total: subject.assets - ends.leftOut,
    done: ends.good,
    owing: owingWords(ends),
    bad: badEnds(endsOf(state.rollout?.rings ?? [])),
    silent: ends.unreachable,
    running: Math.max(0, busy - reporting),
    told: reporting,
    notBegun: Math.max(0, ends.untouched - Math.max(busy, reporting)),
  }
}

/** Such as "4 of 8 done". */
export function doneWords({ done, total, owing }: CardCounts): string {
  return `${done} of ${total} done${owing && ` (${owing})`}`
}

/** Those that ended badly, which is always said, and the other counts that are not zero. */
export function otherCounts(state: Glance, counts: CardCounts): string {
  const bad = badWords(counts)
  return `${bad === '' ? '0 failed' : bad}${restWords(state, counts)}`
}

/** Those that ended badly, such as "1 failed, 2 held back, 1 never answered"; empty: none. */
export function badWords({ bad, silent }: CardCounts): string {
  return [...bad, ...(silent > 0 ? [`${silent} never answered`] : [])].join(', ')
}

/** Number of assets by end state, over all rings. */
function endsOf(rings: readonly { readonly counts: RingCounts }[]): RingCounts {
  const sum: Record<string, number> = {}
  for (const { counts } of rings)
    for (const [end, number] of Object.entries(counts)) sum[end] = (sum[end] ?? 0) + number
  return sum
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
