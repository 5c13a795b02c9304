import type { HealthResult } from './ports.ts'
import type { ServiceCheck } from './proposal/proposal.ts'

/** What a metric's value means for the gate that asked for it. */
export function judgeMetric(check: Extract<ServiceCheck, { kind: 'metric' }>, value: number): HealthResult {
  const { query, atMost, atLeast } = check
  if (atMost !== null && !(value <= atMost))
    return { check: query, healthy: false, detail: `${value} is over ${atMost}` }
  if (atLeast !== null && !(value >= atLeast))
    return { check: query, healthy: false, detail: `${value} is under ${atLeast}` }
  return { check: query, healthy: true, detail: String(value) }
}
