/**
 * What existing proposals mean for the next ones, as rows. They are written together with the states of proposals, so
 * that nobody has to read states for this.
 */

import { and, asc, desc, eq, gt, inArray, or } from 'drizzle-orm'
import { type Edition, editionsOf } from '../core/follow-up.ts'
import type { Priority } from '../core/priority/priority.ts'
import type { StandingGrant } from '../core/proposal/command.ts'
import { finalStatuses, type PatchSubject, type ProposalState } from '../core/proposal/proposal.ts'
import { keepsBackUntil } from '../core/rollback.ts'
import type { Queryable } from './connection.ts'
import { carried, deferrals, openPatches, standingRules } from './schema.ts'

// ---------------------------------------------------------------- the rows of one state

function patchesOf({ subject }: ProposalState): PatchSubject['patches'] {
  // If an id occurs twice, the last one counts, as in the decision.
  return subject.kind === 'patches' ? [...new Map(subject.patches.map((patch) => [patch.id, patch])).values()] : []
}

export function openPatchRows(state: ProposalState): readonly (typeof openPatches.$inferInsert)[] {
  if (finalStatuses.includes(state.status) || keepsBackUntil(state) !== null) return []
  return patchesOf(state).map(({ id, platform, source }) => ({
    proposal: state.id,
    patch: id,
    team: state.team,
    platform,
    source,
  }))
}

export function deferralRows(state: ProposalState): readonly (typeof deferrals.$inferInsert)[] {
  const until = deferredUntil(state)
  if (until === null) return []
  return patchesOf(state).map(({ id, priority }) => ({
    proposal: state.id,
    patch: id,
    team: state.team,
    priority,
    until,
  }))
}

/**
 * Until when the patches of a proposal are not proposed again, because it was rejected or undoes an earlier one;
 * `null`: they may be proposed.
 */
export function deferredUntil(state: ProposalState): string | null {
  const ends = [state.deferral?.until ?? null, keepsBackUntil(state)].flatMap((end) => end ?? [])
  const [last] = ends.sort((a, b) => Date.parse(b) - Date.parse(a))
  return last ?? null
}

export function standingRuleRows(state: ProposalState): readonly (typeof standingRules.$inferInsert)[] {
  const { id, number, team, status, subject } = state
  if (status !== 'approved' || subject.kind !== 'standing rule' || subject.rule.team !== team) return []
  const { name, tags, types, expiresAt } = subject.rule
  return [{ proposal: id, number, team, name, tags: [...tags], types: [...types], until: expiresAt }]
}

export function carriedRows(state: ProposalState): readonly (typeof carried.$inferInsert)[] {
  const { id, number, team } = state
  return editionsOf(patchesOf(state)).map((edition) => ({ proposal: id, number, team, ...edition }))
}

// ---------------------------------------------------------------- queries

export interface OpenPatch {
  readonly proposal: string
  readonly patch: string
  readonly platform: string
  readonly source: string
}

/** The patches that the team's open proposals ask for, without proposals that undo an earlier one. */
export async function openPatchesOf(db: Queryable, team: string): Promise<readonly OpenPatch[]> {
  const { proposal, patch, platform, source } = openPatches
  return db.select({ proposal, patch, platform, source }).from(openPatches).where(eq(openPatches.team, team))
}

/**
 * Patches that open proposals of any team ask for, found by their ids, or by the name of their source package or
 * update.
 */
export async function patchesAsked(
  db: Queryable,
  { ids, source }: { readonly ids: readonly string[]; readonly source: string },
  most: number,
): Promise<readonly (OpenPatch & { readonly team: string })[]> {
  const { proposal, patch, platform, source: called, team } = openPatches
  return db
    .select({ proposal, patch, platform, source: called, team })
    .from(openPatches)
    .where(or(inArray(patch, [...ids]), eq(called, source)))
    .orderBy(asc(proposal), asc(patch))
    .limit(most)
}

export interface Deferred {
  readonly proposal: string
  readonly patch: string
  /** The priority of the patch at that time. */
  readonly priority: Priority
  /** ISO 8601 UTC. */
  readonly until: string
}

/** Patches that an earlier decision of the team keeps from being proposed at this moment. */
export async function deferredOf(db: Queryable, team: string, now: string): Promise<readonly Deferred[]> {
  const { proposal, patch, priority, until } = deferrals
  return db
    .select({ proposal, patch, priority, until })
    .from(deferrals)
    .where(and(eq(deferrals.team, team), gt(deferrals.until, now)))
    .orderBy(asc(proposal), asc(patch))
}

/** The standing approval of this name that the team has voted; if there are several, the first; `null`: none. */
export async function standingRuleOf(db: Queryable, team: string, name: string): Promise<StandingGrant | null> {
  const [row] = await db
    .select()
    .from(standingRules)
    .where(and(eq(standingRules.team, team), eq(standingRules.name, name)))
    .orderBy(asc(standingRules.number))
    .limit(1)
  if (row === undefined) return null
  const { proposal, tags, types, until } = row
  return { rule: name, proposal, expiresAt: until, tags, types }
}

export interface Carried extends Edition {
  readonly proposal: string
}

/** The team's proposals, over or not, that carried an advisory of one of these families. Newest first. */
export async function carriersOf(
  db: Queryable,
  team: string,
  families: readonly string[],
): Promise<readonly Carried[]> {
  if (families.length === 0) return []
  const { proposal, family, edition, advisory } = carried
  return db
    .select({ proposal, family, edition, advisory })
    .from(carried)
    .where(and(eq(carried.team, team), inArray(carried.family, [...families])))
    .orderBy(desc(carried.number))
}
