/** Judges a whole service by a number from the monitoring, for a gate. */

import type { HealthResult } from './ports.ts'
import type { ServiceCheck } from './proposal/proposal.ts'

export type MetricCheck = Extract<ServiceCheck, { readonly kind: 'metric' }>

/** Values equal to a bound are healthy. A value that is not finite is not healthy, because it proves nothing. */
export function judgeMetric(check: MetricCheck, value: number): HealthResult {
  const problem = metricProblem(check, value)
  return { check: check.query, healthy: problem === null, detail: problem ?? within(check, value) }
}

function metricProblem({ atMost, atLeast }: MetricCheck, value: number): string | null {
  if (!Number.isFinite(value)) return `${value} is not a number to judge by`
  const shown = showNumber(value, [atMost, atLeast])
  if (atMost !== null && value > atMost) return `${shown} is over ${atMost}`
  if (atLeast !== null && value < atLeast) return `${shown} is under ${atLeast}`
  return null
}

function within({ atMost, atLeast }: MetricCheck, value: number): string {
  const shown = showNumber(value, [atMost, atLeast])
  if (atMost !== null && atLeast !== null) return `${shown} is from ${atLeast} to ${atMost}`
  if (atMost !== null) return `${shown} is at most ${atMost}`
  return atLeast === null ? shown : `${shown} is at least ${atLeast}`
}

/** The number with three digits, or with all digits if rounding would move it across a bound. */
function showNumber(value: number, bounds: readonly (number | null)[]): string {
  const short = Number(value.toPrecision(3))
  const misleads = bounds.some((bound) => bound !== null && Math.sign(short - bound) !== Math.sign(value - bound))
  return String(misleads ? value : short)
}
