/** Checks of a service as a whole: what a number of the monitoring means for the gate that asked for it. */

import type { HealthResult } from './ports.ts'
import type { ServiceCheck } from './proposal/proposal.ts'

export type MetricCheck = Extract<ServiceCheck, { readonly kind: 'metric' }>

/** Both bounds are still healthy. A value that is not a finite number is not healthy: it proves nothing. */
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

/** Three digits, or all of them where three would hide on which side of a bound the value is. */
function showNumber(value: number, bounds: readonly (number | null)[]): string {
  const short = Number(value.toPrecision(3))
  const misleads = bounds.some((bound) => bound !== null && Math.sign(short - bound) !== Math.sign(value - bound))
  return String(misleads ? value : short)
}
