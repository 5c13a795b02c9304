import { expect, test } from 'vitest'
import { cardPictures } from '../../src/chat/card-pictures.ts'
import type { Picture } from '../../src/chat/picture/picture.ts'
import { type Status, statuses } from '../../src/core/proposal/proposal.ts'
import { pictures } from '../support/pictures.ts'

const { plan, load, outcome } = pictures
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
  expect(cardPictures(status, [plan, load, outcome, later])).toEqual(shown)
})

test('nothing is shown that was not told', () => {
  for (const status of statuses) expect(cardPictures(status, [])).toEqual([])
})
