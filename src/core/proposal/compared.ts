import type { AssetSince, ProposalEvent } from './event.ts'
import { portions } from './portions.ts'

/** The events that record these changes, as many as the limits on assets and bytes of one event require. */
export function comparedEvents(changed: readonly AssetSince[]): readonly ProposalEvent[] {
  const parts = portions(changed)
  return parts.map((assets, index) =>
    index < parts.length - 1 ? { type: 'assets-compared', assets, more: true } : { type: 'assets-compared', assets },
  )
}
