/** Makes the thread of a proposal: the text of each event for people. */

import type { Member } from '../../core/policy.ts'
import type { RecordedEvent } from '../../core/proposal/event.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import type { ThreadEntry } from '../card.ts'
import { rollout } from './rollout.ts'
import { scheduling } from './scheduling.ts'
import { summary } from './summary.ts'
import type { EventOf, Events, Tellers, Telling } from './telling.ts'
import { verification } from './verification.ts'
import { voting } from './voting.ts'

const tellers: Tellers = { ...voting, ...scheduling, ...rollout, ...verification, ...summary }

const noLogs: ReadonlyMap<string, string> = new Map()

/**
 * The thread entries of one event. `before` and `state`: the proposal before and after it. `logs`: the logs that
 * `logsTold` names, by hash; some may be missing.
 */
export function storyOf(
  recorded: RecordedEvent,
  before: ProposalState | null,
  state: ProposalState,
  people: readonly Member[] = [],
  logs: ReadonlyMap<string, string> = noLogs,
): readonly ThreadEntry[] {
  return tell(recorded.event, { recorded, before, state, people, logs })
}

function tell<Type extends keyof Events>(event: EventOf<Type>, telling: Telling): readonly ThreadEntry[] {
  return tellers[event.type](event, telling)
}
