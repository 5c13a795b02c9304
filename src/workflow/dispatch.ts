import { addressee, type ChatPlatform, TryLater } from '../chat/platform.ts'
import { errorText } from '../core/error-text.ts'
import { markDelivered, markFailed, putMessages, type WaitingMessage, waitingMessages } from '../store/outbox.ts'
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
const TAKEN_MS = 300

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
 * Delivers outbox rows: channels side by side, within a channel oldest first, but for cards. A channel that fails or has
 * to wait holds back no other. Of several waiting views of one card only the last is shown. One process at a time delivers to a
 * platform; a crash in the middle delivers again under the same id.
 */
export function createDispatcher(parts: WorkflowParts, alone: DriverParts['alone']) {
  const resting = new Map<string, Rest>()
  /** What the operator was told of a channel, until it works again. */
  const told = new Map<string, string>()
  let running: Promise<void> | null = null
  let again = false
  let kicks = signalled()

  async function deliverAll(): Promise<void> {
    do {
      again = false
      const taken = await Promise.all(
        parts.platforms.map(async (platform) => !(await alone(`deliver ${platform.name}`, () => deliverTo(platform)))),
      )
      if (taken.includes(true)) kickIn(TAKEN_MS)
    } while (again)
  }

  async function deliverTo(platform: ChatPlatform): Promise<void> {
    const busy = new Map<string, Promise<void>>()
    try {
      while (await deliverRound(platform, busy));
    } finally {
      await Promise.allSettled(busy.values())
    }
  }

  /** Starts what is waiting in channels that are not busy, and waits until there may be more. False when all is done. */
  async function deliverRound(platform: ChatPlatform, busy: Map<string, Promise<void>>): Promise<boolean> {
    // Asked for before the look: a message that comes during it is looked for again.
    const kicked = nextKick()
    const except = [...restingChannels(platform), ...busy.keys()]
    const lanes = new Map<string, WaitingMessage[]>()
    for (const message of await waitingMessages(parts.db, platform.name, except, PER_CHANNEL)) {
      const lane = lanes.get(message.channel)
      if (lane) lane.push(message)
      else lanes.set(message.channel, [message])
    }
    for (const [channel, messages] of lanes) {
      const lane = deliverLane(platform, channel, messages).finally(() => busy.delete(channel))
      busy.set(channel, lane)
    }
    if (busy.size === 0) return false
    await Promise.race([...busy.values(), kicked])
    return true
  }

  /** Delivers what one channel waits for, cards first: they show what is so now, and an old one says what is long over. */
  async function deliverLane(
    platform: ChatPlatform,
    channel: string,
    messages: readonly WaitingMessage[],
  ): Promise<void> {
    const key = `${platform.name} ${channel}`
    const began = parts.clock().getTime()
    for (const message of messages) {
      if (message.entry !== null && parts.clock().getTime() - began > LANE_MS) return
      try {
        const again = await platform.deliver(message)
        await markDelivered(parts.db, message, now())
        if (again !== null) showAgain(platform, message, again)
        resting.delete(key)
        if (told.delete(key)) parts.log.info(`Messages reach ${place(platform, channel)} again.`)
      } catch (error) {
        await rest(platform, key, message, error)
        return
      }
    }
  }

  async function rest(platform: ChatPlatform, key: string, message: WaitingMessage, error: unknown): Promise<void> {
    if (error instanceof TryLater) {
      pause(key, error.seconds * 1_000, resting.get(key)?.ms ?? 0)
      return
    }
    const before = resting.get(key)?.ms ?? 0
    const ms = before === 0 ? FIRST_REST_MS : Math.min(before * 2, LONGEST_REST_MS)
    pause(key, ms, ms)
    await markFailed(parts.db, message.id, errorText(error))
    const problem = errorText(error)
    // One notice for one problem: that it still does not work is in the console, on the page of the sources.
    if (told.get(key) === problem) return
    told.set(key, problem)
    const what = message.proposal === null ? 'A message' : `A message of ${message.proposal}`
    const again = 'It is kept, and tried again until it arrives.'
    parts.log.warn(`${what} did not reach ${place(platform, message.channel)}: ${problem} ${again}`)
  }

  function pause(key: string, forMs: number, ms: number): void {
    resting.set(key, { until: parts.clock().getTime() + forMs, ms })
    kickIn(forMs)
  }

  /** As a new message, for another process may be the one to deliver then. */
  function showAgain({ name }: ChatPlatform, { channel, proposal }: WaitingMessage, seconds: number): void {
    const put = () => putMessages(parts.db, [{ platform: name, channel, proposal, at: now(), entry: null }])
    // Should it be lost, the next change of the proposal shows the card again.
    setTimeout(() => void put().then(kick, () => undefined), seconds * 1_000).unref()
  }

  function restingChannels(platform: ChatPlatform): readonly string[] {
    const time = parts.clock().getTime()
    const prefix = `${platform.name} `
    return [...resting]
      .filter(([key, { until }]) => key.startsWith(prefix) && until > time)
      .map(([key]) => key.slice(prefix.length))
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
      .catch((error: unknown) => parts.log.warn(`Delivery stopped: ${errorText(error)} It goes on at the next sweep.`))
      .finally(() => {
        running = null
      })
    return running
  }

  /** Resolves when the next message has been written. */
  function nextKick(): Promise<void> {
    return kicks.told
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { kick }
}
