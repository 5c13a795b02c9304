/** The ladder of silence, acknowledgements, postponing and freezing, in the core. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextAsk } from '../../../src/core/proposal/acknowledgement.ts'
import { ladder, nextRung } from '../../../src/core/proposal/ladder.ts'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import { type CaseOptions, members, person, proposalCase } from '../../support/proposal-case.ts'

const DAY = 86_400

function approved(options: CaseOptions) {
  const one = proposalCase(options)
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

describe('the ladder', () => {
  test('climbs in the order of its times, whatever they are, and ends before it expires', () => {
    const time = fc.option(fc.integer({ min: 60, max: 20 * DAY }))
    fc.assert(
      fc.property(time, time, time, fc.integer({ min: 3_600, max: 20 * DAY }), (remind, message, escalate, expires) => {
        const one = proposalCase({
          policy: {
            remindAfterSeconds: remind,
            messageAfterSeconds: message,
            escalateAfterSeconds: escalate,
            expiresAfterSeconds: expires,
          },
        })
        const rungs = ladder(one.state())
        expect(rungs.length).toBe([remind, message, escalate].filter((at) => at !== null && at < expires).length)
        const times = rungs.map(({ at }) => Date.parse(at))
        expect(times).toEqual([...times].sort((a, b) => a - b))
        const seen: string[] = []
        for (let step = 0; step < 10; step++) {
          const next = nextStep(one.state(), one.now())
          if (next.do === 'wait') one.pass((Date.parse(next.until) - Date.parse(one.now())) / 3_600_000)
          else if (next.do === 'remind') {
            const known = one.recorded().length
            one.give({ type: 'remind' })
            const fresh = one.recorded().slice(known)
            seen.push(...fresh.flatMap(({ event }) => (event.type === 'reminded' ? event.step : [])))
          } else break
        }
        expect(seen).toEqual(rungs.map(({ step }) => step))
        expect(nextStep(one.state(), one.now()).do).toBe('expire')
      }),
    )
  })

  test('what is overdue is reminded of from the morning after, and every day, though nothing is exploited', () => {
    const urgent = { messageAfterSeconds: 3_600, escalateAfterSeconds: 7_200, repeatEverySeconds: DAY }
    const usual = { remindAfterSeconds: null, messageAfterSeconds: 2 * DAY, escalateAfterSeconds: null }
    const one = proposalCase({ policy: { ...usual, expiresAfterSeconds: 7 * DAY, urgent } })
    const since = Date.parse(one.state().expiresAt) - 7 * DAY * 1_000
    const rungs = (dueAfterHours: number | null) => {
      const dueAt = dueAfterHours === null ? null : new Date(since + dueAfterHours * 3_600_000).toISOString()
      return ladder({ ...one.state(), dueAt }).map(({ step, at }) => [step, (Date.parse(at) - since) / 3_600_000])
    }
    expect(rungs(null)).toEqual([['direct message', 48]])
    expect(rungs(8 * 24)).toEqual([['direct message', 48]])
    expect(rungs(5 * 24)).toEqual([
      ['direct message', 48],
      ['direct message', 5 * 24 + 10],
      ['escalation', 5 * 24 + 11],
      ['direct message', 6 * 24 + 11],
    ])
    // Overdue when it is asked: at once.
    expect(rungs(-48).slice(0, 2)).toEqual([
      ['direct message', 1],
      ['escalation', 2],
    ])
  })

  test('begins again with a revision, and turns only to those whose vote is missing', () => {
    const one = proposalCase({ policy: { remindAfterSeconds: 3_600 } })
    one.pass(1)
    expect(one.give({ type: 'remind' })).toEqual(['reminded'])
    expect(nextRung(one.state())).toBeNull()
    one.give({ type: 'remind' })
    expect(one.state().remindersSent).toBe(1)
  })
})

describe('an acknowledgement', () => {
  const rule = {
    askBeforeSeconds: 1_800,
    remindEverySeconds: 600,
    escalateAfterSeconds: 1_200,
    escalateTo: ['owner'],
    otherwise: 'go on',
  } as const

  test('where silence lets it go on, it starts without one', () => {
    const one = approved({ policy: { acknowledgement: rule } })
    expect(one.give({ type: 'ask-acknowledgement' })).toEqual(['acknowledgement-asked'])
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
  })

  test('once given, nobody is asked again; a postponed rollout is asked about anew', () => {
    const one = approved({ policy: { acknowledgement: { ...rule, otherwise: 'wait' } } })
    one.give({ type: 'ask-acknowledgement' })
    expect(nextAsk(one.state())).not.toBeNull()
    one.give({ type: 'acknowledge' }, person('jonas'))
    expect(nextAsk(one.state())).toBeNull()
    const moved = one.give({ type: 'postpone', until: null, reason: null }, person('jonas'))
    if (Array.isArray(moved) && moved.includes('postponed')) expect(one.state().acknowledgedBy).toBeNull()
  })

  test('nobody on call is no reason for silence: those above are asked at once', () => {
    const one = approved({
      policy: { acknowledgement: { ...rule, escalateTo: ['security'] } },
      members: members.filter(({ id }) => id !== 'jonas'),
    })
    expect(one.give({ type: 'ask-acknowledgement' })).toEqual(['acknowledgement-asked'])
    expect(one.state().asked?.escalated).toBe(true)
  })
})
