/** A run: the rollout of a proposal, or the test that runs before it. Both consist of rings of deployments. */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { countReasons, leftOutWords } from '../proposal/left-out.ts'
import {
  type Deployment,
  finalStatuses,
  type PlannedRing,
  type ProposalState,
  type RingState,
  type Rollout,
  type Since,
  type TestRun,
  type TestStop,
} from '../proposal/proposal.ts'
import { sinceOf } from '../proposal/since.ts'
import { deploymentOf, failedDeployments, unverified } from './deployments.ts'

/** The part of a state, whole or at a glance, that says whether a rollout or a test is under way. */
export interface Running extends Pick<ProposalState, 'status'> {
  readonly rollout: object | null
  readonly test: Pick<TestRun, 'stopped' | 'result'> | null
}

/** The run that is under way: the rollout, or else the test that runs while people vote; `null`: none. */
export function liveRun(state: ProposalState): Rollout | null {
  if (state.rollout !== null) return state.rollout
  return testRunning(state) ? state.test : null
}

export function testRunning(state: Pick<Running, 'rollout' | 'test'>): boolean {
  return state.rollout === null && state.test !== null && state.test.result === null
}

/** The stop of the running test; `null`: it is not stopped, or no test runs. */
export function testStop(state: Pick<Running, 'rollout' | 'test'>): TestStop | null {
  return testRunning(state) ? (state.test?.stopped ?? null) : null
}

/** May more assets begin, and may rings be judged? Not while the rollout or the test is stopped. */
export function goesOn(state: Running): boolean {
  if (state.rollout !== null) return state.status === 'rolling out'
  return testRunning(state) && testStop(state) === null && !finalStatuses.includes(state.status)
}

/**
 * Must starts be taken back on which nothing has begun yet? Yes after a halt, and for the test of a proposal that is
 * over.
 */
export function isHalted(state: Running): boolean {
  if (state.rollout !== null) return state.status === 'halted'
  return testRunning(state) && (testStop(state)?.how === 'halted' || finalStatuses.includes(state.status))
}

/** The stop that people can end by resuming: of the rollout, or of a test that is paused. `null`: there is none. */
export function waitingForResume(
  state: Running & Pick<ProposalState, 'stopped'>,
): Pick<TestStop, 'by' | 'reason' | 'at'> | null {
  if (state.status === 'paused' || state.status === 'halted') return state.stopped
  const stop = testStop(state)
  return stop?.how === 'paused' && !finalStatuses.includes(state.status) ? stop : null
}

export function freshRing(): RingState {
  return { status: 'waiting', batchesStarted: 0, waiting: [], go: null, checked: null, soakUntil: null, forgiven: [] }
}

export interface CurrentRing {
  readonly index: number
  readonly planned: PlannedRing
  readonly ring: RingState
  readonly run: Rollout
  /** Assets that are left out since the vote, by id. */
  readonly leftOut: Since['leftOut']
}

/** The ring that is under way or next; `null`: all have passed, or nothing runs. A test has only one ring. */
export function ringNow(state: ProposalState): CurrentRing | null {
  const run = liveRun(state)
  if (run === null || state.subject.kind !== 'patches') return null
  const index = run.rings.findIndex((ring) => ring.status !== 'passed')
  const ring = run.rings[index]
  const planned = state.subject.rings[index]
  if (!ring || !planned || (testRunning(state) && planned.beforeVote !== true)) return null
  return { index, planned, ring, run, leftOut: sinceOf(state).leftOut }
}

/** When the soak of the current ring ends (ISO 8601); `null`: it is not soaking. */
export function soakEnd(state: ProposalState): string | null {
  const ring = ringNow(state)?.ring
  return ring?.status === 'soaking' ? ring.soakUntil : null
}

/** Assets that were started and are not verified yet. */
export function unfinished(state: ProposalState): readonly string[] {
  return unfinishedDeployments(state).map((deployment) => deployment.asset)
}

export function unfinishedDeployments(state: ProposalState): readonly Deployment[] {
  const run = liveRun(state)
  return run === null ? [] : unverified(run)
}

/**
 * Why the ring shows nothing: all its assets are left out since the vote. Such a ring holds back the rings after it
 * until people resume. `null`: an asset of it was started or is still to come, or people skipped all of them by hand.
 */
export function emptyRing({ planned, ring, run, leftOut }: CurrentRing): string | null {
  if (ring.status !== 'waiting') return null
  if (planned.assets.length === 0) return `Ring ${planned.name} has no server, so it would show nothing`
  // The cheap check comes first: usually no asset is left out, and a ring may be very large.
  if (!planned.assets.some((asset) => leftOut[asset] !== undefined)) return null
  if (planned.assets.some((asset) => deploymentOf(run, asset) !== undefined)) return null
  const skipped = planned.assets.filter((asset) => run.skipped[asset] !== undefined).length
  const out = planned.assets.filter((asset) => run.skipped[asset] === undefined && leftOut[asset] !== undefined)
  if (out.length === 0 || out.length + skipped < planned.assets.length) return null
  return `Ring ${planned.name} is empty, so it would show nothing: ${leftOutWords(countReasons(out.flatMap((asset) => leftOut[asset] ?? [])))}`
}

/** Assets that ended badly and that nobody has left out since. */
export const endedBadly = memoizeByIdentity((run: Rollout): ReadonlySet<string> => {
  const assets = failedDeployments(run).map(({ asset }) => asset)
  return new Set(assets.filter((asset) => run.skipped[asset] === undefined))
})

export const setOf = memoizeByIdentity((list: readonly string[]): ReadonlySet<string> => new Set(list))

/**
 * The list without the items in `taken`. Usually these are the first items, in the same order. Then the rest is copied
 * without a look at each item, which saves time where thousands wait.
 */
export function without(list: readonly string[], taken: readonly string[]): readonly string[] {
  const first = taken.every((item, index) => list[index] === item)
  if (first) return list.slice(taken.length)
  const gone = new Set(taken)
  return list.filter((item) => !gone.has(item))
}
