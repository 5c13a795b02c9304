import type { AssetSince, ProposalEvent } from './event.ts'
import { portions } from './portions.ts'

/** As many events as it takes: each has so many assets, and so many bytes, at most. */
export function comparedEvents(changed: readonly AssetSince[]): readonly ProposalEvent[] {
  const parts = portions(changed)
  return parts.map((assets, index) =>
    index < parts.length - 1 ? { type: 'assets-compared', assets, more: true } : { type: 'assets-compared', assets },
  )
}
