import { describe, expect, test } from 'vitest'
import type { Act } from '../../../src/core/permission/acts.ts'
import { turnOf, turnProblem } from '../../../src/core/permission/turn.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { glanceOf } from '../../../src/core/proposal/glance.ts'
import { doer, placeIn, type Scene, scenes } from '../../support/permission-scene.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

function halted() {
  const one = proposalCase({ content: content(6) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  return one
}

test('a button of an earlier halt does not resume a later one', () => {
  const one = halted()
  const first = turnOf('resume', glanceOf(one.state()))
  one.pass(1)
  expect(one.give({ type: 'resume', turn: first }, person('noor'))).toContain('resumed')
  one.pass(1)
  one.give({ type: 'halt', reason: 'no' }, person('jonas'))
  for (const type of ['resume', 'retry'] as const) {
    const pressed: ProposalCommand = type === 'retry' ? { type, asset: null, turn: first } : { type, turn: first }
    expect(one.give(pressed, person('noor'))).toEqual({
      code: 'old revision',
      sentence:
        'That button was for something earlier: PW-1 was stopped at 2026-11-20T02:00:00.000Z by Jonas. Look at the new card; nothing was counted.',
    })
  }
  expect(one.give({ type: 'resume' }, person('noor'))).toContain('resumed')
})

test('a button to try again, shown while it was rolling out, agrees to no halt since', () => {
  const one = halted()
  one.give({ type: 'resume' }, person('noor'))
  const shown = turnOf('retry', glanceOf(one.state()))
  one.give({ type: 'halt', reason: 'no' }, person('jonas'))
  expect(one.give({ type: 'retry', asset: null, turn: shown }, person('noor'))).toMatchObject({ code: 'old revision' })
})

test('a button that asked about one window acknowledges no other', () => {
  const acknowledgement = {
    askBeforeSeconds: 1_800,
    remindEverySeconds: 600,
    escalateAfterSeconds: 1_200,
    escalateTo: ['owner'],
    otherwise: 'wait',
  } as const
  const one = proposalCase({ policy: { acknowledgement } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  const shown = turnOf('acknowledge', glanceOf(one.state()))
  one.give({ type: 'postpone', until: '2026-11-24', reason: null }, person('jonas'))
  expect(one.give({ type: 'acknowledge', turn: shown }, person('jonas'))).toMatchObject({ code: 'old revision' })
  const now = turnOf('acknowledge', glanceOf(one.state()))
  expect(one.give({ type: 'acknowledge', turn: now }, person('jonas'))).toEqual(['acknowledged'])
})

test('a vote is for the revision that was seen', () => {
  const one = proposalCase()
  expect(turnOf('approve', glanceOf(one.state()))).toBe(1)
  one.give({ type: 'revise', content: content(3), reason: 'web4 is gone' })
  expect(one.vote('noor', 'approve', { revision: 1 })).toMatchObject({ code: 'old revision' })
  expect(one.vote('noor', 'approve', { revision: 2 })).toEqual(['vote-cast'])
})

describe('a button carries', () => {
  const of = (act: Act, scene: Scene) => turnOf(act, placeIn(scene).glance)

  test.each<[Act, Scene, number]>([
    ['approve', 'open', 1],
    ['pause', 'started', 1],
    ['resume', 'halted', Date.parse('2026-11-20T01:00:00.000Z')],
    ['retry', 'test paused', Date.parse('2026-11-20T00:00:00.000Z')],
    ['resume', 'started', 0],
    ['acknowledge', 'scheduled', Date.parse('2026-11-20T01:00:00.000Z')],
    ['acknowledge', 'open', 0],
    ['go', 'waits for go', 0],
    ['go', 'open', 0],
  ])('for %s, %s: %i', (act, scene, turn) => {
    expect(of(act, scene)).toBe(turn)
  })

  test('for go, the ring that waits', () => {
    const one = scenes['waits for go']()
    one.give({ type: 'go' }, doer('lea'))
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    expect(turnOf('go', glanceOf(one.state()))).toBe(1)
  })
})

describe('a button that asked something else says', () => {
  const look = 'Look at the new card; nothing was counted.'

  test.each<[Act, Scene, string]>([
    ['resume', 'started', 'That button was for something earlier: PW-1 is rolling out.'],
    ['retry', 'test halted', 'That button was for something earlier: PW-1 is open; its test ring is halted.'],
    ['acknowledge', 'scheduled', 'That button was for another window: PW-1 starts at 2026-11-20T01:00:00.000Z.'],
    ['acknowledge', 'open', 'That button was for another window: PW-1 starts at no known time.'],
    ['go', 'waits for go', 'That button was for another ring: now canary waits.'],
    ['go', 'open', 'That button was for another ring: now none waits.'],
  ])('for %s, %s', (act, scene, sentence) => {
    expect(turnProblem(act, placeIn(scene).glance, 77)).toEqual({
      code: 'old revision',
      sentence: `${sentence} ${look}`,
    })
  })

  test('nothing, where it is what was asked, where nobody said, or where it does not matter', () => {
    const { glance } = placeIn('halted')
    expect(turnProblem('resume', glance, turnOf('resume', glance))).toBeNull()
    expect(turnProblem('resume', glance, null)).toBeNull()
    expect(turnProblem('pause', glance, 77)).toBeNull()
  })
})
