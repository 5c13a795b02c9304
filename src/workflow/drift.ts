import { driftOf, lateWordsOf } from '../core/drift.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { DAY_MS } from '../core/time/instant.ts'
import { proposalWith } from '../store/decision-pages.ts'
import { readSnapshots } from '../store/inventory.ts'
import { completedSince, lookedAtSince, startedBy } from '../store/verified.ts'
import type { Execute } from './commands/execute.ts'
import type { WorkflowParts } from './ports.ts'

const verification: Actor = { kind: 'system', part: 'verification' }
/** How long a rollout is watched after its end. */
const WATCHED_MS = 30 * DAY_MS
/** How many assets are compared together. */
const AT_ONCE = 500

/**
 * Tells the threads of finished rollouts if an asset lost again what was verified, and what assets say of which nobody
 * knew how they ended. It reads only assets whose software
 * has changed since this process last compared them.
 */
export function createDrift({ db, clock }: Pick<WorkflowParts, 'db' | 'clock'>, { execute }: Execute) {
  let compared = new Map<string, ReadonlyMap<string, number | null>>()

  return async function tellDrift(): Promise<void> {
    const over = await completedSince(db, new Date(clock().getTime() - WATCHED_MS).toISOString())
    const undone = new Set<string>()
    for (const { id, rollsBack } of over)
      if (rollsBack !== null) for (const asset of await startedBy(db, id)) undone.add(`${rollsBack} ${asset}`)
    const now = new Map<string, ReadonlyMap<string, number | null>>()
    for (const { id, rollsBack } of over) {
      if (rollsBack !== null) continue
      const seen = new Map((await lookedAtSince(db, id)).map(({ asset, software }) => [asset, software]))
      const before = compared.get(id)
      const changed = [...seen.keys()].filter(
        (asset) => before?.get(asset) !== seen.get(asset) && !undone.has(`${id} ${asset}`),
      )
      for (let from = 0; from < changed.length; from += AT_ONCE) await compare(id, changed.slice(from, from + AT_ONCE))
      now.set(id, seen)
    }
    compared = now
  }

  async function compare(id: string, assets: readonly string[]): Promise<void> {
    const state = await proposalWith(db, id, assets)
    if (state === null) return
    const snapshots = await readSnapshots(db, { ids: assets })
    for (const { asset, word } of lateWordsOf(state, snapshots))
      if (state.rollout?.deployments[asset]?.later?.what !== word.what)
        await execute(id, { type: 'note-late-word', asset, word }, verification)
    for (const { asset, what } of driftOf(state, snapshots))
      if (state.drifted[asset] !== what) await execute(id, { type: 'note-drift', asset, what }, verification)
  }
}
