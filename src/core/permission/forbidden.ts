/** The one judge of commands: what a person may not do, and what only parts of Patchwarden do. */

import type { Context, ProposalCommand, Refusal } from '../proposal/command.ts'
import { glanceOf } from '../proposal/glance.ts'
import type { ProposalState } from '../proposal/proposal.ts'
import { actOf } from './acts.ts'
import { refusalOf } from './answer.ts'
import { no } from './row.ts'

/** Why the actor may not give this command now; `null`: only what is given with it can be wrong. */
export function forbidden(state: ProposalState, command: ProposalCommand, context: Context): Refusal | null {
  const { actor, members, now, freezes, teamPolicy } = context
  const act = actOf(command, state)
  if (act === null) {
    if (actor.kind === 'system') return null
    return no('not allowed', `Only Patchwarden itself does this (${command.type}).`)
  }
  if (actor.kind === 'system')
    return no('not allowed', `${command.type} is for people: Patchwarden never does it by itself.`)
  const place = { glance: glanceOf(state), members, now, freezes, ...(teamPolicy === undefined ? {} : { teamPolicy }) }
  return refusalOf(act, actor, place, turnIn(command))
}

/** The number that came with it; `null`: it named the proposal alone. */
function turnIn(command: ProposalCommand): number | null {
  if (command.type === 'vote') return command.revision
  return 'turn' in command ? (command.turn ?? null) : null
}
