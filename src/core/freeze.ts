import type { Through } from './hands.ts'
import { limits } from './limits.ts'
import { teamRefusal } from './permission/team.ts'
import type { Member, Policy } from './policy.ts'
import { DAY_MS } from './time/instant.ts'

export interface FreezeRequest {
  readonly team: string
  /** `until`: ISO 8601 date or instant. */
  readonly change: { readonly until: string; readonly reason: string } | 'lift'
  readonly now: string
  /** Person id. */
  readonly person: string
  readonly through?: Through | undefined
  readonly policy: Policy
  readonly members: readonly Member[]
}

/** Why the person may not freeze the team (one who may stop can), or lift its freeze (one who may resume); or `null`. */
export function freezeProblem({ team, change, now, person, through, policy, members }: FreezeRequest): string | null {
  const act = change === 'lift' ? 'unfreeze' : 'freeze'
  const refusal = teamRefusal({ act, team, person, through, policy, members })
  if (refusal !== null || change === 'lift') return refusal
  if (change.reason.trim() === '') return 'Say why: the reason is kept, and everybody reads it.'
  if (change.reason.length > limits.reasonCharacters)
    return `Shorten the reason to ${limits.reasonCharacters} characters.`
  const until = Date.parse(change.until)
  if (Number.isNaN(until)) return 'Say until when, as a date (2026-12-31).'
  if (until + (change.until.includes('T') ? 0 : DAY_MS) <= Date.parse(now))
    return 'That is over already; choose a later date.'
  if (until > Date.parse(now) + limits.deferralDays * DAY_MS)
    return `A freeze holds for ${limits.deferralDays} days at most.`
  return null
}
