import type { Asset } from './asset.ts'
import type { TeamPlan } from './ring-rule.ts'
import { type WindowPlan, windowOn } from './window.ts'

/** When the asset may be touched: its own window, else the team's. The zone `asset` is replaced by the asset's zone. */
export function windowFor(
  plan: Pick<TeamPlan, 'window' | 'assetWindows'>,
  asset: Pick<Asset, 'id' | 'name' | 'tags' | 'timeZone'>,
): WindowPlan {
  const own = plan.assetWindows?.find(({ of }) =>
    'tag' in of ? asset.tags.includes(of.tag) : of.asset === asset.id || of.asset === asset.name,
  )
  return windowOn(own?.window ?? plan.window, asset.timeZone)
}
