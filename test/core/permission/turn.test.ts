import { expect, test } from 'vitest'
import { turnOf } from '../../../src/core/permission/turn.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { glanceOf } from '../../../src/core/proposal/glance.ts'
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
