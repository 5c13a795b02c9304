import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forecast } from '../../../src/core/forecast/forecast.ts'
import type { ForecastQuestion } from '../../../src/core/forecast/plan-forecast.ts'
import { limits } from '../../../src/core/limits.ts'
import type { Deployment, PlannedRing } from '../../../src/core/proposal/proposal.ts'
import { freshRing } from '../../../src/core/rollout/run.ts'
import { type Freeze, nextWindows, type WeeklyRule, type WindowPlan } from '../../../src/core/window.ts'
import { anAsset } from '../../support/asset.ts'

const now = '2026-11-20T12:00:00.000Z'
const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

function nightly(rule: Partial<WeeklyRule> = {}): WindowPlan {
  const base: WeeklyRule = {
    days: [1, 2, 3, 4, 5, 6, 7],
    start: '02:00',
    durationSeconds: 3_600,
    timeZone: 'UTC',
    everyWeeks: 1,
    anchor: null,
  }
  return { name: 'nightly', rules: [{ ...base, ...rule }] }
}

function ids(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `lab/web${from + index}`)
}

function ring(name: string, assets: readonly string[], more: Partial<PlannedRing> = {}): PlannedRing {
  return { name, assets, batchSize: 1, soakSeconds: 0, gate, ...more }
}

function question(
  rings: readonly PlannedRing[],
  more: Partial<ForecastQuestion> = {},
  windows: Readonly<Record<string, WindowPlan>> = {},
) {
  const assets = rings
    .flatMap((item) => item.assets)
    .map((id) => {
      const window = windows[id]
      return {
        asset: anAsset(id.replace('lab/', ''), { id }),
        patches: [],
        changes: [],
        transaction: [],
        previewProblem: null,
        ...(window === undefined ? {} : { window }),
      }
    })
  return {
    subject: { assets, rings, window: nightly() },
    team: 'web',
    freezes: [],
    now,
    ...more,
  } satisfies ForecastQuestion
}

describe('a plan forecast', () => {
  test('runs ring after ring in batches, soaks between them, and waits for the next night', () => {
    // By hand: canary 02:00 to 02:10, watched to 02:40; of broad's three batches of 10 minutes two fit before 03:00.
    const plan = forecast(
      question(
        [
          ring('canary', ids(1, 1), { soakSeconds: 1_800 }),
          ring('broad', ids(2, 9), { batchSize: 3, soakSeconds: 600 }),
        ],
        { estimates: { canary: 600, broad: 600 } },
      ),
    )
    expect(plan.problem).toBeNull()
    expect(plan.rings[0]).toMatchObject({
      start: '2026-11-21T02:00:00.000Z',
      end: '2026-11-21T02:10:00.000Z',
      soakUntil: '2026-11-21T02:40:00.000Z',
      batches: 1,
    })
    expect(plan.rings[1]).toMatchObject({
      batches: 3,
      runs: [
        { start: '2026-11-21T02:40:00.000Z', end: '2026-11-21T03:00:00.000Z' },
        { start: '2026-11-22T02:00:00.000Z', end: '2026-11-22T02:10:00.000Z' },
      ],
    })
    expect(plan.end).toBe('2026-11-22T02:20:00.000Z')
    expect(plan.windows.map(({ start }) => start.slice(0, 10))).toEqual(['2026-11-21', '2026-11-22'])
  })

  test('takes as many rounds as the concurrency and the clusters allow', () => {
    const cluster = { name: 'db', assets: ids(1, 4), atOnce: 2, minHealthy: 3 }
    const base = question([ring('all', ids(1, 8), { batchSize: 8, concurrency: 4 })], { estimates: { all: 600 } })
    expect(forecast(base).rings[0]?.end).toBe('2026-11-21T02:20:00.000Z')
    // Of the four one at a time may be down: four rounds, in which the others find room.
    const clustered = forecast({ ...base, subject: { ...base.subject, clusters: [cluster] } })
    expect(clustered.rings[0]?.end).toBe('2026-11-21T02:40:00.000Z')
    const stuck = forecast({ ...base, subject: { ...base.subject, clusters: [{ ...cluster, minHealthy: 4 }] } })
    expect(stuck.problem).toContain('every member of a cluster has to stay up')
  })

  test('says why it never ends', () => {
    const rings = [ring('all', ids(1, 1)), ring('later', ids(2, 1))]
    const short = forecast(question(rings, { estimates: { all: 5_400 } }))
    expect(short).toMatchObject({
      end: null,
      rings: [
        { start: null, end: null },
        { start: null, end: null },
      ],
    })
    expect(short.problem).toBe(
      'Ring all never ends: a server takes about 90 min, and the window "nightly" is never open for longer than 60 min.',
    )
    const none = question(rings)
    const never = forecast({ ...none, subject: { ...none.subject, window: { name: 'none', rules: [] } } })
    expect(never.problem).toBe('Ring all never begins: the window "none" has no time in the coming year.')
  })

  test('runs the test ring at once, and an asset with a window of its own in that', () => {
    const own = nightly({ start: '05:00' })
    const plan = forecast(
      question(
        [ring('test', ids(1, 1), { beforeVote: true }), ring('all', ids(2, 2), { batchSize: 2 })],
        { estimates: { all: 120 } },
        { 'lab/web2': own },
      ),
    )
    expect(plan.rings[0]?.start).toBe(now)
    expect(plan.rings[1]?.runs).toEqual([
      { start: '2026-11-21T02:00:00.000Z', end: '2026-11-21T02:02:00.000Z' },
      { start: '2026-11-21T05:00:00.000Z', end: '2026-11-21T05:02:00.000Z' },
    ])
  })

  test('forecasts only what a rollout has left', () => {
    const at = '2026-11-21T02:10:00.000Z'
    const verification = {
      end: 'installed',
      reason: '',
      packages: [],
      health: [],
      at: '2026-11-21T02:05:00.000Z',
    } as const
    const done: Deployment = {
      asset: 'lab/web1',
      ring: 0,
      batch: 0,
      key: 'PW-1.r1.1.1',
      startedAt: '2026-11-21T02:01:00.000Z',
      outcome: { state: 'succeeded', changed: [], rebooted: false, log: '' },
      verification,
      doneAt: verification.at,
    }
    const rings = [ring('all', ids(1, 4), { soakSeconds: 60 })]
    const state = { ...freshRing(), status: 'running', batchesStarted: 1 } as const
    const rollout = {
      rings: [state],
      deployments: { 'lab/web1': done },
      skipped: { 'lab/web3': { by: { person: 'mara', name: 'Mara' }, reason: 'It is being replaced.' } },
      extendedUntil: null,
    }
    const plan = forecast(question(rings, { now: at, rollout }))
    expect(plan.rings[0]).toMatchObject({
      done: 1,
      start: done.startedAt,
      end: new Date(Date.parse(at) + 2 * limits.unknownDeploymentSeconds * 1_000).toISOString(),
    })
    // The window is over, but somebody lets it run on for a quarter of an hour: one more, the other the next night.
    const extended = { ...rollout, extendedUntil: '2026-11-21T03:15:00.000Z' }
    const late = forecast(question(rings, { now: '2026-11-21T03:00:00.000Z', rollout: extended }))
    expect(late.rings[0]?.runs.slice(1)).toEqual([
      { start: '2026-11-21T03:00:00.000Z', end: '2026-11-21T03:10:00.000Z' },
      { start: '2026-11-22T02:00:00.000Z', end: '2026-11-22T02:10:00.000Z' },
    ])
    const atOnce = forecast(question(rings, { now: at, rollout, atOnce: true }))
    expect(atOnce.end).toBe('2026-11-21T02:31:00.000Z')
  })

  test('stays small for 5,000 assets one by one, half of them with windows of their own', () => {
    const rings = [ring('all', ids(0, 5_000))]
    const own = Object.fromEntries(
      ids(0, 5_000).flatMap((id, index) => (index % 2 ? [[id, nightly({ start: '05:00' })]] : [])),
    )
    const asked = question(rings, { estimates: { all: 60 } }, own)
    const plan = forecast(asked)
    // 60 assets fit a night and a window: 2,500 of each take 42 nights.
    expect(plan.end?.slice(0, 10)).toBe('2027-01-01')
    expect(JSON.stringify(plan).length).toBeLessThan(10_000)
  })
})

test('nothing runs outside a window or in a freeze, rings do not overlap, and all of the work is done', () => {
  const rings = fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 12 }),
      batch: fc.integer({ min: 1, max: 5 }),
      once: fc.integer({ min: 1, max: 5 }),
      soak: fc.integer({ min: 0, max: 40 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  const minutes = fc.integer({ min: 1, max: 75 })
  const frozen = fc.array(fc.tuple(fc.nat(96), fc.integer({ min: 1, max: 30 })), { maxLength: 2 })
  fc.assert(
    fc.property(
      rings,
      minutes,
      frozen,
      fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu'),
      (given, minute, freezesGiven, timeZone) => {
        let first = 0
        const planned = given.map(({ size, batch, once, soak }, index) => {
          first += size
          return ring(`r${index}`, ids(first - size, size), {
            batchSize: batch,
            concurrency: once,
            soakSeconds: soak * 60,
          })
        })
        const freezes: readonly Freeze[] = freezesGiven.map(([from, hours], index) => ({
          name: `f${index}`,
          from: new Date(Date.parse(now) + from * 3_600_000).toISOString(),
          to: new Date(Date.parse(now) + (from + hours) * 3_600_000).toISOString(),
          teams: null,
        }))
        const window = nightly({ timeZone, durationSeconds: 4_000 })
        const estimates = Object.fromEntries(planned.map(({ name }) => [name, minute * 60]))
        const asked = question(planned, { freezes, estimates })
        const plan = forecast({ ...asked, subject: { ...asked.subject, window } })
        expect(plan.end === null).toBe(plan.problem !== null)
        if (minute * 60 > 4_000) {
          expect(plan.end).toBeNull()
          return
        }
        const open = nextWindows(window, freezes, 'web', now, 100)
        let free = Date.parse(now)
        for (const [index, found] of plan.rings.entries()) {
          const { size = 0, batch = 1, once = 1, soak = 0 } = given[index] ?? {}
          expect(Date.parse(found.start ?? '')).toBeGreaterThanOrEqual(free)
          let worked = 0
          for (const { start, end } of found.runs) {
            worked += Date.parse(end) - Date.parse(start)
            expect(open.some((one) => one.start <= start && end <= one.end)).toBe(true)
          }
          let rounds = 0
          for (let left = size; left > 0; left -= batch) rounds += Math.ceil(Math.min(left, batch) / once)
          expect(worked).toBe(rounds * minute * 60_000)
          free = Date.parse(found.end ?? '') + soak * 60_000
          expect(Date.parse(found.soakUntil ?? '')).toBe(free)
        }
      },
    ),
    { numRuns: 15 },
  )
})
