import { countStanding, type Outcome, type Standing, sumOfRings } from '../core/outcome.ts'
import type { Glance } from '../core/proposal/glance.ts'
import type { Status } from '../core/proposal/proposal.ts'
import type { EndCounts } from '../core/rollout/tally.ts'
import type { Picture } from './picture/picture.ts'

/**
 * The pictures of a card: of each kind that still says something, the newest one that was posted in the thread (`told`,
 * oldest first). The card changes every few seconds, but keeps its pictures until new ones are posted. A picture of the
 * outcome that counts differently than the card by now is not shown.
 */
export function cardPictures(
  { status, tally }: Pick<Glance, 'status' | 'tally'>,
  told: readonly Picture[],
): readonly Picture[] {
  return kindsOf(status).flatMap((kind) => {
    const last = told.findLast((picture) => picture.kind === kind)
    return last === undefined || (last.kind === 'outcome' && !agrees(last.outcome, tally.ends)) ? [] : [last]
  })
}

function agrees({ rings }: Outcome, counts: EndCounts): boolean {
  const ends = { good: 0, bad: 0, unreachable: 0, undecided: 0 }
  for (const [standing, number] of Object.entries(sumOfRings(rings)) as [Standing, number][])
    ends[countStanding(standing)] += number
  return ends.good === counts.good && ends.bad === counts.bad && ends.unreachable === counts.unreachable
}

function kindsOf(status: Status): readonly Picture['kind'][] {
  switch (status) {
    case 'open':
    case 'approved':
    case 'scheduled':
      return ['plan', 'load']
    case 'rolling out':
    case 'paused':
    case 'verifying':
      return ['plan']
    case 'halted':
    case 'completed':
      return ['outcome']
    case 'rejected':
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return []
  }
}
