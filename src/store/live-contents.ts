/** What each proposal that is not over asks for: the same content is one proposal. */

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

/** Writes what the proposal asks for now. The table refuses a second one with the same content. */
export async function saveContent(tx: Queryable, state: ProposalState, before: ProposalState | null): Promise<void> {
  const { id, team, contentHash } = state
  if (finalStatuses.includes(state.status)) {
    await tx.delete(liveContents).where(eq(liveContents.proposal, id))
    return
  }
  if (before?.contentHash === contentHash) return
  try {
    await tx
      .insert(liveContents)
      .values({ proposal: id, team, contentHash })
      .onConflictDoUpdate({ target: liveContents.proposal, set: { team, contentHash } })
  } catch (error) {
    if (codeOf(error) === UNIQUE_VIOLATION) throw new Collision(`Another proposal of ${team} asks for the same by now.`)
    throw error
  }
}

const UNIQUE_VIOLATION = '23505'
