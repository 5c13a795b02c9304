import { gateProblem, tally } from '../gate.ts'
import { limits } from '../limits.ts'
import { countQuorum } from '../quorum.ts'
import { openWindow } from '../window.ts'
import { waitsForAcknowledgement } from './acknowledgement.ts'
import { approvalNow, decidedAtOnce } from './approval.ts'
import type { Context, ProposalCommand } from './command.ts'
import { scheduleEvents } from './decide-vote.ts'
import { accept, actorName, after, type Decision, isBefore, plusSeconds, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import type { PatchSubject, ProposalState } from './proposal.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

/** The ring that is under way or next; `null` when all have passed. */
export function currentRing(state: ProposalState): number | null {
  const index = state.rollout?.rings.findIndex((ring) => ring.status !== 'passed') ?? -1
  return index === -1 ? null : index
}

/** Unique per proposal, revision, ring and batch: with the asset, one package transaction ever. */
export function batchKey(state: ProposalState, ring: number, batch: number): string {
  return `${state.id}.r${state.revision}.${ring + 1}.${batch + 1}`
}

/** Assets started and not verified yet. */
export function unfinished(state: ProposalState): readonly string[] {
  return Object.values(state.rollout?.deployments ?? {})
    .filter((deployment) => deployment.verification === null)
    .map((deployment) => deployment.asset)
}

/** May assets be touched at this moment? Break-glass is the one way around the window. */
function mayTouch(state: ProposalState, subject: PatchSubject, context: Context): boolean {
  const { schedule } = state
  if (schedule === null || isBefore(context.now, schedule.start) || !isBefore(context.now, schedule.end)) return false
  if (state.approvedBy && decidedAtOnce(state.approvedBy)) return true
  return openWindow(subject.window, context.freezes, state.team, context.now) !== null
}

export function reschedule(state: ProposalState, context: Context): Decision {
  const { subject, schedule } = state
  const waiting = state.status === 'approved' || state.status === 'scheduled' || state.status === 'rolling out'
  if (!waiting || subject.kind !== 'patches') return refuse('not now', `${state.id} has nothing to schedule.`)
  if (schedule !== null && isBefore(context.now, schedule.start))
    return refuse('already', `${state.id} is scheduled already.`)
  if (mayTouch(state, subject, context)) return refuse('already', `The window of ${state.id} is open.`)
  const why =
    state.status === 'rolling out'
      ? 'the window closed before every ring was done'
      : 'the window passed before it could start'
  const events = scheduleEvents(state, context, schedule === null ? null : why)
  if (events.length === 0) return refuse('not now', `${state.id} still has no window.`)
  return accept(...events)
}

export function start(state: ProposalState, context: Context): Decision {
  const { subject } = state
  if (state.status !== 'scheduled' || subject.kind !== 'patches') {
    return refuse('not now', `${state.id} is ${state.status}, not scheduled.`)
  }
  if (!mayTouch(state, subject, context))
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
  return accept({ type: 'rollout-started' })
}

function startProblem(state: ProposalState, subject: PatchSubject, context: Context): string | null {
  const age = (Date.parse(context.now) - Date.parse(subject.inventoryAt)) / 1000
  if (age > state.policy.inventoryMaxAgeSeconds) {
    return `the inventory is from ${subject.inventoryAt.slice(0, 16).replace('T', ' ')} UTC, too old to act on; it is looked at again first`
  }
  if (waitsForAcknowledgement(state)) return 'nobody on call has acknowledged it yet'
  const blind = subject.assets.find((planned) => planned.previewProblem !== null)
  if (blind && subject.assets.every((planned) => planned.previewProblem !== null)) {
    return `no asset could be previewed (${blind.asset.name}: ${blind.previewProblem ?? ''})`
  }
  return null
}

export function startBatch(state: ProposalState, context: Context): Decision {
  const { subject, rollout } = state
  if (state.status !== 'rolling out' || rollout === null || subject.kind !== 'patches') {
    return refuse('not now', `${state.id} is ${state.status}: no batch may start.`)
  }
  if (unfinished(state).length > 0) return refuse('not now', 'The batch before is not finished.')
  const index = currentRing(state)
  const ring = index === null ? undefined : rollout.rings[index]
  const planned = index === null ? undefined : subject.rings[index]
  if (index === null || !ring || !planned) return refuse('not now', 'Every ring is done.')
  if (ring.status === 'soaking' || ring.status === 'failed')
    return refuse('not now', `Ring ${planned.name} is ${ring.status}.`)
  const problem = gateProblem(planned.gate, tally(planned.assets, rollout.deployments, ring.forgiven))
  if (problem !== null) return refuse('not satisfied', problem)
  if (!mayTouch(state, subject, context)) return refuse('outside window', 'The window is not open.')
  const batch = ring.batchesStarted
  const assets = planned.assets.slice(batch * planned.batchSize, (batch + 1) * planned.batchSize)
  if (assets.length === 0) return refuse('not now', `Ring ${planned.name} has no further batch.`)
  return accept({ type: 'batch-started', ring: index, batch, key: batchKey(state, index, batch), assets })
}

export function recordOutcome(state: ProposalState, command: Of<'record-outcome'>): Decision {
  const deployment = state.rollout?.deployments[command.asset]
  if (!deployment) return refuse('unknown', `${command.asset} was not started in ${state.id}.`)
  if (deployment.outcome !== null) return refuse('already', `The outcome of ${command.asset} is recorded already.`)
  return accept({ type: 'outcome-recorded', asset: command.asset, outcome: command.outcome })
}

export function recordVerification(
  state: ProposalState,
  command: Of<'record-verification'>,
  context: Context,
): Decision {
  const deployment = state.rollout?.deployments[command.asset]
  if (!deployment || deployment.outcome === null) return refuse('unknown', `${command.asset} has no outcome to verify.`)
  if (deployment.verification !== null && state.status !== 'verifying') {
    return refuse('already', `${command.asset} is verified already.`)
  }
  const recorded: ProposalEvent = {
    type: 'verification-recorded',
    asset: command.asset,
    verification: command.verification,
  }
  if (state.status === 'verifying') return accept(recorded)
  return accept(recorded, ...ringEvents(after(state, [recorded], context), context))
}

/** What follows for the ring from the assets verified so far: stop at its gate, soak, pass, or nothing yet. */
function ringEvents(state: ProposalState, context: Context): readonly ProposalEvent[] {
  const { subject, rollout } = state
  const index = currentRing(state)
  if (subject.kind !== 'patches' || rollout === null || index === null || state.status !== 'rolling out') return []
  const planned = subject.rings[index]
  const ring = rollout.rings[index]
  if (!planned || !ring || ring.status !== 'running') return []
  const problem = gateProblem(planned.gate, tally(planned.assets, rollout.deployments, ring.forgiven))
  if (problem !== null) {
    const reason = `Ring ${planned.name} stopped at its gate: ${problem}`
    return [
      { type: 'gate-failed', ring: index, reason },
      { type: 'halted', by: 'Patchwarden', reason },
    ]
  }
  if (unfinished(state).length > 0 || ring.batchesStarted * planned.batchSize < planned.assets.length) return []
  if (planned.soakSeconds > 0) {
    return [{ type: 'ring-soaking', ring: index, until: plusSeconds(context.now, planned.soakSeconds) }]
  }
  return passed(index, subject)
}

function passed(index: number, subject: PatchSubject): readonly ProposalEvent[] {
  const events: ProposalEvent[] = [{ type: 'ring-passed', ring: index }]
  if (index === subject.rings.length - 1) events.push({ type: 'verifying-started' })
  return events
}

export function endSoak(state: ProposalState, context: Context): Decision {
  const index = currentRing(state)
  const ring = index === null ? undefined : state.rollout?.rings[index]
  if (
    state.status !== 'rolling out' ||
    state.subject.kind !== 'patches' ||
    index === null ||
    ring?.status !== 'soaking'
  ) {
    return refuse('not now', `${state.id} is not soaking.`)
  }
  if (ring.soakUntil !== null && isBefore(context.now, ring.soakUntil))
    return refuse('not now', `It soaks until ${ring.soakUntil}.`)
  return accept(...passed(index, state.subject))
}

export function complete(state: ProposalState): Decision {
  const since = state.rollout?.verifyingSince ?? null
  if (state.status !== 'verifying' || since === null) return refuse('not now', `${state.id} is ${state.status}.`)
  for (const deployment of Object.values(state.rollout?.deployments ?? {})) {
    if (deployment.verification === null || isBefore(deployment.verification.at, since)) {
      return refuse('not satisfied', `${deployment.asset} has not been looked at again yet.`)
    }
  }
  return accept({ type: 'completed' })
}

export function pause(state: ProposalState, command: Of<'pause'>, context: Context): Decision {
  if (state.status !== 'rolling out')
    return refuse('not now', `${state.id} is ${state.status}: there is nothing to pause.`)
  return accept({ type: 'paused', by: actorName(context.actor), reason: stopReason(command.reason) })
}

export function halt(state: ProposalState, command: Of<'halt'>, context: Context): Decision {
  if (state.status !== 'rolling out' && state.status !== 'paused') {
    return refuse('not now', `${state.id} is ${state.status}: there is nothing to halt.`)
  }
  return accept({ type: 'halted', by: actorName(context.actor), reason: stopReason(command.reason) })
}

function stopReason(reason: string | null): string {
  return reason?.trim().slice(0, limits.reasonCharacters) || 'no reason given'
}

export function resume(state: ProposalState, context: Context): Decision {
  const { actor, members } = context
  if (actor.kind !== 'person') return refuse('not allowed', 'Only people resume a rollout.')
  if (state.status !== 'paused' && state.status !== 'halted')
    return refuse('not now', `${state.id} is ${state.status}, not stopped.`)
  if (state.resumeVotes.some((item) => item.person === actor.id)) {
    return refuse('already', `You already agreed to resume ${state.id}; the policy asks for others too.`)
  }
  const agreed: ProposalEvent = { type: 'resume-agreed', person: actor.id, name: actor.name }
  const people = [...state.resumeVotes.map((item) => item.person), actor.id]
  if (!countQuorum(state.policy.resume, people, members).satisfied) return accept(agreed)
  const resumed: ProposalEvent = { type: 'resumed', by: [...state.resumeVotes.map((item) => item.name), actor.name] }
  return accept(agreed, resumed, ...ringEvents(after(state, [agreed, resumed], context), context))
}
