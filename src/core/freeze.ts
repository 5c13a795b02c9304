import type { CountedAct, Through } from './hands.ts'
import { limits } from './limits.ts'
import { teamRefusal } from './permission/team.ts'
import type { Member, Policy } from './policy.ts'
import { anyOf } from './proposal/decision.ts'
import { withOneMore } from './quorum.ts'
import { DAY_MS } from './time/instant.ts'
import type { Freeze } from './window.ts'

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

/**
 * Why the person may not freeze the team (who may stop, may freeze) or unfreeze it (who may resume, may); or `null`.
 */
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

/**
 * Whether enough people agreed to lift all freezes of a team, with the person who asks now: as many as for resuming.
 */
export type LiftDecision =
  | { readonly enough: true }
  /** `already`: the person who asks agreed before. `missing`: a role that somebody else must have. */
  | { readonly enough: false; readonly already: boolean; readonly missing: string }

/** `freezes`: the freezes that people declared and that hold now. */
export function liftDecision(
  freezes: readonly Freeze[],
  me: CountedAct,
  { policy, members }: Pick<FreezeRequest, 'policy' | 'members'>,
): LiftDecision {
  const [first, ...others] = freezes.map(({ liftAgreed = [] }) => liftAgreed)
  const before = (first ?? []).filter(({ person }) => others.every((list) => list.some((one) => one.person === person)))
  const found = withOneMore(policy.resume, before, me, members)
  return found.enough ? found : { ...found, missing: anyOf(found.missing) }
}
