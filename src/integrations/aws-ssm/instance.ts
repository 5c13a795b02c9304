import type { Asset } from '../../core/asset.ts'

/** The id of an EC2 instance (`i-`), or of another machine that runs the agent (`mi-`). */
const INSTANCE = /^m?i-[0-9a-f]{8,17}$/

/** The instance id of the asset: its address, or one of its tags. `null`: none, or more than one. */
export function instanceOf(asset: Asset): string | null {
  if (INSTANCE.test(asset.address)) return asset.address
  const tagged = asset.tags.filter((tag) => INSTANCE.test(tag))
  return tagged.length === 1 ? (tagged[0] ?? null) : null
}
