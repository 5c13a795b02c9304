import type { Picture } from '../../src/chat/picture/picture.ts'
import type { PlanForecast } from '../../src/core/forecast/plan-forecast.ts'

export const plan: PlanForecast = {
  now: '2026-11-20T21:10:00.000Z',
  rings: [
    {
      name: 'canary',
      assets: 2,
      done: 0,
      batches: 2,
      runs: [{ start: '2026-11-21T01:00:00.000Z', end: '2026-11-21T01:04:00.000Z' }],
      start: '2026-11-21T01:00:00.000Z',
      end: '2026-11-21T01:04:00.000Z',
      soakUntil: '2026-11-21T01:34:00.000Z',
      waitsForGo: [],
    },
    {
      name: 'broad',
      assets: 48,
      done: 0,
      batches: 5,
      runs: [
        { start: '2026-11-21T01:34:00.000Z', end: '2026-11-21T04:00:00.000Z' },
        { start: '2026-11-23T01:00:00.000Z', end: '2026-11-23T02:31:00.000Z' },
      ],
      start: '2026-11-21T01:34:00.000Z',
      end: '2026-11-23T02:31:00.000Z',
      soakUntil: '2026-11-23T02:31:00.000Z',
      waitsForGo: ['owner'],
    },
  ],
  end: '2026-11-23T02:31:00.000Z',
  problem: null,
  windows: [
    { start: '2026-11-21T01:00:00.000Z', end: '2026-11-21T04:00:00.000Z' },
    { start: '2026-11-23T01:00:00.000Z', end: '2026-11-23T04:00:00.000Z' },
  ],
  freezes: [{ name: 'Sale', from: '2026-11-21T12:00:00.000Z', to: '2026-11-22T06:00:00.000Z' }],
}

/** One of each kind. */
export const pictures = {
  plan: { kind: 'plan', forecast: plan, timeZone: 'Europe/Berlin' },
  outcome: {
    kind: 'outcome',
    outcome: {
      rings: [
        { name: 'canary', ends: { installed: 2 } },
        { name: 'broad', ends: { installed: 40, failed: 2, unreachable: 1, 'not touched': 5 } },
      ],
    },
  },
  load: {
    kind: 'load',
    load: {
      profile: Array.from({ length: 168 }, (_, hour) => (hour === 30 ? null : (hour % 24) / 24)),
      window: { weekday: 6, startMinute: 1_350, durationMinutes: 240 },
      caption: 'Requests of 28 days, times in Europe/Berlin.',
    },
  },
} satisfies Record<string, Picture>
