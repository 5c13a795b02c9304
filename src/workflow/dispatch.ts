import type { ChatPlatform } from '../chat/platform.ts'
import type { Leases } from '../store/leases.ts'
import { type CourierParts, createCourier } from './courier.ts'
import type { WorkflowParts } from './ports.ts'

type DispatchParts = CourierParts & Pick<WorkflowParts, 'platforms'>

/**
 * Delivers outbox rows: platforms and channels side by side, within a channel oldest first, but for cards. A channel that
 * fails or has to wait holds back no other, and neither does a platform that does not answer. Of several waiting views of one
 * card only the last is shown. One process at a time delivers to a platform; a crash in the middle delivers again under the
 * same id.
 */
export function createDispatcher(parts: DispatchParts, alone: Leases['alone']) {
  const couriers = new Map<string, ReturnType<typeof createCourier>>()

  /** Made at the first need: platforms join while the parts are put together. */
  function courierTo(platform: ChatPlatform): ReturnType<typeof createCourier> {
    const courier = couriers.get(platform.name) ?? createCourier(platform, parts, alone)
    couriers.set(platform.name, courier)
    return courier
  }

  return {
    /** Delivers what waits; resolves when nothing waits any more, or only what has to wait longer. */
    async kick(): Promise<void> {
      await Promise.all(parts.platforms.map((platform) => courierTo(platform).kick()))
    },
  }
}
