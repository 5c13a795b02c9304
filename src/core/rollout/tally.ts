/**
 * What happened to the assets of a proposal, in a few numbers. Lists and cards show only these and the counters of the
 * rings. The numbers are worked out with each event, so that nobody has to go through all assets.
 */

import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { countReasons, type LeftOutCounts } from '../proposal/left-out.ts'
import {
  type Deployment,
  finalStatuses,
  isEndState,
  type ProposalState,
  type Rollout,
  type TestRun,
} from '../proposal/proposal.ts'
import { sinceOf } from '../proposal/since.ts'
import { deploymentOf, deploymentsOf, endsByRing, failedDeployments, hasChanged, undoneCount } from './deployments.ts'
import { freshRun } from './evolve-run.ts'
import { countEndState } from './gate.ts'
import { ringTitle } from './lanes.ts'
import { hasUpdates, plannedOf } from './planned.ts'
import { leftOutIn, startedOf } from './remaining.ts'
import { emptyRing, endedBadly, setOf, testStop, unfinished, unfinishedDeployments } from './run.ts'

export interface EndCounts {
  readonly good: number
  readonly bad: number
  readonly unreachable: number
  readonly untouched: number
  /** Not touched, because they are left out since the vote. */
  readonly leftOut: number
  /** Of the good ones, those on which an update waits for a restart and fixes nothing before. Left out: none. */
  readonly owing?: number
}

export interface NamedEnd {
  readonly name: string
  readonly end: string
  readonly reason: string
}

export interface Tally {
  readonly ends: EndCounts
  /**
   * How many assets since the vote are left out, still need only a part (`inPart`), or wait without having been voted
   * on.
   */
  readonly leftOut: LeftOutCounts
  readonly inPart: number
  readonly waiting: number
  /** Assets that lost again what was verified. */
  readonly drifted: number
  /** Assets whose system was told ahead and that have not reported. Left out: none. */
  readonly reporting?: number
  /** Assets that somebody left out of the rollout. */
  readonly skipped: number
  /** Assets of the rollout that ended badly and were not left out: how many, and the first of them. */
  readonly failed: { readonly count: number; readonly first: readonly NamedEnd[] }
  /** How many assets were changed back since. Left out: none. */
  readonly undone?: number
  /** Has the rollout possibly changed an asset that was not changed back since? See `hasChanged`. */
  readonly changed: boolean
  /**
   * If the test is stopped: how many of its assets are at work, with the names of the first. `null`: it is not stopped.
   */
  readonly atWork: { readonly count: number; readonly names: readonly string[] } | null
  /** A sentence for each ring still to come whose assets are all left out. */
  readonly emptyRings: readonly string[]
  /** Name of the asset that the proposal waits for; `null`: none. */
  readonly waitsFor: string | null
  readonly test: TestTally | null
}

export interface TestTally {
  readonly started: number
  readonly verified: number
  readonly good: number
  readonly rebooted: number
  /** The first assets that did not end well, or have not ended yet. */
  readonly others: readonly NamedEnd[]
}

/** At most this many assets that ended badly are listed. */
const FIRST_ENDS = 3
/** At most this many assets at work are named. */
export const AT_WORK_NAMED = 8

export const tallyOf = memoizeByIdentity((state: ProposalState): Tally => {
  const { rollout, test, waitsFor } = state
  const { leftOut, done, waiting } = sinceOf(state)
  const failed = rollout === null ? [] : failedDeployments(rollout)
  const reporting = unfinishedDeployments(state).filter(({ notBefore }) => notBefore !== undefined).length
  const undone = rollout === null ? 0 : undoneCount(rollout)
  return {
    ...(reporting === 0 ? {} : { reporting }),
    ...(undone === 0 ? {} : { undone }),
    ends: endCounts(state),
    leftOut: reasonsOf(leftOut),
    inPart: sizeOf(done),
    waiting: sizeOf(waiting),
    drifted: sizeOf(state.drifted),
    skipped: rollout === null ? 0 : sizeOf(rollout.skipped),
    failed: {
      count: rollout === null ? 0 : endedBadly(rollout).size,
      first: first(failed, ({ asset }) => rollout?.skipped[asset] === undefined).map((one) => namedEnd(state, one)),
    },
    changed: rollout !== null && hasChanged(rollout),
    atWork: testStop(state) === null ? null : atWork(state),
    emptyRings: emptyRings(state),
    waitsFor: waitsFor ? assetName(state, waitsFor.asset) : null,
    test: test && testTally(state, test),
  }
})

export function assetName(state: Pick<ProposalState, 'subject'>, id: string): string {
  if (state.subject.kind !== 'patches') return id
  return plannedOf(state.subject, id)?.asset.name ?? id
}

/** How all assets of the proposal ended, as the closing summary and the report count them. */
export function endCounts(state: ProposalState): EndCounts {
  const { subject, rollout } = state
  if (subject.kind !== 'patches') return { good: 0, bad: 0, unreachable: 0, untouched: 0, leftOut: 0 }
  const counts = { good: 0, bad: 0, unreachable: 0, undecided: 0 }
  const { leftOut } = sinceOf(state)
  let out = sizeOf(leftOut)
  let owing = 0
  if (rollout !== null) {
    for (const ends of endsByRing(rollout).values()) {
      if (hasUpdates(subject)) owing += ends['waiting for reboot'] ?? 0
      for (const [end, count] of Object.entries(ends)) if (isEndState(end)) counts[countEndState(end)] += count
    }
    out -= startedOf(rollout, leftOut).filter((asset) => isDecided(deploymentOf(rollout, asset))).length
  }
  const { good, bad, unreachable } = counts
  const untouched = subject.assets.length - good - bad - unreachable - out
  return { good, bad, unreachable, untouched, leftOut: out, ...(owing === 0 ? {} : { owing }) }
}

function isDecided(deployment: Deployment | undefined): boolean {
  const verification = deployment?.verification ?? null
  return verification !== null && countEndState(verification.end) !== 'undecided'
}

/** Worked out once for each record: records that did not change are the same objects, and may be very large. */
const sizeOf = memoizeByIdentity((record: Readonly<Record<string, unknown>>) => Object.keys(record).length)
const reasonsOf = memoizeByIdentity((leftOut: ReturnType<typeof sinceOf>['leftOut']) =>
  countReasons(Object.values(leftOut)),
)

function first(deployments: readonly Deployment[], wanted: (deployment: Deployment) => boolean): readonly Deployment[] {
  const found: Deployment[] = []
  for (const deployment of deployments) {
    if (found.length === FIRST_ENDS) break
    if (wanted(deployment)) found.push(deployment)
  }
  return found
}

function namedEnd(state: ProposalState, { asset, verification }: Deployment): NamedEnd {
  return {
    name: assetName(state, asset),
    end: verification?.end ?? 'has not ended',
    reason: verification?.reason ?? '',
  }
}

/** In the planned order, which does not depend on whether the state was just read from the store. */
function atWork(state: ProposalState): Tally['atWork'] {
  const assets = setOf(unfinished(state))
  const planned = state.subject.kind === 'patches' ? state.subject.rings.flatMap((ring) => ring.assets) : []
  const names = planned.filter((asset) => assets.has(asset)).slice(0, AT_WORK_NAMED)
  return { count: assets.size, names: names.map((asset) => assetName(state, asset)) }
}

function emptyRings(state: ProposalState): readonly string[] {
  const { subject } = state
  if (subject.kind !== 'patches' || finalStatuses.includes(state.status)) return []
  const { leftOut } = sinceOf(state)
  const known = state.rollout ?? state.test
  const skipped = known === null ? 0 : sizeOf(known.skipped)
  const run = known ?? freshRun(state, state.openedAt)
  return subject.rings.flatMap((planned, index) => {
    const ring = run.rings[index]
    if (ring?.status !== 'waiting' || !mayBeEmpty({ planned, run, leftOut }, skipped)) return []
    return emptyRing({ index, planned, title: ringTitle(subject, index) ?? planned.name, ring, run, leftOut }) ?? []
  })
}

/** A cheap check first: usually few assets are left out, and a ring may be very large. */
function mayBeEmpty(ring: Parameters<typeof leftOutIn>[0], skipped: number): boolean {
  return leftOutIn(ring) + skipped >= ring.planned.assets.length
}

const testTallies = new WeakMap<Rollout, { readonly subject: ProposalState['subject']; readonly tally: TestTally }>()

/** Kept for each test: once a test is over, it stays the same object through the whole rollout. */
function testTally(state: ProposalState, test: TestRun): TestTally {
  const known = testTallies.get(test)
  if (known?.subject === state.subject) return known.tally
  const all = deploymentsOf(test)
  const isGood = ({ verification }: Deployment) => verification !== null && countEndState(verification.end) === 'good'
  const tally = {
    started: all.length,
    verified: all.filter(({ verification }) => verification !== null).length,
    good: all.filter(isGood).length,
    rebooted: all.filter(({ verification }) => verification?.end === 'rebooted and re-scanned').length,
    others: first(all, (one) => !isGood(one)).map((one) => namedEnd(state, one)),
  }
  testTallies.set(test, { subject: state.subject, tally })
  return tally
}
