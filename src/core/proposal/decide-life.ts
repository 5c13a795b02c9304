import { exploitedCves } from '../follow-up.ts'
import { limits } from '../limits.ts'
import { holders, stoppers } from '../permission/roles.ts'
import type { Approval, Policy } from '../policy.ts'
import { priorityRank } from '../priority/priority.ts'
import { testRunning, unfinishedDeployments } from '../rollout/run.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { approvalNow, standingProblem } from './approval.ts'
import type { Context, PersonsContext, ProposalCommand } from './command.ts'
import { approvalEvents } from './decide-vote.ts'
import { AT_ONCE_SECONDS, accept, after, anyOf, type Decision, refuse } from './decision.ts'
import type { Content, ProposalEvent } from './event.ts'
import { rungsLeft, turnsTo } from './ladder.ts'
import type { ProposalState, Subject } from './proposal.ts'
import { isHeld, nobodyLeft } from './since.ts'
import { closeTest } from './stop-test.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

export function open(command: Of<'open'>, context: Context): Decision {
  const { content, policy } = command
  const empty = policyProblem(policy)
  if (empty) return refuse('incomplete', empty)
  const back = content.subject.kind === 'patches' ? content.subject.rollsBack : undefined
  if (back !== undefined) return openRollback(command, back, context)
  if (content.subject.kind === 'patches') {
    if (content.subject.assets.length === 0 || content.subject.patches.length === 0) {
      return refuse('incomplete', 'A proposal needs at least one patch and one server.')
    }
    if (content.subject.assets.length > limits.assetsPerProposal) {
      return refuse(
        'incomplete',
        `A proposal holds ${limits.assetsPerProposal} servers at most; this one has ${content.subject.assets.length}.`,
      )
    }
  } else if (policy.approval.kind !== 'quorum') {
    return refuse('incomplete', 'A standing approval rule is itself decided by a quorum; choose a policy of that kind.')
  }
  const opened: ProposalEvent = {
    type: 'opened',
    id: command.id,
    number: command.number,
    team: command.team,
    policy,
    ...content,
    expiresAt: plusSeconds(context.now, policy.expiresAfterSeconds),
    noticeEndsAt: noticeEnd(policy.approval, context.now),
  }
  return accept(opened)
}

/** A roll back needs no votes: one person with a role of `stop` decides it, like a stop. It begins at once. */
function openRollback(
  command: Of<'open'>,
  { proposal }: { readonly proposal: string },
  { actor, members, now }: Context,
): Decision {
  const { content, policy, id, number, team } = command
  const roles = stoppers({ policy })
  if (actor.kind !== 'person' || !holders(members, roles).some(({ id }) => id === actor.id)) {
    return refuse('not allowed', `Rolling back takes the role ${anyOf(roles)}.`)
  }
  const expiresAt = plusSeconds(now, policy.expiresAfterSeconds)
  const reason = command.reason ?? ''
  return accept(
    { type: 'opened', id, number, team, policy, ...content, expiresAt, noticeEndsAt: null },
    { type: 'approved', by: { how: 'roll back', person: actor.id, proposal, reason } },
    {
      type: 'scheduled',
      window: { start: now, end: plusSeconds(now, AT_ONCE_SECONDS) },
      reason: `${actor.name} rolls ${proposal} back: the window does not apply`,
    },
  )
}

function policyProblem(policy: Policy): string | null {
  const { approval } = policy
  const needs = approval.kind === 'quorum' ? approval.needs : approval.kind === 'standing' ? approval.fallback : null
  if (needs !== null && (needs.length === 0 || needs.some((need) => need.count < 1))) {
    return `The policy "${policy.name}" asks nobody, so nothing can be approved under it.`
  }
  if (approval.kind !== 'quorum' && approval.objectors.length === 0) {
    return `The policy "${policy.name}" names no role that may object, so silence would mean nothing.`
  }
  return null
}

function noticeEnd(approval: Approval, now: string): string | null {
  return approval.kind === 'quorum' ? null : plusSeconds(now, approval.noticeSeconds)
}

export function revise(state: ProposalState, command: Of<'revise'>, context: Context): Decision {
  if (state.status !== 'open' && state.status !== 'approved' && state.status !== 'scheduled') {
    return refuse('not now', `${state.id} is ${state.status}: what is being rolled out cannot change any more.`)
  }
  const { content } = command
  const votesKept = content.contentHash === state.contentHash
  if (votesKept && saysTheSame(state, command.content)) return refuse('already', `${state.id} says this already.`)
  if (!votesKept && testRunning(state) && unfinishedDeployments(state).length > 0)
    return refuse('not now', `The test ring of ${state.id} is at work: what is decided changes when it is done.`)
  const raised = isRaised(state, content)
  if (!votesKept && isHeld(state) && !raised && !nobodyLeft(state))
    return refuse('not now', `${state.id} is decided as it stands: what is new waits for the next proposal.`)
  const closed = votesKept ? [] : closeTest(state, 'what is decided has changed', context)
  return accept(...closed, {
    type: 'revised',
    ...content,
    ...(raised ? { raised } : {}),
    revision: votesKept ? state.revision : state.revision + 1,
    reason: command.reason,
    votesKept,
    expiresAt: votesKept ? state.expiresAt : plusSeconds(context.now, state.policy.expiresAfterSeconds),
    noticeEndsAt: votesKept ? state.noticeEndsAt : noticeEnd(state.policy.approval, context.now),
  })
}

/** Is the new content more urgent, or is a CVE newly listed as exploited? */
export function isRaised(
  state: Pick<ProposalState, 'priority' | 'subject'>,
  content: Pick<Content, 'priority' | 'subject'>,
): boolean {
  if (priorityRank(content.priority) < priorityRank(state.priority)) return true
  if (state.subject.kind !== 'patches' || content.subject.kind !== 'patches') return false
  const known = exploitedCves(state.subject.patches)
  return exploitedCves(content.subject.patches).some((cve) => !known.includes(cve))
}

/**
 * Would a revision to this content tell people nothing new? Only asked when the content that people vote on stays the
 * same.
 */
export function saysTheSame(state: ProposalState, content: Omit<Content, 'contentHash'>): boolean {
  return (
    state.title === content.title &&
    state.priority === content.priority &&
    state.whyNow === content.whyNow &&
    state.dueAt === content.dueAt &&
    judgedBy(state.subject) === judgedBy(content.subject)
  )
}

/** The reasons for the priority of each patch: the row of the decision table, and the exploited CVEs. */
function judgedBy(subject: Subject): string {
  if (subject.kind !== 'patches') return ''
  const rows = subject.patches.map(({ id, evidence }) => {
    const decided = evidence.find(({ fact }) => fact === 'Decision')
    return [id, decided?.value ?? '', decided?.note ?? '']
  })
  return JSON.stringify([
    rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    [...exploitedCves(subject.patches)].sort(),
  ])
}

export function comment(command: Of<'comment'>, context: PersonsContext): Decision {
  const text = command.text.trim()
  if (text === '') return refuse('incomplete', 'The comment is empty.')
  if (text.length > limits.reasonCharacters) {
    return refuse(
      'incomplete',
      `A comment has ${limits.reasonCharacters} characters at most; this one has ${text.length}.`,
    )
  }
  return accept({ type: 'commented', text, via: context.actor.via })
}

export function remind(state: ProposalState, context: Context): Decision {
  const left = rungsLeft(state)
  if (left.length === 0) return refuse('already', 'No reminder is due.')
  const due = left.filter(({ at }) => !isBefore(context.now, at))
  if (due.length === 0) return refuse('not now', 'No reminder is due yet.')
  // After an outage, or where something became urgent later, several are due. Nobody is told the same twice.
  const steps = [...new Set(due.map(({ step }) => step))]
  return accept(
    ...steps.map((step): ProposalEvent => {
      const rungs = due.filter((one) => one.step === step).length
      const reminded = { type: 'reminded', step, waitingFor: turnsTo(state, step, context) } as const
      return rungs === 1 ? reminded : { ...reminded, rungs }
    }),
  )
}

export function expire(state: ProposalState, context: Context): Decision {
  if (state.subject.kind === 'standing rule' && state.status === 'approved') {
    if (isBefore(context.now, state.subject.rule.expiresAt)) return refuse('not now', `${state.id} is still in force.`)
    return accept({ type: 'expired' })
  }
  if (state.status !== 'open') return refuse('already', `${state.id} is ${state.status}.`)
  if (isBefore(context.now, state.expiresAt)) return refuse('not now', `${state.id} has until ${state.expiresAt}.`)
  return accept(...closeTest(state, 'the proposal was not decided in time', context), { type: 'expired' })
}

export function endNotice(state: ProposalState, context: Context): Decision {
  if (state.status !== 'open' || state.noticeEndsAt === null)
    return refuse('already', `No notice runs for ${state.id}.`)
  if (state.policy.approval.kind === 'standing') {
    if (state.standingRefused !== null) return refuse('already', state.standingRefused)
    const problem = standingProblem(state, context.standing, context.now)
    if (problem !== null) {
      const refused: ProposalEvent = { type: 'standing-refused', reason: problem }
      return accept(refused, ...approvalEvents(after(state, [refused], context), context))
    }
  }
  if (isBefore(context.now, state.noticeEndsAt))
    return refuse('not now', `The notice runs until ${state.noticeEndsAt}.`)
  const approval = approvalNow(state, context)
  if ('missing' in approval) return refuse('not satisfied', `${state.id} cannot go ahead: ${approval.missing}.`)
  return accept(...approvalEvents(state, context))
}

export function withdraw(state: ProposalState, command: Of<'withdraw'>, context: Context): Decision {
  const reason = command.reason?.trim()
  if (!reason) return refuse('incomplete', `Say why ${state.id} is withdrawn: the reason is kept with it.`)
  const withdrawn: ProposalEvent = { type: 'withdrawn', reason: reason.slice(0, limits.reasonCharacters) }
  return accept(...closeTest(state, 'the proposal was withdrawn', context), withdrawn)
}

export function supersede(state: ProposalState, command: Of<'supersede'>, context: Context): Decision {
  if (state.status !== 'open' && state.status !== 'approved' && state.status !== 'scheduled') {
    return refuse('not now', `${state.id} is ${state.status} and cannot be superseded.`)
  }
  const closed = closeTest(state, 'the proposal was replaced', context)
  return accept(...closed, { type: 'superseded', by: command.by })
}
