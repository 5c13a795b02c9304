/**
 * When an engine that works on the hosts itself would be done, for the card of a proposal. The same forecast as for the
 * plan, with one asset for all that are worked on at the same time, so that its size does not depend on their number.
 */

import { standInAsset } from '../asset.ts'
import type { Estimates } from '../estimate.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { PatchSubject, PlannedRing } from '../proposal/proposal.ts'
import { engineOfRing } from '../rollout/lanes.ts'
import { plannedOf } from '../rollout/planned.ts'
import { windowsOf } from '../rollout/touch.ts'
import { plusSeconds } from '../time/instant.ts'
import type { Freeze, WindowPlan } from '../window.ts'
import { forecast } from './forecast.ts'
import type { PlanForecast } from './plan-forecast.ts'
import { clusterRoom, take } from './room.ts'

/** The rings of a lane after the vote. `waves`: how often some of its assets are worked on at the same time. */
export interface RingsDirect {
  readonly engine: string
  /** Of all its assets. */
  readonly window: WindowPlan
  readonly rings: readonly (Pick<PlannedRing, 'name' | 'engine' | 'soakSeconds'> & { readonly waves: number })[]
}

/** A lane with more waves is left to the plan, so that a card is made in a few milliseconds. */
const MOST_WAVES = 200

/**
 * The lanes whose engines work at once. Left out is a lane whose assets have different windows, which waits for another
 * lane, or which needs very many waves: for these only the plan says when they end.
 */
export const ringsDirect = memoizeByIdentity((subject: PatchSubject): readonly RingsDirect[] => {
  const lanes = new Map<string, RingsDirect | null>()
  const windows = windowsOf(subject)
  for (const [index, ring] of subject.rings.entries()) {
    if (ring.beforeVote === true || ring.assets.length === 0) continue
    const engine = engineOfRing(subject, index)
    const before = lanes.get(engine)
    const own = new Set(ring.assets.map((id) => windows.get(id) ?? subject.window))
    const [window = subject.window] = own
    const told = ring.assets.some((id) => (plannedOf(subject, id)?.terms?.leadSeconds ?? 0) > 0)
    const differs = own.size > 1 || (before != null && before.window !== window)
    if (before === null || told || differs || ring.after !== undefined) {
      lanes.set(engine, null)
      continue
    }
    const { name, soakSeconds, engine: further } = ring
    const said = { name, ...(further === undefined ? {} : { engine: further }), soakSeconds }
    const rings = [...(before?.rings ?? []), { ...said, waves: wavesOf(subject, ring) }]
    lanes.set(engine, { engine, window, rings })
  }
  return [...lanes.values()].flatMap((lane) =>
    lane === null || lane.rings.some(({ waves }) => waves > MOST_WAVES) ? [] : [lane],
  )
})

function wavesOf({ clusters = [] }: PatchSubject, { assets, batchSize, concurrency }: PlannedRing): number {
  const room = clusterRoom(clusters)
  const size = Math.max(1, batchSize)
  let waves = 0
  for (let from = 0; from < assets.length; from += size) {
    let batch: readonly string[] = assets.slice(from, from + size)
    while (batch.length > 0) {
      const wave = take(batch, Math.max(1, concurrency ?? size), room())
      // A cluster that never has room holds the rollout; the card says that by itself.
      if (wave.chosen.length === 0) return MOST_WAVES + 1
      waves += 1
      batch = wave.rest
    }
  }
  return waves
}

interface Asked {
  readonly team: string
  readonly freezes: readonly Freeze[]
  readonly now: string
  /** Left out: the usual guess. */
  readonly estimates?: Estimates
}

const gate = { minSuccessPercent: 0, maxFailures: 0, unreachable: 'ignored' } as const

/** The forecast as if the proposal were approved now. */
export function forecastDirect({ engine, window, rings }: RingsDirect, asked: Asked): PlanForecast {
  const members = rings.map(({ name, waves }) => Array.from({ length: waves }, (_, index) => `${name} ${index}`))
  const subject = {
    assets: members.flat().map((id) => ({
      asset: { ...standInAsset(id, id, asked.team), engine },
      patches: [],
      changes: [],
      transaction: [],
      previewProblem: null,
    })),
    rings: rings.map(({ waves: _, ...ring }, index) => ({ ...ring, assets: members[index] ?? [], batchSize: 1, gate })),
    window,
  }
  return forecast({ ...asked, subject, notBefore: plusSeconds(asked.now, window.leadSeconds ?? 0) })
}
