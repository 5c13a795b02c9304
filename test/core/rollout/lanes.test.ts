import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forecastOf } from '../../../src/core/forecast/forecast.ts'
import { contentHash, keepSubject, votedOf, withEvidence } from '../../../src/core/proposal/decision-content.ts'
import { glanceOf, ringAt, ringsAt, ringWords } from '../../../src/core/proposal/glance.ts'
import { lightOf, resultRows, wholeState } from '../../../src/core/proposal/light.ts'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import type { PatchSubject, PlannedRing, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { rollbackSubject } from '../../../src/core/rollback.ts'
import { engineOf, engineOfRing, lanesOf, ringTitle } from '../../../src/core/rollout/lanes.ts'
import { ringsNow, unfinished } from '../../../src/core/rollout/run.ts'
import { openWindow } from '../../../src/core/window.ts'
import { ringOf, working } from '../../support/begun.ts'
import { drive, finish, type LaneOf, lanesCase, withLanes } from '../../support/lanes.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { always, daily } from '../../support/windows.ts'

type Case = ReturnType<typeof proposalCase>

const strict = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

function lane(engine: string, names: readonly string[], more: Partial<PlannedRing> = {}): LaneOf {
  return {
    engine,
    rings: [
      ringOf('canary', names.slice(0, 1), { gate: strict, ...more }),
      ringOf('broad', names.slice(1), { batchSize: 9, gate: strict }),
    ],
  }
}

const two = (more: Partial<PlannedRing> = {}) => [
  lane('ssh', ['web1', 'web2', 'web3']),
  lane('wsus', ['web4', 'web5', 'web6'], more),
]

function begun(lanes: readonly LaneOf[], more: Partial<PatchSubject> = {}): Case {
  const one = lanesCase(6, lanes, more)
  one.give({ type: 'start' })
  return one
}

function subjectOf(state: ProposalState): PatchSubject {
  if (state.subject.kind !== 'patches') throw new Error('not patches')
  return state.subject
}

const statuses = (one: Case) => one.state().rollout?.rings.map(({ status }) => status)
const types = (one: Case) => one.recorded().map(({ event }) => event.type)

describe('two lanes', () => {
  test('go on beside each other, and the last look begins when both are through', () => {
    const one = begun(two({ concurrency: 2 }))
    one.give({ type: 'start-batch' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1', 'web4'])
    finish(one, 'lab/web1')
    expect(statuses(one)).toEqual(['passed', 'waiting', 'running', 'waiting'])
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web4', 'web2', 'web3'])
    finish(one, 'lab/web2')
    finish(one, 'lab/web3')
    expect(statuses(one)).toEqual(['passed', 'passed', 'running', 'waiting'])
    expect(one.state().status).toBe('rolling out')
    finish(one, 'lab/web4')
    one.give({ type: 'start-batch' })
    finish(one, 'lab/web5')
    expect(finish(one, 'lab/web6')).toEqual(['verifications-recorded', 'ring-passed', 'verifying-started'])
  })

  test.each(['web1', 'web4'])('halt together when %s fails in either', (failed) => {
    const one = begun(two({ concurrency: 2 }))
    one.give({ type: 'start-batch' })
    one.give({ type: 'start-batch' })
    const ended = finish(one, `lab/${failed}`, 'failed')
    expect(ended).toEqual(['verifications-recorded', 'gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toContain(failed === 'web1' ? 'Ring canary (ssh)' : 'Ring canary (wsus)')
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    one.give({ type: 'resume' }, person('noor'))
    expect(one.state().status).toBe('rolling out')
  })

  test('have one failure budget', () => {
    const lenient = { minSuccessPercent: 0, maxFailures: 9, unreachable: 'ignored' } as const
    const lanes = two({ concurrency: 2 }).map((one) => ({
      ...one,
      rings: one.rings.map((ring) => ({ ...ring, gate: lenient })),
    }))
    const one = begun(lanes, { failureBudget: 1 })
    one.give({ type: 'start-batch' })
    one.give({ type: 'start-batch' })
    finish(one, 'lab/web1', 'failed')
    expect(one.state().status).toBe('rolling out')
    expect(finish(one, 'lab/web4', 'failed')).toContain('halted')
    expect(one.state().stopped?.reason).toBe(
      'The rollout stopped: 2 of its servers failed or never answered, more than the 1 that it allows in all',
    )
  })

  test('soak each for itself', () => {
    const one = begun(two({ concurrency: 2, soakSeconds: 7_200 }))
    one.give({ type: 'start-batch' })
    one.give({ type: 'start-batch' })
    finish(one, 'lab/web4')
    finish(one, 'lab/web1')
    expect(statuses(one)).toEqual(['passed', 'waiting', 'soaking', 'waiting'])
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start batch' })
    one.give({ type: 'start-batch' })
    one.pass(2)
    // The soak ends while the other lane is still at work.
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'end soak' })
    one.give({ type: 'end-soak' })
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start batch' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web2', 'web3', 'web5', 'web6'])
  })

  test('ask for a go and for checks each for its own ring', () => {
    const checks = [{ kind: 'metric', source: 'm', query: 'q', atMost: 1, atLeast: null }] as const
    const one = begun(two({ concurrency: 2, gate: { ...strict, go: ['owner'], checks } }))
    expect(ringAt(glanceOf(one.state()))).toMatchObject({ index: 2, title: 'canary (wsus)' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1'])
    expect(one.give({ type: 'go' }, person('noor'))).toEqual(['go-given'])
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'check gate', ring: 2 })
    const results = [{ check: 'q', healthy: false, detail: '7' }]
    expect(one.give({ type: 'record-gate', ring: 2, results })).toEqual(['gate-checked', 'gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toBe('Ring canary (wsus) stopped at its gate: q: 7')
  })

  test('share the limits of rings with one name, and clusters', () => {
    const one = begun(two())
    one.give({ type: 'start-batch' })
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'deploy' })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    finish(one, 'lab/web1')
    one.give({ type: 'start-batch' })
    expect(working(one)).toContain('web2')

    const pair = { name: 'db', assets: ['lab/web1', 'lab/web4'], atOnce: 1, minHealthy: 1 }
    const other = begun(two({ concurrency: 2 }), { clusters: [pair] })
    other.give({ type: 'start-batch' })
    expect(other.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    finish(other, 'lab/web1')
    other.give({ type: 'start-batch' })
    other.give({ type: 'start-batch' })
    expect(working(other)).toContain('web4')
  })

  test('that speak late hold back nobody else with the limit of a ring', () => {
    const terms = {
      grain: 'group',
      leadSeconds: 0,
      reportsWithinSeconds: 86_400,
      windowEnd: 'taken back',
      reboots: ['if required'],
      stopReaches: 'not begun',
      notUndone: [],
      licences: [],
      alsoInstalls: [],
    } as const
    const content = withLanes(6, [...two()].reverse())
    const subject = {
      ...content.subject,
      assets: content.subject.assets.map((one) => (one.asset.engine === 'wsus' ? { ...one, terms } : one)),
    }
    const one = proposalCase({ content: { ...content, subject, contentHash: contentHash(subject) } })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web4'])
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'start batch' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web4', 'web1'])
  })

  test('wait for another where one is bound to it', () => {
    const one = begun(two({ after: 'ssh' }))
    expect(ringsNow(one.state()).map(({ title }) => title)).toEqual(['canary (ssh)'])
    one.finishBatch()
    one.finishBatch()
    expect(one.state().status).toBe('rolling out')
    expect(ringsNow(one.state()).map(({ title }) => title)).toEqual(['canary (wsus)'])
    one.finishBatch()
    one.finishBatch()
    expect(one.state().status).toBe('verifying')
  })

  test('have windows of their own, and the schedule is the next of any', () => {
    const [ssh, wsus] = two() as [LaneOf, LaneOf]
    const nights = daily('nights', '01:00', 2)
    const days = daily('days', '12:00', 2)
    const one = lanesCase(6, [
      { ...ssh, window: nights },
      { ...wsus, window: days },
    ])
    expect(one.state().schedule?.start).toBe('2026-11-20T01:00:00.000Z')
    expect(drive(one)).toBe(0)
    expect(one.state().status).toBe('completed')
    const startedAt = (asset: string) => one.state().rollout?.deployments[`lab/${asset}`]?.startedAt
    expect([startedAt('web1'), startedAt('web3'), startedAt('web4')]).toEqual([
      '2026-11-20T01:00:00.000Z',
      '2026-11-20T01:10:00.000Z',
      '2026-11-20T12:00:00.000Z',
    ])
  })

  test('with a test ring in the first: it runs before the vote, and nothing of the other lane', () => {
    const [ssh, wsus] = two() as [LaneOf, LaneOf]
    const [first, ...rest] = ssh.rings
    if (first === undefined) throw new Error('no ring')
    const content = withLanes(6, [{ ...ssh, rings: [{ ...first, beforeVote: true }, ...rest] }, wsus])
    const one = proposalCase({ content, policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    expect(ringsNow(one.state()).map(({ title }) => title)).toEqual(['canary (ssh)'])
    one.finishBatch()
    expect(types(one)).toContain('test-ended')
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' })
    expect(ringsNow(one.state()).map(({ title }) => title)).toEqual(['broad (ssh)', 'canary (wsus)'])
  })

  test('are named where people read rings, and a single lane is not', () => {
    const one = begun(two())
    const subject = subjectOf(one.state())
    expect(subject.rings.map((_, index) => ringTitle(subject, index))).toEqual([
      'canary (ssh)',
      'broad (ssh)',
      'canary (wsus)',
      'broad (wsus)',
    ])
    expect(ringWords(glanceOf(one.state()))).toBe('rings canary (ssh), canary (wsus)')
    expect(forecastOf(one.state(), subject, { freezes: [], now: one.now() }).rings.map(({ name }) => name)).toEqual([
      'canary (ssh)',
      'broad (ssh)',
      'canary (wsus)',
      'broad (wsus)',
    ])
    const single = begun([lane('ssh', ['web1', 'web2', 'web3'])])
    expect(ringWords(glanceOf(single.state()))).toBe('ring 1 of 2')
  })

  test('are rolled back together, each with its engine', () => {
    const one = begun(two({ concurrency: 2 }))
    one.give({ type: 'start-batch' })
    one.give({ type: 'start-batch' })
    finish(one, 'lab/web1')
    finish(one, 'lab/web4')
    const back = rollbackSubject(one.state(), subjectOf(one.state()), null)
    expect(back.rings.map(({ name, engine, assets }) => [name, engine, assets])).toEqual([
      ['roll back', undefined, ['lab/web1']],
      ['roll back', 'wsus', ['lab/web4']],
    ])
    const { rollsBack: _, ...subject } = back
    const rolls = proposalCase({ content: { ...withLanes(6, two()), subject, contentHash: contentHash(subject) } })
    rolls.vote('noor', 'approve')
    rolls.vote('tom', 'approve')
    rolls.give({ type: 'start' })
    rolls.give({ type: 'start-batch' })
    rolls.give({ type: 'start-batch' })
    expect(working(rolls)).toEqual(['web1', 'web4'])
    const only = rollbackSubject(one.state(), subjectOf(one.state()), 'ring:canary (wsus)')
    expect([only.engine, only.rings.map(({ assets }) => assets)]).toEqual(['wsus', [['lab/web4']]])
    expect(rollbackSubject(one.state(), subjectOf(one.state()), 'ring:canary').assets).toHaveLength(2)
  })
})

// ---------------------------------------------------------------- properties

const HOURS = ['00:00', '03:00', '11:00', '20:00']

interface Drawn {
  readonly lanes: readonly LaneOf[]
}

/** One to three lanes, each with one to three rings, soaks and a window. Names of rings differ, so no limit is shared. */
const drawn = fc
  .array(
    fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      soak: fc.constantFrom(0, 600, 7_200, 100_000),
      batch: fc.integer({ min: 1, max: 3 }),
      hour: fc.constantFrom(...HOURS),
      long: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map(drawnFrom)

interface Plan {
  readonly sizes: readonly number[]
  readonly soak: number
  readonly batch: number
  readonly hour: string
  /** Hours of the window. */
  readonly long: number
}

function drawnFrom(all: readonly Plan[]): Drawn {
  let asset = 0
  return {
    lanes: all.map(({ sizes, soak, batch, hour, long }, index) => ({
      engine: `e${index}`,
      window: daily(`w${index}`, hour, long),
      rings: sizes.map((size, at) => {
        const names = Array.from({ length: size }, () => `web${++asset}`)
        return ringOf(`r${index}-${at}`, names, { batchSize: batch, soakSeconds: soak })
      }),
    })),
  }
}

const countOf = (lanes: readonly LaneOf[]) => lanes.flatMap(({ rings }) => rings.flatMap(({ assets }) => assets)).length
const takes = (asset: string) => 3 + (Number(asset.replace('lab/web', '')) % 5) * 13

function timeline(one: Case, engine: string): readonly (readonly [string, string])[] {
  const subject = subjectOf(one.state())
  const all = Object.values(one.state().rollout?.deployments ?? {})
  return all
    .filter(({ ring }) => engineOfRing(subject, ring) === engine)
    .map(({ asset, startedAt }) => [asset, startedAt] as const)
    .sort()
}

test('a lane begins when it would begin alone, in its own windows, and all come to an end', () => {
  fc.assert(
    fc.property(drawn, ({ lanes }) => {
      const count = countOf(lanes)
      const one = lanesCase(count, lanes)
      expect(drive(one, { takes })).toBe(0)
      expect(one.state().status).toBe('completed')
      const subject = subjectOf(one.state())
      for (const { asset, startedAt } of Object.values(one.state().rollout?.deployments ?? {})) {
        const planned = subject.assets.find((item) => item.asset.id === asset)
        expect(openWindow(planned?.window ?? subject.window, [], 'web', startedAt)).not.toBeNull()
      }
      for (const each of lanes) {
        const alone = lanesCase(count, [each])
        drive(alone, { takes })
        expect(timeline(one, each.engine)).toEqual(timeline(alone, each.engine))
      }
    }),
    { numRuns: 60, examples: [[soaksOverItsWindow]] },
  )
})

/** The window that a lane was waiting for begins while the lane soaks. */
const soaksOverItsWindow = drawnFrom([
  { sizes: [2, 3, 3], soak: 100_000, batch: 1, hour: '11:00', long: 7 },
  { sizes: [3, 3, 1], soak: 100_000, batch: 1, hour: '00:00', long: 2 },
])

test('through freezes, and with windows in which not all have time, no lane is woken for nothing', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 90 }), (plan, from, hours) => {
      const lanes = plan.lanes.map((each, index) => ({
        ...each,
        window: daily(`w${index}`, HOURS[index] ?? '00:00', 2 + index),
      }))
      const one = lanesCase(countOf(lanes), lanes)
      const at = (hour: number) => new Date(Date.parse('2026-11-20T00:00:00Z') + hour * 3_600_000).toISOString()
      one.setting.freezes = [{ name: 'sale', from: at(from), to: at(from + hours), teams: null }]
      const names = subjectOf(one.state()).rings.map(({ name }) => name)
      one.setting.estimates = Object.fromEntries(names.map((name) => [name, 5_400]))
      expect([drive(one, { takes, until: at(24 * 60) }), one.state().status]).toEqual([0, 'completed'])
      for (const { startedAt } of Object.values(one.state().rollout?.deployments ?? {}))
        expect(startedAt >= at(from) && startedAt < at(from + hours)).toBe(false)
    }),
    { numRuns: 30 },
  )
})

test('a lane that is bound to another begins after its end, and all come to theirs', () => {
  fc.assert(
    fc.property(drawn, fc.boolean(), ({ lanes }, last) => {
      const [first, ...others] = lanes
      const bound = last ? lanes.at(-1) : first
      const other = last ? first : lanes.at(-1)
      if (first === undefined || bound === undefined || other === undefined || others.length === 0) return
      const after = (each: LaneOf): LaneOf =>
        each === bound
          ? { ...each, rings: each.rings.map((ring, at) => (at === 0 ? { ...ring, after: other.engine } : ring)) }
          : each
      const one = lanesCase(countOf(lanes), lanes.map(after))
      drive(one, { takes })
      expect(one.state().status).toBe('completed')
      const times = (of: LaneOf) => timeline(one, of.engine).map(([, at]) => at)
      expect(Math.min(...times(bound).map(Date.parse))).toBeGreaterThan(Math.max(...times(other).map(Date.parse)))
    }),
    { numRuns: 40 },
  )
})

test('after a failure nothing begins in any lane, until people resume', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 1, max: 27 }), ({ lanes }, nth) => {
      const count = countOf(lanes)
      const failed = `lab/web${((nth - 1) % count) + 1}`
      const gated = lanes.map((each) => ({ ...each, rings: each.rings.map((ring) => ({ ...ring, gate: strict })) }))
      const one = lanesCase(count, gated)
      drive(one, { takes, ends: (asset) => (asset === failed ? 'failed' : 'installed') })
      expect(one.state().status).toBe('halted')
      const all = one.recorded()
      const halted = all.findIndex(({ event }) => event.type === 'halted')
      expect(all.slice(halted).filter(({ event }) => /-started$/.test(event.type))).toEqual([])
      one.give({ type: 'resume' }, person('noor'))
      drive(one, { takes })
      expect(one.state().status).toBe('completed')
    }),
    { numRuns: 40 },
  )
})

test('the content of several lanes is read back, its hash depends on them, and parts of a state make it whole', () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 60 }), ({ lanes }, hours) => {
      const one = lanesCase(countOf(lanes), lanes)
      drive(one, { takes, until: new Date(Date.parse('2026-11-20T00:00:00Z') + hours * 3_600_000).toISOString() })
      const state = one.state()
      const subject = subjectOf(state)
      const kept = keepSubject(subject)
      const contents = new Map(kept.contents.map((content) => [content.hash, content]))
      const again = withEvidence(votedOf(kept.decision, contents), kept, contents)
      expect(again).toEqual(kept.subject)
      if (again.kind !== 'patches') throw new Error('not patches')
      expect(again.rings).toEqual(subject.rings)
      expect(lanesOf(again)).toEqual(lanes.map(({ engine }) => engine))
      for (const { asset } of again.assets) expect(lanes.map(({ engine }) => engine)).toContain(engineOf(again, asset))
      expect(wholeState(lightOf(state), state.subject, resultRows(state))).toEqual(state)
      expect(ringsAt(glanceOf(state)).map(({ index }) => index)).toEqual(ringsNow(state).map(({ index }) => index))
      if (lanes.length > 1) {
        const { engine: _, ...first } = subject.rings.at(-1) ?? ringOf('x', [])
        const other = { ...subject, rings: [...subject.rings.slice(0, -1), first] }
        expect(contentHash(other)).not.toBe(kept.decision)
      }
      expect(unfinished(state).length).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 40 },
  )
})

test('a decision with one lane has the content that it always had', () => {
  const content = withLanes(3, [lane('ssh', ['web1', 'web2', 'web3'])], { window: always })
  const { contents } = keepSubject(content.subject)
  const decision = contents.find(({ text }) => text.includes('"lanes"'))?.text ?? ''
  expect(decision).not.toContain('"after"')
  expect(JSON.parse(decision)).toMatchObject({
    lanes: [{ engine: 'ssh', rings: [{ name: 'canary' }, { name: 'broad' }] }],
  })
})
