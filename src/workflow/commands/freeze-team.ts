/** Freezes a team, or lifts its freezes, in a person's name. */

import type { Person } from '../../chat/desk.ts'
import { type FreezeRequest, freezeProblem, liftDecision } from '../../core/freeze.ts'
import { throughOf } from '../../core/hands.ts'
import type { ProposalCommand } from '../../core/proposal/command.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import { dayIsOver, minuteIn } from '../../core/time/calendar-day.ts'
import type { Db, Tx } from '../../store/connection.ts'
import { addFreeze, agreeToLift, declaredFreezes, liftFreezes, lockFreezes } from '../../store/freezes.ts'
import { knowPersons, knowPersonsIn, personsOf } from '../../store/persons.ts'
import { openHeads } from '../../store/proposals.ts'
import { inTransaction } from '../../store/transaction.ts'
import type { CommandParts } from './context.ts'
import { everybody, runCommand } from './run-command.ts'

type FreezeCommand = Extract<ProposalCommand, { type: 'freeze' | 'unfreeze' }>

/** Freezes a team or lifts its freezes. Every living proposal of the team notes this and is scheduled again. */
export async function freezeTeam(
  db: Db,
  parts: CommandParts,
  team: string,
  change: { readonly until: string; readonly reason: string } | 'lift',
  person: Person,
): Promise<Frozen> {
  const now = parts.clock().toISOString()
  const policy = parts.teams.policyOf(team)
  const members = parts.teams.membersOf(team)
  const problem = freezeProblem({ team, change, now, person: person.id, through: person.through, policy, members })
  if (problem !== null) return { ok: false, sentence: problem }
  await knowPersons(db, everybody(person, members), now)
  const command: FreezeCommand =
    change === 'lift'
      ? { type: 'unfreeze' }
      : {
          type: 'freeze',
          until: new Date(dayIsOver(change.until, zoneOf(parts, team))).toISOString(),
          reason: change.reason,
        }
  return inTransaction(db, freezeOrLift, { parts, team, command, person, now, policy, members })
}

interface FreezeGiven extends Pick<FreezeRequest, 'policy' | 'members'> {
  readonly parts: CommandParts
  readonly team: string
  readonly command: FreezeCommand
  readonly person: Person
  readonly now: string
}

interface Frozen {
  readonly ok: boolean
  /** The result as a sentence for the person who asked. */
  readonly sentence: string
}

async function freezeOrLift(tx: Tx, given: FreezeGiven): Promise<Frozen> {
  const { parts, team, command, person, now } = given
  const by = { actor: person, register: await knowPersonsIn(tx, personsOf(person), now) }
  const tell = async (what: ProposalCommand, actor: Actor) => {
    for (const [id] of await openHeads(tx, team)) await runCommand(tx, { parts, proposal: id, command: what, actor })
  }
  if (command.type === 'freeze') {
    const { until: untilAt, reason } = command
    await addFreeze(tx, { team, reason, fromAt: now, untilAt }, by)
    await tell(command, person)
    return { ok: true, sentence: `Nothing of ${team} starts before ${minuteIn(untilAt, zoneOf(parts, team))}.` }
  }
  await lockFreezes(tx)
  const held = await declaredFreezes(tx, team, now)
  if (held.length === 0)
    return { ok: false, sentence: `Nobody has frozen ${team}. What the configuration freezes ends there.` }
  const decision = liftDecision(held, { person: person.id, ...throughOf(person) }, given)
  if (decision.enough) {
    await liftFreezes(tx, { team, now }, by)
    await tell(command, person)
    return { ok: true, sentence: `The freeze of ${team} is lifted.` }
  }
  const missing = `It takes somebody else with the role ${decision.missing}, too.`
  if (decision.already)
    return { ok: false, sentence: `Counted already: you agreed to lift the freeze of ${team}. ${missing}` }
  await agreeToLift(tx, { team, now }, by)
  const text = `${person.name} agreed to lift the freeze of ${team}. ${missing}`
  await tell({ type: 'note', text }, { kind: 'system', part: 'rollout' })
  return { ok: true, sentence: `Your agreement is recorded. ${missing}` }
}

function zoneOf({ teams }: CommandParts, team: string): string {
  return teams.timeZoneOf?.(team) ?? 'UTC'
}
