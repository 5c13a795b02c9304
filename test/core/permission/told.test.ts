import { describe, expect, test } from 'vitest'
import { type Occasion, type Told, whoIsTold } from '../../../src/core/permission/told.ts'
import type { Content, ProposalEvent } from '../../../src/core/proposal/event.ts'
import { caseOf, people } from '../../support/permission-scene.ts'
import { person, type proposalCase } from '../../support/proposal-case.ts'
import { content, exploited, testedContent } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

type Case = ReturnType<typeof proposalCase>

function occasionOf(one: Case, type: ProposalEvent['type']): Occasion {
  const decisions = one.decisions()
  const index = decisions.findLastIndex(({ events }) => events.some(({ event }) => event.type === type))
  const decided = decisions[index]
  const recorded = decided?.events.find(({ event }) => event.type === type)
  if (decided === undefined || recorded === undefined) throw new Error(`There is no ${type}.`)
  const { state, at: now, freezes } = decided
  const before = decisions[index - 1]?.state ?? null
  return { recorded, before, state, moment: { members: one.setting.members, now, freezes } }
}

function toldOf(one: Case, type: ProposalEvent['type']) {
  const told = whoIsTold(occasionOf(one, type))
  return told === null ? null : { loud: told.loud, readers: readersOf(told), wanted: told.wanted }
}

function readersOf({ readers }: Told) {
  return readers.map(({ person: who, as, acts }) => [who, as, ...acts].join(' '))
}

function rollingOut(options: Parameters<typeof caseOf>[0] = {}): Case {
  const one = caseOf({ content: content(6), ...options })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  return one
}

describe('a halt', () => {
  test('is told loudly to those who may resume, those on call and the proposer, each with what they may do', () => {
    const one = rollingOut({ proposer: person('lea') })
    one.finishBatch('failed')
    expect(toldOf(one, 'halted')).toEqual({
      loud: true,
      readers: [
        'mara may act resume retry leave-out skip roll-back',
        'noor may act resume retry leave-out skip roll-back',
        'jonas on call skip roll-back',
        'lea proposer',
      ],
      wanted: { act: 'resume', able: ['Mara', 'Noor'] },
    })
  })

  test('is told to all who may stop it where nobody is on call, and first to who acknowledged it', () => {
    const noCall = people.filter(({ id }) => id !== 'jonas')
    const one = rollingOut({ policy: { stop: ['security'] } })
    one.setting.members = noCall
    one.finishBatch('failed')
    expect(toldOf(one, 'halted')?.readers.map((reader) => reader.split(' ').slice(0, 3).join(' '))).toEqual([
      'mara may act',
      'noor may act',
      'tom on call',
    ])
  })

  test('is not told to who caused it', () => {
    const one = rollingOut()
    one.give({ type: 'start-batch' })
    one.give({ type: 'halt', reason: 'the shop is slow' }, person('jonas'))
    expect(toldOf(one, 'halted')?.readers.map((reader) => reader.split(' ')[0])).toEqual(['mara', 'noor'])
  })
})

test('a break-glass is told loudly to whoever may review it, to those on call, the leads and the proposer', () => {
  const one = caseOf({ content: content(6, nights), proposer: person('ava') })
  one.give({ type: 'break-glass', reason: 'exploited on web1' }, person('tom'))
  expect(toldOf(one, 'break-glass-used')).toEqual({
    loud: true,
    readers: [
      'mara may act withdraw review-break-glass',
      'noor may act withdraw review-break-glass',
      'jonas may act withdraw review-break-glass',
      'lea may act review-break-glass',
      'ava proposer',
    ],
    wanted: { act: 'review-break-glass', able: ['Mara', 'Noor', 'Jonas', 'Lea'] },
  })
})

describe('an approval that lapsed', () => {
  test.each([
    ['loudly where it is exploited', exploited(content(6, nights)), true],
    ['by direct messages otherwise', content(6, nights), false],
  ])('is told to those whose vote is missing, %s', (_, asked, loud) => {
    const one = caseOf({ content: asked })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'withdraw-vote' }, person('tom'))
    expect(toldOf(one, 'approval-lapsed')).toEqual({
      loud,
      // Noor has voted, and Tom caused it.
      readers: ['mara may act approve reject'],
      wanted: { act: 'approve', able: ['Mara', 'Tom'] },
    })
  })
})

describe('an expiry', () => {
  test('with servers that are exploited is told loudly to those who did not vote, and to those above them', () => {
    const one = caseOf({ content: exploited(content(6)), proposer: person('ava') })
    one.vote('noor', 'approve')
    one.pass(7 * 24)
    one.give({ type: 'expire' })
    expect(toldOf(one, 'expired')).toEqual({
      loud: true,
      readers: ['mara may act', 'tom may act', 'lea lead', 'ava proposer'],
      wanted: null,
    })
  })

  test('of anything else is told to the proposer alone', () => {
    const one = caseOf({ content: content(6), proposer: person('ava') })
    one.pass(7 * 24)
    one.give({ type: 'expire' })
    expect(toldOf(one, 'expired')).toEqual({ loud: false, readers: ['ava proposer'], wanted: null })
  })
})

describe('a window that was missed', () => {
  function missed(asked: Content): Case {
    const one = caseOf({ content: asked, proposer: person('ava') })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    const { schedule } = one.state()
    one.pass((Date.parse(schedule?.end ?? '') - Date.parse(one.now())) / 3_600_000)
    one.give({ type: 'reschedule' })
    return one
  }

  test('with servers that are exploited is told loudly to those who may break the glass, and to those on call', () => {
    expect(toldOf(missed(exploited(content(6, nights))), 'scheduled')).toEqual({
      loud: true,
      readers: [
        'mara may act break-glass postpone',
        'tom may act break-glass postpone',
        'jonas on call postpone',
        'lea lead postpone',
        'ava proposer',
      ],
      wanted: null,
    })
  })

  test('of anything else is told to the proposer alone; a schedule that follows a vote is told to nobody', () => {
    expect(toldOf(missed(content(6, nights)), 'scheduled')?.readers).toEqual(['ava proposer'])
    const one = caseOf({ content: exploited(content(6, nights)) })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(toldOf(one, 'scheduled')).toBeNull()
  })
})

test('a test that did not pass is told to those whose vote is missing and to those on call, loudly if it is exploited', () => {
  const failed = (asked: Content) => {
    const one = caseOf({ content: asked, policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    one.finishBatch('failed')
    return toldOf(one, 'test-ended')
  }
  expect(failed(exploited(testedContent(4, 2)))).toEqual({
    loud: true,
    readers: [
      'mara may act approve reject',
      'noor may act approve reject',
      'tom may act approve reject',
      'jonas on call',
    ],
    wanted: { act: 'approve', able: ['Mara', 'Noor', 'Tom'] },
  })
  expect(failed(testedContent(4, 2))?.loud).toBe(false)
})
