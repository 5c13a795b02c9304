import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeMetric, type MetricCheck } from '../../src/core/service-check.ts'

const check: MetricCheck = { kind: 'metric', source: 'prom', query: 'error_ratio', atMost: 0.02, atLeast: null }

test.each<[Partial<MetricCheck>, number, boolean, string]>([
  [{}, 0.031, false, '0.031 is over 0.02'],
  [{}, 0.02, true, '0.02 is at most 0.02'],
  [{}, 0.0200000001, false, '0.0200000001 is over 0.02'],
  [{}, 0.031415926, false, '0.0314 is over 0.02'],
  [{ atMost: null, atLeast: 99.9 }, 99.87, false, '99.87 is under 99.9'],
  [{ atMost: null, atLeast: 99.9 }, 100, true, '100 is at least 99.9'],
  [{ atMost: 10, atLeast: 2 }, 1, false, '1 is under 2'],
  [{ atMost: 10, atLeast: 2 }, 5, true, '5 is from 2 to 10'],
  [{}, Number.NaN, false, 'NaN is not a number to judge by'],
  [{}, Number.NEGATIVE_INFINITY, false, '-Infinity is not a number to judge by'],
])('%j with %d', (bounds, value, healthy, detail) => {
  expect(judgeMetric({ ...check, ...bounds }, value)).toEqual({ check: 'error_ratio', healthy, detail })
})

test('what it says always agrees with what it decides', () => {
  const bound = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }))
  fc.assert(
    fc.property(bound, bound, fc.double(), (atMost, atLeast, value) => {
      const { healthy, detail } = judgeMetric({ ...check, atMost, atLeast }, value)
      const inside =
        Number.isFinite(value) && (atMost === null || value <= atMost) && (atLeast === null || value >= atLeast)
      expect(healthy).toBe(inside)
      const shown = Number(detail.split(' ')[0])
      if (!Number.isFinite(value)) return
      expect((atMost === null || shown <= atMost) && (atLeast === null || shown >= atLeast)).toBe(inside)
    }),
  )
})
