/** Orders patches of the same priority: likelihood of exploitation times what is at stake. */

import type { Criticality } from '../asset.ts'
import { DAY_MS } from '../time/instant.ts'
import type { CveEvidence } from './facts.ts'
import { baseScore } from './facts.ts'

/**
 * Weights of a logistic regression of "listed in CISA KEV within 30 days", made with CVEs that were at most 90 days old
 * on decision dates up to 2025-06. See docs/priority.md; `npm run bench -- priority` repeats the measurement on later
 * dates.
 */
export const orderWeights = {
  /** Per unit of the log-odds of EPSS. */
  epss: 0.57,
  /** Per point of the CVSS base score. */
  cvss: 0.545,
  /** Per natural logarithm of (1 + days since publication). */
  age: -0.85,
} as const

/** Medians of CVEs under 90 days old. A CVE without a score may be exploited all the same. */
export const assumedEpss = 0.0005
export const assumedCvss = 7

/** The log-odds of exploitation, up to a constant; higher is more likely. `now` and `published` are ISO dates. */
export function likelihood({ epss, facts }: CveEvidence, now: string): number {
  const probability = Math.min(Math.max(epss?.score ?? assumedEpss, 0.00001), 0.99)
  const score = baseScore(facts)?.score ?? assumedCvss
  const published = facts?.published ?? null
  const days = published === null ? 90 : Math.max(0, (Date.parse(now) - Date.parse(published)) / DAY_MS)
  return (
    orderWeights.epss * Math.log(probability / (1 - probability)) +
    orderWeights.cvss * score +
    orderWeights.age * Math.log1p(days)
  )
}

/** The weight of one asset. Each step doubles it. */
export const stakes: Readonly<Record<Criticality, number>> = { low: 1, medium: 2, high: 4, 'very high': 8 }

/** Expected loss on the scale of `likelihood`. `stake`: the sum of the weights of the assets that miss the patch. */
export function urgency(likeliest: number, stake: number): number {
  return likeliest + Math.log(Math.max(stake, 1))
}
