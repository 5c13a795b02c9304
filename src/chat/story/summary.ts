/** The summary at the end of a rollout. */

import { outcomeOf } from '../../core/outcome.ts'
import { allEndedWell, remarkableEnds, whyLeftUntouched } from '../../core/proposal/ends.ts'
import { countReasons, leftOutWords } from '../../core/proposal/left-out.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { endCounts } from '../../core/rollout/tally.ts'
import { type RichText, rich, sentence, strong } from '../rich-text.ts'
import type { Tellers } from './telling.ts'

export const summary = {
  completed: (_, { state }) => [
    {
      author: null,
      tone: allEndedWell(state) ? 'good' : 'warning',
      text: summaryText(state),
      detail: remarkableEnds(state).map(({ name, end, reason }) => `${name}: ${end}. ${sentence(reason)}`),
      picture: { kind: 'outcome', outcome: outcomeOf(state) },
    },
  ],
} satisfies Partial<Tellers>

function summaryText(state: ProposalState): RichText {
  const counts = endCounts(state)
  const total = counts.good + counts.bad + counts.unreachable + counts.untouched
  const rest = [
    counts.bad > 0 ? `${counts.bad} not` : '',
    counts.unreachable > 0 ? `${counts.unreachable} never answered` : '',
    counts.untouched > 0 ? `${counts.untouched} not touched` : '',
    counts.leftOut > 0 ? `${counts.leftOut} left out: ${leftOutWords(countReasons(whyLeftUntouched(state)))}` : '',
  ].filter((part) => part !== '')
  return rich(
    strong('Done. '),
    `${counts.good} of ${total} report the promised versions${rest.length === 0 ? ' and are healthy' : `; ${rest.join(', ')}`}.`,
  )
}
