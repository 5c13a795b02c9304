import { expect, test } from 'vitest'
import { cardPictures } from '../../src/chat/card-pictures.ts'
import type { Picture } from '../../src/chat/picture/picture.ts'
import { countStanding, type Standing, sumOfRings } from '../../src/core/outcome.ts'
import { type Status, statuses } from '../../src/core/proposal/proposal.ts'
import { tallyOf } from '../../src/core/rollout/tally.ts'
import { pictures } from '../support/pictures.ts'
import { proposalCase } from '../support/proposal-case.ts'

const { plan, load, outcome } = pictures
/** A card that counts as the picture does, unless `more` servers ended well since. */
function of(status: Status, more = 0) {
  const counts = { good: more, bad: 0, unreachable: 0, undecided: 0 }
  for (const [standing, number] of Object.entries(sumOfRings(outcome.outcome.rings)))
    counts[countStanding(standing as Standing)] += number
  const ends = { ...counts, untouched: counts.undecided, leftOut: 0 }
  return { status, tally: { ...tallyOf(proposalCase().state()), ends } }
}

const later = { ...plan, timeZone: 'UTC' }

test.each<[Status, readonly Picture[]]>([
  ['open', [later, load]],
  ['approved', [later, load]],
  ['scheduled', [later, load]],
  ['rolling out', [later]],
  ['paused', [later]],
  ['verifying', [later]],
  ['halted', [outcome]],
  ['completed', [outcome]],
  ['rejected', []],
  ['expired', []],
  ['withdrawn', []],
  ['superseded', []],
])('a card that is %s shows the newest of what still says something', (status, shown) => {
  expect(cardPictures(of(status), [plan, load, outcome, later])).toEqual(shown)
})

test('nothing is shown that was not told', () => {
  for (const status of statuses) expect(cardPictures(of(status), [])).toEqual([])
})

test('a picture of the outcome that counts otherwise than the card is not shown', () => {
  expect(cardPictures(of('halted', 1), [plan, outcome])).toEqual([])
})
