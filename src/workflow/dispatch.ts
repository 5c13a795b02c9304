import { errorText } from '../core/error-text.ts'
import { markDelivered, markFailed, waitingMessages } from '../store/outbox.ts'
import type { WorkflowParts } from './ports.ts'

const PAGE = 200

/**
 * Delivers outbox rows, oldest first. A message that fails holds back only its own conversation, and is tried again at
 * the next call; a crash in the middle delivers it again under the same id.
 */
export function createDispatcher(parts: WorkflowParts) {
  let running: Promise<void> | null = null
  let again = false

  async function deliverAll(): Promise<void> {
    do {
      again = false
      for (const platform of parts.platforms) {
        const stuck = new Set<string>()
        for (const message of await waitingMessages(parts.db, platform.name, PAGE)) {
          const conversation = `${message.channel} ${message.proposal}`
          if (stuck.has(conversation)) continue
          try {
            await platform.deliver(message)
            await markDelivered(parts.db, message.id, parts.clock().toISOString())
            again = true
          } catch (error) {
            stuck.add(conversation)
            await markFailed(parts.db, message.id, errorText(error))
            parts.log.warn(
              `Message ${message.id} for ${platform.name} was not delivered: ${errorText(error)}. It is tried again.`,
            )
          }
        }
      }
    } while (again)
  }

  /** Starts a delivery round, or makes the running one look once more. */
  function kick(): Promise<void> {
    if (running !== null) {
      again = true
      return running
    }
    running = deliverAll()
      .catch((error: unknown) => parts.log.warn(`Delivery stopped: ${errorText(error)}. It goes on at the next sweep.`))
      .finally(() => {
        running = null
      })
    return running
  }

  return { kick }
}
