/** Logs of outcomes. They are content, apart from the state. */

import type { Deployment, ProposalState, Rollout } from './proposal.ts'

/** Hashes of all logs that a state names. */
export function logsOf({ rollout, test }: ProposalState): readonly string[] {
  const runs = [test, rollout].flatMap((run) => (run === null ? [] : Object.values(run.deployments)))
  return [...new Set(runs.flatMap(({ log }) => log ?? []))]
}

/**
 * The state with the text of each log put into its outcome. `logs`: texts by hash; a log that is missing there is left
 * as it is.
 */
export function withLogs(state: ProposalState, logs: ReadonlyMap<string, string>): ProposalState {
  const { rollout, test } = state
  return { ...state, rollout: rollout && runWithLogs(rollout, logs), test: test && runWithLogs(test, logs) }
}

function runWithLogs<Run extends Rollout>(run: Run, logs: ReadonlyMap<string, string>): Run {
  const deployments = Object.entries(run.deployments).map(([asset, item]) => [asset, withLog(item, logs)] as const)
  return { ...run, deployments: Object.fromEntries(deployments) }
}

function withLog(item: Deployment, logs: ReadonlyMap<string, string>): Deployment {
  const log = item.log === undefined ? undefined : logs.get(item.log)
  return item.outcome === null || log === undefined ? item : { ...item, outcome: { ...item.outcome, log } }
}
