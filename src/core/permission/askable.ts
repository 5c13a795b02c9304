/** Who may be asked about a proposal: people who can do something about it now, apart from talking. */

import type { Member } from '../policy.ts'
import { type Act, acts } from './acts.ts'
import { isOfferedTo } from './answer.ts'
import type { Place } from './place.ts'

/** Acts that answer no question: whoever can do nothing else cannot bring it on. */
const talk: readonly Act[] = ['comment', 'ask', 'confirm', 'withdraw-vote']
const answers = acts.filter((act) => !talk.includes(act))

export function couldAnswer(place: Place, { id, name }: Pick<Member, 'id' | 'name'>): boolean {
  const doer = { kind: 'person', id, name, via: 'console' } as const
  return answers.some((act) => isOfferedTo(act, doer, place))
}

/** Those who are not away, without the person who asks. */
export function askable(place: Place, asker: string): readonly Member[] {
  return place.members.filter(
    (member) => member.id !== asker && member.awayUntil === undefined && couldAnswer(place, member),
  )
}
