/** What a policy leaves open in a team: acts that nobody could do, and events of which nobody would hear. */

import { type Member, ON_CALL, type Policy, votingRoles } from '../policy.ts'
import { satisfiable } from '../quorum.ts'
import type { Act } from './acts.ts'
import type { RelationName } from './relations.ts'
import { above, holders, resumers, stoppers } from './roles.ts'
import { rows } from './rows.ts'

export type Gap =
  /** With these people away (or, for a review, having broken the glass), nobody could do the act. */
  | {
      readonly kind: 'nobody can'
      readonly act: Act
      readonly because: 'away' | 'broke the glass'
      readonly people: readonly Member[]
    }
  /** Nobody would hear of the event, because nobody holds one of these roles; no roles: nobody is told at all. */
  | {
      readonly kind: 'nobody hears'
      readonly event: 'escalation' | 'acknowledgement' | 'expiry'
      readonly roles: readonly string[]
    }

/** The acts of which a rollout or a team depends, with how many people they take. */
const counted = ['resume', 'unfreeze'] as const satisfies readonly Act[]

export function gapsOf(policy: Policy, members: readonly Member[]): readonly Gap[] {
  return [
    ...reviewGap(policy, members),
    ...counted.flatMap((act) => awayGap(act, policy, members)),
    ...unheard(policy, members),
  ]
}

/** Who breaks the glass does not review it, so somebody else must be there who may. */
function reviewGap(policy: Policy, members: readonly Member[]): readonly Gap[] {
  const reviewers = holders(members, rolesUnder('review-break-glass', policy))
  const breakers = holders(members, policy.breakGlass?.roles ?? [])
  const people = breakers.filter(({ id }) => reviewers.every((one) => one.id === id))
  return people.length === 0
    ? []
    : [{ kind: 'nobody can', act: 'review-break-glass', because: 'broke the glass', people }]
}

function awayGap(act: (typeof counted)[number], policy: Policy, members: readonly Member[]): readonly Gap[] {
  if (!satisfiable(policy.resume, members)) return []
  const able = holders(members, rolesUnder(act, policy))
  const people = able.filter(({ id }) => !satisfiable(policy.resume, members, new Set([id])))
  return people.length === 0 ? [] : [{ kind: 'nobody can', act, because: 'away', people }]
}

function unheard(policy: Policy, members: readonly Member[]): readonly Gap[] {
  const { acknowledgement, escalateAfterSeconds, escalateTo, urgent = null, approval } = policy
  const nobody = (roles: readonly string[]) => holders(members, roles).length === 0
  const gaps: Gap[] = []
  if ((escalateAfterSeconds !== null || urgent !== null) && nobody(escalateTo))
    gaps.push({ kind: 'nobody hears', event: 'escalation', roles: escalateTo })
  if (acknowledgement !== null && nobody([...acknowledgement.escalateTo, ON_CALL]))
    gaps.push({ kind: 'nobody hears', event: 'acknowledgement', roles: [...acknowledgement.escalateTo, ON_CALL] })
  const silent = [policy.remindAfterSeconds, policy.messageAfterSeconds, escalateAfterSeconds].every(
    (one) => one === null,
  )
  if (approval.kind === 'quorum' && silent) gaps.push({ kind: 'nobody hears', event: 'expiry', roles: [] })
  return gaps
}

/** The roles that the table of permissions gives the act under this policy. */
function rolesUnder(act: Act, policy: Policy): readonly string[] {
  return rows[act].who.flatMap((name) => rolesOfRelation(name, policy))
}

function rolesOfRelation(name: RelationName, policy: Policy): readonly string[] {
  switch (name) {
    case 'voter':
      return votingRoles(policy.approval)
    case 'stop':
    case 'stop of the team':
      return stoppers({ policy })
    case 'resume':
    case 'resume of the team':
      return resumers({ policy })
    case 'above':
      return above({ policy })
    default:
      return []
  }
}
