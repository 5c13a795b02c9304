/** Everything besides the proposal's state that a command is decided by. */

import type { ChatPlatform } from '../../chat/platform.ts'
import type { Context, ProposalCommand } from '../../core/proposal/command.ts'
import type { Actor, ProposalState } from '../../core/proposal/proposal.ts'
import { stillToStart } from '../../core/proposal/since.ts'
import { down } from '../../core/rollout/turn.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import type { Freeze } from '../../core/window.ts'
import { workOfOthers } from '../../store/at-work.ts'
import type { Queryable, Tx } from '../../store/connection.ts'
import { rightsInForce } from '../../store/entries.ts'
import { declaredFreezes } from '../../store/freezes.ts'
import { looksBefore } from '../../store/inventory.ts'
import { standingRuleOf } from '../../store/precedents.ts'
import { proposalsWithStatus, type StoredProposal } from '../../store/proposals.ts'
import type { Estimates } from '../estimates.ts'
import type { WorkflowParts } from '../ports.ts'

/** What commands need besides their transaction. */
export interface CommandParts extends Pick<WorkflowParts, 'clock' | 'teams' | 'wake'> {
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
  readonly estimates: Estimates
}

/** `stored`: the locked proposal; `null`: the command opens it. */
export async function contextOf(
  tx: Tx,
  parts: CommandParts,
  stored: StoredProposal | null,
  {
    team,
    command,
    actor,
    now,
  }: { readonly team: string; readonly command: ProposalCommand; readonly actor: Actor; readonly now: string },
): Promise<{ readonly context: Context; readonly rights: number | null }> {
  const before = stored?.state ?? null
  // Asked at the same time, because each question goes to the database and back.
  const [freezes, standing, estimates, rights] = await Promise.all([
    freezesOf(tx, parts, team, now),
    standingGrant(tx, before),
    parts.estimates(tx, team, command.type === 'open' ? command.content.subject : before?.subject),
    stored === null ? rightsInForce(tx) : stored.rights,
  ])
  const context: Context = {
    now,
    actor,
    members: parts.teams.membersOf(team),
    teamPolicy: parts.teams.policyOf(team),
    freezes,
    standing,
    estimates,
    ...(before === null || command.type !== 'start-batch' ? {} : await elsewhere(tx, before, now)),
    ...(before === null || command.type !== 'start' ? {} : await outdatedAssets(tx, before, now)),
  }
  return { context, rights }
}

/** Assets whose facts are too old for a start. A rollback uses the previews from its opening, so it has none. */
export async function outdatedAssets(
  db: Queryable,
  state: ProposalState,
  now: string,
): Promise<Pick<Context, 'outdated'>> {
  const { subject, policy } = state
  if (subject.kind !== 'patches' || subject.rollsBack !== undefined) return {}
  return { outdated: await looksBefore(db, stillToStart(state), plusSeconds(now, -policy.inventoryMaxAgeSeconds)) }
}

/** What other rollouts do to the assets on which this one would begin. */
async function elsewhere(
  tx: Tx,
  state: ProposalState,
  now: string,
): Promise<Pick<Context, 'others' | 'downElsewhere'>> {
  const others = await workOfOthers(tx, state, now)
  if (state.subject.kind !== 'patches' || (state.subject.clusters ?? []).length === 0) return { others }
  const rollouts = await proposalsWithStatus(tx, ['rolling out', 'paused', 'halted', 'verifying'], { team: state.team })
  const elsewhereDown = rollouts.flatMap(({ id, rollout }) =>
    id === state.id || rollout === null ? [] : [...down(rollout)],
  )
  return { others, downElsewhere: new Set(elsewhereDown) }
}

/** The freezes of the configuration, and those that people declared. */
export async function freezesOf(
  db: Queryable,
  { teams }: Pick<WorkflowParts, 'teams'>,
  team: string,
  now: string,
): Promise<readonly Freeze[]> {
  return [...teams.freezes, ...(await declaredFreezes(db, team, now))]
}

/** The standing approval that the proposal's policy names; `null`: it was not voted or is not in force. */
export async function standingGrant(db: Queryable, state: ProposalState | null) {
  if (state === null || state.policy.approval.kind !== 'standing') return null
  return standingRuleOf(db, state.team, state.policy.approval.rule)
}
