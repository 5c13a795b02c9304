/**
 * Whether the policy of a proposal is satisfied. This is asked when a vote is cast, and again when the rollout starts.
 */

import { membersAt } from '../deputies.ts'
import { type CountedAct, handsOf, isOneOf, isOwn, personAndHands } from '../hands.ts'
import { holders } from '../permission/roles.ts'
import type { Member, RoleCount } from '../policy.ts'
import { countQuorum, decidableFrom, type Fill, missingIn, type Quorum } from '../quorum.ts'
import type { Context, StandingGrant } from './command.ts'
import type { ApprovedBy, ProposalState } from './proposal.ts'

/** The part of a state, whole or at a glance, that says who must agree. */
export interface Deciding extends Pick<ProposalState, 'policy' | 'proposer' | 'standingRefused' | 'votes'> {
  readonly subject:
    | { readonly kind: 'patches'; readonly rings: readonly { readonly name: string }[] }
    | { readonly kind: 'standing rule' }
}

/** The quorum that is needed now; `null`: none, because a notice runs and silence is consent. */
export function quorumNeeds(state: Pick<Deciding, 'policy' | 'standingRefused'>): readonly RoleCount[] | null {
  const { approval } = state.policy
  switch (approval.kind) {
    case 'quorum':
      return approval.needs
    case 'lazy consensus':
      return null
    case 'standing':
      return state.standingRefused === null ? null : approval.fallback
  }
}

/** People and hands whose approval cannot count: those of the proposer, unless the policy allows self-approval. */
export function excludedVoters(state: Pick<Deciding, 'policy' | 'proposer'>): ReadonlySet<string> {
  if (state.policy.selfApproval === 'allowed' || state.proposer.kind !== 'person') return new Set()
  return personAndHands({ ...state.proposer, person: state.proposer.id })
}

/** One person approved it without the usual votes and outside the window: by break-glass, or to roll something back. */
export function bypassesWindow({ how }: ApprovedBy): boolean {
  return how === 'break-glass' || how === 'roll back'
}

/** Rings of the proposal for which the policy asks for a step-up. */
export function riskyRings({ subject, policy }: Pick<Deciding, 'subject' | 'policy'>): readonly string[] {
  if (subject.kind !== 'patches') return []
  return subject.rings.map((ring) => ring.name).filter((name) => policy.stepUpRings.includes(name))
}

/**
 * Approvals that may count. If a step-up is needed, only those that came by an account of the person's own or were
 * confirmed by one.
 */
function approvals(state: Deciding): readonly CountedAct[] {
  const given = state.votes.filter((vote) => vote.choice === 'approve')
  return riskyRings(state).length === 0 ? given : given.filter(isOwn)
}

/** The progress toward the quorum, by the present members and their roles; `null`: no quorum is needed. */
export function quorumProgress(state: Deciding, members: readonly Member[]): Quorum | null {
  const needs = quorumNeeds(state)
  if (needs === null) return null
  return countQuorum(needs, approvals(state), members, excludedVoters(state), abstained(state))
}

/**
 * From when on enough of the people who may vote are there (ISO 8601 UTC); `null`: now, or no quorum is needed, or even
 * all of them would not be enough. `away`: the names of those whose vote could count and who are away.
 */
export function decidableOnceBack(
  state: Deciding,
  members: readonly Member[],
): { readonly from: string; readonly away: readonly string[] } | null {
  const needs = quorumNeeds(state)
  if (needs === null || members.every(({ awayUntil }) => awayUntil === undefined)) return null
  const from = decidableFrom(needs, approvals(state), members, excludedVoters(state), abstained(state))
  if (from === null) return null
  const able = holders(
    members,
    needs.map(({ role }) => role),
  )
  return { from, away: able.filter(({ awayUntil }) => awayUntil !== undefined).map(({ name }) => name) }
}

/**
 * The deputies on whose approvals it stands and who do not stand in any more when it starts, so that the approval will
 * lapse then; `null`: it will not. `until`: when the first of them ends (ISO 8601 UTC).
 */
export function lapsesBeforeStart(
  state: Deciding & Pick<ProposalState, 'approvedBy' | 'schedule'> & { readonly rollout: object | null },
  members: readonly Member[],
): { readonly until: string; readonly fills: readonly Fill[] } | null {
  const { approvedBy: by, schedule, rollout } = state
  if (by?.how !== 'quorum' || schedule === null || rollout !== null) return null
  const ends = new Map(members.map(({ id, awayUntil }) => [id, awayUntil]))
  const over = by.fills.filter(({ for: absent }) => {
    const end = absent === undefined ? undefined : ends.get(absent)
    return end !== undefined && Date.parse(end) <= Date.parse(schedule.start)
  })
  if (over.length === 0 || quorumProgress(state, membersAt(members, schedule.start))?.satisfied === true) return null
  const until = over
    .flatMap(({ for: absent = '' }) => ends.get(absent) ?? [])
    .sort((a, b) => Date.parse(a) - Date.parse(b))
  return { until: until[0] ?? schedule.start, fills: over }
}

/**
 * Would an approval bring the proposal on? While a notice runs the answer is yes: no approval is needed then, but one
 * may be given.
 */
export function approvalBringsOn(state: Deciding, members: readonly Member[]): boolean {
  const progress = quorumProgress(state, members)
  return progress === null || missingIn(progress).length > 0
}

function abstained({ votes }: Pick<Deciding, 'votes'>): ReadonlySet<string> {
  return new Set(votes.filter(({ choice }) => choice === 'abstain').map(({ person }) => person))
}

/** Approvals that may count, with only the person and the hands: all other personal data may be erased. */
export function countedApprovals(state: Deciding): readonly CountedAct[] {
  const excluded = excludedVoters(state)
  return approvals(state)
    .filter((act) => !isOneOf(act, excluded))
    .map((act) => {
      const { person } = act
      return isOwn(act) ? { person } : { person, through: { kind: 'sign-in link', madeBy: handsOf(act) } }
    })
}

/** Why a standing approval does not cover this proposal; `null`: it does. */
export function standingProblem(state: ProposalState, standing: StandingGrant | null, now: string): string | null {
  const { approval } = state.policy
  if (approval.kind !== 'standing' || state.subject.kind !== 'patches') return 'the policy has no standing approval'
  if (standing === null) return `the rule "${approval.rule}" has not been voted`
  if (Date.parse(standing.expiresAt) <= Date.parse(now))
    return `the rule "${approval.rule}" expired on ${standing.expiresAt.slice(0, 10)}`
  const outside = state.subject.assets.filter(
    (planned) => !standing.tags.some((tag) => planned.asset.tags.includes(tag)),
  )
  if (outside.length > 0) return `${outside.length} of its servers do not carry ${standing.tags.join(' or ')}`
  const other = state.subject.patches.find((patch) => !standing.types.includes(patch.type))
  if (other) return `${other.source} is a ${other.type} patch, and the rule covers ${standing.types.join(', ')}`
  return null
}

/** Why the test ring that the policy requires has not passed; `null`: it has, or the policy requires none. */
export function testProblem({ subject, policy, test }: ProposalState): string | null {
  if (policy.testRing !== 'required' || subject.kind !== 'patches') return null
  const ring = subject.rings[0]
  if (ring?.beforeVote !== true) return `its policy asks for a test ring, and no server is in one`
  if (test === null) return `the test ring ${ring.name} has not run`
  if (test.result === null)
    return `the test ring ${ring.name} ${test.stopped === null ? 'is still running' : `is ${test.stopped.how}`}`
  return test.result.passed ? null : `the test ring ${ring.name} did not pass`
}

/** How the proposal is approved now, or a clause that says what is missing. */
export function approvalNow(
  state: ProposalState,
  context: Pick<Context, 'members' | 'standing' | 'now'>,
): { readonly by: ApprovedBy } | { readonly missing: string } {
  // One person decided, and everybody could see it.
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return { by: state.approvedBy }
  const untested = testProblem(state)
  if (untested !== null) return { missing: untested }
  const quorum = quorumProgress(state, context.members)
  if (quorum !== null) {
    if (quorum.satisfied) return { by: { how: 'quorum', fills: quorum.fills } }
    const open = quorum.roles.filter((role) => role.filledBy.length < role.need)
    const list = open.map((role) => `${role.role} ${role.filledBy.length} of ${role.need}`)
    return {
      missing: list.length === 0 ? 'the policy names no approvers' : `approval is incomplete: ${list.join(', ')}`,
    }
  }
  const { approval } = state.policy
  if (state.noticeEndsAt === null || Date.parse(context.now) < Date.parse(state.noticeEndsAt)) {
    return { missing: 'the notice period has not passed' }
  }
  if (approval.kind === 'standing') {
    const problem = standingProblem(state, context.standing, context.now)
    if (problem !== null || context.standing === null) return { missing: problem ?? 'no standing approval' }
    const { rule, proposal, expiresAt } = context.standing
    return { by: { how: 'standing approval', rule, proposal, expiresAt } }
  }
  if (approval.kind === 'lazy consensus') {
    if (holders(context.members, approval.objectors).length === 0)
      return { missing: 'nobody holds a role that could object, so silence means nothing' }
  }
  return { by: { how: 'lazy consensus', noticeEndedAt: state.noticeEndsAt } }
}
