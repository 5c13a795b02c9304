/** What a ring has shown: how many of its assets ended well, and who let the rollout go on where none did. */

import { isEndState, type ProposalState, type Rollout } from '../proposal/proposal.ts'
import { endsByRing } from './deployments.ts'
import { countEndState } from './gate.ts'

export interface RingResult {
  readonly good: number
  readonly total: number
  /** Ids of the people by whose decision it went on. Empty: nobody had to decide. */
  readonly decidedBy: readonly string[]
}

export function ringResult({ subject, rollout, test }: ProposalState, index: number): RingResult {
  const run = rollout ?? test
  const planned = subject.kind === 'patches' ? subject.rings[index] : undefined
  if (run === null || planned === undefined) return { good: 0, total: 0, decidedBy: [] }
  const resumed = run.rings[index]?.resumedBy ?? []
  const skippers = planned.assets.flatMap((asset) => run.skipped[asset]?.by.person ?? [])
  return { good: goodIn(run, index), total: planned.assets.length, decidedBy: [...new Set([...resumed, ...skippers])] }
}

function goodIn(run: Rollout, index: number): number {
  const counts = Object.entries(endsByRing(run).get(index) ?? {})
  return counts.reduce((sum, [end, count]) => (isGood(end) ? sum + count : sum), 0)
}

function isGood(end: string): boolean {
  return isEndState(end) && countEndState(end) === 'good'
}
