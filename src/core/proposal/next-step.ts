import { runsTest } from '../policy.ts'
import { remembered } from '../remembered.ts'
import { nextAsk, waitsForAcknowledgement } from './acknowledgement.ts'
import { testProblem } from './approval.ts'
import { plusSeconds } from './decision.ts'
import { deploymentsOf } from './deployments.ts'
import { nextRung } from './ladder.ts'
import { finalStatuses, type PatchSubject, type ProposalState } from './proposal.ts'
import { type CurrentRing, remaining, ringNow, testRunning, unfinishedDeployments } from './run.ts'
import { windowsOf } from './touch.ts'
import { concurrencyOf, wantsChecks, wantsGo } from './turn.ts'

/** What the driver does next for a proposal. `at` instants are ISO 8601 UTC. */
export type Step =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly until: string }
  | { readonly do: 'remind' }
  /** Those on call are asked to acknowledge the coming start. */
  | { readonly do: 'ask' }
  | { readonly do: 'expire' }
  | { readonly do: 'end notice' }
  | { readonly do: 'reschedule' }
  | { readonly do: 'start' }
  /** The ring that is meant for it runs while people vote. */
  | { readonly do: 'start test' }
  /** The thread is told of the window that comes next. */
  | { readonly do: 'announce' }
  /** Ask what the gate of the current ring wants to know about the service. */
  | { readonly do: 'check gate' }
  | { readonly do: 'start batch' }
  /** Bring the started assets on: start or re-attach the engine, poll, verify. */
  | { readonly do: 'deploy' }
  | { readonly do: 'end soak' }
  /** Look at these assets once more before the rollout is called complete. */
  | { readonly do: 'look again'; readonly assets: readonly string[] }
  | { readonly do: 'complete' }

/** How long an approved proposal without a window waits before it is asked again. */
const RETRY_SECONDS = 900

/**
 * The next step of a proposal at `now`. Depends on nothing else, so that any process can take over after a crash: it
 * reads the state, and goes on.
 */
export function nextStep(state: ProposalState, now: string): Step {
  const due = (at: string) => Date.parse(at) <= Date.parse(now)
  if (finalStatuses.includes(state.status)) return { do: 'nothing' }
  const running = runningStep(state)
  if (running !== null) return running
  if (testRunning(state) && state.status !== 'open') {
    const testing = testStep(state, now)
    if (testing !== null) return testing
  }
  switch (state.status) {
    case 'open':
      return openStep(state, now, due)
    case 'approved':
      if (state.subject.kind === 'standing rule') {
        const until = state.subject.rule.expiresAt
        return due(until) ? { do: 'expire' } : { do: 'wait', until }
      }
      return { do: 'reschedule' }
    case 'scheduled':
      return scheduledStep(state, due)
    case 'rolling out':
      return rolloutStep(state, now, due)
    case 'paused':
    case 'halted':
      return { do: 'nothing' }
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

/** When the proposal wants attention again even if nobody touches it; `null` never. */
export function wakeAt(state: ProposalState, now: string): string | null {
  const step = nextStep(state, now)
  if (step.do === 'nothing') return null
  if (step.do === 'wait') return step.until
  if (step.do === 'reschedule') return plusSeconds(now, RETRY_SECONDS)
  return now
}

/**
 * Whether a proposal whose last event is of `since` may be waiting until `dueAt`. A command that changed nothing sets the
 * time anew, without an event, at any moment up to `now`.
 */
export function mayWakeAt(state: ProposalState, dueAt: string, since: string, now: string): boolean {
  const due = Date.parse(dueAt)
  return [since, dueAt, plusSeconds(dueAt, -RETRY_SECONDS)].some((at) => {
    const [asked, wake] = [Date.parse(at), wakeAt(state, at)]
    const honest = asked === Date.parse(since) || (asked > Date.parse(since) && asked <= Date.parse(now))
    return honest && wake !== null && Date.parse(wake) === due
  })
}

/** While assets are being worked on: more of their batch, or on with these. */
function runningStep(state: ProposalState): Step | null {
  if (unfinishedDeployments(state).length === 0) return null
  const current = ringNow(state)
  const goesOn = state.status === 'rolling out' || testRunning(state)
  return goesOn && current !== null && hasFreeSlot(state, current) ? { do: 'start batch' } : { do: 'deploy' }
}

function hasFreeSlot(state: ProposalState, { index, planned, ring }: CurrentRing): boolean {
  if (ring.waiting.length === 0) return false
  const mine = unfinishedDeployments(state).filter((deployment) => deployment.ring === index)
  return mine.length < concurrencyOf(planned)
}

function openStep(state: ProposalState, now: string, due: (at: string) => boolean): Step {
  if (due(state.expiresAt)) return { do: 'expire' }
  const testing = testStep(state, now)
  if (testing !== null) return testing
  const noticeRuns = state.noticeEndsAt !== null && state.standingRefused === null && testProblem(state) === null
  if (noticeRuns && state.noticeEndsAt !== null && due(state.noticeEndsAt)) return { do: 'end notice' }
  const rung = nextRung(state)
  if (rung !== null && due(rung.at)) return { do: 'remind' }
  const times = [state.expiresAt, ...(rung === null ? [] : [rung.at])]
  if (noticeRuns && state.noticeEndsAt !== null) times.push(state.noticeEndsAt)
  return { do: 'wait', until: earliest(times) }
}

/** What the test ring wants while people vote; `null` where it has ended, or is not to run. */
function testStep(state: ProposalState, now: string): Step | null {
  const { subject, policy, test } = state
  if (subject.kind !== 'patches' || !runsTest(policy) || subject.rings[0]?.beforeVote !== true) return null
  if (test === null) return { do: 'start test' }
  if (test.result !== null) return null
  const current = ringNow(state)
  // Somebody's go is waited for with the votes.
  if (current === null || wantsGo(current)) return null
  const more = current.ring.waiting.length > 0 || remaining(current).length > 0
  return wantsChecks(current, now) ? { do: 'check gate' } : more ? { do: 'start batch' } : null
}

function scheduledStep(state: ProposalState, due: (at: string) => boolean): Step {
  const { schedule } = state
  if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
  const ask = nextAsk(state)
  if (ask !== null && due(ask)) return { do: 'ask' }
  const asking = ask === null ? [] : [ask]
  const notice = noticeAt(state)
  if (notice !== null && due(notice) && !due(schedule.start)) return { do: 'announce' }
  const announcing = notice === null ? [] : [notice]
  if (!due(schedule.start)) return { do: 'wait', until: earliest([schedule.start, ...asking, ...announcing]) }
  // It has been said once that it waits for an acknowledgement; that alone wakes it, or the next time of asking.
  if (waitsForAcknowledgement(state) && state.notStarted !== null)
    return { do: 'wait', until: earliest([schedule.end, ...asking]) }
  return { do: 'start' }
}

function earliest(times: readonly string[]): string {
  return times.reduce((first, at) => (Date.parse(at) < Date.parse(first) ? at : first))
}

/** When notice is to be given of the window that comes next; `null`: it was, or none is wanted. */
function noticeAt({ subject, schedule, announced }: ProposalState): string | null {
  if (subject.kind !== 'patches' || schedule === null || announced === schedule.start) return null
  const seconds = longestNotice(subject)
  return seconds === null ? null : plusSeconds(schedule.start, -seconds)
}

const longestNotice = remembered((subject: PatchSubject): number | null => {
  const plans = new Set([subject.window, ...windowsOf(subject).values()])
  const seconds = [...plans].flatMap(({ noticeSeconds }) => noticeSeconds ?? [])
  return seconds.length === 0 ? null : Math.max(...seconds)
})

function rolloutStep(state: ProposalState, now: string, due: (at: string) => boolean): Step {
  const current = ringNow(state)
  const { schedule } = state
  if (current !== null && current.ring.status === 'soaking' && current.ring.soakUntil !== null) {
    const { soakUntil } = current.ring
    if (!due(soakUntil)) return { do: 'wait', until: soakUntil }
    return wantsChecks(current, now) ? { do: 'check gate' } : { do: 'end soak' }
  }
  if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
  if (!due(schedule.start)) {
    const notice = noticeAt(state)
    if (notice === null) return { do: 'wait', until: schedule.start }
    return due(notice) ? { do: 'announce' } : { do: 'wait', until: earliest([schedule.start, notice]) }
  }
  if (current === null) return { do: 'start batch' }
  // A person says go; until then only the end of the window wakes it.
  if (wantsGo(current)) return { do: 'wait', until: schedule.end }
  return wantsChecks(current, now) ? { do: 'check gate' } : { do: 'start batch' }
}
