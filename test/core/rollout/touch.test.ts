import { describe, expect, test } from 'vitest'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { comesNext, nextRun, timeOver, touchable } from '../../../src/core/rollout/touch.ts'
import type { WindowPlan } from '../../../src/core/window.ts'
import { caseOf, doer, scenes } from '../../support/permission-scene.ts'
import { testedContent } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

type Case = ReturnType<typeof caseOf>

/** Six servers in a window from 01:00 until 04:00; web1 is the canary. */
const started = () => scenes.started()
const sale = { name: 'sale', from: '2026-11-20T02:00:00Z', to: '2026-11-20T03:00:00Z', teams: null }

function context(one: Case, more: Partial<Case['setting']> = {}) {
  return { now: one.now(), ...one.setting, ...more }
}

function open(one: Case, more: Partial<Case['setting']> = {}) {
  return touchable(one.state(), ['lab/web1', 'lab/web2'], 'canary', context(one, more))
}

function extended(until: string): Case {
  const one = started()
  one.pass(2.5)
  const extend: ProposalCommand = { type: 'extend-window', until, reason: 'nearly done' }
  expect(one.give(extend, doer('noor'))).toEqual(['window-extended'])
  return one
}

describe('what may be touched now', () => {
  const all = ['lab/web1', 'lab/web2']

  test('is all that has its window open, where what is left of it is enough', () => {
    const one = started()
    expect(open(one)).toEqual(all)
    expect(open(one, { estimates: { canary: 3 * 3_600 } })).toEqual(all)
    expect(open(one, { estimates: { canary: 3 * 3_600 + 1 } })).toEqual([])
    expect(open(one, { estimates: { broad: 9 * 3_600 } })).toEqual(all)
  })

  test('is nothing before it is approved, before the window that was chosen, and after it', () => {
    expect(open(scenes.open())).toEqual([])
    const one = scenes.scheduled()
    expect(open(one)).toEqual([])
    one.pass(4)
    expect(open(one)).toEqual([])
  })

  test('is nothing while a freeze holds', () => {
    const one = started()
    one.pass(1)
    expect(open(one, { freezes: [sale] })).toEqual([])
  })

  test('after a longer window ends with that, and with a freeze', () => {
    const one = extended('2026-11-20T05:00:00Z')
    one.pass(1)
    expect(open(one)).toEqual(all)
    expect(open(one, { estimates: { canary: 1_800 } })).toEqual(all)
    expect(open(one, { estimates: { canary: 1_801 } })).toEqual([])
    expect(open(one, { freezes: [{ ...sale, to: '2026-11-21T00:00:00Z' }] })).toEqual([])
  })

  test('of a test is everything, at any time but in a freeze', () => {
    const one = scenes['test runs']()
    expect(open(one)).toEqual(all)
    expect(open(one, { freezes: [{ ...sale, from: '2026-11-19T00:00:00Z' }] })).toEqual([])
  })
})

test('a rollout goes by its window, whatever its test went by', () => {
  const one = scenes['test runs']()
  const { test: tested } = one.state()
  const rolling = started()
  rolling.pass(4)
  const state = { ...rolling.state(), test: tested }
  expect(touchable(state, ['lab/web1'], 'canary', context(rolling))).toEqual([])
})

test('of what nobody has measured no time is expected', () => {
  const one = started()
  const { estimates: _, ...rest } = context(one)
  expect(touchable(one.state(), ['lab/web1'], 'canary', rest)).toEqual(['lab/web1'])
})

describe('the time of an asset is over', () => {
  const over = (one: Case, more: Partial<Case['setting']> = {}) => timeOver(one.state(), 'lab/web1', context(one, more))

  test('with its window, or the freeze that cuts it', () => {
    expect(over(started())).toBe('2026-11-20T04:00:00.000Z')
    expect(over(started(), { freezes: [sale] })).toBe('2026-11-20T02:00:00.000Z')
  })

  test('now, where its window is not open', () => {
    const one = started()
    one.pass(5)
    expect(over(one)).toBe('2026-11-20T06:00:00.000Z')
  })

  test('with the window that somebody made longer, or a freeze before that', () => {
    const one = extended('2026-11-20T06:00:00Z')
    expect(over(one)).toBe('2026-11-20T06:00:00.000Z')
    const later = { ...sale, from: '2026-11-20T05:00:00Z', to: '2026-11-20T05:30:00Z' }
    expect(over(one, { freezes: [later] })).toBe('2026-11-20T05:00:00.000Z')
    const after = { ...later, from: '2026-11-20T07:00:00Z', to: '2026-11-20T08:00:00Z' }
    expect(over(one, { freezes: [after] })).toBe('2026-11-20T06:00:00.000Z')
  })

  test('of a longer window that has ended, with its own again', () => {
    const one = extended('2026-11-20T05:00:00Z')
    one.pass(22)
    expect(over(one)).toBe('2026-11-21T04:00:00.000Z')
  })

  test('for a test with the next freeze, if there is one', () => {
    expect(over(scenes['test runs']())).toBeNull()
    expect(over(scenes['test runs'](), { freezes: [sale] })).toBe('2026-11-20T02:00:00.000Z')
  })
})

function next(state: ProposalState) {
  if (state.subject.kind !== 'patches') throw new Error('not patches')
  const [first, ...others] = comesNext(state, state.subject)
  expect(others).toEqual([])
  return first === undefined ? null : { pace: first.pace, assets: first.assets }
}

describe('what comes next', () => {
  test('before the rollout is its first ring', () => {
    expect(next(scenes.scheduled().state())).toEqual({ pace: 'canary', assets: ['lab/web1'] })
  })

  test('is what is left of the ring under way', () => {
    const one = started()
    one.finishBatch()
    one.pass(0.1)
    one.give({ type: 'end-soak' })
    one.give({ type: 'start-batch' })
    expect(next(one.state())).toEqual({ pace: 'broad', assets: ['lab/web4', 'lab/web5', 'lab/web6'] })
  })

  test('is a test ring that has not run, and not what one has done', () => {
    const plan: WindowPlan = nights
    const untested = caseOf({ content: testedContent(4, 2, plan) })
    expect(next(untested.state())?.pace).toBe('test')
    expect(next(scenes['test runs']().state())?.pace).toBe('broad')
  })

  test('is nothing, where the test ring was all', () => {
    const state = scenes['test runs']().state()
    if (state.subject.kind !== 'patches') throw new Error('not patches')
    const rings = state.subject.rings.slice(0, 1)
    expect(comesNext(state, { ...state.subject, rings })).toEqual([])
  })

  test('leaves out what was left out since the vote, unless that is all', () => {
    const one = caseOf({ content: testedContent(4, 2, nights) })
    const { state } = one
    const out = (...names: readonly string[]) => {
      const leftOut = Object.fromEntries(names.map((name) => [`lab/${name}`, { reason: 'up to date' } as const]))
      return next({ ...state(), since: { leftOut, done: {}, waiting: {}, toldAt: null } })?.assets
    }
    expect(out('web2')).toEqual(['lab/web1'])
    expect(out('web1', 'web2')).toEqual(['lab/web1', 'lab/web2'])
  })
})

describe('it may run next', () => {
  test('in the earliest window of what comes next', () => {
    const one = started()
    one.finishBatch()
    one.pass(0.1)
    one.give({ type: 'end-soak' })
    const at = (hour: string): WindowPlan => ({
      name: hour,
      rules: nights.rules.map((rule) => ({ ...rule, start: `${hour}:00`, durationSeconds: 3_600 })),
    })
    const { subject, ...rest } = one.state()
    if (subject.kind !== 'patches') throw new Error('not patches')
    const own = new Map([
      ['lab/web2', at('12')],
      ['lab/web3', at('09')],
      ['lab/web4', at('15')],
    ])
    const assets = subject.assets.map((planned) => {
      const window = own.get(planned.asset.id) ?? at('18')
      return { ...planned, window }
    })
    expect(nextRun({ ...rest, subject: { ...subject, assets } }, context(one))).toEqual({
      window: { start: '2026-11-20T09:00:00.000Z', end: '2026-11-20T10:00:00.000Z' },
    })
  })

  test('never, where its window is never open, or never long enough', () => {
    const one = started()
    const never = { ...nights, rules: [] }
    const { subject, ...rest } = one.state()
    if (subject.kind !== 'patches') throw new Error('not patches')
    expect(nextRun({ ...rest, subject: { ...subject, window: never } }, context(one))).toEqual({
      problem: 'the window "nights" has no time in the coming year in which this may run',
    })
    expect(nextRun(one.state(), context(one, { estimates: { canary: 3 * 3_600 + 60 } }))).toEqual({
      problem: 'the window "nights" is never open for as long as a server of ring canary takes (about 181 min)',
    })
  })
})
