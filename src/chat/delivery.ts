/** Delivers cards, thread entries and direct messages. Each is posted once, even after a crash or a lost answer. */

import type { ThreadEntry } from './card.ts'
import type { Desk } from './desk.ts'
import type { Messaging, Spot } from './messaging.ts'
import { addressee, type ChatPlatform, type OutgoingMessage, PICTURE_SECONDS, type Posts } from './platform.ts'

export interface DeliveryParts {
  readonly desk: Pick<Desk, 'card'>
  readonly posts: Posts
  readonly log: { warn(message: string): void }
}

interface Delivery<Content> extends DeliveryParts {
  readonly messaging: Messaging<Content>
}

/** A message that must be posted once at most. */
interface Once<Content> {
  readonly key: string
  readonly proposal: string | null
  readonly spot: Spot
  readonly content: Content
}

/** The card's message. `anew`: it was posted again because the earlier one was deleted. */
interface CardPost {
  readonly message: string
  readonly anew: boolean
}

const attempts = ['first', 'last'] as const

export function createDelivery<Content>(parts: DeliveryParts, messaging: Messaging<Content>): ChatPlatform {
  const delivery = { ...parts, messaging }
  return { name: messaging.name, deliver: (message) => deliver(delivery, message) }
}

async function deliver<Content>(to: Delivery<Content>, message: OutgoingMessage): Promise<number | null> {
  const { messaging } = to
  const { id, proposal, entry } = message
  const person = addressee(message.channel)
  const place = person === null ? messaging.placeOf(message.channel) : await messaging.conversationWith(person)
  if (place === null) return null
  try {
    if (entry === null) return proposal === null ? null : await showCard(to, proposal, place)
    if (person === null && proposal !== null) return await addEntry(to, { id, proposal, entry, place })
    const spot = { place, thread: null }
    await once(to, { key: entryKey(id), proposal, spot, content: messaging.aloneContent(entry) })
    return null
  } catch (error) {
    throw messaging.problem(error, place)
  }
}

interface EntryMessage {
  readonly id: number
  readonly proposal: string
  readonly entry: ThreadEntry
  readonly place: string
}

/** Posts an entry. Returns the seconds after which the card must be shown again, with pictures; `null`: not again. */
async function addEntry<Content>(to: Delivery<Content>, message: EntryMessage): Promise<number | null> {
  const { messaging, posts } = to
  const { id, proposal, entry, place } = message
  let postedAnew = false
  for (const attempt of attempts) {
    const card = await threadOf(to, proposal, place)
    if (card === null) return null
    postedAnew ||= card.anew
    const spot = messaging.threadSpot(place, card.message)
    try {
      await messaging.say({ ...message, card: card.message }, async (content) => {
        await once(to, { key: entryKey(id), proposal, spot, content })
      })
      return entry.picture !== undefined || postedAnew ? PICTURE_SECONDS : null
    } catch (error) {
      if (attempt === 'last' || !messaging.isGone(error)) throw error
      if (messaging.openThread !== undefined) await posts.forget(messaging.name, threadKey(card.message))
      else {
        await posts.forget(messaging.name, cardKey(proposal))
        postedAnew = true
      }
    }
  }
  return null
}

/** The card with an open thread. Posts the card or opens the thread if missing. `null`: there is no such proposal. */
async function threadOf<Content>(to: Delivery<Content>, proposal: string, place: string): Promise<CardPost | null> {
  const { messaging, posts, desk } = to
  let anew = false
  for (const attempt of attempts) {
    const message = await cardOf(to, proposal, place)
    if (message === null || messaging.openThread === undefined) return message === null ? null : { message, anew }
    const key = threadKey(message)
    if ((await posts.find(messaging.name, key)) !== null) return { message, anew }
    const title = (await desk.card(proposal, null))?.title ?? ''
    try {
      await messaging.openThread(place, message, `${proposal} ${title}`)
    } catch (error) {
      if (attempt === 'last' || !messaging.isGone(error)) throw error
      // Somebody deleted the card. It is posted again, because otherwise nobody would see the proposal.
      await posts.forget(messaging.name, cardKey(proposal))
      anew = true
      continue
    }
    await posts.begin(messaging.name, { key, proposal, place })
    await posts.sent(messaging.name, key, message)
    return { message, anew }
  }
  return null
}

/** The id of the card's message. Posts the card without pictures if missing. `null`: there is no such proposal. */
async function cardOf<Content>(to: Delivery<Content>, proposal: string, place: string): Promise<string | null> {
  const { messaging, posts, desk } = to
  const key = cardKey(proposal)
  const known = await posts.find(messaging.name, key)
  if (known?.message) return known.message
  const card = await desk.card(proposal, null)
  if (card === null) return null
  return once(to, { key, proposal, spot: { place, thread: null }, content: messaging.cardContent(card) })
}

async function showCard<Content>(to: Delivery<Content>, proposal: string, place: string): Promise<number | null> {
  const { messaging, posts, desk, log } = to
  const key = cardKey(proposal)
  const known = await posts.find(messaging.name, key)
  if (!known?.message) {
    await cardOf(to, proposal, place)
    return null
  }
  try {
    const posted = { place: known.place, message: known.message }
    const shown = await messaging.editCard(posted, place, () => desk.card(proposal, null))
    if (shown !== 'elsewhere') return shown
  } catch (error) {
    if (!messaging.isGone(error)) throw error
    // The card is posted again, because otherwise nobody would see the proposal.
    log.warn(`Somebody deleted the card of ${proposal} in ${messaging.title}; it is posted again.`)
  }
  await posts.forget(messaging.name, key)
  await cardOf(to, proposal, place)
  return PICTURE_SECONDS
}

/** Posts under a key, once. First looks for a message from before a crash. `null`: the recipient takes no messages. */
async function once<Content>(
  to: Delivery<Content>,
  { key, proposal, spot, content }: Once<Content>,
): Promise<string | null> {
  const { messaging, posts } = to
  const known = await posts.find(messaging.name, key)
  if (known?.message) return known.message
  const earlier = known === null ? null : await messaging.find(spot, key, content)
  if (known === null) await posts.begin(messaging.name, { key, proposal, place: spot.place })
  const message = earlier ?? (await post(to, { key, spot, content }))
  if (message !== null) await posts.sent(messaging.name, key, message)
  return message
}

async function post<Content>(
  { messaging, posts }: Delivery<Content>,
  { key, spot, content }: Pick<Once<Content>, 'key' | 'spot' | 'content'>,
): Promise<string | null> {
  try {
    const message = await messaging.post(spot, key, content)
    if (message === null) await posts.forget(messaging.name, key)
    return message
  } catch (error) {
    if (messaging.isRefusal(error)) await posts.forget(messaging.name, key)
    throw error
  }
}

function cardKey(proposal: string): string {
  return `card ${proposal}`
}

function threadKey(card: string): string {
  return `thread ${card}`
}

function entryKey(id: number): string {
  return `entry ${id}`
}
