import { limits } from '../limits.ts'
import { runsTest } from '../policy.ts'
import { deploymentOf, deploymentsOf } from '../rollout/deployments.ts'
import { countEndState } from '../rollout/gate.ts'
import { approvalProblem } from '../rollout/hand-over.ts'
import { plannedOf } from '../rollout/planned.ts'
import { someRemain } from '../rollout/remaining.ts'
import { outcomesEvents, verificationsEvents } from '../rollout/results-page.ts'
import {
  type CurrentRing,
  emptyRing,
  goesOn,
  isHalted,
  lanesLeft,
  liveRun,
  ringsNow,
  testRunning,
  unfinished,
  unfinishedDeployments,
} from '../rollout/run.ts'
import { comesNext, touchable } from '../rollout/touch.ts'
import { nextTurn, stopReason, type Turn, wantsChecks } from '../rollout/turn.ts'
import { isBefore, minuteOf, plusSeconds } from '../time/instant.ts'
import { freezeAt, handedOverAt } from '../window.ts'
import { waitsForAcknowledgement } from './acknowledgement.ts'
import { approvalNow } from './approval.ts'
import type { Context, ProposalCommand } from './command.ts'
import { comparedEvents } from './compared.ts'
import { approvalEvents, scheduleEvents } from './decide-vote.ts'
import { accept, after, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { notLookedAt } from './left-out.ts'
import { portions } from './portions.ts'
import { type Deployment, PATCHWARDEN, type PatchSubject, type ProposalState } from './proposal.ts'
import { isPreviewed, leftOutOf, stillToStart } from './since.ts'
import { haltedTestEnd, statusWords, testGoesFirst } from './stop-test.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

/**
 * A key is unique for proposal, revision, ring and start. Together with an asset it stands for exactly one package
 * transaction. It ends with the beginning of the hash of what was decided: another database, or one that was restored,
 * may have a proposal of the same number, and hosts and systems remember keys.
 */
export function startKey(state: ProposalState, ring: number, start: number): string {
  return `${state.id}.r${state.revision}.${ring + 1}.${start + 1}.${state.contentHash.slice(0, 8)}`
}

export function reschedule(state: ProposalState, context: Context): Decision {
  const { subject, schedule } = state
  const waiting = state.status === 'approved' || state.status === 'scheduled' || state.status === 'rolling out'
  if (!waiting || subject.kind !== 'patches') return refuse('not now', `${state.id} has nothing to schedule.`)
  if (schedule !== null && isBefore(context.now, handedOverAt(schedule)))
    return refuse('already', `${state.id} is scheduled already.`)
  if (mayBegin(state, subject, context)) return refuse('already', `The window of ${state.id} is open.`)
  const events = scheduleEvents(state, context, schedule === null ? null : whyMoved(state, context))
  const [next] = events
  const same = next?.type === 'scheduled' && next.window.start === schedule?.start && next.window.end === schedule.end
  if (next === undefined || same) return refuse('not now', `${state.id} still has no window.`)
  return accept(...events)
}

function whyMoved({ status, team }: ProposalState, { freezes, now }: Context): string {
  const frozen = freezeAt(freezes, team, now)
  if (frozen !== null) return `nothing of ${team} may be touched now: ${frozen.name}`
  return status === 'rolling out'
    ? 'the window closed, or became too short, before every ring was done'
    : 'the window passed before it could start'
}

/** May any of the assets that come next be touched now? */
function mayBegin(state: ProposalState, subject: PatchSubject, context: Context): boolean {
  const lanes = comesNext(state, subject)
  if (lanes.length === 0) return true // all assets were in the test ring: only the last look is left
  const rolling = state.rollout === null ? { ...state, test: null } : state
  return lanes.some(({ assets, pace }) => touchable(rolling, assets, pace, context).length > 0)
}

export function start(state: ProposalState, context: Context): Decision {
  const { subject } = state
  if (state.status !== 'scheduled' || subject.kind !== 'patches') {
    return refuse('not now', `${state.id} is ${state.status}, not scheduled.`)
  }
  if (!mayBegin(state, subject, context))
    return refuse('outside window', `${state.id} may not start now: its window is not open.`)
  const approval = approvalNow(state, context)
  if ('missing' in approval) {
    return accept({ type: 'approval-lapsed', reason: `not started, because ${approval.missing}` })
  }
  const problem = startProblem(state, subject, context)
  if (problem !== null) {
    if (state.notStarted === problem) return refuse('not satisfied', problem)
    return accept({ type: 'start-refused', reason: problem })
  }
  const started = [...outdatedEvents(state, context), { type: 'rollout-started' } as const]
  const begun = after(state, started, context)
  if (lanesLeft(begun).length === 0) return accept(...started, { type: 'verifying-started' })
  return accept(...started, ...ringEvents(begun, context))
}

function startProblem(state: ProposalState, subject: PatchSubject, context: Context): string | null {
  const stale = outdatedProblem(state, context)
  if (stale !== null) return stale
  const testing = testGoesFirst(state)
  if (testing !== null) return testing
  if (waitsForAcknowledgement(state)) return 'nobody on call has acknowledged it yet'
  const due = subject.assets.filter(({ asset }) => leftOutOf(state, asset.id) === undefined)
  const blind = due.find((planned) => !isPreviewed(state, planned))
  if (blind && due.every((planned) => !isPreviewed(state, planned))) {
    return `no server could be previewed (${blind.asset.name}: ${blind.previewProblem ?? ''})`
  }
  return null
}

/** Facts are judged by their age at this moment, not by their age when the proposal was made. */
function outdatedProblem(state: ProposalState, { now, outdated }: Context): string | null {
  const { subject, policy } = state
  if (subject.kind !== 'patches') return null
  const due = stillToStart(state).length
  if (outdated !== undefined) {
    if (outdated.length === 0 || outdated.length < due) return null
    const looks = outdated.flatMap(({ lookedAt }) => lookedAt ?? []).sort()
    const latest = looks.at(-1)
    if (latest === undefined) return 'none of its servers was ever looked at; they are looked at again first'
    return tooOld(latest)
  }
  const { inventoryAt } = subject
  return isBefore(plusSeconds(inventoryAt, policy.inventoryMaxAgeSeconds), now) ? tooOld(inventoryAt) : null
}

function tooOld(at: string): string {
  return `the inventory is from ${minuteOf(at)} UTC, too old to act on; it is looked at again first`
}

/** Assets without a recent look are left out, and the others start. */
function outdatedEvents(state: ProposalState, { outdated = [] }: Context): readonly ProposalEvent[] {
  const { subject } = state
  if (subject.kind !== 'patches' || outdated.length === 0) return []
  return comparedEvents(
    outdated.map(({ asset, lookedAt }) => ({
      asset,
      name: plannedOf(subject, asset)?.asset.name ?? asset,
      is: 'left out',
      why: notLookedAt(lookedAt),
    })),
  )
}

/** The test ring begins while people vote. It needs no approval, only a policy that allows it. */
export function startTest(state: ProposalState, context: Context): Decision {
  const { subject, policy } = state
  if (subject.kind !== 'patches' || subject.rings[0]?.beforeVote !== true || !runsTest(policy))
    return refuse('not allowed', `No ring of ${state.id} runs before it is approved.`)
  if (state.test !== null || state.rollout !== null) return refuse('already', `The test of ${state.id} has begun.`)
  if (state.status !== 'open') return refuse('not now', `${state.id} is ${state.status}.`)
  const frozen = freezeAt(context.freezes, state.team, context.now)
  if (frozen !== null) return refuse('outside window', `The test waits: ${frozen.name}, until ${frozen.to}.`)
  return accept({ type: 'test-started' })
}

export function startBatch(state: ProposalState, context: Context): Decision {
  if (!goesOn(state) || state.subject.kind !== 'patches')
    return refuse('not now', `${state.id} is ${statusWords(state)}: no batch may start.`)
  const turn = nextTurn(state, context)
  switch (turn.kind) {
    case 'start': {
      const unapproved = approvalProblem(state, context)
      if (unapproved !== null) return accept({ type: 'halted', by: PATCHWARDEN, reason: unapproved })
      const { ring, batch, assets, waiting, fresh, times } = turn
      const key = startKey(state, ring, liveRun(state)?.starts ?? 0)
      if (!fresh) return accept({ type: 'assets-started', ring, batch, key, assets, ...times })
      return accept(...batchEvents({ type: 'batch-started', ring, batch, key, assets, waiting, ...times }))
    }
    case 'wait':
      if (turn.for === 'another proposal') return awaitAsset(state, turn, context)
      return refuse(turn.for === 'window' ? 'outside window' : 'not now', turn.why)
    case 'done': {
      const then = ringEvents(state, context)
      return then.length === 0 ? refuse('not now', turn.why) : accept(...then)
    }
    case 'stuck':
      if (liveRun(state)?.rings[turn.ring]?.status === 'failed') return refuse('not satisfied', turn.why)
      return accept(...stopEvents(state, turn.ring, turn.why))
  }
}

/**
 * The event that starts a batch also names the assets of the batch that wait. If they are too many, events of their own
 * name them.
 */
function batchEvents(
  started: Extract<ProposalEvent, { type: 'batch-started' }> & { readonly waiting: readonly string[] },
): readonly ProposalEvent[] {
  const { ring, assets, waiting } = started
  if (portions([...assets, ...waiting]).length <= 1) return [started]
  const queued = portions(waiting).map((some): ProposalEvent => ({ type: 'batch-queued', ring, assets: some }))
  return [{ ...started, waiting: [], queued: waiting.length }, ...queued]
}

/**
 * Recorded once for each proposal that works on the asset that is needed. Where only a place is needed, it is recorded
 * once: who takes the places changes with each asset that ends, and all that wait would record each change. If the
 * window of that proposal is over, `until` is `null`: nobody knows when its work will end.
 */
function awaitAsset(
  state: ProposalState,
  { on, full, why }: Extract<Turn, { readonly for: 'another proposal' }>,
  context: Context,
): Decision {
  const { waitsFor } = state
  const { now, others = [] } = context
  const { asset, proposal, until } = on
  // Nothing is taken over from others for what may not begin.
  const unapproved = approvalProblem(state, context)
  if (unapproved !== null) return accept({ type: 'halted', by: PATCHWARDEN, reason: unapproved })
  const isKnown =
    full === undefined
      ? waitsFor?.proposal === proposal && waitsFor.full === undefined
      : waitsFor?.full !== undefined || others.some((other) => other.proposal === waitsFor?.proposal)
  if (isKnown) return refuse('not now', why)
  const over = until !== null && !isBefore(now, until)
  return accept({
    ...{ type: 'asset-awaited', asset, proposal, until: over ? null : until },
    ...(full === undefined ? {} : { full }),
  })
}

function startedIn(state: ProposalState): (asset: string) => Deployment | undefined {
  const run = liveRun(state)
  return (asset) => (run === null ? undefined : deploymentOf(run, asset))
}

export function recordOutcomes(state: ProposalState, command: Of<'record-outcomes'>): Decision {
  const started = startedIn(state)
  // A system may say the same twice in one answer.
  const first = new Map([...command.outcomes].reverse().map((item) => [item.asset, item]))
  const fresh = command.outcomes.filter(
    (item) => first.get(item.asset) === item && started(item.asset)?.outcome === null,
  )
  if (fresh.length === 0) {
    const [any] = command.outcomes
    const known = any !== undefined && started(any.asset) !== undefined
    return known
      ? refuse('already', `The outcome of ${any.asset} is recorded already.`)
      : refuse('unknown', `${any?.asset ?? 'Nothing'} was not started in ${state.id}.`)
  }
  return accept(...outcomesEvents(fresh))
}

export function recordVerifications(
  state: ProposalState,
  command: Of<'record-verifications'>,
  context: Context,
): Decision {
  const started = startedIn(state)
  const fresh = command.verifications.filter(({ asset }) => {
    const deployment = started(asset)
    if (deployment === undefined || deployment.outcome === null) return false
    return deployment.verification === null || state.status === 'verifying'
  })
  if (fresh.length === 0) {
    const [first] = command.verifications
    const verified = first !== undefined && started(first.asset)?.verification
    return verified
      ? refuse('already', `${first.asset} is verified already.`)
      : refuse('unknown', `${first?.asset ?? 'Nothing'} has no outcome to verify.`)
  }
  const recorded = verificationsEvents(fresh)
  if (state.status === 'verifying') return accept(...recorded)
  return accept(...recorded, ...ringEvents(after(state, recorded, context), context))
}

/** Records the answers of the gate's checks, and stops the rollout or the test if a check failed. */
export function recordGate(state: ProposalState, command: Of<'record-gate'>, context: Context): Decision {
  const current = ringsNow(state).find(({ index }) => command.ring === undefined || index === command.ring)
  if (!goesOn(state) || current === undefined || (current.planned.gate.checks ?? []).length === 0)
    return refuse('not now', `No gate of ${state.id} asks anything now.`)
  if (!wantsChecks(current, context.now)) return refuse('already', 'It was asked a moment ago.')
  const results = command.results.map((result) => ({
    ...result,
    check: result.check.slice(0, limits.logLineCharacters),
    detail: result.detail.slice(0, limits.logLineCharacters),
  }))
  const failed = results.filter((result) => !result.healthy)
  const healthy = failed.length === 0 && results.length > 0
  const checked: ProposalEvent = { type: 'gate-checked', ring: current.index, results, healthy }
  if (healthy) return accept(checked, ...ringEvents(after(state, [checked], context), context))
  const list = failed.map(({ check, detail }) => `${check}: ${detail}`).join('; ') || 'it was not answered'
  return accept(checked, ...stopEvents(state, current.index, `Ring ${current.title} stopped at its gate: ${list}`))
}

function stopEvents(state: ProposalState, ring: number, reason: string): readonly ProposalEvent[] {
  const by = PATCHWARDEN
  const failed: ProposalEvent = { type: 'gate-failed', ring, reason }
  if (testRunning(state)) {
    // A halted test ends when all assets that it began have ended.
    const atWork = unfinished(state).length > 0
    return [failed, atWork ? { type: 'test-halted', by, reason } : { type: 'test-ended', passed: false, reason }]
  }
  return [failed, { type: 'halted', by, reason }]
}

/**
 * The events that follow in each lane from the assets verified so far: its ring stops at its gate, soaks or passes.
 * A ring that stops, stops all lanes. Empty: nothing follows yet.
 */
export function ringEvents(state: ProposalState, context: Context): readonly ProposalEvent[] {
  if (isHalted(state)) return haltedTestEnd(state)
  const [first, ...others] = goesOn(state) ? ringsNow(state) : []
  if (first === undefined) return []
  let events = eventsIn(state, first, context)
  for (const { planned } of others) {
    const then = after(state, events, context)
    const current = goesOn(then) ? laneNow(then, planned.engine) : undefined
    if (current !== undefined) events = [...events, ...eventsIn(then, current, context)]
  }
  return events
}

/** The current ring of a lane; `undefined`: the lane is through, or waits for another. */
function laneNow(state: ProposalState, engine: string | undefined): CurrentRing | undefined {
  return ringsNow(state).find(({ planned }) => planned.engine === engine)
}

/** As `ringEvents`, for one lane. */
function eventsIn(state: ProposalState, current: CurrentRing, context: Context): readonly ProposalEvent[] {
  const { subject } = state
  const { index, planned, ring } = current
  if (subject.kind !== 'patches') return []
  // If all assets of a ring are left out, the ring is over before it begins.
  if (ring.status === 'waiting' && !someRemain(current)) {
    const empty = emptyRing(current)
    return empty === null ? passed(state, index, context) : stopEvents(state, index, empty)
  }
  if (ring.status !== 'running') return []
  const problem = stopReason(subject, current)
  if (problem !== null) return stopEvents(state, index, problem)
  const mine = unfinishedDeployments(state).filter((deployment) => deployment.ring === index)
  if (mine.length > 0 || ring.waiting.length > 0 || someRemain(current)) return []
  if (wantsChecks(current, context.now)) return []
  if (testRunning(state)) {
    const ended: readonly ProposalEvent[] = [
      { type: 'ring-passed', ring: index },
      { type: 'test-ended', passed: true, reason: null },
    ]
    const then = after(state, ended, context)
    return [...ended, ...(then.status === 'open' ? approvalEvents(then, context) : [])]
  }
  // People let the rollout go on although nothing was begun in this ring: there is nothing to watch.
  const nothing = !planned.assets.some((asset) => startedIn(state)(asset))
  if (planned.soakSeconds > 0 && !nothing) {
    return [{ type: 'ring-soaking', ring: index, until: plusSeconds(context.now, planned.soakSeconds) }]
  }
  return passed(state, index, context)
}

/** The ring has passed, and perhaps the next ring of its lane. The last look begins when all lanes are through. */
function passed(state: ProposalState, index: number, context: Context): readonly ProposalEvent[] {
  const event: ProposalEvent = { type: 'ring-passed', ring: index }
  const then = after(state, [event], context)
  if (lanesLeft(then).length === 0) return [event, { type: 'verifying-started' }]
  const planned = state.subject.kind === 'patches' ? state.subject.rings[index] : undefined
  const next = laneNow(then, planned?.engine)
  return next === undefined ? [event] : [event, ...eventsIn(then, next, context)]
}

export function endSoak(state: ProposalState, context: Context): Decision {
  const soaking = state.status === 'rolling out' ? ringsNow(state).filter(({ ring }) => ring.status === 'soaking') : []
  const [first] = soaking
  if (first === undefined) return refuse('not now', `${state.id} is not soaking.`)
  const over = soaking.filter(({ ring }) => ring.soakUntil === null || !isBefore(context.now, ring.soakUntil))
  if (over.length === 0) return refuse('not now', `It soaks until ${first.ring.soakUntil}.`)
  const current = over.find((one) => !wantsChecks(one, context.now))
  if (current === undefined) return refuse('not now', 'The checks of its gate are to be asked first.')
  return accept(...passed(state, current.index, context))
}

export function announceWindow(state: ProposalState, context: Context): Decision {
  const { schedule } = state
  if (schedule === null || state.announced === schedule.start) return refuse('already', 'Notice was given.')
  if (!isBefore(context.now, schedule.start)) return refuse('not now', 'The window is open already.')
  return accept({ type: 'window-announced', window: schedule })
}

/** Drift is also recorded after the proposal has ended, in its old thread: what was verified is not true any more. */
export function noteDrift(state: ProposalState, { asset, what }: Of<'note-drift'>): Decision {
  const end = state.rollout?.deployments[asset]?.verification?.end
  if (end === undefined || countEndState(end) !== 'good') return refuse('unknown', `${asset} was never as promised.`)
  if (state.drifted[asset] === what) return refuse('already', `It was told that ${what}.`)
  return accept({ type: 'drifted', asset, what })
}

/** A late word is recorded after the proposal has ended, in its old thread. It changes no end and reopens nothing. */
export function noteLateWord(state: ProposalState, { asset, word }: Of<'note-late-word'>): Decision {
  const deployment = state.rollout === null ? undefined : deploymentOf(state.rollout, asset)
  const end = deployment?.verification?.end
  if (end === undefined || countEndState(end) !== 'unreachable')
    return refuse('unknown', `How ${asset} ended is known already.`)
  if (deployment?.later?.what === word.what) return refuse('already', `It was told that ${word.what}.`)
  return accept({ type: 'heard-late', asset, word })
}

export function complete(state: ProposalState): Decision {
  const since = state.rollout?.verifyingSince ?? null
  if (state.status !== 'verifying' || since === null) return refuse('not now', `${state.id} is ${state.status}.`)
  for (const deployment of state.rollout === null ? [] : deploymentsOf(state.rollout)) {
    if (deployment.verification === null || isBefore(deployment.verification.at, since)) {
      return refuse('not satisfied', `${deployment.asset} has not been looked at again yet.`)
    }
  }
  return accept({ type: 'completed' })
}
