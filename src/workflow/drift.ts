import { driftOf } from '../core/drift.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { readSnapshots } from '../store/inventory.ts'
import { proposalsWithStatus } from '../store/proposals.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

const verification: Actor = { kind: 'system', part: 'verification' }
/** How long after its end a rollout is watched. */
const WATCHED_MS = 30 * 86_400_000

/** Tells the threads of rollouts that are over when what they verified is not so any more. */
export function createDrift({ db, clock }: Pick<WorkflowParts, 'db' | 'clock'>, { execute }: Execute) {
  return async function tellDrift(): Promise<void> {
    const since = new Date(clock().getTime() - WATCHED_MS).toISOString()
    const over = await proposalsWithStatus(db, ['completed'], { closedSince: since })
    const undone = new Set(
      over.flatMap(({ subject }) =>
        subject.kind === 'patches' && subject.rollsBack !== undefined
          ? subject.assets.map(({ asset }) => `${subject.rollsBack?.proposal} ${asset.id}`)
          : [],
      ),
    )
    const watched = over.map((state) => ({
      state,
      ids: Object.keys(state.rollout?.deployments ?? {}).filter((id) => !undone.has(`${state.id} ${id}`)),
    }))
    const ids = [...new Set(watched.flatMap((item) => item.ids))]
    if (ids.length === 0) return
    // An asset is in many rollouts of a month, and looked up once.
    const now = new Map((await readSnapshots(db, { ids })).map((snapshot) => [snapshot.asset.id, snapshot]))
    for (const { state, ids: mine } of watched) {
      const snapshots = mine.flatMap((id) => now.get(id) ?? [])
      for (const { asset, what } of driftOf(state, snapshots))
        if (state.drifted[asset] !== what) await execute(state.id, { type: 'note-drift', asset, what }, verification)
    }
  }
}
