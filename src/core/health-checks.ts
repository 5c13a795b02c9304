/** Which of a team's health checks are for which assets. */

import type { FrozenAsset } from './asset.ts'
import type { HealthCheck } from './ports.ts'

type Checked = Pick<FrozenAsset, 'tags' | 'engine'>

/** The checks that look at the asset. One without a selector looks at all assets. */
export function checksFor(checks: readonly HealthCheck[], asset: Checked): readonly HealthCheck[] {
  return checks.filter(({ on }) => on === undefined || selects(on, asset))
}

function selects({ tags, engines }: NonNullable<HealthCheck['on']>, asset: Checked): boolean {
  if (tags !== undefined && !tags.some((tag) => asset.tags.includes(tag))) return false
  return engines === undefined || engines.includes(asset.engine ?? '')
}

/** How many of the assets no check looks at. */
export function unchecked(checks: readonly HealthCheck[], assets: readonly { readonly asset: Checked }[]): number {
  if (checks.some(({ on }) => on === undefined)) return 0
  return assets.filter(({ asset }) => checksFor(checks, asset).length === 0).length
}
