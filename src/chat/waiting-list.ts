/** The one direct message that lists what waits for a person. */

import type { Place } from '../core/permission/place.ts'
import { priorities } from '../core/priority/priority.ts'
import { isBefore } from '../core/time/instant.ts'
import type { ActionName } from './actions.ts'
import type { EntryAction, ThreadEntry } from './card.ts'
import { buttonNow } from './card-actions.ts'
import { cardSay } from './card-say.ts'
import { cardState } from './card-state.ts'
import { lineBreak, type RichText, rich, strong } from './rich-text.ts'
import { count } from './words.ts'

export interface WaitingFor {
  readonly place: Place
  /** With what the person can answer, the likeliest first. */
  readonly actions: readonly ActionName[]
}

/** So many are told in full. `/patch mine` lists the others. */
const TOLD = 5

/**
 * Each proposal with the first two lines of its card and the button that answers it; a single one with all that answer
 * it. `null`: nothing waits.
 */
export function waitingList(waiting: readonly WaitingFor[]): ThreadEntry | null {
  const [only] = waiting
  if (only === undefined) return null
  const shown = [...waiting].sort((a, b) => rank(a) - rank(b)).slice(0, TOLD)
  const head =
    waiting.length === 1
      ? 'This waits for you:'
      : `${count(waiting.length, 'proposal')} wait for you, the most urgent first:`
  const more = waiting.length - shown.length
  return {
    author: null,
    tone: shown.some(({ place }) => cardState(place).tone === 'urgent') ? 'urgent' : 'warning',
    text: [
      ...rich(strong(head)),
      ...shown.flatMap(({ place }) => [...rich(lineBreak), ...inTwoLines(place)]),
      ...rich(more === 0 ? '' : ` And ${more} more, which /patch mine lists.`),
    ],
    detail: [],
    actions: waiting.length === 1 ? answers(only) : shown.flatMap((one) => answers(one).slice(0, 1).map(withId)),
    link: waiting.length === 1 ? `/p/${only.place.glance.id}` : '/',
  }
}

/** What is overdue stands before the rest of its priority. */
function rank({ place: { glance, now } }: WaitingFor): number {
  const isOverdue = glance.dueAt !== null && isBefore(glance.dueAt, now)
  return priorities.indexOf(glance.priority) * 2 - (isOverdue ? 1 : 0)
}

function inTwoLines(place: Place): RichText {
  const { id, title } = place.glance
  return [
    ...rich(strong(id), ' '),
    ...cardState(place).words,
    ...rich(lineBreak, strong(title), ': '),
    ...cardSay(place),
  ]
}

function answers({ place: { glance, members }, actions }: WaitingFor): readonly EntryAction[] {
  return actions.map((name) => ({ ...buttonNow(name, glance, members), proposal: glance.id }))
}

/** One proposal stands beside others here, so its button says which it is. */
function withId(action: EntryAction): EntryAction {
  return { ...action, label: `${action.label} ${action.proposal}` }
}
