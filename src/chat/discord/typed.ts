/** Which actions can be typed on Discord. */

import { type ActionName, actionNames } from '../actions.ts'

/** So many subcommands Discord takes under one command. */
export const MOST_SUBCOMMANDS = 25

/** There is no room for these beside the others: on Discord they are buttons only, so each needs one (card-actions.ts). */
export const buttonsOnly: readonly ActionName[] = [
  'go',
  'withdraw',
  'review-break-glass',
  'explain',
  'assets',
  'report',
]

export const typedNames: readonly ActionName[] = actionNames.filter((name) => !buttonsOnly.includes(name))
