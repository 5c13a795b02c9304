import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CveEvidence } from '../../src/core/priority/facts.ts'
import { assumedEpss, likelihood, stakes, urgency } from '../../src/core/priority/order.ts'

const now = '2026-11-20T00:00:00.000Z'

function about(epss: number | null, cvss: number, published = '2026-11-01'): CveEvidence {
  const cve = 'CVE-2026-1'
  return {
    cve,
    kev: null,
    epss: epss === null ? null : { cve, score: epss, percentile: 0.5, model: 'v5', date: '2026-11-19' },
    facts: {
      cve,
      published,
      rejected: false,
      ssvc: null,
      scores: [{ source: 'CNA', version: '3.1', score: cvss, vector: '' }],
      exploited: null,
    },
  }
}

it('rises with EPSS and with CVSS, falls with age, and is always a number', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const score = fc.double({ min: 0, max: 10, noNaN: true })
  fc.assert(
    fc.property(share, share, score, score, fc.integer({ min: 1, max: 30 }), (a, b, x, y, days) => {
      const [low = 0, high = 0] = [a, b].sort((one, two) => one - two)
      const [less = 0, more = 0] = [x, y].sort((one, two) => one - two)
      expect(likelihood(about(high, x), now)).toBeGreaterThanOrEqual(likelihood(about(low, x), now))
      expect(likelihood(about(a, more), now)).toBeGreaterThanOrEqual(likelihood(about(a, less), now))
      const older = new Date(Date.parse('2026-11-01') - days * 86_400_000).toISOString().slice(0, 10)
      expect(likelihood(about(a, x, older), now)).toBeLessThan(likelihood(about(a, x), now))
      expect(Number.isFinite(likelihood(about(a, x), now))).toBe(true)
    }),
  )
})

it('takes a CVE without a score for a middling one, not for a harmless one', () => {
  expect(likelihood(about(null, 5), now)).toBe(likelihood(about(assumedEpss, 5), now))
  expect(likelihood(about(null, 5), now)).toBeGreaterThan(likelihood(about(0, 5), now))
  expect(likelihood({ cve: 'CVE-2026-1', kev: null, epss: null, facts: null }, now)).toBeLessThan(0)
})

it('counts what is at stake: twice the assets weigh as one step of criticality', () => {
  expect(urgency(-3, 2 * stakes.medium)).toBeCloseTo(urgency(-3, stakes.high))
  expect(Number.isFinite(urgency(-3, 0))).toBe(true)
})
