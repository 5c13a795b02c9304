import type { Asset } from '../../core/asset.ts'

/** Instances of EC2 (`i-`), and machines elsewhere that run the agent (`mi-`). */
const INSTANCE = /^m?i-[0-9a-f]{8,17}$/

/** The asset's instance id: its address, or one of its tags. `null`: it has none, or more than one. */
export function instanceOf(asset: Asset): string | null {
  if (INSTANCE.test(asset.address)) return asset.address
  const tagged = asset.tags.filter((tag) => INSTANCE.test(tag))
  return tagged.length === 1 ? (tagged[0] ?? null) : null
}
