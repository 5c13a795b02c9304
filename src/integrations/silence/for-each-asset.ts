import pLimit from 'p-limit'
import type { Asset } from '../../core/asset.ts'
import { inputLimits } from '../input-limits.ts'

/**
 * Does the work for all assets, several at a time, even when one fails. Then throws one sentence about all failures.
 */
export async function forEachAsset(
  assets: readonly Asset[],
  signal: AbortSignal,
  work: (asset: Asset) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted()
  const limit = pLimit(inputLimits.silencesAtOnce)
  const results = await Promise.allSettled(assets.map((asset) => limit(() => work(asset))))
  signal.throwIfAborted()
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const [first] = failed
  if (first === undefined) return
  const said = first instanceof Error ? first.message : String(first)
  throw new Error(
    failed.length === 1 ? said : `${said} The same happened to ${failed.length} of ${assets.length} servers.`,
  )
}
