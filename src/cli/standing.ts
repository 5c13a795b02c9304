import type { Service } from '../app/open.ts'
import { cardSay } from '../chat/card-say.ts'
import { plain } from '../chat/rich-text.ts'
import { quorumProgress } from '../core/proposal/approval.ts'
import { statusWords } from '../core/proposal/stop-test.ts'
import { placeOf } from '../workflow/places.ts'

/** A role whose approvals are not complete, and whose approval would bring it on. Ids of people. */
export interface MissingRole {
  readonly role: string
  readonly need: number
  readonly approvedBy: readonly string[]
  readonly waitingFor: readonly string[]
}

/** Where a proposal stands after an act. */
export interface Standing {
  readonly status: string
  /** The second line of its card: what has happened, who can act, and what is asked of them. */
  readonly says: string
  /** Empty where no vote is open. */
  readonly missing: readonly MissingRole[]
}

export async function standingOf({ database: { db }, parts }: Service, proposal: string): Promise<Standing | null> {
  const place = await placeOf({ ...parts, db }, proposal)
  if (place === null) return null
  const { glance, members } = place
  const roles = glance.status === 'open' ? (quorumProgress(glance, members)?.roles ?? []) : []
  return {
    status: statusWords(glance),
    says: plain(cardSay(place)),
    missing: roles
      .filter(({ filledBy, need }) => filledBy.length < need)
      .map(({ role, need, filledBy, waitingFor }) => ({ role, need, approvedBy: filledBy, waitingFor })),
  }
}
