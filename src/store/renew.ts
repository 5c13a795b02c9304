import { replay } from '../core/proposal/evolve.ts'
import type { Db, Tx } from './connection.ts'
import { readStream } from './events.ts'
import { lockProposal, proposalsOfBefore, saveProposal } from './proposals.ts'
import { inTransaction } from './transaction.ts'

/** Rebuilds from their events what an earlier version projected. Returns how many; any number of processes may do it. */
export async function renewProjections(db: Db): Promise<number> {
  const ids = await proposalsOfBefore(db)
  for (const id of ids) await inTransaction(db, renewProposal, { id })
  return ids.length
}

async function renewProposal(tx: Tx, { id }: { readonly id: string }): Promise<void> {
  const stored = await lockProposal(tx, id)
  const state = replay(await readStream(tx, id))
  if (stored !== null && state !== null) await saveProposal(tx, state, stored.headHash, null)
}
