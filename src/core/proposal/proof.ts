/** Proof: which acts are accepted from the command line, or in a session that began with somebody's sign-in link. */

import { isOneOf, isOwn, namesIn, personAndHands, type Through, throughWords } from '../hands.ts'
import type { Act } from '../permission/acts.ts'
import type { Member, Policy } from '../policy.ts'
import { isBefore } from '../time/instant.ts'
import type { Refusal } from './command.ts'
import { anyOf } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import type { Person, ProposalState } from './proposal.ts'

/**
 * Why the act is refused because of the way in which it came, although the person may do it; `null`: it is not.
 * `decides`: whether the act decides something, so that `commandLineProblem` is asked.
 */
export function proofProblem(
  act: Act,
  decides: boolean,
  doer: Person,
  { votes, policy }: Pick<ProposalState, 'votes' | 'policy'>,
  members: readonly Member[],
): Refusal | null {
  const { through } = doer
  if (through === undefined || through.kind === 'example') return null
  const refused = decides ? commandLineProblem(policy, act, through) : null
  const votedOwn = votes.some((vote) => vote.person === doer.id && isOwn(vote))
  switch (act) {
    case 'confirm':
      return refusal('Not confirmed: that takes an account of your own, in Slack or Discord, that was known before.')
    case 'withdraw-vote':
      return votedOwn ? refusal('Not withdrawn: you voted by an account of your own; withdraw it there.') : null
    case 'approve':
    case 'abstain':
    case 'reject':
      if (refused !== null || !votedOwn) return refused
      return refusal('Not counted: you voted by an account of your own; change it there.')
    case 'withdraw':
    case 'break-glass':
    case 'review-break-glass':
      if (through.kind === 'command line' || !decides) return refused
      return refusal(
        `${ownAlone[act]} takes an account of your own, and this session began with ${throughWords(through, namesIn(members))}. Do it in Slack or Discord.`,
      )
    default:
      return refused
  }
}

/** Acts that are refused in a session that began with a sign-in link, if they decide something. */
const ownAlone = {
  withdraw: 'Not withdrawn: while people vote, that',
  'break-glass': 'Not approved: breaking the glass',
  'review-break-glass': 'Not reviewed: that',
} as const

/**
 * Why the policy refuses this decision from the command line; `null`: it is accepted, or the act came another way. Only
 * asked for acts that decide: looking, stopping and proposing are always allowed there.
 */
export function commandLineProblem(policy: Policy, act: Act, through: Through | undefined): Refusal | null {
  if (through?.kind !== 'command line' || takesCommandLine(policy)) return null
  const isVote = act === 'approve' || act === 'abstain' || act === 'reject'
  const what = isVote ? 'Not counted: votes are not taken' : 'Nothing was done: decisions are not taken'
  return refusal(
    `${what} from the command line here (the policy "${policy.name}" says cli: refused). In Slack, Discord or the console you can.`,
  )
}

function takesCommandLine({ cli }: Policy): boolean {
  return cli === 'recorded'
}

function refusal(sentence: string): Refusal {
  return { code: 'not own', sentence }
}

/**
 * Why an approval does not count because it may be the proposer's own, by the person or by a hand; `null`: that is no
 * problem. The sentence does not say who else can approve. `left`: the people and hands that cannot approve.
 */
export function proposerProblem(
  state: Pick<ProposalState, 'id' | 'proposer'>,
  act: Person,
  left: ReadonlySet<string>,
  members: readonly Member[],
): string | null {
  const { proposer } = state
  if (proposer.kind !== 'person' || !isOneOf({ ...act, person: act.id }, left)) return null
  if (act.id === proposer.id) return `You proposed ${state.id}, so you cannot approve it.`
  const came = act.through === undefined ? 'you' : throughWords(act.through, namesIn(members))
  return `Not counted: ${proposer.name} proposed ${state.id}, and this came by ${came}: that may be the same hand.`
}

/**
 * A sentence for a person whose act did not come by an account of their own: how it counts; `null`: it counts like any
 * other.
 */
export function howItCounts(person: Person, members: readonly Member[]): string | null {
  const { through } = person
  if (through === undefined || isOwn({ through })) return null
  const nameOf = namesIn(members)
  const hands = [...personAndHands({ person: person.id, through })].filter((hand) => hand !== person.id).map(nameOf)
  return `It came by ${throughWords(through, nameOf)}, so it counts as one with whatever else came by ${anyOf(hands)}. To let it count as your own, confirm it with your account in Slack or Discord: /patch confirm.`
}

/** The refusal where `confirmed` gives `null`. */
export const LINKED_LATER =
  'Not confirmed: this account was linked after that was done. Confirm it by an account that was known before.'

/**
 * The event with which a person confirms one of their acts; `null`: the person linked the account only after the act,
 * or the act needs no confirmation.
 */
export function confirmed(
  act: Extract<ProposalEvent, { type: 'act-confirmed' }>['act'],
  { at, seq }: { readonly at?: string; readonly seq?: number },
  actor: Person,
): ProposalEvent | null {
  if (at === undefined || seq === undefined) return null
  if (actor.linkedAt !== undefined && !isBefore(actor.linkedAt, at)) return null
  return { type: 'act-confirmed', person: actor.id, name: actor.name, act, of: seq }
}
