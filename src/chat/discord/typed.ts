/** The actions that can be typed on Discord. */

import { type ActionName, actionNames, type LookName, lookNames } from '../actions.ts'

/** Discord's limit for the subcommands of one command. */
export const MOST_SUBCOMMANDS = 25

/** Actions beyond the limit. On Discord they are only buttons, so each needs a button (card-actions.ts). */
export const buttonsOnly: readonly ActionName[] = [
  'go',
  'withdraw',
  'review-break-glass',
  'explain',
  'assets',
  'report',
  'end-waiting',
]

/**
 * What is about people and not about a proposal is a command of its own, because the other is full. Its subcommands are
 * what is typed after /patch elsewhere.
 */
export const PEOPLE_COMMAND = 'patch-people'
export const peopleNames: readonly LookName[] = ['away', 'back']

/** Actions that are about a person, too. */
export const peopleActions: readonly ActionName[] = ['ask']

export const typedNames: readonly ActionName[] = actionNames.filter(
  (name) => !buttonsOnly.includes(name) && !peopleActions.includes(name),
)

export const typedLooks: readonly LookName[] = lookNames.filter((name) => !peopleNames.includes(name))
