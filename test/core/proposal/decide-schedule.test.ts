import { describe, expect, test } from 'vitest'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import type { Freeze } from '../../../src/core/window.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { always, nights } from '../../support/windows.ts'

/** Scheduled for 01:00 of the 20th, in windows of three hours a night. It is midnight. */
function scheduled(plan = nights) {
  const one = proposalCase({ content: content(6, plan) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

function postpone(until: string | null, reason: string | null = null): ProposalCommand {
  return { type: 'postpone', until, reason }
}

const notToCome = 'Say from when it may run, as a date that is still to come (2026-12-31).'
const limit = new Date(Date.parse('2026-11-20T00:00:00Z') + 366 * 86_400_000)

describe('postponing', () => {
  test.each<[string, string | null, string]>([
    ['moves it to the next window', null, '2026-11-21T01:00:00.000Z'],
    ['moves it to the first window from a date on', '2026-11-24', '2026-11-24T01:00:00.000Z'],
    ['takes a window that begins just then', '2026-11-24T01:00:00.000Z', '2026-11-24T01:00:00.000Z'],
    ['never moves it to an earlier window', '2026-11-20T00:30:00.000Z', '2026-11-21T01:00:00.000Z'],
    ['is to a date that is to come', '2026-11-20T00:00:00.000Z', notToCome],
    ['is to a date', 'soon', notToCome],
    [
      'is for 366 days at most',
      new Date(limit.getTime() + 1_000).toISOString(),
      'It can be postponed for 366 days at most; choose an earlier date.',
    ],
    ['is for as many', limit.toISOString(), '2027-11-21T01:00:00.000Z'],
  ])('%s', (_, until, expected) => {
    const one = scheduled()
    const answer = one.give(postpone(until), person('jonas'))
    expect('code' in answer ? answer.sentence : one.state().schedule?.start).toBe(expected)
  })

  test('keeps who and why, of which 2000 characters', () => {
    const one = scheduled()
    one.give(postpone(null, ` ${'x'.repeat(2_500)}`), person('jonas'))
    expect(one.recorded().at(-1)?.event).toEqual({
      type: 'postponed',
      person: 'jonas',
      name: 'Jonas',
      reason: 'x'.repeat(2_000),
      window: { start: '2026-11-21T01:00:00.000Z', end: '2026-11-21T04:00:00.000Z' },
    })
    one.give(postpone(null, '  '), person('jonas'))
    expect(one.recorded().at(-1)?.event).toMatchObject({ type: 'postponed', reason: null })
  })

  test('in a window that is always open takes a date', () => {
    const one = scheduled(always)
    expect(one.give(postpone(null), person('jonas'))).toEqual({
      code: 'incomplete',
      sentence:
        'The window "always" has no next time in the coming year: say from when it may run, as a date (2026-12-31).',
    })
    expect(one.give(postpone('2026-11-24T06:00Z'), person('jonas'))).toEqual(['postponed'])
    expect(one.state().schedule?.start).toBe('2026-11-24T06:00:00.000Z')
  })

  test('into a freeze that has no end finds no window', () => {
    const one = scheduled()
    one.setting.freezes = [{ name: 'Sale', from: '2026-11-20T12:00:00.000Z', to: 'later', teams: null }]
    expect(one.give(postpone('2026-11-24'), person('jonas'))).toEqual({
      code: 'incomplete',
      sentence: 'The window "nights" has no later time in the coming year.',
    })
  })
})

describe('a freeze', () => {
  const until = '2026-11-22T00:00:00.000Z'
  const freeze: ProposalCommand = { type: 'freeze', until, reason: 'sale' }
  const sale: Freeze = { name: 'sale', from: '2026-11-20T00:00:00.000Z', to: until, teams: ['web'] }

  test('moves what is scheduled to the first window after it, and back when it is lifted', () => {
    const one = scheduled()
    one.setting.freezes = [sale]
    expect(one.give(freeze, person('jonas'))).toEqual(['frozen', 'scheduled'])
    expect(
      one
        .recorded()
        .slice(-2)
        .map(({ event }) => event),
    ).toEqual([
      { type: 'frozen', person: 'jonas', name: 'Jonas', until, reason: 'sale' },
      {
        type: 'scheduled',
        window: { start: '2026-11-22T01:00:00.000Z', end: '2026-11-22T04:00:00.000Z' },
        reason: 'frozen',
      },
    ])
    one.setting.freezes = []
    expect(one.give({ type: 'unfreeze' }, person('noor'))).toEqual(['unfrozen', 'scheduled'])
    expect(
      one
        .recorded()
        .slice(-2)
        .map(({ event }) => event),
    ).toEqual([
      { type: 'unfrozen', person: 'noor', name: 'Noor' },
      {
        type: 'scheduled',
        window: { start: '2026-11-20T01:00:00.000Z', end: '2026-11-20T04:00:00.000Z' },
        reason: 'the freeze was lifted',
      },
    ])
  })

  test('that leaves the window as it is moves nothing', () => {
    const one = scheduled()
    one.setting.freezes = [{ ...sale, teams: ['db'] }]
    expect(one.give(freeze, person('jonas'))).toEqual(['frozen'])
    one.setting.freezes = [{ ...sale, from: '2026-11-21T00:00:00.000Z' }]
    expect(one.give(freeze, person('jonas'))).toEqual(['frozen'])
  })

  test('moves nothing that is not scheduled, has begun, or was decided at once', () => {
    const open = proposalCase({ content: content(6, nights) })
    open.setting.freezes = [sale]
    expect(open.give(freeze, person('jonas'))).toEqual(['frozen'])

    const begun = scheduled()
    begun.pass(1)
    begun.give({ type: 'start' })
    begun.setting.freezes = [sale]
    expect(begun.give(freeze, person('jonas'))).toEqual(['frozen'])

    const broken = proposalCase({
      content: content(6, nights),
      policy: { breakGlass: { roles: ['security'], reviewWithinSeconds: 3_600 } },
    })
    broken.give({ type: 'break-glass', reason: 'now' }, person('tom'))
    broken.setting.freezes = [sale]
    expect(broken.give(freeze, person('jonas'))).toEqual(['frozen'])
  })
})

describe('break-glass', () => {
  const policy = { breakGlass: { roles: ['security'], reviewWithinSeconds: 7_200 } }

  test('approves at once, for a day from now, and is reviewed in time', () => {
    const one = proposalCase({ content: content(6, nights), policy })
    one.pass(8)
    const written = ` ${'x'.repeat(2_500)}`
    expect(one.give({ type: 'break-glass', reason: written }, person('tom'))).toEqual([
      'break-glass-used',
      'approved',
      'scheduled',
    ])
    const reason = 'x'.repeat(2_000)
    expect(
      one
        .recorded()
        .slice(-3)
        .map(({ event }) => event),
    ).toEqual([
      { type: 'break-glass-used', person: 'tom', name: 'Tom', reason, reviewBy: '2026-11-20T10:00:00.000Z' },
      { type: 'approved', by: { how: 'break-glass', person: 'tom', reason } },
      {
        type: 'scheduled',
        window: { start: '2026-11-20T08:00:00.000Z', end: '2026-11-21T08:00:00.000Z' },
        reason: 'break-glass by Tom: the window does not apply',
      },
    ])
    one.give({ type: 'review-break-glass' }, person('noor'))
    expect(one.recorded().at(-1)?.event).toEqual({ type: 'break-glass-reviewed', person: 'noor', name: 'Noor' })
  })

  test.each([null, '', '   '])('takes a reason in words: %j', (reason) => {
    const one = proposalCase({ policy })
    expect(one.give({ type: 'break-glass', reason }, person('tom'))).toEqual({
      code: 'incomplete',
      sentence: 'Write down why this cannot wait: the reason is kept and will be reviewed.',
    })
    expect(one.state().status).toBe('open')
  })
})
