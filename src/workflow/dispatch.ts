import { addressee, type ChatPlatform, TryLater } from '../chat/platform.ts'
import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import type { Lease } from '../store/leases.ts'
import { markDelivered, markFailed, putMessages, type WaitingMessage, waitingMessages } from '../store/outbox.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import type { DriverParts } from './driver.ts'
import type { WorkflowParts } from './ports.ts'

/** Entries of a channel that are looked at together. */
const PER_CHANNEL = 50
/** A channel whose messages fail rests this long at first, then twice as long each time. */
const FIRST_REST_MS = 2_000
const LONGEST_REST_MS = 5 * 60_000
/** After this long a channel's messages are looked at again, so that a changed card does not wait behind them. */
const LANE_MS = 2_000
/** Another process delivers now; what we wrote meanwhile it may have missed. */
const RETRY_WHEN_LOCKED_MS = 300

interface Rest {
  readonly until: number
  readonly ms: number
}

function signalled(): { readonly told: Promise<void>; readonly tell: () => void } {
  let tell = () => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  return { told, tell }
}

function place(platform: ChatPlatform, channel: string): string {
  const person = addressee(channel)
  return person === null ? `${platform.name}, channel ${channel}` : `${person} in ${platform.name}`
}

/**
 * Delivers outbox rows: platforms and channels side by side, within a channel oldest first, but for cards. A channel that
 * fails or has to wait holds back no other, and neither does a platform that does not answer. Of several waiting views of one
 * card only the last is shown. One process at a time delivers to a platform; a crash in the middle delivers again under the
 * same id.
 */
export function createDispatcher(parts: WorkflowParts, alone: DriverParts['alone']) {
  const couriers = new Map<string, ReturnType<typeof createCourier>>()

  /** Made at the first need: platforms join while the parts are put together. */
  function courierTo(platform: ChatPlatform): ReturnType<typeof createCourier> {
    const courier = couriers.get(platform.name) ?? createCourier(platform, parts, alone)
    couriers.set(platform.name, courier)
    return courier
  }

  return {
    /** Delivers what waits; resolves when nothing does, or only what has to wait longer. */
    async kick(): Promise<void> {
      await Promise.all(parts.platforms.map((platform) => courierTo(platform).kick()))
    },
  }
}

function createCourier(platform: ChatPlatform, parts: WorkflowParts, alone: DriverParts['alone']) {
  const resting = new Map<string, Rest>()
  /** What the operator was told of a channel, until it works again. */
  const told = new Map<string, string>()
  const report = oncePerMinute((error) => parts.log.warn(error.message))
  let running: Promise<void> | null = null
  let again = false
  let kicks = signalled()

  async function deliverAll(): Promise<void> {
    do {
      again = false
      if (!(await alone(`deliver ${platform.name}`, deliverWaiting))) kickIn(RETRY_WHEN_LOCKED_MS)
    } while (again)
  }

  async function deliverWaiting(lease: Lease): Promise<void> {
    const busy = new Map<string, Promise<void>>()
    try {
      while (await deliverRound(busy, lease));
    } finally {
      await Promise.allSettled(busy.values())
    }
  }

  /** Starts what is waiting in channels that are not busy, and waits until there may be more. False when all is done. */
  async function deliverRound(busy: Map<string, Promise<void>>, lease: Lease): Promise<boolean> {
    lease.signal.throwIfAborted()
    // Asked for before the look: a message that comes during it is looked for again.
    const kicked = kicks.told
    const atWork = [...busy.keys()]
    const except = [...restingChannels(), ...atWork]
    const lanes = new Map<string, WaitingMessage[]>()
    for (const message of await waitingMessages(parts.db, platform.name, {
      now: now(),
      except,
      perChannel: PER_CHANNEL,
    })) {
      const lane = lanes.get(message.channel)
      if (lane) lane.push(message)
      else lanes.set(message.channel, [message])
    }
    for (const [channel, messages] of lanes) {
      const lane = deliverLane(channel, messages, lease)
        .catch((error: unknown) => restAfterTrouble(channel, error))
        .finally(() => busy.delete(channel))
      busy.set(channel, lane)
    }
    // One that came free during the look was left out of it, and may have got more meanwhile.
    if (atWork.some((channel) => !busy.has(channel))) return true
    if (busy.size === 0) return false
    await Promise.race([...busy.values(), kicked])
    return true
  }

  /** Delivers what one channel waits for, cards first: they show what is so now, and an old one says what is long over. */
  async function deliverLane(channel: string, messages: readonly WaitingMessage[], lease: Lease): Promise<void> {
    const began = parts.clock().getTime()
    for (const message of messages) {
      if (message.entry !== null && parts.clock().getTime() - began > LANE_MS) return
      // Whoever was stopped or cut off has been replaced, and says nothing twice.
      await lease.show()
      try {
        const seconds = await platform.deliver(message)
        if (seconds !== null) await showAgain(message, seconds)
        await markDelivered(parts.db, message, now())
        resting.delete(channel)
        if (told.delete(channel)) parts.log.info(`Messages reach ${place(platform, channel)} again.`)
      } catch (error) {
        await rest(message, error)
        return
      }
    }
  }

  /** Trouble of ours, such as with the database: it holds back this channel, and no other that may be waiting for an answer. */
  function restAfterTrouble(channel: string, error: unknown): void {
    report(new Error(`Delivery to ${place(platform, channel)} stopped: ${sentence(errorText(error))} It goes on soon.`))
    pause(channel, FIRST_REST_MS, FIRST_REST_MS)
  }

  async function rest(message: WaitingMessage, error: unknown): Promise<void> {
    const { channel } = message
    if (error instanceof TryLater) {
      pause(channel, error.seconds * 1_000, resting.get(channel)?.ms ?? 0)
      return
    }
    const before = resting.get(channel)?.ms ?? 0
    const ms = before === 0 ? FIRST_REST_MS : Math.min(before * 2, LONGEST_REST_MS)
    pause(channel, ms, ms)
    await markFailed(parts.db, message.id, errorText(error))
    const problem = errorText(error)
    // One notice for one problem: that it still does not work is in the console, on the page of the sources.
    if (told.get(channel) === problem) return
    told.set(channel, problem)
    const what = message.proposal === null ? 'A message' : `A message of ${message.proposal}`
    const kept = 'It is kept, and tried again until it arrives.'
    parts.log.warn(`${what} did not reach ${place(platform, channel)}: ${sentence(problem)} ${kept}`)
  }

  function pause(channel: string, forMs: number, ms: number): void {
    resting.set(channel, { until: parts.clock().getTime() + forMs, ms })
    kickIn(forMs)
  }

  /** As a message of its own that waits for its time, so that it comes whatever happens to this process. */
  async function showAgain({ channel, proposal }: WaitingMessage, seconds: number): Promise<void> {
    const notBefore = new Date(parts.clock().getTime() + seconds * 1_000).toISOString()
    await putMessages(parts.db, [{ platform: platform.name, channel, proposal, at: now(), entry: null, notBefore }])
    kickIn(seconds * 1_000)
  }

  function restingChannels(): readonly string[] {
    const time = parts.clock().getTime()
    return [...resting].filter(([, { until }]) => until > time).map(([channel]) => channel)
  }

  function kickIn(ms: number): void {
    setTimeout(() => void kick(), ms + 5).unref()
  }

  /** Starts a delivery round, or makes the running one look once more. */
  function kick(): Promise<void> {
    kicks.tell()
    kicks = signalled()
    if (running !== null) {
      again = true
      return running
    }
    running = deliverAll()
      .catch((error: unknown) =>
        parts.log.warn(
          `Delivery to ${platform.name} stopped: ${sentence(errorText(error))} It goes on at the next sweep.`,
        ),
      )
      .finally(() => {
        running = null
      })
    return running
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { kick }
}
