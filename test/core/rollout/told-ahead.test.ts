/** Assets whose system is told before their window opens, and updates that wait for a restart. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { forecastOf } from '../../../src/core/forecast/forecast.ts'
import { contentHash, keepSubject, votedOf } from '../../../src/core/proposal/decision-content.ts'
import type { Content } from '../../../src/core/proposal/event.ts'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import type { PatchSubject } from '../../../src/core/proposal/proposal.ts'
import { deploymentsOf } from '../../../src/core/rollout/deployments.ts'
import { freshRun } from '../../../src/core/rollout/evolve-run.ts'
import { handOver } from '../../../src/core/rollout/hand-over.ts'
import { newlyReached, reachedBy, takenBackBy, takenBackNow } from '../../../src/core/rollout/taken-back.ts'
import { counted, firstRead, nextMoment, saidBy, silentOutcome, toldStart } from '../../../src/core/rollout/told.ts'
import { earlyHookProblem, rebootProblem, type Terms } from '../../../src/core/terms.ts'
import { type Freeze, openWindow } from '../../../src/core/window.ts'
import { lateTerms } from '../../support/late-terms.ts'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { daily } from '../../support/windows.ts'

const nights = daily('nights', '02:00', 2)

const late: Terms = { ...lateTerms, reboots: ['if required', 'as the system does'] }

interface Options {
  readonly terms?: (index: number) => Terms | undefined
  readonly changes?: readonly Change[]
  readonly gate?: Partial<PatchSubject['rings'][number]['gate']>
}

function contentWith(count: number, { terms = () => late, changes, gate = {} }: Options = {}): Content {
  const base = content(count, nights)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const subject: PatchSubject = {
    ...base.subject,
    assets: base.subject.assets.map((planned, index) => {
      const own = terms(index)
      return { ...planned, ...(changes && { changes }), ...(own === undefined ? {} : { terms: own }) }
    }),
    rings: base.subject.rings.map((ring) => ({ ...ring, gate: { ...ring.gate, ...gate } })),
  }
  return { ...base, subject, contentHash: contentHash(subject) }
}

/** Approved on 2026-11-20 at 00:00 UTC, a Friday. */
function approved(given: Content) {
  const one = proposalCase({ content: given, policy: { inventoryMaxAgeSeconds: 90 * 86_400 } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

/** A proposal whose first ring runs while people vote. */
function tested(given: Content) {
  if (given.subject.kind !== 'patches') throw new Error('not patches')
  const rings = given.subject.rings.map((ring, index) => (index === 0 ? { ...ring, beforeVote: true as const } : ring))
  const subject = { ...given.subject, rings }
  const policy = { testRing: 'run', inventoryMaxAgeSeconds: 90 * 86_400 } as const
  return proposalCase({ content: { ...given, subject, contentHash: contentHash(subject) }, policy })
}

const asked = (now: string) => ({ now, freezes: [], members, standing: null, estimates: {} })

describe('an asset whose system needs a day', () => {
  test('is scheduled for the first window that is a day away, and told a day before it', () => {
    expect(approved(contentWith(4)).state().schedule).toEqual({
      start: '2026-11-21T02:00:00.000Z',
      end: '2026-11-21T04:00:00.000Z',
      tellAt: '2026-11-20T02:00:00.000Z',
    })
  })

  test('is forecast for the window for which it is scheduled, and not for the one after it', () => {
    const state = approved(contentWith(4)).state()
    if (state.subject.kind !== 'patches') throw new Error('not patches')
    const [first] = forecastOf(state, state.subject, { freezes: [], now: '2026-11-20T00:00:00.000Z' }).rings
    expect(first?.start).toBe(state.schedule?.start)
  })

  test('is told at that time and not before, with the times of its window', () => {
    const one = approved(contentWith(4))
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'wait', until: '2026-11-20T02:00:00.000Z' })
    one.pass(2)
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start' })
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    const [deployment] = deploymentsOf(one.state().rollout ?? never())
    expect(deployment).toMatchObject({
      startedAt: '2026-11-20T02:00:00.000Z',
      notBefore: '2026-11-21T02:00:00.000Z',
      notAfter: '2026-11-21T04:00:00.000Z',
    })
  })

  test('has a start of its own for each window, where servers of a ring lie in several zones', () => {
    const given = contentWith(4, { gate: { minSuccessPercent: 0, maxFailures: 9 } })
    if (given.subject.kind !== 'patches') throw new Error('not patches')
    const assets = given.subject.assets.map((planned, index) =>
      index % 2 === 0 ? planned : { ...planned, window: daily('east', '20:00', 2) },
    )
    const ids = assets.map(({ asset }) => asset.id)
    const [ring] = given.subject.rings
    if (ring === undefined) throw new Error('no ring')
    const subject = { ...given.subject, assets, rings: [{ ...ring, assets: ids, batchSize: 9 }] }
    const one = approved({ ...given, subject, contentHash: contentHash(subject) })
    for (let hour = 0; hour < 48; hour++) {
      for (const type of ['start', 'reschedule', 'start-batch'] as const) one.give({ type })
      one.pass(1)
    }
    const starts = new Map<string, (string | undefined)[]>()
    for (const { key, asset, notBefore } of deploymentsOf(one.state().rollout ?? never()))
      starts.set(key, [...(starts.get(key) ?? []), asset, notBefore])
    const [even, odd] = [ids.filter((_, index) => index % 2 === 0), ids.filter((_, index) => index % 2 === 1)]
    expect([...starts.values()].sort()).toEqual(
      [
        odd.flatMap((asset) => [asset, '2026-11-21T20:00:00.000Z']),
        even.flatMap((asset) => [asset, '2026-11-21T02:00:00.000Z']),
      ].sort(),
    )
  })

  test('begins later in the same window when it is told late, and in the next one when it is told too late', () => {
    const one = approved(contentWith(4))
    one.pass(3)
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    expect(deploymentsOf(one.state().rollout ?? never())[0]?.notBefore).toBe('2026-11-21T03:00:00.000Z')
    const other = approved(contentWith(4))
    other.pass(4)
    expect(other.give({ type: 'start' })).toMatchObject({ code: 'outside window' })
    other.give({ type: 'reschedule' })
    expect(other.state().schedule?.tellAt).toBe('2026-11-21T02:00:00.000Z')
  })

  test('runs as a test ring in a window of its own, not at any time of day', () => {
    const one = tested(contentWith(4))
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start test' })
    one.give({ type: 'start-test' })
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'wait', until: '2026-11-20T02:00:00.000Z' })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
    one.pass(2)
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start batch' })
    one.give({ type: 'start-batch' })
    const [deployment] = deploymentsOf(one.state().test ?? never())
    expect(deployment).toMatchObject({ notBefore: '2026-11-21T02:00:00.000Z', notAfter: '2026-11-21T04:00:00.000Z' })
    expect([...handOver(one.state(), [deployment?.asset ?? ''], one.now(), asked(one.now())).values()]).toEqual([
      { notBefore: '2026-11-21T02:00:00.000Z', notAfter: '2026-11-21T04:00:00.000Z' },
    ])
  })

  test('is taken back from a test ring when the proposal ends otherwise', () => {
    const one = tested(contentWith(4))
    one.give({ type: 'start-test' })
    one.pass(2)
    one.give({ type: 'start-batch' })
    const [deployment] = deploymentsOf(one.state().test ?? never())
    one.give({ type: 'withdraw', reason: 'not needed' }, person('noor'))
    expect([...handOver(one.state(), [deployment?.asset ?? ''], one.now(), asked(one.now())).values()]).toEqual([
      { problem: 'PW-1 is withdrawn.', over: false },
    ])
  })

  test('is not rescheduled every night while the ones before it have not reported', () => {
    const one = approved(contentWith(4))
    one.pass(2)
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    one.pass(30)
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'deploy' })
  })

  test('may begin as long as its window is open then, whatever holds now', () => {
    const one = approved(contentWith(4))
    one.pass(2)
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    const ask = (freezes: readonly Freeze[]) =>
      handOver(one.state(), ['lab/web1'], one.now(), {
        now: one.now(),
        freezes,
        members: one.setting.members,
        standing: null,
      }).get('lab/web1')
    const freeze = (from: string, to: string): Freeze => ({ name: 'sale', from, to, teams: null })
    const times = { notBefore: '2026-11-21T02:00:00.000Z', notAfter: '2026-11-21T04:00:00.000Z' }
    expect(ask([])).toEqual(times)
    expect(ask([freeze('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z')])).toEqual(times)
    expect(ask([freeze('2026-11-21T00:00:00Z', '2026-11-21T12:00:00Z')])).toEqual({
      problem: 'Nothing of web may be touched now: sale.',
      over: true,
    })
  })
})

test('a ring whose servers have all reported is followed by the next one, however short the windows are', () => {
  const short = daily('short', '02:00', 1 / 60)
  const given = contentWith(2)
  if (given.subject.kind !== 'patches') throw new Error('not patches')
  const subject = { ...given.subject, window: short }
  const one = approved({ ...given, subject, contentHash: contentHash(subject) })
  one.setting.estimates = { canary: 600, broad: 600 }
  one.pass(2)
  one.give({ type: 'start' })
  one.finishBatch()
  one.pass(30)
  expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
})

test('with any leads and at any time, what is told begins in an open window and never before its lead is over', () => {
  const leads = fc.integer({ min: 0, max: 72 }).map((hours) => hours * 3_600)
  fc.assert(
    fc.property(
      fc.array(leads, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (all, waits) => {
        const one = approved(
          contentWith(all.length, {
            terms: (index) => (all[index] === 0 ? undefined : { ...late, leadSeconds: all[index] ?? 0 }),
          }),
        )
        for (const hours of [...waits, ...Array.from({ length: 40 }, () => 2)]) {
          one.pass(hours)
          // As the driver does: what is refused outside the window is scheduled anew at once.
          for (let turn = 0; turn < 3; turn++) {
            const step = nextStep(one.state(), one.now()).do
            if (step === 'reschedule') one.give({ type: 'reschedule' })
            if (step !== 'start' && step !== 'start batch') continue
            const done = one.give({ type: step === 'start' ? 'start' : 'start-batch' })
            if ('code' in done && done.code === 'outside window') one.give({ type: 'reschedule' })
          }
        }
        const { rollout, subject } = one.state()
        const started = rollout === null ? [] : deploymentsOf(rollout)
        expect(started.length).toBeGreaterThan(0)
        for (const { asset, startedAt, notBefore, notAfter } of started) {
          const planned =
            subject.kind === 'patches' ? subject.assets.find((item) => item.asset.id === asset) : undefined
          const lead = planned?.terms?.leadSeconds ?? 0
          if (lead === 0) {
            expect([notBefore, notAfter]).toEqual([undefined, undefined])
            expect(openWindow(nights, [], 'web', startedAt)).not.toBeNull()
            continue
          }
          expect(Date.parse(notBefore ?? '') - Date.parse(startedAt)).toBe(lead * 1_000)
          expect(openWindow(nights, [], 'web', notBefore ?? '')?.end).toBe(notAfter)
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('terms are part of what is voted on, and are read back as they were', () => {
  const [some, none] = [contentWith(2), contentWith(2, { terms: () => undefined })]
  expect(some.contentHash).not.toBe(none.contentHash)
  expect(none.contentHash).toBe(content(2, nights).contentHash)
  const kept = keepSubject(some.subject)
  const voted = votedOf(kept.decision, new Map(kept.contents.map((one) => [one.hash, one])))
  expect(voted.kind === 'patches' && voted.assets.map(({ terms }) => terms)).toEqual([late, late])
  const other = contentWith(2, { terms: () => ({ ...late, alsoInstalls: ['definitions'] }) })
  expect(other.contentHash).not.toBe(some.contentHash)
})

describe('an update that waits for a restart', () => {
  const update: Change = { kind: 'update', name: 'KB5035857', build: '10.0.20348.2340' }
  const ended = (options: Options) => {
    const one = approved(contentWith(2, { terms: () => undefined, changes: [update], ...options }))
    one.pass(2)
    one.give({ type: 'start' })
    return { one, events: one.finishBatch('waiting for reboot') }
  }

  test('is not fixed, so its ring does not pass', () => {
    const { one, events } = ended({})
    expect(events).toContain('gate-failed')
    expect(one.state().stopped?.reason).toContain('1 waits for a restart and is not fixed until then')
  })

  test('passes where the gate says so, or people resume', () => {
    expect(ended({ gate: { waitingForReboot: 'as success' } }).one.state().status).toBe('rolling out')
    const { one } = ended({})
    one.give({ type: 'resume' }, person('noor'))
    expect(one.state().status).toBe('rolling out')
  })

  test('of packages it passes, as before', () => {
    const one = approved(contentWith(2, { terms: () => undefined }))
    one.pass(2)
    one.give({ type: 'start' })
    one.finishBatch('waiting for reboot')
    expect(one.state().status).toBe('rolling out')
  })
})

describe('the times of a start', () => {
  const told = { notBefore: '2026-11-21T02:00:00.000Z', notAfter: '2026-11-21T04:00:00.000Z' }
  const start = { ...told, silentAt: '2026-11-22T04:00:00.000Z' }

  test('end when its slowest asset has reported', () => {
    const given = contentWith(2, {
      terms: (index) => ({ ...late, reportsWithinSeconds: (index + 1) * 12 * 3_600 }),
    })
    const state = approved(given).state()
    const deployment = { ring: 0, batch: 0, key: 'k', startedAt: '', outcome: null, verification: null, doneAt: null }
    const mine = ['lab/web1', 'lab/web2'].map((asset) => ({ ...deployment, asset, ...told }))
    expect(toldStart(state, mine)).toEqual(start)
    expect(toldStart(state, [{ ...deployment, asset: 'lab/web1' }])).toBeNull()
  })

  test('are looked at one after the other, the last check a quarter of an hour before the work', () => {
    const moments: string[] = []
    for (let at: string | null = '2026-11-20T02:00:00.000Z'; at !== null; at = nextMoment(start, at)) moments.push(at)
    expect(moments.slice(1)).toEqual([
      '2026-11-21T01:45:00.000Z',
      '2026-11-21T02:00:00.000Z',
      '2026-11-21T04:00:00.000Z',
      '2026-11-22T04:00:00.000Z',
    ])
  })

  test.each([
    ['before the work could begin', '2026-11-21T01:59:59.000Z', false],
    ['at its first moment', '2026-11-21T02:00:00.000Z', true],
    ['never', null, false],
    ['at a time the engine does not name', undefined, true],
  ])('a success that was said %s', (_, saidAt, counts) => {
    const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
    const report = { asset: 'a', outcome, progress: null, ...(saidAt === undefined ? {} : { saidAt }) }
    expect(counted(report, start).outcome).toEqual(counts ? outcome : null)
  })

  test('what the system knows by itself counts at any time', () => {
    const outcome = { state: 'held back', reason: 'no content', log: '' } as const
    expect(counted({ asset: 'a', outcome, progress: null, saidAt: null }, start).outcome).toEqual(outcome)
  })
})

test('silence says when it was last heard', () => {
  expect(silentOutcome('2026-11-18T18:12:00.000Z')).toMatchObject({
    state: 'silent',
    reason: 'It did not report in time: it was last heard on 2026-11-18 18:12 UTC',
  })
  expect(silentOutcome(null)).toMatchObject({ reason: 'It did not report in time: nothing was ever heard of it' })
})

test('stops add up to what they reached, until something is told again', () => {
  const stopped = { asset: 'a', state: 'stopped' } as const
  const may = (until?: string) => ({ asset: 'b', state: 'may still begin', ...(until ? { until } : {}) }) as const
  const four = '2026-11-21T04:00:00.000Z'
  expect(reachedBy([])).toEqual({ stopped: 0, may: 0, until: null, atWork: 0 })
  const first = reachedBy([stopped, may(four), { asset: 'c', state: 'at work' }])
  expect(first).toEqual({ stopped: 1, may: 1, until: four, atWork: 1 })
  const later = '2026-11-21T05:00:00.000Z'
  expect(reachedBy([may(later), may(four)])).toMatchObject({ may: 2, until: later })
  expect(reachedBy([may(four), may()])).toMatchObject({ may: 2, until: null })
  const run = freshRun(approved(contentWith(2)).state(), four)
  const once = { ...run, takenBack: takenBackBy(run, { ...first, untold: 5 }) }
  expect(takenBackNow(once)).toMatchObject({ stopped: 1, may: 1, until: four, atWork: 1, untold: 5 })
  const twice = { ...once, takenBack: takenBackBy(once, { ...reachedBy([stopped, may(later)]), untold: 4 }) }
  expect(takenBackNow(twice)).toMatchObject({ stopped: 2, may: 2, until: later, atWork: 1, untold: 4 })
  const again = { ...twice, starts: twice.starts + 1 }
  expect(takenBackNow(again)).toBeNull()
  expect(takenBackBy(again, { ...reachedBy([stopped]), untold: 3 })).toMatchObject({ stopped: 1, may: 0, untold: 3 })
})

test('a stop that is repeated counts each server once, as what it is now', () => {
  const four = '2026-11-21T04:00:00.000Z'
  const a = { asset: 'a', state: 'stopped' } as const
  const may = { asset: 'b', state: 'may still begin', until: four } as const
  const c = { asset: 'c', state: 'at work' } as const
  const first = newlyReached([a, may, c], [])
  expect(first).toEqual({ changed: [a, may, c], stopped: 1, may: 1, until: four, atWork: 1 })
  // The same again, with the instant written in another way.
  expect(newlyReached([{ ...may, until: '2026-11-21T04:00:00Z' }, c], [a, may, c]).changed).toEqual([])
  const b = { asset: 'b', state: 'at work' } as const
  const second = newlyReached([b, c], [a, may, c])
  expect(second).toEqual({
    changed: [b],
    stopped: 0,
    may: 0,
    until: null,
    atWork: 1,
    was: { stopped: 0, may: 1, atWork: 0 },
  })
  const run = freshRun(approved(contentWith(2)).state(), four)
  const once = { ...run, takenBack: takenBackBy(run, { ...first, untold: 5 }) }
  const twice = takenBackBy(once, { ...second, untold: 4 })
  expect(twice).toMatchObject({ stopped: 1, may: 0, until: null, atWork: 2, untold: 4 })
})

test('what an engine cannot keep is a problem before the vote', () => {
  expect(rebootProblem(late, 'if required')).toBeNull()
  expect(rebootProblem(late, 'never')).toBe(
    'its engine cannot keep the reboot rule "never" of the policy, only "if required" or "as the system does"',
  )
  expect(earlyHookProblem(late, [{ moment: 'post-check' }, { moment: 'drain', early: true }])).toBeNull()
  expect(earlyHookProblem(late, [{ moment: 'drain' }])).toContain('the hook "drain" would run long before')
  expect(earlyHookProblem({ ...late, leadSeconds: 0 }, [{ moment: 'drain' }])).toBeNull()
})

function never(): never {
  throw new Error('Nothing was rolled out.')
}

test('a machine whose clock is ahead has not said its word later than it was read, however often it is read again', () => {
  const start = {
    notBefore: '2026-11-21T02:00:00.000Z',
    notAfter: '2026-11-21T04:00:00.000Z',
    silentAt: '2026-11-22T04:00:00.000Z',
  }
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  // It said this an hour before work could begin, by a clock that is three hours ahead.
  const word = { asset: 'lab/web1', outcome, progress: null, saidAt: '2026-11-21T04:00:00.000Z' }
  let known = firstRead([word], [], '2026-11-21T01:10:00.000Z')
  for (const now of ['2026-11-21T02:10:00.000Z', '2026-11-21T05:10:00.000Z']) {
    known = firstRead([word], known, now)
    expect(known.map((report) => counted(report, start).outcome)).toEqual([null])
  }
  // A new word is another one.
  known = firstRead([{ ...word, saidAt: '2026-11-21T06:30:00.000Z' }], known, '2026-11-21T05:20:00.000Z')
  expect(known.map(saidBy)).toEqual(['2026-11-21T05:20:00.000Z'])
  expect(known.map((report) => counted(report, start).outcome)).toEqual([outcome])
})
