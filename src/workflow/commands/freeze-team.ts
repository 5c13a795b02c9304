/** Freezes a team, or lifts its freezes, in a person's name. */

import type { Person } from '../../chat/desk.ts'
import { freezeProblem } from '../../core/freeze.ts'
import type { ProposalCommand } from '../../core/proposal/command.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import type { Db, Tx } from '../../store/connection.ts'
import { addFreeze, liftFreezes } from '../../store/freezes.ts'
import { knowPersons, knowPersonsIn, personsOf } from '../../store/persons.ts'
import { openHeads } from '../../store/proposals.ts'
import { inTransaction } from '../../store/transaction.ts'
import type { CommandParts } from './context.ts'
import { everybody, runCommand } from './run-command.ts'

type FreezeCommand = Extract<ProposalCommand, { type: 'freeze' | 'unfreeze' }>

/** It is noted with every proposal of the team that is alive, and each is scheduled anew. */
export async function freezeTeam(
  db: Db,
  parts: CommandParts,
  team: string,
  change: { readonly until: string; readonly reason: string } | 'lift',
  person: Person,
): Promise<{ readonly ok: boolean; readonly sentence: string }> {
  const now = parts.clock().toISOString()
  const policy = parts.teams.policyOf(team)
  const members = parts.teams.membersOf(team)
  const problem = freezeProblem({ team, change, now, person: person.id, through: person.through, policy, members })
  if (problem !== null) return { ok: false, sentence: problem }
  await knowPersons(db, everybody(person, members), now)
  const command: FreezeCommand =
    change === 'lift' ? { type: 'unfreeze' } : { type: 'freeze', until: endOf(change.until), reason: change.reason }
  if (!(await inTransaction(db, freezeOrLift, { parts, team, command, person, now })))
    return { ok: false, sentence: `Nobody has frozen ${team}. What the configuration freezes ends there.` }
  return {
    ok: true,
    sentence:
      command.type === 'freeze'
        ? `Nothing of ${team} starts before ${command.until}.`
        : `The freeze of ${team} is lifted.`,
  }
}

interface FreezeGiven {
  readonly parts: CommandParts
  readonly team: string
  readonly command: FreezeCommand
  readonly person: Person
  readonly now: string
}

/** False where there was nothing to lift. */
async function freezeOrLift(tx: Tx, { parts, team, command, person, now }: FreezeGiven): Promise<boolean> {
  const by = { actor: person, register: await knowPersonsIn(tx, personsOf(person), now) }
  if (command.type === 'freeze') {
    const { until: untilAt, reason } = command
    await addFreeze(tx, { team, reason, fromAt: now, untilAt }, by)
  } else if ((await liftFreezes(tx, { team, now }, by)) === 0) return false
  for (const [id] of await openHeads(tx, team)) await runCommand(tx, { parts, proposal: id, command, actor: person })
  return true
}

/** A date means its last minute: when in doubt, frozen. */
function endOf(until: string): string {
  const at = Date.parse(until) + (until.includes('T') ? 0 : DAY_MS)
  return new Date(at).toISOString()
}
