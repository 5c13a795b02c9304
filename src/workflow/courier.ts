/** Delivers the waiting messages of one platform. */

import { addressee, type ChatPlatform, TryLater } from '../chat/platform.ts'
import { type Reach, Undelivered } from '../chat/reach.ts'
import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import type { Lease, Leases } from '../store/leases.ts'
import {
  type Exceptions,
  markDelivered,
  markFailed,
  nextDue,
  putMessages,
  type WaitingMessage,
  waitingMessages,
} from '../store/outbox.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import { waitingListFor } from './desk/overview.ts'
import { type Hold, holdKey, holdOf, holdsOf } from './holds.ts'
import type { WorkflowParts } from './ports.ts'

/** How many messages of a channel are read together. */
const PER_CHANNEL = 50
/** How long what an error reaches rests. The time doubles with each further failure. */
const FIRST_REST_MS = 2_000
const LONGEST_REST_MS = 5 * 60_000
/** After this time a channel's messages are read again, so that a changed card does not wait behind entries. */
const LANE_MS = 2_000
/** When to look again while another process delivers. That process may have missed our messages. */
const LOOK_AGAIN_MS = 300

export type CourierParts = Pick<WorkflowParts, 'db' | 'clock' | 'log' | 'teams'>

interface Rest {
  readonly hold: Hold
  /** Whether a card met the error. Where entries are refused, cards may still be shown, and the other way round. */
  readonly byCard: boolean
  readonly until: number
  readonly ms: number
}

interface Courier {
  readonly platform: ChatPlatform
  readonly parts: CourierParts
  readonly alone: Leases['alone']
  /** What rests after a failure, by the key of its hold. */
  readonly resting: Map<string, Rest>
  /** The last problem that was logged for a hold, until it works again. */
  readonly told: Map<string, string>
  readonly report: (error: Error) => void
  running: Promise<void> | null
  again: boolean
  /** The timer for the messages that may not be sent yet; `null`: none waits. */
  later: NodeJS.Timeout | null
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
    later: null,
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

/** What works again, for the log. */
function heldWords(platform: ChatPlatform, { kind, channel = '', proposal }: Hold): string {
  const where = place(platform, channel)
  switch (kind) {
    case 'platform':
    case 'workspace':
      return platform.name
    case 'card':
      return `${where}, for the card of ${proposal}`
    case 'thread':
      return `${where}, for the thread of ${proposal}`
    case 'channel':
    case 'message':
      return where
  }
}

async function deliverAll(courier: Courier): Promise<void> {
  const { alone, platform } = courier
  do {
    courier.again = false
    if (!(await alone(`deliver ${platform.name}`, (lease) => deliverWaiting(courier, lease))))
      kickIn(courier, LOOK_AGAIN_MS)
  } while (courier.again)
  await kickWhenDue(courier)
}

/** Wakes the courier for the first of the messages that may not be sent yet. */
async function kickWhenDue(courier: Courier): Promise<void> {
  const { parts, platform } = courier
  const at = await nextDue(parts.db, platform.name, now(courier))
  if (courier.later !== null) clearTimeout(courier.later)
  courier.later = at === null ? null : kickIn(courier, Date.parse(at) - parts.clock().getTime())
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
  const resting = holdsNow(courier)
  if (resting.some(({ kind }) => kind === 'platform')) return waitForLanes(busy, kicked)
  const lanes = new Map<string, WaitingMessage[]>()
  for (const message of await waitingMessages(courier.parts.db, courier.platform.name, {
    now: now(courier),
    except: exceptions(resting, atWork),
    perChannel: PER_CHANNEL,
  })) {
    if (isHeld(courier, message)) continue
    const lane = lanes.get(message.channel)
    if (lane) lane.push(message)
    else lanes.set(message.channel, [message])
  }
  for (const [channel, messages] of lanes) {
    const lane = deliverLane(courier, messages, lease)
      .catch((error: unknown) => restAfterTrouble(courier, channel, error))
      .finally(() => busy.delete(channel))
    busy.set(channel, lane)
  }
  // A channel that became free during the look was left out, and may have messages. So look again.
  if (atWork.some((channel) => !busy.has(channel))) return true
  return waitForLanes(busy, kicked)
}

/** False if no channel is busy. */
async function waitForLanes(busy: ReadonlyMap<string, Promise<void>>, kicked: Promise<void>): Promise<boolean> {
  if (busy.size === 0) return false
  await Promise.race([...busy.values(), kicked])
  return true
}

function exceptions(resting: readonly Hold[], atWork: readonly string[]): Exceptions {
  const about = (kind: Hold['kind']) => resting.filter((hold) => hold.kind === kind)
  const pairs = (kind: 'card' | 'thread') =>
    about(kind).map(({ channel = '', proposal = '' }) => ({ channel, proposal }))
  return {
    channels: [...atWork, ...about('channel').map(({ channel = '' }) => channel)],
    cards: pairs('card'),
    threads: pairs('thread'),
    ids: about('message').flatMap(({ id }) => id ?? []),
  }
}

/**
 * Delivers the waiting messages of one channel, cards first. A card shows the present state, and an old card misleads
 * people.
 */
async function deliverLane(courier: Courier, messages: readonly WaitingMessage[], lease: Lease): Promise<void> {
  const { platform, parts } = courier
  const began = parts.clock().getTime()
  for (const message of messages) {
    if (message.entry !== null && parts.clock().getTime() - began > LANE_MS) return
    if (isHeld(courier, message)) continue
    // If another process has replaced this one, this throws, so that no message is posted twice.
    await lease.show()
    try {
      const said = await asSaidNow(parts, message)
      const seconds = said === null ? null : await platform.deliver(said)
      if (seconds !== null) await showAgain(courier, message, seconds)
      await markDelivered(parts.db, message, now(courier))
      worksAgain(courier, message)
    } catch (error) {
      // Messages that the error does not reach go on.
      await rest(courier, message, error)
    }
  }
}

/** What waits for a person is listed as it is now; `null`: nothing waits any more. */
async function asSaidNow(parts: CourierParts, message: WaitingMessage): Promise<WaitingMessage | null> {
  const { entry, proposal, channel } = message
  if (entry !== null || proposal !== null) return message
  const list = await waitingListFor(parts, addressee(channel) ?? '')
  return list === null ? null : { ...message, entry: list }
}

function worksAgain({ platform, parts, resting, told }: Courier, message: WaitingMessage): void {
  for (const hold of holdsOf(message, platform.workspaceOf)) {
    const key = holdKey(hold)
    if (resting.get(key)?.byCard !== (message.entry === null)) continue
    resting.delete(key)
    if (told.delete(key)) parts.log.info(`Messages reach ${heldWords(platform, hold)} again.`)
  }
}

/**
 * Pauses this channel after a problem of our own, such as with the database. Other channels go on, because people may
 * wait for answers there.
 */
function restAfterTrouble(courier: Courier, channel: string, error: unknown): void {
  const { report, platform } = courier
  report(new Error(`Delivery to ${place(platform, channel)} stopped: ${sentence(errorText(error))} It goes on soon.`))
  const hold = { kind: 'channel', channel } as const
  pause(courier, { hold, byCard: false, ms: FIRST_REST_MS }, FIRST_REST_MS)
}

async function rest(courier: Courier, message: WaitingMessage, error: unknown): Promise<void> {
  const { platform, parts, resting, told } = courier
  const hold = holdOf(reachOf(error), message, platform.workspaceOf)
  const byCard = message.entry === null
  const key = holdKey(hold)
  const before = resting.get(key)
  // Another message has just met the same trouble. The rest that it began goes on.
  const isNew = before === undefined || before.until <= parts.clock().getTime()
  if (error instanceof TryLater) {
    pause(courier, { hold, byCard, ms: before?.ms ?? 0 }, error.seconds * 1_000)
    return
  }
  const ms = before === undefined || before.ms === 0 ? FIRST_REST_MS : Math.min(before.ms * 2, LONGEST_REST_MS)
  if (isNew) pause(courier, { hold, byCard, ms }, ms)
  const problem = errorText(error)
  await markFailed(parts.db, message.id, problem)
  // Logged once for each problem. The console's page of sources shows that it goes on.
  if (told.get(key) === problem) return
  told.set(key, problem)
  const what = message.proposal === null ? 'A message' : `A message of ${message.proposal}`
  const kept = 'It is kept, and tried again until it arrives.'
  parts.log.warn(`${what} did not reach ${place(platform, message.channel)}: ${sentence(problem)} ${kept}`)
}

/** An error of our own may be about this message alone, but the entries of a thread keep their order. */
function reachOf(error: unknown): Reach {
  if (error instanceof Undelivered) return error.reach
  return error instanceof TryLater ? 'channel' : 'thread'
}

function pause(courier: Courier, rest: Omit<Rest, 'until'>, forMs: number): void {
  courier.resting.set(holdKey(rest.hold), { ...rest, until: courier.parts.clock().getTime() + forMs })
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

function holdsNow({ parts, resting }: Courier): readonly Hold[] {
  const time = parts.clock().getTime()
  return [...resting.values()].flatMap(({ until, hold }) => (until > time ? [hold] : []))
}

function isHeld({ platform, parts, resting }: Courier, message: WaitingMessage): boolean {
  const time = parts.clock().getTime()
  return holdsOf(message, platform.workspaceOf).some((hold) => (resting.get(holdKey(hold))?.until ?? 0) > time)
}

function kickIn(courier: Courier, ms: number): NodeJS.Timeout {
  return setTimeout(() => void kick(courier), ms + 5).unref()
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
      // Somebody may have asked after the last look.
      return courier.again ? kick(courier) : undefined
    })
  return courier.running
}

function now({ parts }: Courier): string {
  return parts.clock().toISOString()
}
