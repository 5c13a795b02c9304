import { setMaxListeners } from 'node:events'
import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import { yieldedTo } from '../core/proposal/decide-take-over.ts'
import { nextStep, restEnd, type Step, waitEnd, workStep } from '../core/proposal/next-step.ts'
import type { Actor, ProposalState } from '../core/proposal/proposal.ts'
import { ringsNow, unfinishedDeployments } from '../core/rollout/run.ts'
import { HOUR_MS } from '../core/time/instant.ts'
import { assetsOf } from '../store/at-work.ts'
import { carryOverOne } from '../store/carry-over.ts'
import type { Lease, Leases } from '../store/leases.ts'
import { findProposal } from '../store/proposals.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import { dueTimers, postpone, restProposal } from '../store/timers.ts'
import { outdatedAssets } from './commands/context.ts'
import type { Execute } from './commands/execute.ts'
import { createGateChecks } from './gate-checks.ts'
import type { WorkflowParts } from './ports.ts'
import type { Deploy } from './rollout/deploy.ts'

const timer: Actor = { kind: 'system', part: 'timer' }
const rollout: Actor = { kind: 'system', part: 'rollout' }

export interface DriverParts {
  /** Runs `work` if nobody else drives this proposal, here or in another process. Otherwise returns false at once. */
  readonly alone: Leases['alone']
  /** Looks at the proposal's assets again, because the last look is too old to start on. */
  readonly refresh: (state: ProposalState, signal: AbortSignal) => Promise<void>
}

/** What the driver keeps in memory, once for each process. */
interface Driving extends DriverParts {
  readonly parts: Pick<WorkflowParts, 'db' | 'clock' | 'log' | 'wake'>
  readonly commands: Pick<Execute, 'execute'>
  /** Makes the functions that bring assets to their end, for the holder of the lease. */
  readonly deployUnder: (lease: Lease) => Deploy
  readonly askGate: ReturnType<typeof createGateChecks>
  /**
   * Proposals that could not be carried over from an earlier version: the problem, and when to try again (milliseconds
   * since 1970).
   */
  readonly standing: Map<string, { readonly problem: string; readonly again: number }>
  readonly report: (error: Error) => void
  /** True while this process reads what is due. */
  looking: boolean
}

const CARRY_AGAIN_MS = HOUR_MS

/** One drive of a proposal: its work, and the version of the work when the state was read. */
interface Walk {
  readonly driving: Driving
  readonly work: ReturnType<Deploy['session']>
  readonly seen: number
  readonly signal: AbortSignal
}

/**
 * Moves proposals along: reads the state, does the next step, and reads again. It keeps nothing about the steps in
 * memory, so any process may take over after a crash. Calling it too often does no harm.
 */
export function createDriver(
  parts: Pick<WorkflowParts, 'db' | 'clock' | 'log' | 'wake' | 'health' | 'metrics'>,
  commands: Pick<Execute, 'execute'>,
  deployUnder: (lease: Lease) => Deploy,
  { alone, refresh }: DriverParts,
) {
  const driving: Driving = {
    parts,
    commands,
    deployUnder,
    alone,
    refresh,
    askGate: createGateChecks(parts),
    standing: new Map(),
    report: oncePerMinute((error) => parts.log.warn(error.message)),
    looking: false,
  }
  return {
    advance: (proposal: string, signal: AbortSignal) => advance(driving, proposal, signal),
    sweep: (signal: AbortSignal) => sweep(driving, signal),
  }
}

async function advance(driving: Driving, proposal: string, signal: AbortSignal): Promise<void> {
  await driving.alone(proposal, (lease) => walk(driving, proposal, lease, AbortSignal.any([signal, lease.signal])))
}

/**
 * True if the proposal cannot be carried over. Then nothing can be recorded about it, so no engine is asked. This is
 * logged once. It is tried again once an hour, because each try reads all its events.
 */
async function standsStill({ parts, standing }: Driving, proposal: string): Promise<boolean> {
  const known = standing.get(proposal)
  const now = parts.clock()
  if (known !== undefined && now.getTime() < known.again) return true
  const problem = await carryOverOne(parts.db, proposal, now.toISOString())
  if (problem === null) {
    standing.delete(proposal)
    return false
  }
  standing.set(proposal, { problem, again: now.getTime() + CARRY_AGAIN_MS })
  if (known?.problem !== problem) parts.log.warn(`${problem} It stands still, and is tried again every hour.`)
  return true
}

async function walk(driving: Driving, proposal: string, lease: Lease, signal: AbortSignal): Promise<void> {
  const { parts, deployUnder } = driving
  if (await standsStill(driving, proposal)) return
  // Stops the work of this drive when the drive ends for any reason.
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  // All the work for thousands of assets listens to this signal, so Node's limit of listeners is removed.
  setMaxListeners(0, both)
  const work = deployUnder(lease).session(proposal, both)
  try {
    for (;;) {
      signal.throwIfAborted()
      await lease.show()
      const seen = work.version()
      const state = await findProposal(parts.db, proposal)
      if (state === null) return
      const now = parts.clock().toISOString()
      const step = nextStep(state, now)
      const walking: Walk = { driving, work, seen, signal }
      if (await take(walking, state, step)) continue
      // If the step was refused, running work must still go on.
      const other = workStep(state, now)
      if (other !== null && other.do !== step.do && (await take(walking, state, other))) continue
      if (unfinishedDeployments(state).length === 0) {
        if (step.do === 'start batch') await leaveAlone(walking, state)
        return
      }
      if (step.do !== 'deploy') await work.attend(state, seen)
      if (await rests(walking, state)) return
    }
  } finally {
    over.abort(new Error('The proposal is not driven any more.'))
    await work.end()
  }
}

/**
 * True if the proposal can be left alone while its assets work for a long time. It then holds no lease and no job, and
 * goes on at its time or when something happens to it. A proposal that keeps monitoring silent cannot be left alone,
 * because the silence must be renewed, unless all its work was told ahead.
 */
async function rests({ driving: { parts }, work, seen }: Walk, state: ProposalState): Promise<boolean> {
  const until = work.restsUntil()
  if (until === null || work.version() !== seen) return false
  const toldAhead = unfinishedDeployments(state).every(({ notBefore }) => notBefore !== undefined)
  if (state.subject.kind !== 'patches' || (state.subject.silence !== undefined && !toldAhead)) return false
  const now = parts.clock().toISOString()
  return restProposal(parts.db, { state, dueAt: restEnd(state, until, now), now, wake: parts.wake })
}

/** A proposal that waits for others is woken when they end, and need not be tried all the time. */
async function leaveAlone({ driving: { parts } }: Walk, state: ProposalState): Promise<void> {
  const dueAt = waitEnd(state, parts.clock().toISOString())
  if (dueAt !== null) await postpone(parts.db, state, dueAt)
}

/** False if there is nothing more to do now. */
async function take({ driving, work, seen, signal }: Walk, state: ProposalState, step: Step): Promise<boolean> {
  switch (step.do) {
    case 'nothing':
    case 'wait':
      return false
    case 'remind':
      return command(driving, state, { type: 'remind' }, timer)
    case 'ask':
      return command(driving, state, { type: 'ask-acknowledgement' }, timer)
    case 'expire':
      return command(driving, state, { type: 'expire' }, timer)
    case 'end notice':
      return command(driving, state, { type: 'end-notice' }, timer)
    case 'reschedule':
      return command(driving, state, { type: 'reschedule' }, timer)
    case 'start':
      return start(driving, state, signal)
    case 'announce':
      return command(driving, state, { type: 'announce-window' }, timer)
    case 'start test':
      return command(driving, state, { type: 'start-test' }, rollout)
    case 'check gate': {
      const { ring } = step
      const results = await driving.askGate(state, ring, signal)
      const asked = ring === undefined ? {} : { ring }
      return command(driving, state, { type: 'record-gate', results, ...asked }, rollout)
    }
    case 'start batch': {
      const done = await driving.commands.execute(state.id, { type: 'start-batch' }, rollout)
      await takeOver(driving, done.state ?? state)
      if (done.ok) return true
      if (unfinishedDeployments(state).length > 0 || done.refusal.code !== 'outside window') return false
      return command(driving, state, { type: 'reschedule' }, timer)
    }
    case 'deploy':
      await work.attend(state, seen)
      return work.restsUntil() === null
    case 'end soak':
      return command(driving, state, { type: 'end-soak' }, rollout)
    case 'look again':
      await work.lookAgain(state, step.assets)
      return true
    case 'complete':
      return command(driving, state, { type: 'complete' }, rollout)
  }
}

/**
 * If the proposal waits for a less urgent one whose work has not begun, it takes the assets over that it needs next. Both
 * record it. After a crash in between, the next try finds what the other one yields already.
 */
async function takeOver({ parts, commands }: Driving, state: ProposalState): Promise<void> {
  const { id, status, waitsFor, priority } = state
  if (status !== 'rolling out' || !waitsFor || waitsFor.yields === true) return
  const next = new Set(ringsNow(state).flatMap(({ planned }) => planned.assets))
  const assets = (await assetsOf(parts.db, waitsFor.proposal)).filter((asset) => next.has(asset))
  if (assets.length === 0) return
  const asked = await commands.execute(waitsFor.proposal, { type: 'yield', to: id, priority, assets }, timer)
  const given = asked.state === null ? [] : yieldedTo(asked.state, id)
  if (given.length === 0) return
  await commands.execute(id, { type: 'take-over', from: waitsFor.proposal, assets: given }, rollout)
}

async function start(driving: Driving, state: ProposalState, signal: AbortSignal): Promise<boolean> {
  const { parts, commands, refresh } = driving
  const { outdated = [] } = await outdatedAssets(parts.db, state, parts.clock().toISOString())
  if (outdated.length > 0) await refresh(state, signal)
  const done = await commands.execute(state.id, { type: 'start' }, rollout)
  if (done.ok) return done.state.status === 'rolling out'
  if (done.refusal.code !== 'outside window') return false
  return command(driving, state, { type: 'reschedule' }, timer)
}

async function command(
  { commands }: Pick<Driving, 'commands'>,
  state: ProposalState,
  what: ProposalCommand,
  actor: Actor,
): Promise<boolean> {
  const done = await commands.execute(state.id, what, actor)
  return done.ok
}

/** Moves every proposal along whose time has come, also after a crash. Reads what is due once at a time. */
async function sweep(driving: Driving, signal: AbortSignal): Promise<void> {
  const { parts, report } = driving
  if (driving.looking) return
  driving.looking = true
  const due = await dueTimers(parts.db, parts.clock().toISOString(), 100).finally(() => {
    driving.looking = false
  })
  await Promise.all(
    due.map((proposal) =>
      advance(driving, proposal, signal).catch((error: unknown) => {
        if (!signal.aborted)
          report(new Error(`${proposal} could not go on: ${sentence(errorText(error))} It is tried again.`))
      }),
    ),
  )
}
