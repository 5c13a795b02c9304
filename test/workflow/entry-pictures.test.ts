import { expect, test } from 'vitest'
import { withPictures } from '../../src/workflow/entry-pictures.ts'
import { begun, end } from '../support/begun.ts'
import { person, proposalCase } from '../support/proposal-case.ts'

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

/** The pictures that are told of the last events, with what is in the plan. */
function toldOf(one: ReturnType<typeof proposalCase>) {
  const context = { now: one.now(), freezes: [] }
  return one
    .decisions()
    .at(-1)
    ?.events.flatMap(({ event }) =>
      withPictures([entry], event, one.state(), context).flatMap(({ picture }) => picture ?? []),
    )
}

test('break-glass right after the opening is told with a plan of its own: the first one waits for the window', () => {
  const one = proposalCase({ policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } } })
  one.pass(0.1)
  one.give({ type: 'break-glass', reason: 'It is exploited.' }, person('mara'))
  const [plan] = toldOf(one) ?? []
  expect(plan?.kind === 'plan' && plan.forecast.rings[0]?.start).toBe(one.now())
})

test('a picture of how it ended waits until what is at work has ended', () => {
  const one = begun(2, () => ({}))
  one.give({ type: 'start-batch' })
  one.give({ type: 'halt', reason: 'It is slow.' }, person('jonas'))
  expect(toldOf(one)).toEqual([])
  end(one, 'web1')
  expect(toldOf(one)).toEqual([])
  end(one, 'web2', 'failed')
  expect(toldOf(one)).toEqual([
    { kind: 'outcome', outcome: { rings: [{ name: 'all', ends: { installed: 1, failed: 1 } }] } },
  ])
})
