/** Who may do what to a whole team, by the team's present policy. */

import type { Through } from '../hands.ts'
import type { Member, Policy } from '../policy.ts'
import { commandLineProblem } from '../proposal/proof.ts'
import { someOf, takesRole } from './names.ts'
import { holders, holds, resumers, stoppers } from './roles.ts'

/** Why the person may not propose patches for the team: they have no role in it. `null`: they may. */
export function proposeRefusal(
  team: string,
  { id: person, name }: { readonly id: string; readonly name: string },
  members: readonly Member[],
): string | null {
  if (members.some(({ id }) => id === person)) return null
  const names = members.map(({ name }) => name)
  return `Not proposed: ${name} has no role in ${team}. ${names.length === 0 ? 'Nobody has one.' : `${someOf(names)} can.`}`
}

export interface TeamAsk {
  readonly act: 'freeze' | 'unfreeze'
  readonly team: string
  /** Person id. */
  readonly person: string
  readonly through?: Through | undefined
  readonly policy: Policy
  readonly members: readonly Member[]
}

/**
 * Why the person may not freeze the team (this takes a role of `stop`) or lift its freeze (a role of `resume`, and a
 * policy that accepts the command line if it came there); `null`: they may.
 */
export function teamRefusal({ act, team, person, through, policy, members }: TeamAsk): string | null {
  const roles = act === 'freeze' ? stoppers({ policy }) : resumers({ policy })
  const me = members.find((member) => member.id === person)
  if (me !== undefined && holds(me, roles))
    return act === 'unfreeze' ? (commandLineProblem(policy, act, through)?.sentence ?? null) : null
  const doing = act === 'freeze' ? 'Freezing' : 'Lifting the freeze of'
  const others = holders(members, roles).map(({ name }) => name)
  return takesRole(`${doing} ${team}`, roles, me?.roles ?? [], others)
}
