/** Turns states that earlier versions wrote into states of this version. */

import type { LightState, ResultRow } from '../core/proposal/light.ts'
import type { By, Deployment, ProposalState, RingState, Rollout } from '../core/proposal/proposal.ts'

/**
 * A small state that the version before wrote, as one of this version. It has names, and only a name in `stopped.by`.
 */
export function ofBeforeEntries(state: LightState, reasons: ReadonlyMap<string, string>): LightState {
  const by = (name: unknown): By => (typeof name === 'string' ? { person: null, name } : (name as By))
  const { stopped, test } = state
  return {
    ...state,
    votes: state.votes.map((vote) => ({ ...vote, reason: reasons.get(vote.person) ?? null })),
    stopped: stopped && { ...stopped, by: by(stopped.by) },
    test: test && { ...test, stopped: test.stopped && { ...test.stopped, by: by(test.stopped.by) } },
  }
}

export function rowOfBefore(row: ResultRow): ResultRow {
  const { skipped } = row.facts
  if (skipped === undefined) return row
  const by: By = { person: null, name: String(skipped.by) }
  return { ...row, facts: { ...row.facts, skipped: { ...skipped, by } } }
}

/**
 * A whole state that an earlier version wrote, as one of this version. It lacks parts for which nothing had happened
 * yet, or which that version did not know.
 */
export function stateOfBefore(state: ProposalState): ProposalState {
  const { test = null, rollout = null } = state
  return {
    ...state,
    drifted: state.drifted ?? {},
    test: test && { ...runOfBefore(test), stopped: test.stopped ?? null },
    rollout: rollout && runOfBefore(rollout),
  }
}

/** Adds what early versions did not have: keys of starts, trying again, and leaving out. */
function runOfBefore<Run extends Rollout>(run: Run): Run {
  const [ofRun, ofRing]: [Partial<Rollout>, Partial<RingState>] = [
    { starts: 0, retried: {}, skipped: {}, notBegun: {}, extendedUntil: null },
    { waiting: [], go: null, checked: null },
  ]
  const deployments = Object.values(run.deployments).map((deployment) => {
    const ofDeployment: Partial<Deployment> = { key: '', doneAt: deployment.verification?.at ?? null }
    return [deployment.asset, { ...ofDeployment, ...deployment }]
  })
  return {
    ...ofRun,
    ...run,
    rings: run.rings.map((ring) => ({ ...ofRing, ...ring })),
    deployments: Object.fromEntries(deployments),
  }
}
