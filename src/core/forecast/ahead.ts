/**
 * When an engine whose system is told ahead would be done, for the card of a proposal. The same forecast as for the
 * plan, with one asset for each batch, so that its size does not depend on the number of assets.
 */

import { standInAsset } from '../asset.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { PatchSubject, PlannedRing } from '../proposal/proposal.ts'
import { plannedOf } from '../rollout/planned.ts'
import { windowsOf } from '../rollout/touch.ts'
import type { Terms } from '../terms.ts'
import { plusSeconds } from '../time/instant.ts'
import type { Freeze, WindowPlan } from '../window.ts'
import { forecast } from './forecast.ts'
import { batchesOf } from './ring.ts'

/** The rings of an engine whose system is told ahead. */
export interface RingsAhead {
  readonly engine: string
  /** Of the first asset. */
  readonly window: WindowPlan
  readonly terms: Terms
  readonly rings: readonly (Pick<PlannedRing, 'name' | 'soakSeconds'> & {
    readonly assets: number
    readonly batches: number
  })[]
}

/** The engines of a subject whose systems are told ahead. */
export const ringsAhead = memoizeByIdentity((subject: PatchSubject): readonly RingsAhead[] => {
  const found = new Map<string, RingsAhead>()
  for (const ring of subject.rings) {
    const [id = ''] = ring.assets
    const first = plannedOf(subject, id)
    if (first?.terms === undefined || first.terms.leadSeconds === 0) continue
    const { terms } = first
    const engine = first.asset.engine ?? ''
    const window = windowsOf(subject).get(id) ?? subject.window
    const { name, soakSeconds, assets } = ring
    const rings = [
      ...(found.get(engine)?.rings ?? []),
      { name, soakSeconds, assets: assets.length, batches: batchesOf(ring) },
    ]
    found.set(engine, { engine, window, terms, rings })
  }
  return [...found.values()]
})

export interface AheadForecast {
  /** The system is told at this instant, ISO 8601 UTC; `null`: never. */
  readonly tellAt: string | null
  /** The first work begins, and all servers have reported. ISO 8601 UTC; `null`: never. */
  readonly start: string | null
  readonly end: string | null
  /** A sentence: why it never ends; `null`: it ends. */
  readonly problem: string | null
}

const gate = { minSuccessPercent: 0, maxFailures: 0, unreachable: 'ignored' } as const

/** The forecast as if the proposal were approved now. */
export function forecastAhead(
  { engine, window, terms, rings }: RingsAhead,
  { team, freezes, now }: { readonly team: string; readonly freezes: readonly Freeze[]; readonly now: string },
): AheadForecast {
  const members = rings.map(({ name, batches }) => Array.from({ length: batches }, (_, index) => `${name} ${index}`))
  const assets = members.flat().map((id) => {
    const asset = { ...standInAsset(id, id, team), engine }
    return { asset, patches: [], changes: [], transaction: [], previewProblem: null, terms }
  })
  const subject = {
    assets,
    rings: rings.map(({ name, soakSeconds }, index) => ({
      name,
      assets: members[index] ?? [],
      batchSize: 1,
      soakSeconds,
      gate,
    })),
    window,
  }
  const notBefore = plusSeconds(now, window.leadSeconds ?? 0)
  const { end, problem, rings: played } = forecast({ subject, team, freezes, now, notBefore })
  const start = played[0]?.start ?? null
  return { tellAt: start === null ? null : plusSeconds(start, -terms.leadSeconds), start, end, problem }
}
