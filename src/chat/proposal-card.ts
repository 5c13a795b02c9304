import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import type { PatchBrief } from '../core/proposal/brief.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { isEndState } from '../core/proposal/proposal.ts'
import { countEndState } from '../core/rollout/gate.ts'
import { ringTitle } from '../core/rollout/lanes.ts'
import type { Card, CardRing } from './card.ts'
import { cardActions } from './card-actions.ts'
import { cardFacts } from './card-facts.ts'
import { cardNotes } from './card-notes.ts'
import { cardPictures } from './card-pictures.ts'
import { cardSay } from './card-say.ts'
import { cardSmall } from './card-small.ts'
import { cardState } from './card-state.ts'
import type { Picture } from './picture/picture.ts'

/**
 * The proposal's card for one reader. `viewer` null: the card for everybody, with every action that somebody could do
 * now. `told`: the pictures of its thread, oldest first.
 */
export function proposalCard(place: Place, viewer: Doer | null, told: readonly Picture[] = []): Card {
  const { glance: state } = place
  const { subject } = state
  const { tone, words } = cardState(place)
  return {
    proposal: state.id,
    revision: state.revision,
    team: state.team,
    tone,
    state: words,
    title: state.title,
    simulated: subject.kind === 'patches' && subject.simulated,
    say: cardSay(place),
    facts: cardFacts(place),
    pictures: cardPictures(state, told),
    rings: subject.kind === 'patches' ? cardRings(state, subject) : [],
    notes: cardNotes(place),
    small: cardSmall(place),
    actions: cardActions(place, viewer),
  }
}

/** The rings of the rollout. During the vote: the rings of the running test. */
function cardRings(state: Glance, subject: PatchBrief): readonly CardRing[] {
  const run = state.rollout ?? state.test
  const failed = state.rollout === null && state.test?.result?.passed === false
  return subject.rings.map((ring, index) => {
    const known = run?.rings[index]?.counts ?? {}
    const counts = { good: 0, bad: 0, running: known['at work'] ?? 0 }
    for (const [end, count] of Object.entries(known))
      if (isEndState(end)) counts[countEndState(end) === 'good' ? 'good' : 'bad'] += count
    return {
      name: ringTitle(subject, index) ?? ring.name,
      total: ring.assets,
      ...counts,
      status: failed && ring.beforeVote === true ? 'failed' : (run?.rings[index]?.status ?? 'waiting'),
    }
  })
}
