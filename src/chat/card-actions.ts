import { type Act, isAct } from '../core/permission/acts.ts'
import { offersTo, offersToAny } from '../core/permission/answer.ts'
import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import type { ButtonAct } from '../core/permission/told.ts'
import { turnOf } from '../core/permission/turn.ts'
import type { Member } from '../core/policy.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { type ActionName, actions, questionsOf } from './actions.ts'
import type { CardAction } from './card.ts'
import { askedBefore } from './consequence.ts'
import { shortenInside } from './visible.ts'
import { count } from './words.ts'

/** The button of an action, made from the table of actions. */
export function cardAction(
  name: ActionName,
  revision: number,
  label: string = actions[name].label,
  rare = false,
  confirm: string | null = null,
): CardAction {
  return { name, label, style: actions[name].style, questions: questionsOf(name), confirm, revision, rare }
}

/** The button of an action as the proposal stands now. */
export function buttonNow(name: ActionName, glance: Glance, members: readonly Member[]): CardAction {
  const confirm = askedBefore(name, glance, members)
  return cardAction(name, numberOfAction(name, glance), labelOf(name, glance), false, confirm)
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
 * `likely`: people usually need it when it is offered. `seldom`: it stands at the end of the card. `by state`: likely or seldom, see `isLikely`. `look`: it shows something and is always there. `without`:
 * the card has no such button; the text says why.
 */
type ButtonPlace = 'likely' | 'seldom' | 'by state' | 'look' | { readonly without: string }

/** The place of each action's button on the card. Buttons of one place keep this order, safe and likely ones first. */
export const buttonPlaces: Readonly<Record<ActionName, ButtonPlace>> = {
  approve: 'likely',
  reject: 'likely',
  abstain: 'seldom',
  ask: 'seldom',
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
  'roll-back': 'by state',
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

/** At most so many buttons stand directly under the first lines. */
const FIRST = 4

/** At most so many characters of a server's name stand on a button. */
const NAME_ON_BUTTON = 20

/** The button that tries again what did not end well. It names a single server, and counts several. */
function retryLabel({ tally: { failed } }: Glance): string {
  const [first] = failed.first
  if (failed.count === 0 || first === undefined) return actions.retry.label
  return failed.count === 1 ? `Retry ${shortenInside(first.name, NAME_ON_BUTTON)}…` : `Retry ${failed.count} servers…`
}

/** The button that lets a stopped rollout go on. It says that what failed stays as it is. */
function resumeLabel({ tally, rollout }: Glance): string {
  const failed = rollout === null ? 0 : tally.failed.count
  if (failed === 0) return actions.resume.label
  return failed === 1 ? 'Resume without it' : `Resume without ${failed}`
}

/** The text of the action's button now: it says on how much it acts. */
export function labelOf(name: ActionName, glance: Glance): string {
  const stopped = glance.status === 'paused' || glance.status === 'halted'
  switch (name) {
    case 'retry':
      return retryLabel(glance)
    case 'resume':
      return resumeLabel(glance)
    case 'withdraw':
      return stopped ? 'End it here…' : actions.withdraw.label
    case 'assets':
      return glance.subject.kind === 'patches' ? count(glance.subject.assets, 'server') : actions.assets.label
    case 'explain':
      return `Why ${glance.priority}?`
    default:
      return actions[name].label
  }
}

function isLikely(name: ActionName, glance: Glance, viewer: Doer | null): boolean {
  const { status, tally } = glance
  const stopped = status === 'paused' || status === 'halted'
  switch (name) {
    case 'withdraw-vote':
      return status === 'open' && viewer !== null
    case 'retry':
      return stopped
    case 'roll-back':
      return status === 'halted' && tally.ends.good > 0
    case 'acknowledge':
      return status === 'approved' || status === 'scheduled'
    default:
      return buttonPlaces[name] === 'likely'
  }
}

/**
 * The card's buttons: actions that would be accepted now from this viewer; with `null`, from any member of the team.
 * Those that are not rare stand directly under the first lines, the expected one first.
 */
export function cardActions(place: Place, viewer: Doer | null): readonly CardAction[] {
  const { glance } = place
  const button = (name: ActionName) => buttonNow(name, glance, place.members)
  const offered = viewer === null ? offersToAny(place) : offersTo(viewer, place)
  const acting = offeredOf(actingButtons, offered)
  const likely = acting.filter((name) => isLikely(name, glance, viewer))
  const patches = glance.subject.kind === 'patches'
  const looks: readonly ActionName[] = patches ? ['assets', 'explain', 'plan', 'report'] : ['report']
  const first = likely.slice(0, patches ? FIRST - 1 : FIRST)
  const rest = [...likely.slice(first.length), ...acting.filter((name) => !likely.includes(name))]
  return [
    ...calm(first.map(button), glance),
    ...looks.slice(0, patches ? 1 : 0).map(button),
    ...[...looks.slice(patches ? 1 : 0), ...rest].map((name) => ({
      ...button(name),
      style: 'plain' as const,
      rare: true,
    })),
  ]
}

/** At most one button is coloured: the expected one, or Halt while something runs. */
function calm(shown: readonly CardAction[], { status }: Glance): readonly CardAction[] {
  const coloured = shown.findIndex(({ name, style }) => {
    if (status === 'rolling out' || status === 'verifying') return name === 'halt' || name === 'go'
    return name === 'retry' || style === 'primary'
  })
  return shown.map((action, index) => {
    if (index !== coloured) return { ...action, style: 'plain' }
    return action.name === 'retry' ? { ...action, style: 'primary' } : action
  })
}
