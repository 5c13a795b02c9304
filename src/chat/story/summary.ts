/** The summary at the end of a rollout. */

import { badEnds, outcomeOf, sumOfRings } from '../../core/outcome.ts'
import { allEndedWell, remarkableEnds, whyLeftUntouched } from '../../core/proposal/ends.ts'
import { countReasons, leftOutWords } from '../../core/proposal/left-out.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { deploymentsOf } from '../../core/rollout/deployments.ts'
import { countEndState } from '../../core/rollout/gate.ts'
import { endCounts } from '../../core/rollout/tally.ts'
import { type RichText, rich, sentence, strong } from '../rich-text.ts'
import type { Tellers } from './telling.ts'
import { owingWords } from './words.ts'

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
    owingWords(counts),
    ...badEnds(sumOfRings(outcomeOf(state).rings)),
    counts.unreachable > 0 ? `${counts.unreachable} never answered` : '',
    counts.untouched > 0 ? `${counts.untouched} not touched` : '',
    counts.leftOut > 0 ? `${counts.leftOut} left out: ${leftOutWords(countReasons(whyLeftUntouched(state)))}` : '',
  ].filter((part) => part !== '')
  return rich(
    strong('Done. '),
    `${counts.good} of ${total} report the promised versions${rest.length === 0 ? healthOf(state) : `; ${rest.join(', ')}`}${staleOf(state)}.`,
  )
}

/** How many services are named. */
const SERVICES = 3

/** A clause: which services still run what was replaced, and on how many servers; empty: none does. */
function staleOf({ rollout }: ProposalState): string {
  const all = rollout === null ? [] : deploymentsOf(rollout)
  const good = all.filter(({ verification }) => verification !== null && countEndState(verification.end) === 'good')
  const counts = new Map<string, number>()
  for (const { verification } of good)
    for (const service of verification?.staleServices ?? []) counts.set(service, (counts.get(service) ?? 0) + 1)
  const named = [...counts].sort(([, a], [, b]) => b - a)
  const first = named
    .slice(0, SERVICES)
    .map(([service, number]) => `on ${number} of ${good.length} ${service} still runs what was replaced`)
  const more = named.length > SERVICES ? `, and ${named.length - SERVICES} more services` : ''
  return first.length === 0 ? '' : `; ${first.join(', ')}${more}`
}

/** A clause about the health of servers that all ended well, as far as somebody looked. */
function healthOf({ rollout }: ProposalState): string {
  const all = rollout === null ? [] : deploymentsOf(rollout)
  const looked = all.filter(({ verification }) => (verification?.health.length ?? 0) > 0).length
  if (looked === all.length) return ' and are healthy'
  return looked === 0 ? '; nobody looked whether they work' : `; ${looked} are healthy, and nobody looked at the others`
}
