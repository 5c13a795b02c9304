import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/core/policy.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content, testedContent } from '../../support/proposals.ts'
import { always, nights } from '../../support/windows.ts'

const reason = 'it is replaced'
const both: Partial<Policy> = { resume: [{ role: 'owner', count: 2 }] }

/** Rolling out six since 01:00, in a window until 04:00. */
function started(policy: Partial<Policy> = {}, plan = nights) {
  const one = proposalCase({ content: content(6, plan), policy })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.pass(1)
  one.give({ type: 'start' })
  expect(one.state().status).toBe('rolling out')
  return one
}

function halted(policy: Partial<Policy> = {}) {
  const one = started(policy)
  one.finishBatch('failed')
  expect(one.state().status).toBe('halted')
  return one
}

function skip(asset: string | null, why: string | null = reason): ProposalCommand {
  return { type: 'skip', asset, reason: why }
}

describe('leaving out', () => {
  test.each<[string, ProposalCommand, string, string]>([
    ['names an asset', skip(null), 'incomplete', 'Name a server of PW-1.'],
    ['names one that is there', skip('db1'), 'incomplete', 'PW-1 has no server "db1".'],
    ['says why', skip('web6', null), 'incomplete', 'Say why web6 is left out: the reason is kept with it.'],
    ['says why in words', skip('web6', '  '), 'incomplete', 'Say why web6 is left out: the reason is kept with it.'],
  ])('%s', (_, command, code, sentence) => {
    const one = started()
    expect(one.give(command, person('jonas'))).toEqual({ code, sentence })
    expect(one.state().rollout?.skipped).toEqual({})
  })

  test('is once, not of what is at work, and not of what is done', () => {
    const one = started()
    expect(one.give(skip('web6'), person('jonas'))).toEqual(['asset-skipped'])
    expect(one.give(skip('web6'), person('jonas'))).toEqual({
      code: 'already',
      sentence: 'web6 is left out already.',
    })
    one.give({ type: 'start-batch' })
    expect(one.give(skip('web1'), person('jonas'))).toEqual({
      code: 'not now',
      sentence: 'web1 is being worked on; what has begun is brought to its end.',
    })
    const ended = started()
    ended.finishBatch()
    expect(ended.give(skip('web1'), person('jonas'))).toEqual({
      code: 'already',
      sentence: 'web1 is done: installed.',
    })
  })

  test('keeps who and why, of which 2000 characters', () => {
    const one = started()
    one.give(skip('web6', ` ${'x'.repeat(2_500)}`), person('jonas'))
    expect(one.recorded().at(-1)?.event).toEqual({
      type: 'asset-skipped',
      asset: 'lab/web6',
      name: 'Jonas',
      reason: 'x'.repeat(2_000),
    })
  })

  test('of the last asset that was left brings its ring on', () => {
    const one = started()
    expect(one.give(skip('web1'), person('jonas'))).toEqual(['asset-skipped', 'ring-passed'])
  })

  test('of what failed, agreed to twice by one person, is said to miss somebody else', () => {
    const one = halted(both)
    const event = { type: 'agreed', to: { act: 'leave-out', asset: 'lab/web1' }, reason, person: 'noor', name: 'Noor' }
    expect(one.give(skip('web1'), person('noor'))).toEqual(['agreed'])
    expect(one.recorded().at(-1)?.event).toEqual(event)
    expect(one.give(skip('web1'), person('noor'))).toMatchObject({ code: 'already' })
    expect(one.give(skip('web1'), person('mara'))).toEqual(['asset-skipped'])
  })
})

describe('trying again', () => {
  const retry = (asset: string | null): ProposalCommand => ({ type: 'retry', asset })

  test('is of what failed, or of all that did', () => {
    const one = halted()
    expect(one.give(retry('web1'), person('noor'))).toEqual(['retry-asked', 'resume-agreed', 'resumed'])
    const all = halted()
    expect(all.give(retry(null), person('noor'))).toEqual(['retry-asked', 'resume-agreed', 'resumed'])
    expect(all.recorded().find(({ event }) => event.type === 'retry-asked')?.event).toEqual({
      type: 'retry-asked',
      assets: ['lab/web1'],
      name: 'Noor',
    })
  })

  test('is of nothing else', () => {
    const one = halted()
    expect(one.give(retry('web6'), person('noor'))).toEqual({
      code: 'not now',
      sentence: 'web6 has not failed: its turn has not come.',
    })
    expect(one.give(retry('db1'), person('noor'))).toEqual({
      code: 'incomplete',
      sentence: 'PW-1 has no server "db1".',
    })
    one.give({ type: 'resume' }, person('noor'))
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.give({ type: 'start-batch' })
    expect(one.give(retry('web2'), person('noor'))).toEqual({
      code: 'not now',
      sentence: 'web2 has not failed: it is being worked on.',
    })
  })

  test('of all does not try what somebody left out; by its name it does', () => {
    const one = halted()
    one.give(skip('web1'), person('noor'))
    expect(one.give(retry(null), person('noor'))).toEqual({
      code: 'not now',
      sentence: 'No server of PW-1 has failed.',
    })
    expect(one.give(retry('web1'), person('noor'))).toContain('retry-asked')
  })

  test('of all leaves what ended well', () => {
    const one = started()
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.finishBatch('failed')
    expect(one.give(retry('web1'), person('noor'))).toEqual({
      code: 'not now',
      sentence: 'web1 has not failed: installed.',
    })
    one.give(retry(null), person('noor'))
    expect(one.recorded().find(({ event }) => event.type === 'retry-asked')?.event).toMatchObject({
      assets: ['lab/web2', 'lab/web3'],
    })
  })

  test('of each of two agrees once', () => {
    const one = started(both)
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.finishBatch('failed')
    expect(one.give(retry('web2'), person('noor'))).toEqual(['retry-asked', 'resume-agreed'])
    expect(one.give(retry('web3'), person('noor'))).toEqual(['retry-asked'])
  })

  test('agrees beside somebody else who has', () => {
    const one = halted(both)
    one.give({ type: 'resume' }, person('mara'))
    expect(one.give(retry('web1'), person('noor'))).toEqual(['retry-asked', 'resume-agreed', 'resumed'])
  })

  test('agrees once that it goes on', () => {
    const one = halted(both)
    expect(one.give(retry('web1'), person('noor'))).toEqual(['retry-asked', 'resume-agreed'])
    expect(one.give(retry('web1'), person('noor'))).toMatchObject({ code: 'not now' })
    expect(one.state().resumeVotes.map((vote) => vote.person)).toEqual(['noor'])
    expect(one.give({ type: 'resume' }, person('mara'))).toContain('resumed')
  })
})

describe('stopping and going on', () => {
  test('keeps who and why', () => {
    const one = started()
    expect(one.give({ type: 'pause', reason: ' look ' }, person('jonas'))).toEqual(['paused'])
    expect(one.recorded().at(-1)?.event).toEqual({ type: 'paused', by: 'Jonas', reason: 'look' })
    expect(one.give({ type: 'halt', reason: null }, person('noor'))).toEqual(['halted'])
    expect(one.recorded().at(-1)?.event).toEqual({ type: 'halted', by: 'Noor', reason: 'no reason given' })
  })

  test('names all who agreed, and whose agreement may have been another hand', () => {
    const byTomsLink: Actor = {
      kind: 'person',
      id: 'noor',
      name: 'Noor',
      via: 'console',
      through: { kind: 'sign-in link', madeBy: ['tom'] },
    }
    const one = started(both)
    one.give({ type: 'pause', reason: null }, person('jonas'))
    expect(one.give({ type: 'resume' }, byTomsLink)).toEqual(['resume-agreed'])
    one.give({ type: 'resume' }, person('mara'))
    expect(one.recorded().map(({ event }) => event)).toContainEqual({
      type: 'resumed',
      by: ['Noor (not confirmed)', 'Mara'],
    })
  })

  test('said again by an account of one’s own confirms what was said, where the account was known before', () => {
    const again = (linkedAt?: string) => {
      const one = started(both)
      one.give({ type: 'pause', reason: null }, person('jonas'))
      const link = { kind: 'sign-in link', madeBy: ['tom'] } as const
      one.give({ type: 'resume' }, { kind: 'person', id: 'noor', name: 'Noor', via: 'console', through: link })
      one.pass(0.5)
      return { one, own: { ...person('noor'), ...(linkedAt === undefined ? {} : { linkedAt }) } }
    }
    const known = again()
    expect(known.one.give({ type: 'resume' }, known.own)).toEqual(['act-confirmed'])
    expect(known.one.state().resumeVotes).toHaveLength(1)
    const later = again('2026-11-20T01:15:00.000Z')
    expect(later.one.give({ type: 'confirm', act: null }, later.own)).toMatchObject({ code: 'not own' })
    expect(later.one.give({ type: 'resume' }, later.own)).toEqual(['resume-agreed'])
  })

  test('a paused test goes on as a test', () => {
    const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    expect(one.give({ type: 'pause', reason: null }, person('jonas'))).toEqual(['test-paused'])
    expect(one.give({ type: 'resume' }, person('noor'))).toEqual(['resume-agreed', 'test-resumed'])
    expect(one.give({ type: 'halt', reason: null }, person('jonas'))).toContain('test-halted')
  })
})

describe('a longer window', () => {
  const extend = (until: string | null, why: string | null = 'nearly done'): ProposalCommand => ({
    type: 'extend-window',
    until,
    reason: why,
  })
  const given = (one: ReturnType<typeof started>, command: ProposalCommand) => {
    const answer = one.give(command, person('noor'))
    return 'code' in answer ? answer.sentence : one.state().rollout?.extendedUntil
  }

  test.each<[string, number, ProposalCommand, string]>([
    ['is an hour longer, where nobody says more', 2, extend(null), '2026-11-20T05:00:00.000Z'],
    ['is an hour from now, where it is over', 3.5, extend(null), '2026-11-20T05:30:00.000Z'],
    ['is until the time that is said', 2, extend('2026-11-20T05:30Z'), '2026-11-20T05:30:00.000Z'],
    ['is at most four hours from now', 2, extend('2026-11-20T07:00:00.000Z'), '2026-11-20T07:00:00.000Z'],
    ['is not longer than that', 2, extend('2026-11-20T07:00:01.000Z'), 'A window is extended by 4 hours at most.'],
    ['is no longer than that where it would be an hour', 0, extend(null), '2026-11-20T05:00:00.000Z'],
    [
      'ends later than the one that is open',
      2,
      extend('2026-11-20T04:00:00.000Z'),
      'The window is open until 2026-11-20T04:00:00.000Z; choose a later time.',
    ],
    [
      'ends later than now',
      3.5,
      extend('2026-11-20T04:30:00.000Z'),
      'The window is open until 2026-11-20T04:00:00.000Z; choose a later time.',
    ],
    [
      'is until a time',
      2,
      extend('late'),
      '"late" is not a time; write 2026-12-31T05:00Z, or nothing for an hour more.',
    ],
    ['says why', 2, extend(null, ' '), 'Say why it may run on: the reason is kept, and everybody reads it.'],
    [
      'says why in any case',
      2,
      extend(null, null),
      'Say why it may run on: the reason is kept, and everybody reads it.',
    ],
  ])('%s', (_, hours, command, expected) => {
    const one = started()
    one.pass(hours)
    expect(given(one, command)).toBe(expected)
  })

  test('is given in the last three hours of the window, so that an hour more is never more than four from now', () => {
    const rules = always.rules.map((rule) => ({ ...rule, start: '01:00', durationSeconds: 4.5 * 3_600 }))
    const one = started({}, { name: 'long', rules })
    one.pass(1.4)
    expect(given(one, extend(null))).toBe(
      'The window is open until 2026-11-20T05:30:00.000Z anyway: it is extended in its last 3 hours, or after it.',
    )
    one.pass(0.1)
    expect(given(one, extend(null))).toBe('2026-11-20T06:30:00.000Z')
  })

  test('keeps who and why', () => {
    const one = started()
    one.pass(2)
    one.give(extend(null, ` ${'x'.repeat(2_500)}`), person('noor'))
    expect(one.recorded().at(-1)?.event).toEqual({
      type: 'window-extended',
      until: '2026-11-20T05:00:00.000Z',
      person: 'noor',
      name: 'Noor',
      reason: 'x'.repeat(2_000),
    })
  })

  test('where two must agree and mean two ends, neither is agreed to; who changes the mind counts once', () => {
    const one = started(both)
    one.pass(2)
    expect(one.give(extend('2026-11-20T05:00Z'), person('noor'))).toEqual(['agreed'])
    expect(one.give(extend('2026-11-20T06:00Z'), person('mara'))).toEqual(['agreed'])
    expect(one.state().agreements?.map(({ person: who, to }) => [who, to.act === 'extend-window' && to.until])).toEqual(
      [
        ['noor', '2026-11-20T05:00:00.000Z'],
        ['mara', '2026-11-20T06:00:00.000Z'],
      ],
    )
    expect(one.state().rollout?.extendedUntil).toBeNull()
  })

  test('to which somebody has agreed is agreed to with the same end, where nobody says another', () => {
    const one = started(both)
    one.pass(2)
    expect(one.give(extend('2026-11-20T06:00Z'), person('noor'))).toEqual(['agreed'])
    expect(one.give(extend(null), person('mara'))).toEqual(['window-extended'])
    expect(one.state().rollout?.extendedUntil).toBe('2026-11-20T06:00:00.000Z')
  })

  test('is not what somebody agreed to who left out what failed', () => {
    const one = halted(both)
    one.pass(2)
    one.give(skip('web1'), person('noor'))
    one.give(extend(null), person('mara'))
    expect(one.state().agreements?.at(-1)?.to).toEqual({ act: 'extend-window', until: '2026-11-20T05:00:00.000Z' })
  })

  test('ends what was agreed to about it, and nothing else', () => {
    const one = halted(both)
    one.pass(2)
    one.give(skip('web1'), person('noor'))
    one.give(extend(null), person('noor'))
    expect(one.state().agreements).toHaveLength(2)
    expect(one.give(extend(null), person('mara'))).toEqual(['window-extended'])
    expect(one.state().agreements?.map(({ to }) => to.act)).toEqual(['leave-out'])
    one.give({ type: 'retry', asset: 'web1' }, person('mara'))
    expect(one.state().agreements).toEqual([])
  })
})
