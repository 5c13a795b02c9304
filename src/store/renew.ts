import { replay } from '../core/proposal/evolve.ts'
import { wakeAt } from '../core/proposal/next-step.ts'
import type { Db, Tx } from './connection.ts'
import { readStream } from './events.ts'
import { lockProposal, proposalsOfBefore, renewProposal } from './proposals.ts'
import { setTimer } from './timers.ts'
import { inTransaction } from './transaction.ts'

/** Rebuilds from their events what an earlier version projected. Returns how many; any number of processes may do it. */
export async function renewProjections(db: Db, now: string): Promise<number> {
  const ids = await proposalsOfBefore(db)
  for (const id of ids) await inTransaction(db, renew, { id, now })
  return ids.length
}

async function renew(tx: Tx, { id, now }: { readonly id: string; readonly now: string }): Promise<void> {
  const stored = await lockProposal(tx, id)
  const state = replay(await readStream(tx, id))
  if (stored === null || state === null) return
  await renewProposal(tx, state, stored.headHash)
  // An earlier version followed no test whose proposal was over.
  await setTimer(tx, id, wakeAt(state, now))
}
