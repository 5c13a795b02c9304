/** What waits for a platform, where and why, as lines for operators. Pure. */

import { firstNames } from '../core/first-names.ts'
import { addressee } from './platform.ts'
import { sentence } from './rich-text.ts'
import { count } from './words.ts'

/** Waiting messages of one channel that have the same problem. */
export interface WaitingPlace {
  readonly platform: string
  readonly channel: string
  /** Ids of the proposals that they are about. */
  readonly proposals: readonly string[]
  readonly waiting: number
  /** Why the last try failed; `null`: they were not tried, or wait behind others. */
  readonly problem: string | null
}

const LINES = 12

/** A line for each channel and problem; an empty list if nothing was refused. */
export function waitingLines(places: readonly WaitingPlace[], platform: string): readonly string[] {
  const refused = places.filter((one) => one.platform === platform && one.problem !== null)
  const lines = refused.slice(0, LINES).map(waitingLine)
  const more = refused.length - lines.length
  return more === 0 ? lines : [...lines, `${more} more like these.`]
}

function waitingLine({ channel, proposals, waiting, problem }: WaitingPlace): string {
  const person = addressee(channel)
  const where = person === null ? `In the channel ${channel}` : `For ${person.replace(/^@/, 'the account ')}`
  const about = proposals.length === 0 ? '' : ` of ${firstNames(proposals)}`
  return `${where}, ${count(waiting, 'message')}${about} ${waiting === 1 ? 'waits' : 'wait'}: ${sentence(problem ?? '')}`
}

/** How many messages wait for the platform in all. */
export function waitingIn(places: readonly WaitingPlace[], platform: string): number {
  return places.reduce((all, one) => (one.platform === platform ? all + one.waiting : all), 0)
}
