import { type Act, isAct } from '../core/permission/acts.ts'
import { offersTo, offersToAny } from '../core/permission/answer.ts'
import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import type { ButtonAct } from '../core/permission/told.ts'
import { turnOf } from '../core/permission/turn.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { testRunning } from '../core/rollout/run.ts'
import { type ActionName, actions, questionsOf } from './actions.ts'
import type { CardAction } from './card.ts'

/** The button of an action, made from the table of actions. */
export function cardAction(
  name: ActionName,
  revision: number,
  label: string = actions[name].label,
  rare = false,
): CardAction {
  return { name, label, style: actions[name].style, questions: questionsOf(name), revision, rare }
}

/** The acts that an action may stand for, depending on its input; empty: the action only shows something. */
export function actsOfAction(name: ActionName): readonly Act[] {
  if (name === 'extend') return ['extend-window']
  if (name === 'skip') return ['skip', 'leave-out']
  return isAct(name) ? [name] : []
}

/** The action whose button does the act. */
export function actionOfAct(act: ButtonAct): ActionName {
  switch (act) {
    case 'leave-out':
      return 'skip'
    case 'extend-window':
      return 'extend'
    default:
      return act
  }
}

/** The number that the button of the action carries now. */
export function numberOfAction(name: ActionName, glance: Glance): number {
  const [act] = actsOfAction(name)
  return act === undefined ? glance.revision : turnOf(act, glance)
}

/** Keeps the actions that only show something, and those with an offered act. */
export function offeredOf(names: readonly ActionName[], offered: ReadonlySet<Act>): readonly ActionName[] {
  return names.filter((name) => {
    const possible = actsOfAction(name)
    return possible.length === 0 || possible.some((act) => offered.has(act))
  })
}

/**
 * `likely`: people usually need it when it is offered. `seldom`: it comes last, and is hidden behind "More" if there
 * are many. `by state`: likely or seldom, see `isLikely`. `look`: it shows something and is always there. `without`:
 * the card has no such button; the text says why.
 */
type ButtonPlace = 'likely' | 'seldom' | 'by state' | 'look' | { readonly without: string }

/** The place of each action's button on the card. Buttons of one place keep this order, safe and likely ones first. */
export const buttonPlaces: Readonly<Record<ActionName, ButtonPlace>> = {
  approve: 'likely',
  reject: 'likely',
  abstain: 'seldom',
  'withdraw-vote': 'by state',
  go: 'likely',
  skip: 'seldom',
  retry: 'by state',
  resume: 'likely',
  pause: 'likely',
  halt: 'likely',
  'end-waiting': 'seldom',
  extend: 'seldom',
  acknowledge: 'by state',
  postpone: 'likely',
  freeze: 'seldom',
  unfreeze: 'likely',
  'roll-back': 'likely',
  'review-break-glass': 'likely',
  withdraw: 'seldom',
  'break-glass': 'seldom',
  confirm: { without: 'it confirms one act of one person, and stands in the notice that tells them of it' },
  explain: 'look',
  assets: 'look',
  plan: 'look',
  report: 'look',
}

const actingButtons = (Object.keys(buttonPlaces) as ActionName[]).filter((name) => {
  const place = buttonPlaces[name]
  return typeof place === 'string' && place !== 'look'
})

/**
 * The card's buttons: actions that would be accepted now from this viewer; with `null`, from any member of the team.
 */
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
        return buttonPlaces[name] === 'likely'
    }
  }
  const acting = offeredOf(actingButtons, offered)
  const shown: CardAction[] = acting.filter(isLikely).map((name) => {
    const shown = button(name)
    // While people vote, only the buttons for votes are coloured.
    return name === 'resume' && testRunning(glance) ? { ...shown, style: 'plain' } : shown
  })
  const rare = acting
    .filter((name) => !isLikely(name))
    .map((name) => button(name, name === 'withdraw' && stopped ? 'End it here…' : undefined, true))
  const looks =
    subject.kind === 'patches' ? [button('explain'), button('assets', `${subject.assets} servers`), button('plan')] : []
  return [...shown, ...looks, ...rare, button('report', undefined, true)]
}
