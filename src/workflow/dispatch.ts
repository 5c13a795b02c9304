import type { ChatPlatform } from '../chat/platform.ts'
import type { Leases } from '../store/leases.ts'
import { type CourierParts, createCourier } from './courier.ts'
import type { WorkflowParts } from './ports.ts'

type DispatchParts = CourierParts & Pick<WorkflowParts, 'platforms'>

/**
 * Delivers outbox rows. Platforms and channels work side by side; within a channel cards come first, then the oldest
 * entry. An error holds back what it reaches and nothing else: a message, a thread, a channel, a workspace or the
 * platform. Of several waiting views of a card only the last is shown. One process at a time delivers to a platform.
 * After a crash the same ids are delivered again.
 */
export function createDispatcher(parts: DispatchParts, alone: Leases['alone']) {
  const couriers = new Map<string, ReturnType<typeof createCourier>>()

  /** Made when first needed, because platforms join while the parts are put together. */
  function courierTo(platform: ChatPlatform): ReturnType<typeof createCourier> {
    const courier = couriers.get(platform.name) ?? createCourier(platform, parts, alone)
    couriers.set(platform.name, courier)
    return courier
  }

  return {
    /** Delivers what waits. Resolves when nothing waits any more, or only messages that must wait longer. */
    async kick(): Promise<void> {
      await Promise.all(parts.platforms.map((platform) => courierTo(platform).kick()))
    },
  }
}
