import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/core/policy.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

/** A rollout of six, at 01:00, whose first batch failed, which stopped it. */
function halted(policy: Partial<Policy> = {}) {
  const one = proposalCase({ content: content(6, nights), policy })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.pass(1)
  one.give({ type: 'start' })
  one.finishBatch('failed')
  const { status, subject } = one.state()
  expect(status).toBe('halted')
  const [failed = '', ...others] = subject.kind === 'patches' ? subject.assets.map(({ asset }) => asset.id) : []
  return { one, failed, waiting: others.at(-1) ?? '' }
}

const both: Partial<Policy> = { resume: [{ role: 'owner', count: 2 }] }
const reason = 'it is replaced'

describe('leaving out', () => {
  test('what has not begun takes one who may stop; what failed takes whoever may resume', () => {
    const { one, failed, waiting } = halted()
    expect(one.give({ type: 'skip', asset: waiting, reason }, person('jonas'))).toEqual(['asset-skipped'])
    expect(one.give({ type: 'skip', asset: failed, reason }, person('jonas'))).toMatchObject({
      code: 'not allowed',
      sentence: 'Leaving out what failed in PW-1 takes the role owner; you have on-call. Mara or Noor can.',
    })
    expect(one.give({ type: 'skip', asset: failed, reason }, person('noor'))).toContain('asset-skipped')
  })

  test('what failed takes as many as the policy counts, none of them twice', () => {
    const { one, failed } = halted(both)
    const skip = { type: 'skip', asset: failed, reason } as const
    expect(one.give(skip, person('noor'))).toEqual(['agreed'])
    expect(one.give(skip, person('noor'))).toMatchObject({ code: 'already' })
    expect(one.state().rollout?.skipped).toEqual({})
    expect(one.give(skip, person('mara'))).toContain('asset-skipped')
    expect(one.state().agreements).toEqual([])
  })

  test('another stop ends what was agreed to before', () => {
    const { one, failed } = halted(both)
    one.give({ type: 'skip', asset: failed, reason }, person('noor'))
    one.give({ type: 'resume' }, person('noor'))
    one.give({ type: 'resume' }, person('mara'))
    one.give({ type: 'pause', reason: null }, person('jonas'))
    expect(one.give({ type: 'skip', asset: failed, reason }, person('mara'))).toEqual(['agreed'])
  })
})

test('a longer window takes as many as the policy counts, and they mean the same end', () => {
  const { one } = halted(both)
  one.pass(2.5)
  const extend = { type: 'extend-window', until: null, reason: 'nearly done' } as const
  expect(one.give(extend, person('noor'))).toEqual(['agreed'])
  const [first] = one.state().agreements ?? []
  one.pass(0.5)
  expect(one.give(extend, person('mara'))).toEqual(['window-extended'])
  expect(one.state().rollout?.extendedUntil).toBe(first?.to.act === 'extend-window' ? first.to.until : '')
})

test('an agreement to a longer window counts no more once that end has passed', () => {
  const { one } = halted(both)
  one.pass(2.5)
  const extend = { type: 'extend-window', until: null, reason: 'nearly done' } as const
  one.give(extend, person('noor'))
  one.pass(2)
  expect(one.give(extend, person('mara'))).toEqual(['agreed'])
})

describe('trying again what is stopped', () => {
  test('agrees that it goes on', () => {
    const { one, failed } = halted()
    expect(one.give({ type: 'retry', asset: failed }, person('noor'))).toEqual([
      'retry-asked',
      'resume-agreed',
      'resumed',
    ])
    expect(one.state().status).toBe('rolling out')
  })

  test('is one of those that the policy counts', () => {
    const { one, failed } = halted(both)
    expect(one.give({ type: 'retry', asset: failed }, person('noor'))).toEqual(['retry-asked', 'resume-agreed'])
    expect(one.state().status).toBe('halted')
    expect(one.give({ type: 'resume' }, person('mara'))).toContain('resumed')
  })
})

test('whose vote was skipped may stop what a break-glass began, until somebody has reviewed it', () => {
  const policy = { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } }
  const one = proposalCase({ content: content(6), policy })
  one.give({ type: 'break-glass', reason: 'it burns' }, person('noor'))
  one.give({ type: 'start' })
  // Tom votes for security, and is none of those who may stop.
  expect(one.give({ type: 'pause', reason: null }, person('tom'))).toEqual(['paused'])
  expect(one.give({ type: 'review-break-glass' }, person('mara'))).toEqual(['break-glass-reviewed'])
  expect(one.give({ type: 'halt', reason: null }, person('tom'))).toMatchObject({ code: 'not allowed' })
})
