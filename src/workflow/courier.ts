/** Delivers the waiting messages of one platform. */

import { addressee, type ChatPlatform, TryLater } from '../chat/platform.ts'
import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import type { Lease, Leases } from '../store/leases.ts'
import { markDelivered, markFailed, putMessages, type WaitingMessage, waitingMessages } from '../store/outbox.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import type { WorkflowParts } from './ports.ts'

/** How many messages of a channel are read together. */
const PER_CHANNEL = 50
/** How long a channel rests after a failure. The time doubles with each further failure. */
const FIRST_REST_MS = 2_000
const LONGEST_REST_MS = 5 * 60_000
/** After this time a channel's messages are read again, so that a changed card does not wait behind entries. */
const LANE_MS = 2_000
/** When to look again while another process delivers. That process may have missed our messages. */
const LOOK_AGAIN_MS = 300

export type CourierParts = Pick<WorkflowParts, 'db' | 'clock' | 'log'>

interface Rest {
  readonly until: number
  readonly ms: number
}

interface Courier {
  readonly platform: ChatPlatform
  readonly parts: CourierParts
  readonly alone: Leases['alone']
  /** Channels that rest after a failure. */
  readonly resting: Map<string, Rest>
  /** The last problem that was logged for a channel, until the channel works again. */
  readonly told: Map<string, string>
  readonly report: (error: Error) => void
  running: Promise<void> | null
  again: boolean
  kicks: ReturnType<typeof signalled>
}

/** Made once for each process and platform. */
export function createCourier(platform: ChatPlatform, parts: CourierParts, alone: Leases['alone']) {
  const courier: Courier = {
    platform,
    parts,
    alone,
    resting: new Map(),
    told: new Map(),
    report: oncePerMinute((error) => parts.log.warn(error.message)),
    running: null,
    again: false,
    kicks: signalled(),
  }
  return { kick: () => kick(courier) }
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

async function deliverAll(courier: Courier): Promise<void> {
  const { alone, platform } = courier
  do {
    courier.again = false
    if (!(await alone(`deliver ${platform.name}`, (lease) => deliverWaiting(courier, lease))))
      kickIn(courier, LOOK_AGAIN_MS)
  } while (courier.again)
}

async function deliverWaiting(courier: Courier, lease: Lease): Promise<void> {
  const busy = new Map<string, Promise<void>>()
  try {
    while (await deliverRound(courier, busy, lease));
  } finally {
    await Promise.allSettled(busy.values())
  }
}

/** Starts delivery for channels that are not busy, then waits until there may be more. False if all is done. */
async function deliverRound(courier: Courier, busy: Map<string, Promise<void>>, lease: Lease): Promise<boolean> {
  lease.signal.throwIfAborted()
  // Taken before the look, so that a message that comes during the look leads to another look.
  const kicked = courier.kicks.told
  const atWork = [...busy.keys()]
  const except = [...restingChannels(courier), ...atWork]
  const lanes = new Map<string, WaitingMessage[]>()
  for (const message of await waitingMessages(courier.parts.db, courier.platform.name, {
    now: now(courier),
    except,
    perChannel: PER_CHANNEL,
  })) {
    const lane = lanes.get(message.channel)
    if (lane) lane.push(message)
    else lanes.set(message.channel, [message])
  }
  for (const [channel, messages] of lanes) {
    const lane = deliverLane(courier, channel, messages, lease)
      .catch((error: unknown) => restAfterTrouble(courier, channel, error))
      .finally(() => busy.delete(channel))
    busy.set(channel, lane)
  }
  // A channel that became free during the look was left out, and may have messages. So look again.
  if (atWork.some((channel) => !busy.has(channel))) return true
  if (busy.size === 0) return false
  await Promise.race([...busy.values(), kicked])
  return true
}

/**
 * Delivers the waiting messages of one channel, cards first. A card shows the present state, and an old card misleads
 * people.
 */
async function deliverLane(
  courier: Courier,
  channel: string,
  messages: readonly WaitingMessage[],
  lease: Lease,
): Promise<void> {
  const { platform, parts, resting, told } = courier
  const began = parts.clock().getTime()
  for (const message of messages) {
    if (message.entry !== null && parts.clock().getTime() - began > LANE_MS) return
    // If another process has replaced this one, this throws, so that no message is posted twice.
    await lease.show()
    try {
      const seconds = await platform.deliver(message)
      if (seconds !== null) await showAgain(courier, message, seconds)
      await markDelivered(parts.db, message, now(courier))
      resting.delete(channel)
      if (told.delete(channel)) parts.log.info(`Messages reach ${place(platform, channel)} again.`)
    } catch (error) {
      await rest(courier, message, error)
      return
    }
  }
}

/**
 * Pauses this channel after a problem of our own, such as with the database. Other channels go on, because people may
 * wait for answers there.
 */
function restAfterTrouble(courier: Courier, channel: string, error: unknown): void {
  const { report, platform } = courier
  report(new Error(`Delivery to ${place(platform, channel)} stopped: ${sentence(errorText(error))} It goes on soon.`))
  pause(courier, channel, FIRST_REST_MS, FIRST_REST_MS)
}

async function rest(courier: Courier, message: WaitingMessage, error: unknown): Promise<void> {
  const { platform, parts, resting, told } = courier
  const { channel } = message
  if (error instanceof TryLater) {
    pause(courier, channel, error.seconds * 1_000, resting.get(channel)?.ms ?? 0)
    return
  }
  const before = resting.get(channel)?.ms ?? 0
  const ms = before === 0 ? FIRST_REST_MS : Math.min(before * 2, LONGEST_REST_MS)
  pause(courier, channel, ms, ms)
  await markFailed(parts.db, message.id, errorText(error))
  const problem = errorText(error)
  // Logged once for each problem. The console's page of sources shows that it goes on.
  if (told.get(channel) === problem) return
  told.set(channel, problem)
  const what = message.proposal === null ? 'A message' : `A message of ${message.proposal}`
  const kept = 'It is kept, and tried again until it arrives.'
  parts.log.warn(`${what} did not reach ${place(platform, channel)}: ${sentence(problem)} ${kept}`)
}

function pause(courier: Courier, channel: string, forMs: number, ms: number): void {
  courier.resting.set(channel, { until: courier.parts.clock().getTime() + forMs, ms })
  kickIn(courier, forMs)
}

/** Stored as a message with a time, so that it is sent even if this process ends. */
async function showAgain(courier: Courier, { channel, proposal }: WaitingMessage, seconds: number): Promise<void> {
  const { platform, parts } = courier
  const notBefore = new Date(parts.clock().getTime() + seconds * 1_000).toISOString()
  await putMessages(parts.db, [
    { platform: platform.name, channel, proposal, at: now(courier), entry: null, notBefore },
  ])
  kickIn(courier, seconds * 1_000)
}

function restingChannels({ parts, resting }: Courier): readonly string[] {
  const time = parts.clock().getTime()
  return [...resting].filter(([, { until }]) => until > time).map(([channel]) => channel)
}

function kickIn(courier: Courier, ms: number): void {
  setTimeout(() => void kick(courier), ms + 5).unref()
}

/** Starts a delivery, or makes the running one look once more. */
function kick(courier: Courier): Promise<void> {
  courier.kicks.tell()
  courier.kicks = signalled()
  if (courier.running !== null) {
    courier.again = true
    return courier.running
  }
  const { platform, parts } = courier
  courier.running = deliverAll(courier)
    .catch((error: unknown) =>
      parts.log.warn(
        `Delivery to ${platform.name} stopped: ${sentence(errorText(error))} It goes on at the next sweep.`,
      ),
    )
    .finally(() => {
      courier.running = null
    })
  return courier.running
}

function now({ parts }: Courier): string {
  return parts.clock().toISOString()
}
