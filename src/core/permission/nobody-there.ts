/** What a team cannot decide for now, because too many of its people are away. */

import type { Member, Policy } from '../policy.ts'
import { decidableFrom } from '../quorum.ts'
import { needsToVote } from './roles.ts'

export interface NobodyThere {
  readonly what: 'approve' | 'resume'
  /** ISO 8601 UTC: enough of them are back from then on. */
  readonly from: string
  /** Names of those who could, and are away. */
  readonly away: readonly string[]
}

/** `members`: as they are now, with who is away and who stands in. */
export function nobodyThere(policy: Policy, members: readonly Member[]): readonly NobodyThere[] {
  const asked = { approve: needsToVote(policy), resume: policy.resume } as const
  return (['approve', 'resume'] as const).flatMap((what) => {
    const needs = asked[what]
    const from = decidableFrom(needs, [], members, new Set(), new Set())
    if (from === null) return []
    const able = members.filter(({ roles }) => needs.some(({ role }) => roles.includes(role)))
    return [{ what, from, away: able.filter(({ awayUntil }) => awayUntil !== undefined).map(({ name }) => name) }]
  })
}
