import { setMaxListeners } from 'node:events'
import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import { staleProblem } from '../core/proposal/decide-rollout.ts'
import { nextStep, type Step, workStep } from '../core/proposal/next-step.ts'
import type { Actor, ProposalState } from '../core/proposal/proposal.ts'
import { unfinishedDeployments } from '../core/proposal/run.ts'
import { carryOverOne } from '../store/carry-over.ts'
import type { Lease, Leases } from '../store/leases.ts'
import { findProposal } from '../store/proposals.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import { dueTimers } from '../store/timers.ts'
import { lookedAt } from './commands/context.ts'
import type { Execute } from './commands/execute.ts'
import { createGateChecks } from './gate-checks.ts'
import type { WorkflowParts } from './ports.ts'
import type { Deploy } from './rollout/deploy.ts'

const timer: Actor = { kind: 'system', part: 'timer' }
const rollout: Actor = { kind: 'system', part: 'rollout' }

export interface DriverParts {
  /** Runs `work` while nobody else drives this proposal, here or in another process; false at once if somebody does. */
  readonly alone: Leases['alone']
  /** Looks at these assets again, because what was seen is too old to act on. */
  readonly refresh: (state: ProposalState, signal: AbortSignal) => Promise<void>
}

const CARRY_AGAIN_MS = 3_600_000

/** One walk along a proposal: the work that it has begun, and what of it was seen. */
interface Walk {
  readonly work: ReturnType<Deploy['session']>
  readonly seen: number
}

/**
 * Moves proposals along: reads the state, does the next step, reads again. It remembers nothing itself, so any process
 * may take over after a crash, and calling it too often does no harm.
 */
export function createDriver(
  parts: WorkflowParts,
  execute: Execute,
  /** Brings assets to their end for whoever holds the lease. */
  deployUnder: (lease: Lease) => Deploy,
  driver: DriverParts,
) {
  const askGate = createGateChecks(parts)

  async function advance(proposal: string, signal: AbortSignal): Promise<void> {
    await driver.alone(proposal, (lease) => walk(proposal, lease, AbortSignal.any([signal, lease.signal])))
  }

  /** What could not be carried over from an earlier version: why, and when it is tried again, in milliseconds since 1970. */
  const standing = new Map<string, { readonly problem: string; readonly again: number }>()

  /**
   * Nothing more could be recorded of what cannot be carried over, so no engine is asked: told once, and tried rarely,
   * because each try reads all its events.
   */
  async function standsStill(proposal: string): Promise<boolean> {
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

  async function walk(proposal: string, lease: Lease, signal: AbortSignal): Promise<void> {
    if (await standsStill(proposal)) return
    // What it has begun ends with it, even where it ends early.
    const over = new AbortController()
    const both = AbortSignal.any([signal, over.signal])
    // Everything that is done for thousands of assets listens to it.
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
        const walking = { work, seen }
        if (await take(state, step, walking, signal)) continue
        // What was refused keeps nothing waiting that is under way.
        const other = workStep(state, now)
        if (other !== null && other.do !== step.do && (await take(state, other, walking, signal))) continue
        if (unfinishedDeployments(state).length === 0) return
        await work.attend(state, seen)
      }
    } finally {
      over.abort(new Error('The proposal is not driven any more.'))
      await work.end()
    }
  }

  /** False when there is nothing more to do now. */
  async function take(state: ProposalState, step: Step, { work, seen }: Walk, signal: AbortSignal): Promise<boolean> {
    switch (step.do) {
      case 'nothing':
      case 'wait':
        return false
      case 'remind':
        return command(state, { type: 'remind' }, timer)
      case 'ask':
        return command(state, { type: 'ask-acknowledgement' }, timer)
      case 'expire':
        return command(state, { type: 'expire' }, timer)
      case 'end notice':
        return command(state, { type: 'end-notice' }, timer)
      case 'reschedule':
        return command(state, { type: 'reschedule' }, timer)
      case 'start':
        return start(state, signal)
      case 'announce':
        return command(state, { type: 'announce-window' }, timer)
      case 'start test':
        return command(state, { type: 'start-test' }, rollout)
      case 'check gate':
        return command(state, { type: 'record-gate', results: await askGate(state, signal) }, rollout)
      case 'start batch': {
        const done = await execute.execute(state.id, { type: 'start-batch' }, rollout)
        if (done.ok) return true
        if (unfinishedDeployments(state).length > 0 || done.refusal.code !== 'outside window') return false
        return command(state, { type: 'reschedule' }, timer)
      }
      case 'deploy':
        await work.attend(state, seen)
        return true
      case 'end soak':
        return command(state, { type: 'end-soak' }, rollout)
      case 'look again':
        await work.lookAgain(state, step.assets)
        return true
      case 'complete':
        return command(state, { type: 'complete' }, rollout)
    }
  }

  async function start(state: ProposalState, signal: AbortSignal): Promise<boolean> {
    const context = { now: parts.clock().toISOString(), ...(await lookedAt(parts.db, state)) }
    if (staleProblem(state, context) !== null) await driver.refresh(state, signal)
    const done = await execute.execute(state.id, { type: 'start' }, rollout)
    if (done.ok) return done.state.status === 'rolling out'
    if (done.refusal.code !== 'outside window') return false
    return command(state, { type: 'reschedule' }, timer)
  }

  async function command(state: ProposalState, what: ProposalCommand, actor: Actor): Promise<boolean> {
    const done = await execute.execute(state.id, what, actor)
    return done.ok
  }

  const report = oncePerMinute((error) => parts.log.warn(error.message))
  let looking = false

  /** Recovers what a crash lost: every proposal whose time has come is moved along. One look at a time. */
  async function sweep(signal: AbortSignal): Promise<void> {
    if (looking) return
    looking = true
    const due = await dueTimers(parts.db, parts.clock().toISOString(), 100).finally(() => {
      looking = false
    })
    await Promise.all(
      due.map((proposal) =>
        advance(proposal, signal).catch((error: unknown) => {
          if (!signal.aborted)
            report(new Error(`${proposal} could not go on: ${sentence(errorText(error))} It is tried again.`))
        }),
      ),
    )
  }

  return { advance, sweep }
}
