/** Checks that are made again directly before work on an asset begins. The asset may have been started days ago. */

import { paceOf } from '../estimate.ts'
import { approvalNow, bypassesWindow } from '../proposal/approval.ts'
import type { Context } from '../proposal/command.ts'
import { type By, finalStatuses, type ProposalState } from '../proposal/proposal.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { freezeAt } from '../window.ts'
import { deploymentOf } from './deployments.ts'
import { liveRun, testRunning, testStop } from './run.ts'
import { estimateOf, opensAt, touchable, type WorkTimes, workTimes } from './touch.ts'

/** When work may begin, or `problem`: a sentence that says why it may not. */
export type HandOver =
  | WorkTimes
  /** `over`: true if the only problem is that the time of the asset is over. */
  | {
      readonly problem: string
      readonly over: boolean
      /** ISO 8601 UTC: it is not tried again before. Left out: it may be tried again at once. */
      readonly notBefore?: string
    }

export type HandOverContext = Pick<Context, 'now' | 'freezes' | 'members' | 'standing' | 'estimates'>

/**
 * Whether work may begin now, for each asset of a start. `since`: when preparing the start began; the time since then
 * is taken off the estimate.
 */
export function handOver(
  state: ProposalState,
  assets: readonly string[],
  since: string,
  context: HandOverContext,
): ReadonlyMap<string, HandOver> {
  const problem = stopProblem(state) ?? approvalProblem(state, context)
  const frozen = freezeProblem(state, context)
  if (problem !== null) return new Map(assets.map((asset) => [asset, { problem, over: false }]))
  const answers = new Map<string, HandOver>()
  for (const asset of assets) {
    const pace = paceOfAsset(state, asset)
    const taker = takerOf(state, asset)
    if (taker !== null) {
      const problem = `${taker} is more urgent and takes it over.`
      answers.set(asset, { problem, over: false, notBefore: plusSeconds(context.now, TAKEN_SECONDS) })
      continue
    }
    // What is told ahead need not be open now, but when it begins.
    const told = toldTimes(state, asset)
    if (told !== null) {
      answers.set(asset, stillTold(state, asset, told, context))
      continue
    }
    if (frozen !== null) {
      answers.set(asset, { problem: frozen, over: false })
      continue
    }
    if (pace === null) {
      answers.set(asset, { problem: `${state.id} does not work on it any more.`, over: false })
      continue
    }
    const estimates = { [pace]: left(estimateOf(pace, context), since, context.now) }
    const open = touchable(state, [asset], pace, { ...context, estimates }).length > 0
    answers.set(asset, open ? workTimes(state, asset, context) : { problem: WINDOW_CLOSED, over: true })
  }
  return answers
}

/** So long after an asset was given away, it is not started again, so that the more urgent proposal can begin. */
const TAKEN_SECONDS = 3_600

/** The more urgent proposal to which the asset is given; `null`: none. */
function takerOf(state: ProposalState, asset: string): string | null {
  const run = liveRun(state)
  return (run === null ? undefined : deploymentOf(run, asset))?.yieldsTo ?? null
}

const WINDOW_CLOSED = 'Its window was not open any more, or too short by then.'

/** The times that were given to the asset's system when it was started; `null`: it was not told ahead. */
function toldTimes(state: ProposalState, asset: string): { readonly from: string; readonly to: string } | null {
  const run = liveRun(state)
  const deployment = run === null ? undefined : deploymentOf(run, asset)
  if (deployment?.notBefore === undefined || deployment.notAfter === undefined) return null
  return { from: deployment.notBefore, to: deployment.notAfter }
}

/** Whether what an asset's system was told, or is about to be told, still holds. */
function stillTold(
  state: ProposalState,
  asset: string,
  { from, to }: { readonly from: string; readonly to: string },
  context: HandOverContext,
): HandOver {
  const begin = isBefore(context.now, from) ? from : context.now
  if (!isBefore(begin, to) || !opensAt(state, asset, begin, context)) {
    const frozen = isBefore(begin, to) ? freezeProblem(state, { ...context, now: begin }) : null
    return { problem: frozen ?? WINDOW_CLOSED, over: true }
  }
  return { notBefore: from, notAfter: to }
}

/** Why nothing more of the proposal begins, apart from windows; `null`: it goes on. */
export function stopProblem(state: ProposalState): string | null {
  const { id, status, stopped } = state
  if (stopped !== null) return stoppedBy(stopped, 'rollout')
  if (testRunning(state)) {
    if (finalStatuses.includes(status)) return `${id} is ${status}.`
    const stop = testStop(state)
    return stop === null ? null : stoppedBy(stop, 'test')
  }
  return status === 'rolling out' ? null : `${id} is ${status}.`
}

function stoppedBy({ by, reason }: { readonly by: By; readonly reason: string }, what: string): string {
  return `${by.name} stopped the ${what}: ${reason.replace(/\.$/, '')}.`
}

/** Why the approval does not hold any more; `null`: it holds. The test ring needs none: it runs before the approval. */
export function approvalProblem(
  state: ProposalState,
  context: Pick<Context, 'members' | 'standing' | 'now'>,
): string | null {
  if (testRunning(state)) return null
  const approval = approvalNow(state, context)
  return 'missing' in approval ? `Its approval does not hold any more: ${approval.missing}.` : null
}

function freezeProblem(state: ProposalState, { freezes, now }: HandOverContext): string | null {
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return null
  const freeze = freezeAt(freezes, state.team, now)
  return freeze === null ? null : `Nothing of ${state.team} may be touched now: ${freeze.name}.`
}

function paceOfAsset(state: ProposalState, asset: string): string | null {
  const run = liveRun(state)
  const deployment = run === null ? undefined : deploymentOf(run, asset)
  if (deployment === undefined || state.subject.kind !== 'patches') return null
  const ring = state.subject.rings[deployment.ring]
  return ring === undefined ? null : paceOf(ring)
}

function left(seconds: number, since: string, now: string): number {
  return Math.max(0, seconds - Math.max(0, Date.parse(now) - Date.parse(since)) / 1_000)
}
