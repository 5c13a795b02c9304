/**
 * The content that each proposal asks for until it is over. A team has only one such proposal with the same content.
 */

import { and, eq, ne } from 'drizzle-orm'
import { finalStatuses, type ProposalState } from '../core/proposal/proposal.ts'
import type { Queryable, Tx } from './connection.ts'
import { liveContents } from './schema.ts'
import { Collision, codeOf } from './transaction.ts'

/** The other proposal of the team that is not over and asks for exactly the same; `null`: there is none. */
export async function sameContent(tx: Tx, { id, team, contentHash }: ProposalState): Promise<string | null> {
  const [row] = await tx
    .select({ proposal: liveContents.proposal })
    .from(liveContents)
    .where(and(eq(liveContents.team, team), eq(liveContents.contentHash, contentHash), ne(liveContents.proposal, id)))
  return row?.proposal ?? null
}

/**
 * Writes the content that the proposal asks for now. Throws a `Collision` if another proposal of the team has the same.
 */
export async function saveContent(tx: Queryable, state: ProposalState, before: ProposalState | null): Promise<void> {
  const [row] = contentRows(state)
  if (row === undefined) {
    await tx.delete(liveContents).where(eq(liveContents.proposal, state.id))
    return
  }
  if (before?.contentHash === row.contentHash) return
  try {
    await tx.insert(liveContents).values(row).onConflictDoUpdate({ target: liveContents.proposal, set: row })
  } catch (error) {
    if (codeOf(error) === UNIQUE_VIOLATION)
      throw new Collision(`Another proposal of ${row.team} now asks for the same.`)
    throw error
  }
}

/**
 * Writes the row anew. If two proposals have the same content, which an earlier version allowed, the other one keeps
 * its row.
 */
export async function renewContent(tx: Queryable, state: ProposalState): Promise<void> {
  await tx.delete(liveContents).where(eq(liveContents.proposal, state.id))
  const rows = contentRows(state)
  if (rows.length > 0)
    await tx
      .insert(liveContents)
      .values([...rows])
      .onConflictDoNothing()
}

/** The row of `live_contents` of a proposal; none when it is over. */
export function contentRows({
  id,
  team,
  contentHash,
  status,
}: ProposalState): readonly (typeof liveContents.$inferInsert)[] {
  return finalStatuses.includes(status) ? [] : [{ proposal: id, team, contentHash }]
}

const UNIQUE_VIOLATION = '23505'
