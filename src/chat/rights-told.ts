/** The message in a team's channel when the people who may decide have changed. */

import {
  type Counted,
  groupOf,
  type Holding,
  type PolicyChange,
  type RecordedAbsence,
  type TeamChange,
} from '../core/record/configuration.ts'
import type { ThreadEntry } from './card.ts'
import { rich } from './rich-text.ts'

/** Limit for the changes of people, and for the changes of a policy, that are listed one by one. */
const SAID = 12

/**
 * One message for a team. `nameOf`: gives the name for a pseudonym. It notifies nobody, because people are asked when
 * there is something to decide.
 */
export function rightsTold(
  change: TeamChange,
  { nameOf, channel }: { readonly nameOf: (pseudonym: string) => string; readonly channel: string },
): ThreadEntry {
  const sentences = [people(change, nameOf), ...policyWords(change.policy)].filter((words) => words !== '')
  return {
    author: null,
    tone: 'warning',
    text: rich(sentences.join(' ')),
    detail: [],
    actions: [],
    link: `/c/${channel}`,
  }
}

function people(change: TeamChange, nameOf: (pseudonym: string) => string): string {
  const who = ({ holder }: Holding) => {
    const group = groupOf(holder)
    return group === null ? nameOf(holder) : `everybody in the group ${group}`
  }
  const standsIn = ({ person, deputy }: RecordedAbsence) =>
    deputy === null ? `${nameOf(person)} is away` : `${nameOf(deputy)} stands in for ${nameOf(person)}`
  const all = [
    ...change.gained.map((one) => `${who(one)} is ${one.role} now`),
    ...change.lost.map((one) => `${who(one)} is not ${one.role} any more`),
    ...change.joined.map((one) => `${who(one)} is in the group ${one.role} now`),
    ...change.left.map((one) => `${who(one)} is in the group ${one.role} no more`),
    ...change.away.map((one) => `${standsIn(one)} from ${one.from} until ${one.until}`),
    ...change.back.map((one) => `no more: ${standsIn(one)} from ${one.from} until ${one.until}`),
    ...change.regrouped.map((group) => `the group ${group} takes turns, or is read, in another way now`),
  ]
  const whole = `Who may decide for ${change.team} has changed`
  return all.length === 0 ? `${whole}.` : `${whole}: ${listed(all)}.`
}

function policyWords(policy: PolicyChange | null): readonly string[] {
  if (policy === null) return []
  const { before, after, counts, kind, others } = policy
  if (after === null) return [`It has no policy any more: nothing is proposed for it.`]
  if (before === null) return [`It has the policy "${after}" now.`]
  if (before !== after) return [`Its policy is "${after}" instead of "${before}".`]
  const name = `The policy "${after}"`
  if (kind !== null) return [`${name} is ${kind.to} instead of ${kind.from}.`]
  const asks = counts.length === 0 ? [] : [`${name} asks for ${listed(counts.map(asked))}.`]
  return others.length === 0
    ? asks
    : [...asks, `In ${asks.length === 0 ? `the policy "${after}"` : 'it'} changed: ${listed(others)}.`]
}

function asked({ role, from, to }: Counted): string {
  if (to === 0) return `no ${role} any more`
  return from === 0 ? `${to} ${role}, too` : `${to} ${role} instead of ${from}`
}

/** `a, b, and 12 more` */
function listed(all: readonly string[]): string {
  const more = all.length - SAID
  return more > 0 ? `${all.slice(0, SAID).join(', ')}, and ${more} more` : all.join(', ')
}
