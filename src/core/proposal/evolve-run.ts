/** How events change the rollout, or the test that runs before it. */

import type { RecordedOutcome, RecordedVerification } from './event.ts'
import type { Deployment, ProposalState, RingState, Rollout } from './proposal.ts'
import { freshRing, unverified } from './run.ts'

export function freshRun({ subject }: ProposalState, at: string): Rollout {
  const rings = subject.kind === 'patches' ? subject.rings : []
  return {
    startedAt: at,
    verifyingSince: null,
    rings: rings.map(freshRing),
    deployments: {},
    starts: 0,
    retried: {},
    skipped: {},
    extendedUntil: null,
  }
}

/** Applies a change to what is under way. */
export function runChange(state: ProposalState, change: (run: Rollout) => Rollout): Partial<ProposalState> {
  if (state.rollout !== null) return { rollout: change(state.rollout) }
  if (state.test !== null) return { test: { ...change(state.test), result: state.test.result } }
  throw new Error(`${state.id} has no rollout yet`)
}

export function withRing(run: Rollout, index: number, changes: Partial<RingState>): Rollout {
  return { ...run, rings: run.rings.map((ring, at) => (at === index ? { ...ring, ...changes } : ring)) }
}

export function withBatch(
  run: Rollout,
  event: {
    readonly ring: number
    readonly batch: number
    readonly key: string
    readonly assets: readonly string[]
    readonly waiting?: readonly string[]
  },
  at: string,
): Rollout {
  const { ring, batch, key } = event
  const deployments: Record<string, Deployment> = { ...run.deployments }
  for (const asset of event.assets)
    deployments[asset] = { asset, ring, batch, key, startedAt: at, outcome: null, verification: null, doneAt: null }
  const started = new Set(event.assets)
  const begun = event.assets.flatMap((asset) => deployments[asset] ?? [])
  unverified.know(deployments, [...unverified(run.deployments).filter(({ asset }) => !started.has(asset)), ...begun])
  const waiting = event.waiting ?? (run.rings[ring]?.waiting ?? []).filter((asset) => !started.has(asset))
  return withRing({ ...run, deployments, starts: run.starts + 1 }, ring, {
    status: 'running',
    batchesStarted: batch + 1,
    waiting,
    checked: null,
  })
}

export function withDeployments(
  run: Rollout,
  changes: readonly (RecordedOutcome | RecordedVerification)[],
  at: string,
): Rollout {
  const deployments: Record<string, Deployment> = { ...run.deployments }
  for (const { asset, ...change } of changes) {
    const deployment = deployments[asset]
    if (deployment === undefined) throw new Error(`${asset} was not started in this rollout`)
    deployments[asset] =
      'outcome' in change
        ? { ...deployment, outcome: change.outcome }
        : { ...deployment, verification: change.verification, doneAt: deployment.doneAt ?? at }
  }
  const touched = new Set(changes.map(({ asset }) => asset))
  const changed = [...touched].flatMap((asset) => deployments[asset] ?? [])
  unverified.know(deployments, [
    ...unverified(run.deployments).filter(({ asset }) => !touched.has(asset)),
    ...changed.filter(({ verification }) => verification === null),
  ])
  return { ...run, deployments }
}

/** The assets are as if their turn had not come; their rings are not done. */
export function withRetried(run: Rollout, assets: readonly string[]): Rollout {
  const deployments: Record<string, Deployment> = { ...run.deployments }
  const retried: Record<string, number> = { ...run.retried }
  const rings = new Set<number>()
  for (const asset of assets) {
    const before = deployments[asset]
    if (before !== undefined) rings.add(before.ring)
    delete deployments[asset]
    retried[asset] = (retried[asset] ?? 0) + 1
  }
  const skipped = { ...run.skipped }
  for (const asset of assets) delete skipped[asset]
  const again = new Set(assets)
  const of = (asset: string, ring: number) => run.deployments[asset]?.ring === ring
  return {
    ...run,
    deployments,
    retried,
    skipped,
    rings: run.rings.map((ring, index) =>
      rings.has(index)
        ? {
            ...ring,
            status: 'running',
            soakUntil: null,
            checked: null,
            // They join the batch under way; after it, they are in one of their own.
            waiting: ring.waiting.length > 0 ? [...assets.filter((asset) => of(asset, index)), ...ring.waiting] : [],
            forgiven: ring.forgiven.filter((asset) => !again.has(asset)),
          }
        : ring,
    ),
  }
}
