import { describe, expect, test } from 'vitest'
import type { AcknowledgementRule } from '../../../src/core/policy.ts'
import {
  askedNow,
  nextAsk,
  waitsForAcknowledgement,
  wantsAcknowledgement,
} from '../../../src/core/proposal/acknowledgement.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { people } from '../../support/permission-scene.ts'
import { proposalCase } from '../../support/proposal-case.ts'

const rule: AcknowledgementRule = {
  askBeforeSeconds: 1_800,
  remindEverySeconds: 600,
  escalateAfterSeconds: 1_500,
  escalateTo: ['lead'],
  otherwise: 'wait',
}

/** Scheduled from 10:00 until 12:00. */
function scheduled(
  more: Partial<ProposalState> = {},
  acknowledgement: AcknowledgementRule | null = rule,
): ProposalState {
  const one = proposalCase({ policy: { acknowledgement } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  const schedule = { start: '2026-11-20T10:00:00.000Z', end: '2026-11-20T12:00:00.000Z' }
  return { ...one.state(), schedule, ...more }
}

function asked(first: string, last: string, escalated = false): Partial<ProposalState> {
  return { asked: { firstAt: `2026-11-20T${first}:00.000Z`, lastAt: `2026-11-20T${last}:00.000Z`, escalated } }
}

describe('somebody must still acknowledge', () => {
  test.each<[string, ProposalState, boolean]>([
    ['what is scheduled where the policy asks for it', scheduled(), true],
    ['not where it does not ask', scheduled({}, null), false],
    ['not what is acknowledged', scheduled({ acknowledgedBy: 'jonas' }), false],
    ['not what has begun', scheduled({ status: 'rolling out' }), false],
    ['not what has no window yet', scheduled({ status: 'approved' }), false],
    [
      'not what somebody decided at once',
      scheduled({ approvedBy: { how: 'break-glass', person: 'tom', reason: 'now' } }),
      false,
    ],
    ['also what is scheduled in some other way', scheduled({ approvedBy: null }), true],
  ])('%s', (_, state, wanted) => {
    expect(wantsAcknowledgement(state)).toBe(wanted)
    expect(waitsForAcknowledgement(state)).toBe(wanted)
    expect(nextAsk(state) !== null).toBe(wanted)
  })

  test('and silence holds it back only where the policy says so', () => {
    expect(waitsForAcknowledgement(scheduled({}, { ...rule, otherwise: 'go on' }))).toBe(false)
  })
})

describe('those on call are asked', () => {
  test.each<[string, ProposalState, string | null]>([
    ['first half an hour before the window', scheduled(), '09:30'],
    ['then every ten minutes', scheduled(asked('09:30', '09:30')), '09:40'],
    ['earlier where it is time to turn to those above', scheduled(asked('09:30', '09:50')), '09:55'],
    ['once these were asked, every ten minutes again', scheduled(asked('09:30', '09:50', true)), '10:00'],
    ['not without a window', scheduled({ schedule: null }), null],
    ['not when the window is over', scheduled(asked('09:30', '11:50', true)), null],
    ['until its end', scheduled(asked('09:30', '11:49', true)), '11:59'],
  ])('%s', (_, state, at) => {
    expect(nextAsk(state)).toBe(at === null ? null : `2026-11-20T${at}:00.000Z`)
  })
})

describe('who is asked', () => {
  const ask = (state: ProposalState, now: string, members = people) =>
    askedNow(state, { members, now: `2026-11-20T${now}.000Z` })

  test('those on call; after a while of silence those above, too, and from then on', () => {
    const state = scheduled(asked('09:30', '09:30'))
    expect(ask(scheduled(), '09:30:00')).toEqual({ people: ['jonas'], escalated: false })
    expect(ask(state, '09:54:59')).toEqual({ people: ['jonas'], escalated: false })
    expect(ask(state, '09:55:00')).toEqual({ people: ['jonas', 'lea'], escalated: true })
    expect(ask(scheduled(asked('09:30', '09:31', true)), '09:32:00')).toEqual({
      people: ['jonas', 'lea'],
      escalated: true,
    })
  })

  test('those above at once where nobody is on call', () => {
    const others = people.filter(({ id }) => id !== 'jonas')
    expect(ask(scheduled(), '09:30:00', others)).toEqual({ people: ['lea'], escalated: true })
  })

  test('each once', () => {
    const both = [{ id: 'jonas', name: 'Jonas', roles: ['on-call', 'lead'] }]
    expect(ask(scheduled(asked('09:30', '09:30')), '09:55:00', both)).toEqual({ people: ['jonas'], escalated: true })
  })

  test('those on call alone where the policy names nobody above', () => {
    expect(ask(scheduled(asked('09:30', '09:30'), null), '09:55:00')).toEqual({ people: ['jonas'], escalated: false })
    expect(ask(scheduled(asked('09:30', '09:30', true), null), '09:55:00')).toEqual({
      people: ['jonas'],
      escalated: true,
    })
  })
})
