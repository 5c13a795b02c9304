/** The actions that can be typed on Discord. */

import { type ActionName, actionNames } from '../actions.ts'

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

export const typedNames: readonly ActionName[] = actionNames.filter((name) => !buttonsOnly.includes(name))
