import { nameAsKnown } from '../hands.ts'
import { limits } from '../limits.ts'
import { countQuorum } from '../quorum.ts'
import { deploymentOf, deploymentsOf } from '../rollout/deployments.ts'
import { countEndState } from '../rollout/gate.ts'
import { ringsNow, testRunning, waitingForResume } from '../rollout/run.ts'
import { wantsGo } from '../rollout/turn.ts'
import { HOUR_SECONDS, isBefore, plusSeconds } from '../time/instant.ts'
import { agree, agreedTo } from './agreement.ts'
import type { PersonsContext, ProposalCommand } from './command.ts'
import { ringEvents } from './decide-rollout.ts'
import { accept, after, type Decision, refuse, stopWords } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { namedAsset } from './named-asset.ts'
import { portions } from './portions.ts'
import { confirmed } from './proof.ts'
import type { ProposalState, ResumeVote } from './proposal.ts'
import { haltTest, pauseTest } from './stop-test.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

export function pause(state: ProposalState, command: Of<'pause'>, context: PersonsContext): Decision {
  if (testRunning(state)) return pauseTest(command, context)
  return accept({ type: 'paused', by: context.actor.name, reason: stopWords(command.reason) })
}

export function halt(state: ProposalState, command: Of<'halt'>, context: PersonsContext): Decision {
  if (testRunning(state)) return haltTest(state, command, context)
  return accept({ type: 'halted', by: context.actor.name, reason: stopWords(command.reason) })
}

/**
 * Servers that have not reported count as silent. The rollout is halted, so a ring passes by them only with what
 * resuming takes.
 */
export function endWaiting(state: ProposalState, command: Of<'end-waiting'>, context: PersonsContext): Decision {
  const [by, reason] = [context.actor.name, stopWords(command.reason)]
  const ended: ProposalEvent = { type: 'waiting-ended', by, reason }
  return state.status === 'halted' ? accept(ended) : accept(ended, { type: 'halted', by, reason })
}

export function resume(state: ProposalState, context: PersonsContext): Decision {
  const { actor } = context
  const previous = state.resumeVotes.find((item) => item.person === actor.id)
  if (previous !== undefined) {
    // The earlier agreement came by a link or the command line. It now counts as the person's own.
    const decision = confirmResume(state, previous, context)
    if (decision !== null) return decision
  }
  return withResumed(state, { type: 'resume-agreed', person: actor.id, name: actor.name }, context)
}

/**
 * The agreement now counts as the person's own. `null`: the person linked the account only after the agreement was
 * given.
 */
export function confirmResume(state: ProposalState, agreed: ResumeVote, context: PersonsContext): Decision | null {
  const event = confirmed('agreement to resume', agreed, context.actor)
  return event === null ? null : withResumed(state, event, context)
}

/** Resumes as soon as enough people have agreed. `agreed`: the newest agreement, not recorded yet. */
function withResumed(state: ProposalState, agreed: ProposalEvent, context: PersonsContext): Decision {
  const then = after(state, [agreed], context)
  if (!countQuorum(state.policy.resume, then.resumeVotes, context.members).satisfied) return accept(agreed)
  const type = testRunning(state) ? 'test-resumed' : 'resumed'
  const resumed: ProposalEvent = { type, by: then.resumeVotes.map(nameAsKnown) }
  return accept(agreed, resumed, ...ringEvents(after(state, [agreed, resumed], context), context))
}

/** Lets the next ring begin. */
export function go(state: ProposalState, context: PersonsContext): Decision {
  const { actor } = context
  const lanes = ringsNow(state)
  const current = lanes.find(wantsGo) ?? lanes[0]
  if (current === undefined) return refuse('not now', `No ring of ${state.id} waits for a go.`)
  return accept({ type: 'go-given', ring: current.index, person: actor.id, name: actor.name })
}

/**
 * Leaves an asset out. If its turn has not come, it is not touched; this takes one person. If it failed, it does not
 * count at the gates any more; this takes as many people as resuming.
 */
export function skip(state: ProposalState, command: Of<'skip'>, context: PersonsContext): Decision {
  const found = namedAsset(state, command.asset)
  if ('sentence' in found) return refuse('incomplete', found.sentence)
  const { id, name } = found
  if (state.rollout === null) return refuse('not now', `Nothing of ${state.id} is being rolled out.`)
  if (state.rollout.skipped[id] !== undefined) return refuse('already', `${name} is left out already.`)
  const deployment = deploymentOf(state.rollout, id)
  if (deployment !== undefined && deployment.verification === null)
    return refuse('not now', `${name} is being worked on; what has begun is brought to its end.`)
  if (deployment?.verification && countEndState(deployment.verification.end) === 'good')
    return refuse('already', `${name} is done: ${deployment.verification.end}.`)
  const reason = command.reason?.trim().slice(0, limits.reasonCharacters)
  if (!reason) return refuse('incomplete', `Say why ${name} is left out: the reason is kept with it.`)
  const skipped: ProposalEvent = { type: 'asset-skipped', asset: id, name: context.actor.name, reason }
  const events = () => [skipped, ...ringEvents(after(state, [skipped], context), context)]
  // A deployment that is neither at work nor good has failed.
  if (deployment === undefined) return accept(...events())
  return agree(state, { act: 'leave-out', asset: id }, reason, context, events)
}

/**
 * Starts assets again that failed, did not answer or were held back. It happens when the rollout goes on, under a new
 * key. If the rollout is stopped, the person also agrees to resume it.
 */
export function retry(state: ProposalState, command: Of<'retry'>, context: PersonsContext): Decision {
  if (state.rollout === null) return refuse('not now', `Nothing of ${state.id} was rolled out yet.`)
  const { rollout } = state
  const failed = deploymentsOf(rollout)
    .filter(({ verification }) => verification !== null && countEndState(verification.end) !== 'good')
    .map(({ asset }) => asset)
  if (command.asset === null) {
    const left = failed.filter((asset) => rollout.skipped[asset] === undefined)
    if (left.length === 0) return refuse('not now', `No server of ${state.id} has failed.`)
    // The last part comes first, because each part is put before the assets that wait.
    const parts = [...portions(left)].reverse()
    return tryAgain(state, parts, context)
  }
  const found = namedAsset(state, command.asset)
  if ('sentence' in found) return refuse('incomplete', found.sentence)
  if (!failed.includes(found.id)) {
    const deployment = deploymentOf(rollout, found.id)
    const how =
      deployment === undefined ? 'its turn has not come' : (deployment.verification?.end ?? 'it is being worked on')
    return refuse('not now', `${found.name} has not failed: ${how}.`)
  }
  return tryAgain(state, [[found.id]], context)
}

/** If the rollout is stopped, a person who asks for a retry also agrees to resume. */
function tryAgain(state: ProposalState, parts: readonly (readonly string[])[], context: PersonsContext): Decision {
  const asked = parts.map((assets) => ({ type: 'retry-asked' as const, assets, name: context.actor.name }))
  const { actor } = context
  const agreed = state.resumeVotes.some(({ person }) => person === actor.id)
  if (agreed || waitingForResume(state) === null) return accept(...asked)
  const resumed = withResumed(
    after(state, asked, context),
    { type: 'resume-agreed', person: actor.id, name: actor.name },
    context,
  )
  return resumed.ok ? accept(...asked, ...resumed.events) : resumed
}

/** Lets the rollout run on after its window: one hour more, or until a given time. Freezes hold all the same. */
export function extendWindow(state: ProposalState, command: Of<'extend-window'>, context: PersonsContext): Decision {
  const { actor, now } = context
  const { schedule } = state
  if (schedule === null) return refuse('not now', `${state.id} has no window.`)
  const open = !isBefore(now, schedule.start) && isBefore(now, schedule.end)
  const longest = plusSeconds(now, limits.extensionSeconds)
  const hour = plusSeconds(open ? schedule.end : now, HOUR_SECONDS)
  // A person who gives no time agrees to the time that was asked for before.
  const [asked] = agreedTo(state, 'extend-window', now).flatMap(({ to }) =>
    to.act === 'extend-window' ? to.until : [],
  )
  const until = command.until ?? asked ?? hour
  if (Number.isNaN(Date.parse(until)))
    return refuse('incomplete', `"${until}" is not a time; write 2026-12-31T05:00Z, or nothing for an hour more.`)
  const end = new Date(until).toISOString()
  if (!isBefore(now, end) || (open && !isBefore(schedule.end, end)))
    return refuse('incomplete', `The window is open until ${schedule.end}; choose a later time.`)
  if (isBefore(longest, end))
    return refuse('incomplete', `A window is extended by ${limits.extensionSeconds / HOUR_SECONDS} hours at most.`)
  const reason = command.reason?.trim().slice(0, limits.reasonCharacters)
  if (!reason) return refuse('incomplete', 'Say why it may run on: the reason is kept, and everybody reads it.')
  const extended = { type: 'window-extended', until: end, person: actor.id, name: actor.name, reason } as const
  return agree(state, { act: 'extend-window', until: end }, reason, context, () => [extended])
}
