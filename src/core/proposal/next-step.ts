import { nextAsk, waitsForAcknowledgement } from './acknowledgement.ts'
import { currentRing } from './decide-rollout.ts'
import { plusSeconds } from './decision.ts'
import { nextRung } from './ladder.ts'
import { finalStatuses, type ProposalState } from './proposal.ts'

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
  | { readonly do: 'start batch' }
  /** Bring the started assets to an end: start or re-attach the engine under `key`, poll, verify. */
  | { readonly do: 'deploy'; readonly ring: number; readonly batch: number; readonly assets: readonly string[] }
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
  const running = startedAssets(state)
  if (running !== null) return running
  switch (state.status) {
    case 'open':
      return openStep(state, due)
    case 'approved':
      if (state.subject.kind === 'standing rule') {
        const until = state.subject.rule.expiresAt
        return due(until) ? { do: 'expire' } : { do: 'wait', until }
      }
      return { do: 'reschedule' }
    case 'scheduled':
      return scheduledStep(state, due)
    case 'rolling out':
      return rolloutStep(state, due)
    case 'paused':
    case 'halted':
      return { do: 'nothing' }
    case 'verifying': {
      const since = Date.parse(state.rollout?.verifyingSince ?? now)
      const all = Object.values(state.rollout?.deployments ?? {})
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

function startedAssets(state: ProposalState): Step | null {
  const open = Object.values(state.rollout?.deployments ?? {}).filter((item) => item.verification === null)
  const first = open[0]
  if (!first) return null
  const assets = open.filter((item) => item.ring === first.ring && item.batch === first.batch).map((item) => item.asset)
  return { do: 'deploy', ring: first.ring, batch: first.batch, assets }
}

function openStep(state: ProposalState, due: (at: string) => boolean): Step {
  if (due(state.expiresAt)) return { do: 'expire' }
  const noticeRuns = state.noticeEndsAt !== null && state.standingRefused === null
  if (noticeRuns && state.noticeEndsAt !== null && due(state.noticeEndsAt)) return { do: 'end notice' }
  const rung = nextRung(state)
  if (rung !== null && due(rung.at)) return { do: 'remind' }
  const times = [state.expiresAt, ...(rung === null ? [] : [rung.at])]
  if (noticeRuns && state.noticeEndsAt !== null) times.push(state.noticeEndsAt)
  return { do: 'wait', until: earliest(times) }
}

function scheduledStep(state: ProposalState, due: (at: string) => boolean): Step {
  const { schedule } = state
  if (schedule === null || due(schedule.end)) return { do: 'reschedule' }
  const ask = nextAsk(state)
  if (ask !== null && due(ask)) return { do: 'ask' }
  const asking = ask === null ? [] : [ask]
  if (!due(schedule.start)) return { do: 'wait', until: earliest([schedule.start, ...asking]) }
  // It has been said once that it waits for an acknowledgement; that alone wakes it, or the next time of asking.
  if (waitsForAcknowledgement(state) && state.notStarted !== null)
    return { do: 'wait', until: earliest([schedule.end, ...asking]) }
  return { do: 'start' }
}

function earliest(times: readonly string[]): string {
  return times.reduce((first, at) => (Date.parse(at) < Date.parse(first) ? at : first))
}

function rolloutStep(state: ProposalState, due: (at: string) => boolean): Step {
  const index = currentRing(state)
  const ring = index === null ? undefined : state.rollout?.rings[index]
  if (ring?.status === 'soaking' && ring.soakUntil !== null) {
    return due(ring.soakUntil) ? { do: 'end soak' } : { do: 'wait', until: ring.soakUntil }
  }
  if (state.schedule === null || due(state.schedule.end)) return { do: 'reschedule' }
  if (!due(state.schedule.start)) return { do: 'wait', until: state.schedule.start }
  return { do: 'start batch' }
}
