/**
 * Which roles a policy names for what, and who holds them. To know what a person may do, only the table of permissions
 * looks at their roles.
 */

import { type Member, ON_CALL, type Policy, type RoleCount } from '../policy.ts'

interface Under<Keys extends keyof Policy> {
  readonly policy: Pick<Policy, Keys>
}

export function stoppers({ policy }: Under<'stop'>): readonly string[] {
  return policy.stop
}

export function resumers({ policy }: Under<'resume'>): readonly string[] {
  return policy.resume.map(({ role }) => role)
}

/** Whose votes a proposal under this policy takes; empty: silence approves it. */
export function needsToVote({ approval }: Pick<Policy, 'approval'>): readonly RoleCount[] {
  switch (approval.kind) {
    case 'quorum':
      return approval.needs
    case 'standing':
      return approval.fallback
    case 'lazy consensus':
      return []
  }
}

/** Roles to which a proposal is escalated when votes are missing or nobody acknowledges. */
export function above({ policy }: Under<'escalateTo' | 'acknowledgement'>): readonly string[] {
  return [...new Set([...policy.escalateTo, ...(policy.acknowledgement?.escalateTo ?? [])])]
}

export const onCall: readonly string[] = [ON_CALL]

export function holds({ roles }: Pick<Member, 'roles'>, any: readonly string[]): boolean {
  return roles.some((role) => any.includes(role))
}

/** Members who hold one of these roles. */
export function holders(members: readonly Member[], any: readonly string[]): readonly Member[] {
  return members.filter((member) => holds(member, any))
}
