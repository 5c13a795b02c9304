/** The one place that decides who may give a command: people, or only a part of Patchwarden. */

import type { Context, ProposalCommand, Refusal } from '../proposal/command.ts'
import { glanceOf } from '../proposal/glance.ts'
import type { ProposalState } from '../proposal/proposal.ts'
import { actOf } from './acts.ts'
import { refusalOf, withoutRole } from './answer.ts'
import { isOfParts, partFor } from './parts.ts'
import { no } from './row.ts'
import { rows } from './rows.ts'
import { proposeRefusal } from './team.ts'

/**
 * Why the actor may not give this command now; `null`: the actor may, and only the values in the command can still be
 * wrong.
 */
export function forbidden(state: ProposalState, command: ProposalCommand, context: Context): Refusal | null {
  const { actor, members, now, freezes, teamPolicy } = context
  if (actor.kind === 'system') {
    const part = partFor(command.type)
    if (part === actor.part) return null
    return part === null
      ? no('not allowed', `${command.type} is for people: Patchwarden never does it by itself.`)
      : no('not allowed', `${command.type} is done by the part "${part}", not by "${actor.part}".`)
  }
  if (isOfParts(command)) return no('not allowed', `Only Patchwarden itself does this (${command.type}).`)
  const act = actOf(command, state)
  const place = { glance: glanceOf(state), members, now, freezes, ...(teamPolicy === undefined ? {} : { teamPolicy }) }
  // A freeze is judged once, for the whole team. Each proposal only records it.
  if (command.type === 'freeze' || command.type === 'unfreeze')
    return withoutRole(act, actor, place) ?? rows.freeze.when(place)
  return refusalOf(act, actor, place, turnIn(command))
}

/** Why the actor may not open a proposal for the team; `null`: they may. */
export function openingForbidden(team: string, { actor, members }: Pick<Context, 'actor' | 'members'>): Refusal | null {
  if (actor.kind === 'system')
    return actor.part === partFor('open') ? null : no('not allowed', `The part "${actor.part}" opens no proposals.`)
  const refused = proposeRefusal(team, actor, members)
  return refused === null ? null : no('not allowed', refused)
}

/** The revision or turn that the command carries; `null`: it names only the proposal. */
export function turnIn(command: ProposalCommand): number | null {
  if (command.type === 'vote') return command.revision
  return 'turn' in command ? (command.turn ?? null) : null
}
