/** Words for the reasons why assets are left out since the vote. */

import { minuteOf } from '../time/instant.ts'
import { type LeftOut, leftOutReasons } from './proposal.ts'

/** `lookedAt`: ISO 8601 UTC; `null`: never. */
export function notLookedAt(lookedAt: string | null): LeftOut {
  const reason = 'not looked at'
  return lookedAt === null ? { reason } : { reason, what: `${minuteOf(lookedAt)} UTC` }
}

/** Why one asset is left out, as the end of a sentence that begins with "it". */
export function whyLeftOut({ reason, what = '' }: LeftOut): string {
  switch (reason) {
    case 'up to date':
      return 'is up to date'
    case 'gone':
      return 'is gone from the inventory'
    case 'another engine':
      return `is served by another engine (${what})`
    case 'another system':
      return `has another system now (${what})`
    case 'another version':
      return `would get another version than was voted on (${what})`
    case 'more':
      return `would get more than was voted on (${what})`
    case 'on hold':
      return `does not install ${what} by itself now`
    case 'not offered':
      return `is not offered what was voted on: ${what}`
    case 'not previewed':
      return `could not be previewed, so that nobody knows what it would get (${what})`
    case 'not proposed':
      return 'is covered by another decision, or is not asked for any more'
    case 'not looked at':
      return what === '' ? 'was never looked at' : `was last looked at on ${what}, too long ago to act on`
  }
}

/** How many assets are left out, by reason. */
export type LeftOutCounts = Readonly<Partial<Record<LeftOut['reason'], number>>>

export function countReasons(all: readonly LeftOut[]): LeftOutCounts {
  const counts: Partial<Record<LeftOut['reason'], number>> = {}
  for (const { reason } of all) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

/** How many assets are left out and why: `9 are up to date, 3 gone`. */
export function leftOutWords(counts: LeftOutCounts): string {
  return leftOutReasons.flatMap((reason) => countWords(reason, counts[reason] ?? 0)).join(', ')
}

function countWords(reason: LeftOut['reason'], count: number): string | readonly [] {
  if (count === 0) return []
  switch (reason) {
    case 'up to date':
      return `${count} ${count === 1 ? 'is' : 'are'} up to date`
    case 'gone':
      return `${count} gone`
    case 'another engine':
      return `${count} served by another engine`
    case 'another system':
      return `${count} with another system`
    case 'another version':
      return `${count} would get another version`
    case 'more':
      return `${count} would get more`
    case 'on hold':
      return `${count} on hold`
    case 'not offered':
      return `${count} not offered it`
    case 'not previewed':
      return `${count} could not be previewed`
    case 'not proposed':
      return `${count} not asked for any more`
    case 'not looked at':
      return `${count} not looked at for too long`
  }
}
