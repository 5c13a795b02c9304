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
import { isBefore } from '../time/instant.ts'
import { deploymentOf, failedDeployments, unverified } from './deployments.ts'
import { currentRings, isBound, ringTitle } from './lanes.ts'

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
  /** Its name as people read it. */
  readonly title: string
  readonly ring: RingState
  readonly run: Rollout
  /** Assets that are left out since the vote, by id. */
  readonly leftOut: Since['leftOut']
}

/**
 * For each lane that is not through: its ring that is under way or next. Empty: all have passed, or nothing runs. A
 * test has only one ring.
 */
export function lanesLeft(state: ProposalState): readonly CurrentRing[] {
  const { subject } = state
  const run = liveRun(state)
  if (run === null || subject.kind !== 'patches') return []
  const testing = testRunning(state)
  return currentRings(subject.rings, run.rings).flatMap((index): readonly CurrentRing[] => {
    const [ring, planned] = [run.rings[index], subject.rings[index]]
    if (!ring || !planned || (testing && (index > 0 || planned.beforeVote !== true))) return []
    const title = ringTitle(subject, index) ?? planned.name
    return [{ index, planned, title, ring, run, leftOut: sinceOf(state).leftOut }]
  })
}

/** As `lanesLeft`, without lanes that wait until another lane is through. */
export function ringsNow(state: ProposalState): readonly CurrentRing[] {
  const lanes = lanesLeft(state)
  const { subject } = state
  if (lanes.length < 2 || subject.kind !== 'patches') return lanes
  return lanes.filter(({ index, run }) => !isBound(subject, run.rings, index))
}

/** The first of `ringsNow`; `null`: there is none. */
export function ringNow(state: ProposalState): CurrentRing | null {
  return ringsNow(state)[0] ?? null
}

/** When the soak of the ring ends (ISO 8601); `null`: it is not soaking. */
export function soakEndOf({ ring }: Pick<CurrentRing, 'ring'>): string | null {
  return ring.status === 'soaking' ? ring.soakUntil : null
}

/** When the first soak of a current ring ends (ISO 8601); `null`: none is soaking. */
export function soakEnd(state: ProposalState): string | null {
  const ends = ringsNow(state).flatMap((current) => soakEndOf(current) ?? [])
  return ends.reduce<string | null>((first, at) => (first === null || isBefore(at, first) ? at : first), null)
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
export function emptyRing({ planned, title, ring, run, leftOut }: CurrentRing): string | null {
  if (ring.status !== 'waiting') return null
  if (planned.assets.length === 0) return `Ring ${title} has no server, so it would show nothing`
  // The cheap check comes first: usually no asset is left out, and a ring may be very large.
  if (!planned.assets.some((asset) => leftOut[asset] !== undefined)) return null
  if (planned.assets.some((asset) => deploymentOf(run, asset) !== undefined)) return null
  const skipped = planned.assets.filter((asset) => run.skipped[asset] !== undefined).length
  const out = planned.assets.filter((asset) => run.skipped[asset] === undefined && leftOut[asset] !== undefined)
  if (out.length === 0 || out.length + skipped < planned.assets.length) return null
  return `Ring ${title} is empty, so it would show nothing: ${leftOutWords(countReasons(out.flatMap((asset) => leftOut[asset] ?? [])))}`
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
