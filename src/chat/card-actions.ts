import { type Act, isAct } from '../core/permission/acts.ts'
import { offersTo, offersToAny } from '../core/permission/answer.ts'
import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import { turnOf } from '../core/permission/turn.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { testRunning } from '../core/rollout/run.ts'
import { type ActionName, actions } from './actions.ts'
import type { CardAction } from './card.ts'

/** A button as the table of actions describes it. */
export function cardAction(
  name: ActionName,
  revision: number,
  label: string = actions[name].label,
  rare = false,
): CardAction {
  const { style, asks, optional = [] } = actions[name]
  return { name, label, style, asks, optional, revision, rare }
}

/** What an action may be, depending on what is given with it; none: it only shows something. */
export function actsOfAction(name: ActionName): readonly Act[] {
  if (name === 'extend') return ['extend-window']
  if (name === 'skip') return ['skip', 'leave-out']
  return isAct(name) ? [name] : []
}

/** The number that a button for it carries now. */
export function numberOfAction(name: ActionName, glance: Glance): number {
  const [act] = actsOfAction(name)
  return act === undefined ? glance.revision : turnOf(act, glance)
}

/** From these actions, the ones that only show something or whose act is offered. */
export function offeredOf(names: readonly ActionName[], offered: ReadonlySet<Act>): readonly ActionName[] {
  return names.filter((name) => {
    const possible = actsOfAction(name)
    return possible.length === 0 || possible.some((act) => offered.has(act))
  })
}

/** Actions that are expected, the safe and likely ones first, then those that are seldom wanted. */
const likely: readonly ActionName[] = [
  'approve',
  'reject',
  'withdraw-vote',
  'go',
  'retry',
  'resume',
  'pause',
  'halt',
  'acknowledge',
  'postpone',
  'unfreeze',
  'roll-back',
  'review-break-glass',
]
const seldom: readonly ActionName[] = [
  'abstain',
  'withdraw-vote',
  'skip',
  'retry',
  'extend',
  'acknowledge',
  'freeze',
  'withdraw',
  'break-glass',
]

/** Buttons of the card: what would be accepted now, from this reader, or with `null` from any member of the team. */
export function cardActions(place: Place, viewer: Doer | null): readonly CardAction[] {
  const { glance } = place
  const { status, subject } = glance
  const button = (name: ActionName, label?: string, rare = false) =>
    cardAction(name, numberOfAction(name, glance), label, rare)
  const stopped = status === 'paused' || status === 'halted'
  const offered = viewer === null ? offersToAny(place) : offersTo(viewer, place)
  const isLikely = (name: ActionName): boolean => {
    switch (name) {
      case 'withdraw-vote':
        return status === 'open' && viewer !== null
      case 'retry':
        return stopped
      case 'acknowledge':
        return status === 'approved' || status === 'scheduled'
      default:
        return true
    }
  }
  const shown: CardAction[] = offeredOf(likely, offered)
    .filter(isLikely)
    .map((name) => {
      const shown = button(name)
      // While people vote, the vote is what is expected: only its button is coloured.
      return name === 'resume' && testRunning(glance) ? { ...shown, style: 'plain' } : shown
    })
  const rare = offeredOf(seldom, offered)
    .filter((name) => !likely.includes(name) || !isLikely(name))
    .map((name) => button(name, name === 'withdraw' && stopped ? 'End it here…' : undefined, true))
  const looks =
    subject.kind === 'patches' ? [button('explain'), button('assets', `${subject.assets} servers`), button('plan')] : []
  return [...shown, ...looks, ...rare, button('report', undefined, true)]
}
