/** How events change the rollout, or the test that runs before it. */

import { alike } from '../alike.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { RecordedOutcome, RecordedVerification } from '../proposal/event.ts'
import type {
  Deployment,
  LateWord,
  PlannedRing,
  ProposalState,
  RingState,
  Rollout,
  ToldTimes,
  Verification,
} from '../proposal/proposal.ts'
import { deploymentOf, withChanges, withDeployments, withoutDeployments } from './deployments.ts'
import { asEarlier } from './may-have-changed.ts'
import { freshRing, without } from './run.ts'

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
    notBegun: {},
    extendedUntil: null,
  }
}

/** Applies a change to the rollout, or to the test if there is no rollout. Throws if there is neither. */
export function runChange(
  state: ProposalState,
  change: <Run extends Rollout>(run: Run) => Run,
): Partial<ProposalState> {
  if (state.rollout !== null) return { rollout: change(state.rollout) }
  if (state.test !== null) return { test: change(state.test) }
  throw new Error(`${state.id} has no rollout yet`)
}

export function withRings<Run extends Rollout>(run: Run, change: (ring: RingState, index: number) => RingState): Run {
  return withChanges(run, { rings: run.rings.map(change) })
}

export function withRing<Run extends Rollout>(run: Run, index: number, changes: Partial<RingState>): Run {
  return withRings(run, (ring, at) => (at === index ? { ...ring, ...changes } : ring))
}

export function withBatch<Run extends Rollout>(
  run: Run,
  event: {
    readonly ring: number
    readonly batch: number
    readonly key: string
    readonly assets: readonly string[]
    readonly waiting?: readonly string[]
  } & ToldTimes,
  at: string,
): Run {
  const { ring, batch, key, assets, notBefore, notAfter } = event
  const times = { ...(notBefore === undefined ? {} : { notBefore }), ...(notAfter === undefined ? {} : { notAfter }) }
  const begun = assets.map(
    (asset): Deployment => ({
      asset,
      ring,
      batch,
      key,
      startedAt: at,
      ...times,
      outcome: null,
      verification: null,
      doneAt: null,
    }),
  )
  const next = withChanges(withDeployments(run, begun), { starts: run.starts + 1, ...withoutNotBegun(run, assets) })
  const waiting = event.waiting ?? without(run.rings[ring]?.waiting ?? [], assets)
  return withRing(next, ring, { status: 'running', batchesStarted: batch + 1, waiting, checked: null })
}

/** Shares equal verifications in memory; only `at` may differ. */
export function alikeBut({ at, ...rest }: Verification): Verification {
  return { ...alike(rest), at }
}

export function withResults<Run extends Rollout>(
  run: Run,
  changes: readonly (RecordedOutcome | RecordedVerification)[],
  at: string,
  planned: readonly PlannedRing[],
): Run {
  const changed = new Map<string, Deployment>()
  for (const { asset, ...change } of changes) {
    const deployment = changed.get(asset) ?? deploymentOf(run, asset)
    if (deployment === undefined) throw new Error(`${asset} was not started in this rollout`)
    changed.set(
      asset,
      'outcome' in change
        ? { ...deployment, outcome: alike(change.outcome), ...(change.log === undefined ? {} : { log: change.log }) }
        : { ...deployment, verification: alikeBut(change.verification), doneAt: deployment.doneAt ?? at },
    )
  }
  const all = [...changed.values()]
  return withNotBegun(
    withDeployments(run, all),
    all.filter(({ verification }) => verification?.end === 'not touched'),
    planned,
  )
}

/**
 * If nothing began on an asset that was started, the asset counts as not started. This is no retry: nobody has to ask
 * for it.
 */
function withNotBegun<Run extends Rollout>(
  run: Run,
  deployments: readonly Deployment[],
  planned: readonly PlannedRing[],
): Run {
  if (deployments.length === 0) return run
  const notBegun = Object.fromEntries(
    deployments.map(({ asset, outcome, verification }) => {
      const notBefore = outcome?.state === 'not begun' ? (outcome.notBefore ?? null) : null
      return [asset, { reason: verification?.reason ?? '', notBefore }]
    }),
  )
  const next = withChanges(run, { notBegun: { ...run.notBegun, ...notBegun } })
  const assets = deployments.map(({ asset }) => asset)
  return withUnbegunRings(withTurnsAgain(next, assets, planned), planned)
}

/** A ring in which nothing has begun after all waits again, so that it still counts as untested. */
function withUnbegunRings<Run extends Rollout>(run: Run, planned: readonly PlannedRing[]): Run {
  return withRings(run, (ring, index) => {
    const begun = ring.status !== 'running' || planned[index]?.assets.some((asset) => deploymentOf(run, asset))
    return begun === true ? ring : { ...ring, status: 'waiting' }
  })
}

/** Another proposal has changed these assets back. If they are started again here, that mark is gone. */
export function withLateWord<Run extends Rollout>(run: Run, asset: string, later: LateWord): Run {
  const deployment = deploymentOf(run, asset)
  return deployment === undefined ? run : withDeployments(run, [{ ...deployment, later }])
}

/** Their work is taken back, because a more urgent proposal needs the assets. */
export function withYielded<Run extends Rollout>(run: Run, assets: readonly string[], yieldsTo: string): Run {
  return withDeployments(
    run,
    assets.flatMap((asset) => {
      const deployment = deploymentOf(run, asset)
      return deployment === undefined ? [] : [{ ...deployment, yieldsTo }]
    }),
  )
}

export function withUndone<Run extends Rollout>(run: Run, assets: readonly string[], undoneBy: string): Run {
  const all = assets.flatMap((asset) => deploymentOf(run, asset) ?? [])
  const left = withoutEarlier(run, assets)
  if (all.length === 0) return left
  return withDeployments(
    left,
    all.map((deployment) => ({ ...deployment, undoneBy })),
  )
}

/** What earlier starts of these assets did is not there any more. */
function withoutEarlier<Run extends Rollout>(run: Run, assets: readonly string[]): Run {
  if (!assets.some((asset) => run.earlier?.[asset] !== undefined)) return run
  const undone = new Set(assets)
  const left = Object.entries(run.earlier ?? {}).filter(([asset]) => !undone.has(asset))
  return withChanges(run, { earlier: Object.fromEntries(left) })
}

/** Keeps what the starts of these assets may have changed, because the assets are started again. */
function withEarlier<Run extends Rollout>(run: Run, assets: readonly string[]): Run {
  const earlier = { ...run.earlier }
  for (const asset of assets) {
    const deployment = deploymentOf(run, asset)
    const start = deployment === undefined ? null : asEarlier(deployment)
    if (start !== null) earlier[asset] = [...(earlier[asset] ?? []), start]
  }
  return Object.keys(earlier).length === 0 ? run : withChanges(run, { earlier })
}

const placesIn = memoizeByIdentity(
  (assets: readonly string[]): ReadonlyMap<string, number> => new Map(assets.map((asset, place) => [asset, place])),
)

/** The assets in the order of the ring's plan. */
export function inPlannedOrder(assets: readonly string[], ring: PlannedRing | undefined): readonly string[] {
  const places = placesIn(ring?.assets ?? [])
  const placeOf = (asset: string) => places.get(asset) ?? places.size
  return [...assets].sort((a, b) => placeOf(a) - placeOf(b))
}

function withoutNotBegun({ notBegun }: Rollout, assets: readonly string[]): Pick<Rollout, 'notBegun'> {
  const begun = new Set(assets)
  return { notBegun: Object.fromEntries(Object.entries(notBegun).filter(([asset]) => !begun.has(asset))) }
}

/** The assets count as not started, and their rings run again. */
export function withRetried<Run extends Rollout>(
  run: Run,
  assets: readonly string[],
  planned: readonly PlannedRing[],
): Run {
  const retried: Record<string, number> = { ...run.retried }
  const skipped = { ...run.skipped }
  for (const asset of assets) {
    retried[asset] = (retried[asset] ?? 0) + 1
    delete skipped[asset]
  }
  const running = { status: 'running', soakUntil: null, checked: null } as const
  return withTurnsAgain(withChanges(withEarlier(run, assets), { retried, skipped }), assets, planned, running)
}

/** Takes the assets out of the deployments. `changes`: other changes of their rings. */
function withTurnsAgain<Run extends Rollout>(
  run: Run,
  assets: readonly string[],
  planned: readonly PlannedRing[],
  changes: Partial<RingState> = {},
): Run {
  const again = new Set(assets)
  const ringOf = new Map(assets.map((asset) => [asset, deploymentOf(run, asset)?.ring]))
  const rings = new Set(ringOf.values())
  return withRings(withoutDeployments(run, again), (ring, index) => {
    if (!rings.has(index)) return ring
    const mine = assets.filter((asset) => ringOf.get(asset) === index)
    return {
      ...ring,
      ...changes,
      // If a batch is under way, the assets join it. Otherwise they come in a later batch.
      waiting: ring.waiting.length > 0 ? inPlannedOrder([...mine, ...ring.waiting], planned[index]) : [],
      forgiven: ring.forgiven.filter((asset) => !again.has(asset)),
    }
  })
}
