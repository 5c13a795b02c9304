/** What is exploited, and a halt that nobody answers, are reminded of quickly, beside the steps of the policy. */

import { describe, expect, test } from 'vitest'
import { listedFor, loudWords, noticesOf } from '../../../src/chat/notices.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { storyOf } from '../../../src/chat/story/story.ts'
import { nextStep, wakeAt } from '../../../src/core/proposal/next-step.ts'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { content, exploited } from '../../support/proposals.ts'

const HOUR = 3_600
const urgent = { messageAfterSeconds: HOUR, escalateAfterSeconds: 2 * HOUR, repeatEverySeconds: 24 * HOUR }
const usual = {
  remindAfterSeconds: 24 * HOUR,
  messageAfterSeconds: 48 * HOUR,
  escalateAfterSeconds: 96 * HOUR,
  escalateTo: ['on-call'],
  expiresAfterSeconds: 7 * 24 * HOUR,
}

type Case = ReturnType<typeof proposalCase>

/** What the driver reminds of until then: the hour, the step, and whom it concerns. */
function until(one: Case, hours: number) {
  const begin = Date.parse(one.now())
  const seen: string[] = []
  for (;;) {
    const at = Date.parse(wakeAt(one.state(), one.now()) ?? '')
    const hour = (at - begin) / 3_600_000
    if (!(hour <= hours)) return seen
    one.pass((at - Date.parse(one.now())) / 3_600_000)
    if (nextStep(one.state(), one.now()).do !== 'remind') return seen
    one.give({ type: 'remind' })
    const { event } = one.recorded().at(-1) ?? {}
    if (event?.type !== 'reminded') throw new Error('Nobody was reminded.')
    seen.push(`${hour} h: ${event.step} to ${event.waitingFor.join(' and ')}`)
  }
}

function lastTold(one: Case) {
  const recorded = one.recorded().at(-1)
  if (recorded === undefined) throw new Error('Nothing was recorded.')
  const state = one.state()
  const occasion = { recorded, before: state, state, moment: { members, now: recorded.at, freezes: [] } }
  return {
    listed: listedFor(occasion),
    notices: noticesOf(occasion).map(({ person: who, entry }) => `${who}: ${plain(entry.text)}`),
    loud: loudWords(occasion),
    thread: storyOf(recorded, state, state, members).map(({ text }) => plain(text)),
  }
}

describe('what is exploited and open', () => {
  test('is reminded of within hours and then daily, and the steps of the policy come as they were configured', () => {
    const one = proposalCase({ content: exploited(content(4)), policy: { ...usual, urgent } })
    expect(until(one, 100)).toEqual([
      '1 h: direct message to mara and noor and tom',
      '2 h: escalation to jonas',
      '24 h: reminder to mara and noor and tom',
      '26 h: direct message to mara and noor and tom',
      '48 h: direct message to mara and noor and tom',
      '50 h: direct message to mara and noor and tom',
      '74 h: direct message to mara and noor and tom',
      '96 h: escalation to jonas',
      '98 h: direct message to mara and noor and tom',
    ])
  })

  test('is listed for each whose vote is missing, and its escalation is loud', () => {
    const one = proposalCase({ content: exploited(content(4)), policy: { ...usual, urgent } })
    until(one, 1)
    const first = lastTold(one)
    expect(first.thread).toEqual([])
    expect(first.loud).toBeNull()
    expect(first.notices).toEqual([])
    expect(first.listed).toEqual(['mara', 'noor', 'tom'])
    until(one, 1)
    const second = lastTold(one)
    expect(second.thread).toEqual([expect.stringMatching(/^Nobody has decided, so .* is told\./)])
    expect(second.loud).not.toBeNull()
  })

  test('is reminded of by the steps of the policy alone where that is configured, as is what is not exploited', () => {
    const steps = ['24 h: reminder', '48 h: direct message', '96 h: escalation']
    for (const one of [
      proposalCase({ content: exploited(content(4)), policy: { ...usual, urgent: null } }),
      proposalCase({ content: content(4), policy: { ...usual, urgent } }),
    ])
      expect(until(one, 100).map((text) => text.replace(/ to .*/, ''))).toEqual(steps)
  })

  test('is told once of each kind after an outage', () => {
    const one = proposalCase({ content: exploited(content(4)), policy: { ...usual, urgent } })
    one.pass(80)
    expect(one.give({ type: 'remind' })).toEqual(['reminded', 'reminded', 'reminded'])
    expect(one.give({ type: 'remind' })).toMatchObject({ code: 'not now' })
    expect(until(one, 24)[0]).toMatch(/^16 h: escalation/)
  })
})

describe('a halt that nobody answers', () => {
  function halted(more = {}) {
    const one = proposalCase({ content: content(6), policy: { ...usual, urgent, ...more } })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' })
    one.finishBatch('failed')
    expect(one.state().status).toBe('halted')
    return one
  }

  test('is repeated to those who may resume and to those above them, for as long as a proposal stays open', () => {
    const told = until(halted(), 1_000)
    expect(told.slice(0, 4)).toEqual([
      '1 h: direct message to mara and noor',
      '2 h: escalation to jonas',
      '26 h: direct message to mara and noor',
      '50 h: direct message to mara and noor',
    ])
    expect(told).toHaveLength(8)
  })

  test('is listed for those who may end it, then told to those above with what was not touched', () => {
    const one = halted()
    until(one, 1)
    const first = lastTold(one)
    expect(first.thread).toEqual([])
    expect(first.listed).toEqual(['mara', 'noor'])
    until(one, 1)
    expect(lastTold(one).thread).toEqual([
      expect.stringMatching(/^Nobody has answered since it was halted, so .* is told\.$/),
    ])
    expect(lastTold(one).notices).toEqual([
      expect.stringMatching(
        /^jonas: PW-1 .* Halted since .*, and nobody has answered: .* 5 of 6 servers not touched\./,
      ),
    ])
    expect(lastTold(one).loud).not.toBeNull()
  })

  test.each<[string, (one: Case) => void]>([
    ['a comment', (one) => one.give({ type: 'comment', text: 'I am on it.' }, person('jonas'))],
    ['an agreement to resume', (one) => one.give({ type: 'resume' }, person('noor'))],
  ])('is over with %s', (_, answer) => {
    const one = halted({ resume: [{ role: 'owner', count: 2 }] })
    answer(one)
    expect(one.state().status).toBe('halted')
    expect(until(one, 1_000)).toEqual([])
    expect(one.give({ type: 'remind' })).toMatchObject({ code: 'already' })
  })

  test('is not repeated under a policy of an earlier version', () => {
    const one = halted({ urgent: undefined })
    expect(wakeAt(one.state(), one.now())).toBeNull()
    expect(one.state()).not.toHaveProperty('afterHalt')
  })
})
