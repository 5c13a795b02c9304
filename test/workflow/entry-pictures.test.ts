import { expect, test } from 'vitest'
import { withPictures } from '../../src/workflow/entry-pictures.ts'
import { proposalCase } from '../support/proposal-case.ts'

const entry = { author: null, tone: 'neutral', text: [], detail: [] } as const

/** The kinds of pictures that are told when a rollout is scheduled at one time for another. */
function toldAt(now: string, start: string) {
  const window = { start, end: '2026-11-24T00:00:00.000Z' }
  const event = { type: 'scheduled', window, reason: null } as const
  const told = withPictures([entry], event, proposalCase().state(), { now, freezes: [] })
  return told.flatMap(({ picture }) => picture?.kind ?? [])
}

test.each([
  ['begins later', '2026-11-20T00:10:00.000Z', '2026-11-20T22:00:00.000Z', ['plan']],
  [
    'begins at once, right after it was proposed with its plan',
    '2026-11-20T00:10:00.000Z',
    '2026-11-20T00:10:00.000Z',
    [],
  ],
  ['begins at once, days after', '2026-11-22T00:00:00.000Z', '2026-11-22T00:00:00.000Z', ['plan']],
])('a rollout that %s is told with its plan where that is news', (_, now, start, kinds) => {
  expect(toldAt(now, start)).toEqual(kinds)
})
