import { replay } from '../core/proposal/evolve.ts'
import type { Db } from './connection.ts'
import { readStream } from './events.ts'
import { lockProposal, proposalsOfBefore, saveProposal } from './proposals.ts'

/** Rebuilds from their events what an earlier version projected. Returns how many; any number of processes may do it. */
export async function renewProjections(db: Db): Promise<number> {
  const ids = await proposalsOfBefore(db)
  for (const id of ids) {
    await db.transaction(async (tx) => {
      const stored = await lockProposal(tx, id)
      const state = replay(await readStream(tx, id))
      if (stored !== null && state !== null) await saveProposal(tx, state, stored.headHash, null)
    })
  }
  return ids.length
}
