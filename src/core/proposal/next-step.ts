import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { mayRestUntil } from '../next-look.ts'
import { runsTest } from '../policy.ts'
import { deploymentsOf } from '../rollout/deployments.ts'
import { someRemain } from '../rollout/remaining.ts'
import {
  type CurrentRing,
  emptyRing,
  goesOn,
  lanesLeft,
  ringNow,
  ringsNow,
  soakEnd,
  soakEndOf,
  testRunning,
  unfinishedDeployments,
} from '../rollout/run.ts'
import { hasMoreIn, laneOpens, windowsOf } from '../rollout/touch.ts'
import { freeIn, wantsChecks, wantsGo } from '../rollout/turn.ts'
import { plusSeconds } from '../time/instant.ts'
import { handedOverAt } from '../window.ts'
import { nextAsk, waitsForAcknowledgement } from './acknowledgement.ts'
import { testProblem } from './approval.ts'
import { nextRung } from './ladder.ts'
import type { PatchSubject, ProposalState } from './proposal.ts'

/** What the driver does next for a proposal. `until`: ISO 8601 UTC. */
export type Step =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly until: string }
  | { readonly do: 'remind' }
  /** Ask the people on call to acknowledge the coming start. */
  | { readonly do: 'ask' }
  | { readonly do: 'expire' }
  | { readonly do: 'end notice' }
  | { readonly do: 'reschedule' }
  | { readonly do: 'start' }
  /** Start the test ring, which runs while people vote. */
  | { readonly do: 'start test' }
  /** Tell the thread about the coming window. */
  | { readonly do: 'announce' }
  /** Ask the checks of a current ring's gate. `ring`: its number; left out where only one lane is under way. */
  | { readonly do: 'check gate'; readonly ring?: number }
  | { readonly do: 'start batch' }
  /** Bring the started assets on: start the engine or attach to it again, poll, verify. */
  | { readonly do: 'deploy' }
  | { readonly do: 'end soak' }
  /** Look at these assets once more before the rollout is complete. */
  | { readonly do: 'look again'; readonly assets: readonly string[] }
  | { readonly do: 'complete' }

/** Seconds until a proposal without a window is scheduled again. */
const RETRY_SECONDS = 900
/** Seconds until a proposal that waits for an asset tries again, if it is not woken before. */
const WAITING_RETRY_SECONDS = 300

/**
 * The next step of a proposal at `now`. It depends on nothing but the state and the time, so that after a crash any
 * process can read the state and go on. Steps that are due by the clock come first, so that messages to people never
 * wait for assets.
 */
export function nextStep(state: ProposalState, now: string): Step {
  const step = timedStep(state, now) ?? workStep(state, now) ?? idleStep(state, now)
  return step.do === 'wait' ? { do: 'wait', until: earliest([step.until, testOpens(state, now)]) } : step
}

/** When the proposal needs attention again even if nobody touches it (ISO 8601 UTC); `null`: never. */
export function wakeAt(state: ProposalState, now: string): string | null {
  // There is always a step then: `look again` or `complete`. To know which, all deployments would have to be read.
  if (state.status === 'verifying') return now
  const step = nextStep(state, now)
  if (step.do === 'nothing') return null
  if (step.do === 'wait') return step.until
  // Perhaps there is no window, so this is tried again later. Meanwhile work under way goes on.
  if (step.do === 'reschedule' && workStep(state, now) === null)
    return earliest([plusSeconds(now, RETRY_SECONDS), soakEnd(state)])
  return now
}

/**
 * Until when a proposal with assets at work may be left alone, ISO 8601 UTC. This is `looks` (the next look at these
 * assets) at the latest. It is earlier if something is due before, or if more may begin beside these assets.
 */
export function restEnd(state: ProposalState, looks: string, now: string): string {
  const { status, schedule, expiresAt } = state
  const open = status === 'open' ? [expiresAt, noticeEnd(state)] : []
  const times = [
    ...open,
    nextRung(state)?.at,
    schedule && handedOverAt(schedule),
    schedule?.end,
    nextAsk(state),
    noticeAt(state),
    soakEnd(state),
    testOpens(state, now),
    ...laneTimes(state, now),
  ]
  const ahead = times.filter((at) => at != null && Date.parse(at) > Date.parse(now))
  const begins = workStep(state, now)?.do === 'deploy' ? null : plusSeconds(now, RETRY_SECONDS)
  return earliest([looks, begins, ...ahead])
}

/**
 * Until when a proposal may be left alone that could not begin because others are at work (ISO 8601 UTC). `null`: it
 * waits for none.
 */
export function waitEnd(state: ProposalState, now: string): string | null {
  return state.waitsFor ? restEnd(state, plusSeconds(now, WAITING_RETRY_SECONDS), now) : null
}

type Due = (at: string) => boolean

function dueAt(now: string): Due {
  return (at) => Date.parse(at) <= Date.parse(now)
}

/** The step that is due by the clock, even while assets are at work; `null`: none. */
function timedStep(state: ProposalState, now: string): Step | null {
  const due = dueAt(now)
  const { schedule } = state
  switch (state.status) {
    case 'open': {
      if (due(state.expiresAt)) return { do: 'expire' }
      const notice = noticeEnd(state)
      if (notice !== null && due(notice)) return { do: 'end notice' }
      const rung = nextRung(state)
      return rung !== null && due(rung.at) ? { do: 'remind' } : null
    }
    case 'approved':
      if (state.subject.kind !== 'standing rule') return null
      return due(state.subject.rule.expiresAt) ? { do: 'expire' } : null
    case 'scheduled': {
      if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
      const ask = nextAsk(state)
      if (ask !== null && due(ask)) return { do: 'ask' }
      return announceIsDue(state, due) ? { do: 'announce' } : null
    }
    case 'halted': {
      const rung = nextRung(state)
      return rung !== null && due(rung.at) ? { do: 'remind' } : null
    }
    case 'rolling out':
      if (schedule !== null && due(schedule.end) && hasMoreToBegin(state) && !waitsForReports(state))
        return { do: 'reschedule' }
      return announceIsDue(state, due) ? { do: 'announce' } : null
    default:
      return null
  }
}

/** The next step for assets and rings under way; `null`: none. Also used after a step that was due was refused. */
export function workStep(state: ProposalState, now: string): Step | null {
  return runningStep(state, now) ?? testStep(state, now) ?? soakStep(state, now)
}

function idleStep(state: ProposalState, now: string): Step {
  const due = dueAt(now)
  switch (state.status) {
    case 'open':
      return { do: 'wait', until: earliest([state.expiresAt, nextRung(state)?.at, noticeEnd(state)]) }
    case 'approved':
      if (state.subject.kind === 'standing rule') return { do: 'wait', until: state.subject.rule.expiresAt }
      return { do: 'reschedule' }
    case 'scheduled':
      return scheduledStep(state, due)
    case 'rolling out':
      return rolloutStep(state, now, due)
    case 'halted': {
      const rung = nextRung(state)
      return rung === null ? { do: 'nothing' } : { do: 'wait', until: rung.at }
    }
    case 'verifying': {
      const since = Date.parse(state.rollout?.verifyingSince ?? now)
      const all = state.rollout === null ? [] : deploymentsOf(state.rollout)
      const left = all.filter((item) => item.verification === null || Date.parse(item.verification.at) < since)
      if (left.length === 0) return { do: 'complete' }
      return { do: 'look again', assets: left.map((item) => item.asset) }
    }
    default:
      return { do: 'nothing' }
  }
}

/**
 * Can `dueAt` be the timer of this proposal? `since`: when its last event was recorded. A command that changed nothing
 * may have set the timer again, without an event, at any moment up to `now`.
 */
export function mayWakeAt(state: ProposalState, dueAt: string, since: string, now: string): boolean {
  const due = Date.parse(dueAt)
  if (unfinishedDeployments(state).length > 0 && mayRestUntil(dueAt, now)) return true
  if (state.waitsFor && due <= Date.parse(plusSeconds(now, WAITING_RETRY_SECONDS))) return true
  return [since, dueAt, plusSeconds(dueAt, -RETRY_SECONDS)].some((at) => {
    const [asked, wake] = [Date.parse(at), wakeAt(state, at)]
    const honest = asked === Date.parse(since) || (asked > Date.parse(since) && asked <= Date.parse(now))
    return honest && wake !== null && Date.parse(wake) === due
  })
}

/**
 * The step while assets are being worked on, whatever the status of the proposal: start more of their batch, or work on
 * with them.
 */
function runningStep(state: ProposalState, now: string): Step | null {
  if (unfinishedDeployments(state).length === 0) return null
  if (!goesOn(state)) return { do: 'deploy' }
  const lanes = ringsNow(state)
  if (lanes.some((current) => isAtWork(state, current) && hasFreeSlot(state, current))) return { do: 'start batch' }
  // Lanes on which nothing is at work do not wait for the others.
  return laneStep(state, now) ?? { do: 'deploy' }
}

function hasFreeSlot(state: ProposalState, current: CurrentRing): boolean {
  return current.ring.waiting.length > 0 && freeIn(state, current) > 0
}

/** Is an asset of the ring's lane at work? */
function isAtWork(state: ProposalState, { planned }: CurrentRing): boolean {
  const rings = state.subject.kind === 'patches' ? state.subject.rings : []
  return unfinishedDeployments(state).some(({ ring }) => rings[ring]?.engine === planned.engine)
}

/** What can be done now in a lane on which nothing is at work: checks come first, and then a start. `null`: nothing. */
function laneStep(state: ProposalState, now: string): Step | null {
  const due = dueAt(now)
  let start: Step | null = null
  for (const current of idleLanes(state)) {
    const until = soakEndOf(current)
    if (until !== null) {
      if (!due(until)) continue
      return wantsChecks(current, now) ? gateStep(state, current) : { do: 'end soak' }
    }
    if (!mayBegin(state, current, now)) continue
    if (emptyRing(current) === null && wantsChecks(current, now)) return gateStep(state, current)
    start = { do: 'start batch' }
  }
  return start
}

/** The lanes of a rollout on which nothing is at work. */
function idleLanes(state: ProposalState): readonly CurrentRing[] {
  if (state.status !== 'rolling out') return []
  return ringsNow(state).filter((current) => !isAtWork(state, current))
}

/** May the lane's next assets begin, as far as can be known without freezes and other proposals? */
function mayBegin(state: ProposalState, current: CurrentRing, now: string): boolean {
  const { schedule } = state
  const due = dueAt(now)
  if (schedule === null || !due(handedOverAt(schedule)) || due(schedule.end)) return false
  if (emptyRing(current) !== null) return true
  if (wantsGo(current) || freeIn(state, current) <= 0) return false
  const left = current.ring.waiting.length > 0 || someRemain(current)
  return !left || laneOpens(state, current, now) === now
}

/** When lanes on which nothing is at work go on: after their soak, or when a window of theirs opens. */
function laneTimes(state: ProposalState, now: string): readonly string[] {
  if (lanesLeft(state).length < 2) return []
  return idleLanes(state).flatMap((current) => {
    const soak = soakEndOf(current)
    if (soak !== null) return [soak]
    return wantsGo(current) ? [] : (laneOpens(state, current, now) ?? [])
  })
}

function gateStep(state: ProposalState, { index }: CurrentRing): Step {
  return lanesLeft(state).length < 2 ? { do: 'check gate' } : { do: 'check gate', ring: index }
}

/** When silence becomes consent (ISO 8601 UTC); `null`: no notice runs, or the test ring must pass first. */
function noticeEnd(state: ProposalState): string | null {
  return state.standingRefused === null && testProblem(state) === null ? state.noticeEndsAt : null
}

/** The next step of the test ring while people vote; `null`: it has ended, may not run, or has nothing to do now. */
function testStep(state: ProposalState, now: string): Step | null {
  if (state.test === null) return hasTest(state) && state.status === 'open' ? { do: 'start test' } : null
  const current = testRing(state)
  if (current === null) return null
  if (emptyRing(current) !== null) return { do: 'start batch' }
  // The ring waits for a go while people vote.
  if (wantsGo(current)) return null
  const more = current.ring.waiting.length > 0 || someRemain(current)
  if (more && laneOpens(state, current, now) !== now) return null
  return wantsChecks(current, now) ? { do: 'check gate' } : more ? { do: 'start batch' } : null
}

/** When the system of the test ring may be told, if it has to be told ahead (ISO 8601 UTC); `null`: nothing waits. */
function testOpens(state: ProposalState, now: string): string | null {
  const current = testRing(state)
  return current === null || emptyRing(current) !== null || wantsGo(current) ? null : laneOpens(state, current, now)
}

/** The test ring, while it goes on; `null`: there is none, or it has ended or is stopped. */
function testRing(state: ProposalState): CurrentRing | null {
  return hasTest(state) && testRunning(state) && goesOn(state) ? ringNow(state) : null
}

function hasTest({ subject, policy }: ProposalState): boolean {
  return subject.kind === 'patches' && runsTest(policy) && subject.rings[0]?.beforeVote === true
}

/** The step after a soak; `null`: no soak has ended. */
function soakStep(state: ProposalState, now: string): Step | null {
  if (state.status !== 'rolling out') return null
  for (const current of ringsNow(state)) {
    const until = soakEndOf(current)
    if (until === null || !dueAt(now)(until)) continue
    return wantsChecks(current, now) ? gateStep(state, current) : { do: 'end soak' }
  }
  return null
}

function scheduledStep(state: ProposalState, due: Due): Step {
  const { schedule } = state
  if (schedule === null) return { do: 'reschedule' }
  const ask = nextAsk(state)
  const begin = handedOverAt(schedule)
  if (!due(begin)) return { do: 'wait', until: earliest([begin, ask, noticeAt(state)]) }
  // People were told once what the start waits for. The proposal wakes up when the window ends, or when people on call
  // are asked next.
  const waits = waitsForAcknowledgement(state) || testRunning(state)
  if (waits && state.notStarted !== null) return { do: 'wait', until: earliest([schedule.end, ask]) }
  return { do: 'start' }
}

function earliest(times: readonly [string, ...(string | null | undefined)[]]): string {
  return times.reduce<string>((first, at) => (at && Date.parse(at) < Date.parse(first) ? at : first), times[0])
}

/** When the coming window is announced (ISO 8601 UTC); `null`: it was announced, or needs no notice. */
function noticeAt({ subject, schedule, announced }: ProposalState): string | null {
  if (subject.kind !== 'patches' || schedule === null || announced === schedule.start) return null
  const seconds = longestNotice(subject)
  return seconds === null ? null : plusSeconds(schedule.start, -seconds)
}

const longestNotice = memoizeByIdentity((subject: PatchSubject): number | null => {
  const plans = new Set([subject.window, ...windowsOf(subject).values()])
  const seconds = [...plans].flatMap(({ noticeSeconds }) => noticeSeconds ?? [])
  return seconds.length === 0 ? null : Math.max(...seconds)
})

/** The window is announced before it opens, or not at all. */
function announceIsDue(state: ProposalState, due: Due): boolean {
  const notice = noticeAt(state)
  return notice !== null && due(notice) && state.schedule !== null && !due(state.schedule.start)
}

/** Is a window still needed? Not if everything that is left has begun. */
function hasMoreToBegin(state: ProposalState): boolean {
  const { subject } = state
  return subject.kind === 'patches' && lanesLeft(state).some((current) => hasMoreIn(current, subject))
}

/** Whether nothing can begin until servers have reported that were told before the window opened. */
function waitsForReports(state: ProposalState): boolean {
  const { subject } = state
  if (subject.kind !== 'patches') return false
  const more = lanesLeft(state).filter((current) => hasMoreIn(current, subject))
  return more.every(
    ({ index, ring: { waiting } }) =>
      waiting.length === 0 &&
      unfinishedDeployments(state).some(({ ring, notBefore }) => ring === index && notBefore !== undefined),
  )
}

function rolloutStep(state: ProposalState, now: string, due: Due): Step {
  const [current = null, ...others] = ringsNow(state)
  if (others.length > 0) return lanesStep(state, now, due)
  const { schedule } = state
  const soak = soakEnd(state)
  if (soak !== null) {
    const end = schedule !== null && hasMoreToBegin(state) ? schedule.end : null
    const notice = schedule === null || due(schedule.start) ? null : noticeAt(state)
    return { do: 'wait', until: earliest([soak, end, notice]) }
  }
  if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
  const begin = handedOverAt(schedule)
  if (!due(begin)) return { do: 'wait', until: earliest([begin, noticeAt(state)]) }
  if (current === null) return { do: 'start batch' }
  if (emptyRing(current) !== null) return { do: 'start batch' }
  // A person must say go. Until then the proposal wakes up only at the end of the window.
  if (wantsGo(current)) return { do: 'wait', until: schedule.end }
  return wantsChecks(current, now) ? { do: 'check gate' } : { do: 'start batch' }
}

/**
 * The step of a rollout in which several lanes are under way and nothing is at work. It waits only until an instant at
 * which there is something to do: the timer is set by commands.
 */
function lanesStep(state: ProposalState, now: string, due: Due): Step {
  const { schedule } = state
  const step = laneStep(state, now)
  if (step !== null) return step
  const [first, ...others] = laneTimes(state, now).filter((at) => !due(at))
  const soak = soakEnd(state)
  if (!hasMoreToBegin(state) && soak !== null) return { do: 'wait', until: soak }
  if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
  const begin = handedOverAt(schedule)
  const notice = due(schedule.start) ? null : noticeAt(state)
  // Before the schedule begins, nothing begins in any lane; a soak may end. The lane that it was made for may be soaking
  // by now, so that nothing begins with it either.
  if (!due(begin)) {
    const begins = idleLanes(state).some((lane) => soakEndOf(lane) === null && mayBegin(state, lane, begin))
    return { do: 'wait', until: earliest([begins ? begin : schedule.end, notice, soak]) }
  }
  return { do: 'wait', until: earliest([schedule.end, notice, first, ...others]) }
}
