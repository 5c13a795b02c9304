/** Takes fresh looks at assets, each through its own source. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Observation, observedAsset, onlyLooks, seenAs } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import type { Look } from '../../core/verification.ts'
import { readByOurClock, readEarlyWords } from '../../store/early-words.ts'
import type { WorkflowParts } from '../ports.ts'

/** How long after a failed look an asset is looked at once more. */
const SECOND_LOOK_MS = 2_000

export interface Looking {
  readonly parts: Pick<WorkflowParts, 'db' | 'sources' | 'clock'>
  readonly depth: 'full' | 'installed'
  /** True if the asset answered during the rollout. Then it is asked twice before it counts as silent. */
  readonly answered: (id: string) => boolean
  readonly signal: AbortSignal
}

/** A fresh look at each asset that is in the inventory. Others are `gone`. */
export async function* lookAll(
  looking: Looking,
  ids: readonly string[],
  present: ReadonlyMap<string, Asset>,
): AsyncGenerator<Look> {
  for (const id of ids) if (!present.has(id)) yield { kind: 'gone', asset: id }
  yield* look(
    looking,
    ids.flatMap((id) => present.get(id) ?? []),
  )
}

/** One fresh observation of each asset. */
export async function* look(looking: Looking, assets: readonly Asset[]): AsyncGenerator<Observation> {
  const silent: Asset[] = []
  for await (const observation of lookOnce(looking, assets)) {
    if (observation.kind === 'unreachable' && looking.answered(observation.asset.id)) silent.push(observation.asset)
    else yield observation
  }
  if (silent.length === 0) return
  await sleep(SECOND_LOOK_MS, undefined, { signal: looking.signal })
  yield* lookOnce(looking, silent)
}

/** Looks at each asset through its own source; `unreachable`: the source does not have it any more. */
async function* lookOnce(
  { parts: { db, sources, clock }, depth, signal }: Looking,
  assets: readonly Asset[],
): AsyncGenerator<Observation> {
  const early = await readEarlyWords(db, assets.map(seenAs))
  for (const name of new Set(assets.map((asset) => asset.source))) {
    const left = new Map(assets.filter((asset) => asset.source === name).map((asset) => [seenAs(asset), asset]))
    const source = sources.find((item) => item.name === name)
    let reason = `its source "${name}" does not list it any more`
    try {
      for await (const observation of source === undefined
        ? []
        : onlyLooks(source.observe({ only: [...left.keys()], depth, signal }))) {
        const { id } = observedAsset(observation)
        const asset = left.get(id)
        if (!left.delete(id) || asset === undefined) continue
        for (const look of await readByOurClock(db, [observation], early, clock().toISOString()))
          yield underItsId(look, asset)
      }
    } catch (error) {
      signal.throwIfAborted()
      reason = errorText(error)
    }
    if (!source) reason = `its source "${name}" is not configured any more`
    for (const asset of left.values()) yield { kind: 'unreachable', asset, reason, at: clock().toISOString() }
  }
}

/** The observation of an asset that its source calls by another id. */
function underItsId(observation: Observation, { id, own }: Asset): Observation {
  if (own === undefined) return observation
  if (observation.kind === 'unreachable') return { ...observation, asset: { ...observation.asset, id, own } }
  const { snapshot } = observation
  return { ...observation, snapshot: { ...snapshot, asset: { ...snapshot.asset, id, own } } }
}
