import { standInAsset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { HealthResult } from '../core/ports.ts'
import type { ProposalState, ServiceCheck } from '../core/proposal/proposal.ts'
import { ringsNow } from '../core/rollout/run.ts'
import { judgeMetric } from '../core/service-check.ts'
import type { WorkflowParts } from './ports.ts'

/** A question without an answer counts as a no after this time. A check may itself take two minutes. */
const ANSWER_MS = 150_000

/** Asks the checks of a current ring's gate about the service. A failure is also an answer. */
export function createGateChecks({ health, metrics }: Pick<WorkflowParts, 'health' | 'metrics'>) {
  async function ask(check: ServiceCheck, team: string, signal: AbortSignal): Promise<HealthResult> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    switch (check.kind) {
      case 'health': {
        // The hosts are named in these checks, so the asset is only a stand-in.
        const [result] = await health.check(standInAsset(`service/${team}`, team, team), [check.check], limited)
        return result ?? { check: check.check.kind, healthy: false, detail: 'no answer' }
      }
      case 'metric':
        try {
          const source = metrics.get(check.source)
          if (!source) throw new Error(`the metric source "${check.source}" is not configured`)
          return judgeMetric(check, await source.value(check.query, limited))
        } catch (error) {
          signal.throwIfAborted()
          return { check: check.query, healthy: false, detail: errorText(error) }
        }
    }
  }

  /** `ring`: number of the ring; left out: the only one that is under way. */
  return async function askGate(
    state: ProposalState,
    ring: number | undefined,
    signal: AbortSignal,
  ): Promise<readonly HealthResult[]> {
    const current = ringsNow(state).find(({ index }) => ring === undefined || index === ring)
    const checks = current?.planned.gate.checks ?? []
    return Promise.all(checks.map((check) => ask(check, state.team, signal)))
  }
}
