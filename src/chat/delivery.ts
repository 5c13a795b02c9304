/**
 * Delivers cards, thread entries and direct messages. Each is posted once, even after a crash or a lost answer. What a
 * platform refuses is said in another way where there is one: shorter, or in a new card with a new thread.
 */

import { z } from 'zod'
import { HOUR_MS, MINUTE_MS } from '../core/time/instant.ts'
import { briefCard, briefEntry, goesOnHere, goesOnThere, movedCard } from './brief.ts'
import type { Card, ThreadEntry } from './card.ts'
import type { Desk } from './desk.ts'
import type { Messaging, Posted, Spot } from './messaging.ts'
import { addressee, type ChatPlatform, type OutgoingMessage, PICTURE_SECONDS, type Posts } from './platform.ts'
import { type Refusal, refusalSentence, Undelivered } from './reach.ts'

export interface DeliveryParts {
  readonly desk: Pick<Desk, 'card'>
  readonly posts: Posts
  readonly clock: () => Date
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
  /** Posted if the platform refuses the content. */
  readonly brief?: Content
}

/** The card's message. `anew`: it was posted again because the earlier one cannot be used any more. */
interface CardPost {
  readonly message: string
  readonly anew: boolean
}

/** A card that was replaced by another. */
const replaced = z.object({ message: z.string(), at: z.string(), deleted: z.boolean() })

/**
 * After a card was posted again, later refusals to edit it post no further card for this long. A workspace may let
 * nobody edit, and there may be a bot that deletes every card.
 */
const QUIET_MS = { sealed: HOUR_MS, deleted: 5 * MINUTE_MS } as const

const attempts = ['first', 'last'] as const

/** The thread of an entry could not be used, so nothing can be said in it. */
class NoThread extends Error {}

export function createDelivery<Content>(parts: DeliveryParts, messaging: Messaging<Content>): ChatPlatform {
  const delivery = { ...parts, messaging }
  const { workspaceOf } = messaging
  return {
    name: messaging.name,
    deliver: (message) => deliver(delivery, message),
    ...(workspaceOf === undefined ? {} : { workspaceOf }),
  }
}

async function deliver<Content>(to: Delivery<Content>, message: OutgoingMessage): Promise<number | null> {
  const { messaging } = to
  const { id, proposal, entry } = message
  const person = addressee(message.channel)
  let place: string | null = null
  try {
    place = person === null ? messaging.placeOf(message.channel) : await messaging.conversationWith(person)
    if (place === null) return null
    if (entry === null) return proposal === null ? null : await showCard(to, proposal, place)
    if (person === null && proposal !== null) return await addEntry(to, { id, proposal, entry, place })
    const spot = { place, thread: null }
    const [content, brief] = [entry, briefEntry(entry)].map((one) => messaging.aloneContent(one))
    await once(to, { key: entryKey(id), proposal, spot, content: content as Content, brief: brief as Content })
    return null
  } catch (error) {
    if (person !== null && isNobody(to, error, person)) return null
    throw undelivered(to, error, place ?? message.channel)
  }
}

/** True if this person gets no messages from us. Trying again would not help, and the console shows the same. */
function isNobody<Content>({ messaging, log }: Delivery<Content>, error: unknown, person: string): boolean {
  const refused = messaging.refusalOf(error)
  if (refused?.instead !== 'nothing') return false
  log.warn(`${person} gets no direct messages: ${refusalSentence(messaging.title, refused, person)}`)
  return true
}

function undelivered<Content>({ messaging }: Delivery<Content>, error: unknown, place: string): unknown {
  if (!(error instanceof NoThread)) return messaging.problem(error, place)
  const problem = messaging.problem(error.cause, place)
  if (!(problem instanceof Undelivered) || problem.reach !== 'message') return problem
  return new Undelivered('thread', problem.message, error.cause)
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
  const { proposal, entry, place } = message
  let postedAnew = false
  for (const attempt of attempts) {
    const card = await usableThread(to, proposal, place)
    if (card === null) return null
    postedAnew ||= card.anew
    try {
      await sayEntry(to, message, card.message)
      return entry.picture !== undefined || postedAnew ? PICTURE_SECONDS : null
    } catch (error) {
      if (attempt === 'last') throw error
      if (messaging.openThread !== undefined && messaging.isGone(error))
        await posts.forget(messaging.name, threadKey(card.message))
      else if (messaging.refusalOf(error)?.instead === 'anew') {
        await leaveCard(to, { proposal, place, message: card.message }, messaging.isGone(error))
        postedAnew = true
      } else throw error
    }
  }
  return null
}

async function usableThread<Content>(to: Delivery<Content>, proposal: string, place: string): Promise<CardPost | null> {
  try {
    const card = await threadOf(to, proposal, place)
    if (card !== null) await tellReplaced(to, proposal, { place, message: card.message })
    return card
  } catch (error) {
    throw new NoThread('The thread cannot be used.', { cause: error })
  }
}

/** Says the entry whole, or else its beginning. */
async function sayEntry<Content>(to: Delivery<Content>, message: EntryMessage, card: string): Promise<void> {
  const { messaging } = to
  const { id, proposal, entry, place } = message
  const spot = messaging.threadSpot(place, card)
  const say = (said: ThreadEntry) =>
    messaging.say({ ...message, entry: said, card }, async (content) => {
      await once(to, { key: entryKey(id), proposal, spot, content })
    })
  try {
    await say(entry)
  } catch (error) {
    if (messaging.refusalOf(error)?.instead !== 'shorter') throw error
    await say(briefEntry(entry))
  }
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
      if (attempt === 'last' || messaging.refusalOf(error)?.instead !== 'anew') throw error
      // Somebody deleted the card. It is posted again, because otherwise nobody would see the proposal.
      await leaveCard(to, { proposal, place, message }, messaging.isGone(error))
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
  const content = messaging.cardContent(card)
  const brief = messaging.cardContent(briefCard(card))
  return once(to, { key, proposal, spot: { place, thread: null }, content, brief })
}

async function showCard<Content>(to: Delivery<Content>, proposal: string, place: string): Promise<number | null> {
  const { messaging, posts } = to
  const key = cardKey(proposal)
  const known = await posts.find(messaging.name, key)
  if (!known?.message) {
    await cardOf(to, proposal, place)
    return null
  }
  const posted = { place: known.place, message: known.message }
  const shown = await editCard(to, proposal, posted, place).catch((error: unknown) => {
    const refused = messaging.refusalOf(error)
    // The team has another channel now, and the one before cannot be used any more.
    const hasMoved = posted.place !== place && refused?.reach === 'channel'
    if (refused === null || (refused.instead !== 'anew' && !hasMoved)) throw error
    return { refused, deleted: messaging.isGone(error) || hasMoved }
  })
  if (shown === null || typeof shown === 'number') return shown
  if (shown === 'elsewhere') {
    await posts.forget(messaging.name, key)
    await cardOf(to, proposal, place)
  } else await replaceCard(to, { proposal, place, posted }, shown)
  return PICTURE_SECONDS
}

/** Shows the card in its message, whole or else in brief. */
async function editCard<Content>(
  { messaging, desk }: Delivery<Content>,
  proposal: string,
  posted: Posted,
  place: string,
): Promise<number | null | 'elsewhere'> {
  const current = () => desk.card(proposal, null)
  try {
    return await messaging.editCard(posted, place, current)
  } catch (error) {
    if (messaging.refusalOf(error)?.instead !== 'shorter') throw error
    const brief = async () => {
      const card = await current()
      return card === null ? null : briefCard(card)
    }
    return messaging.editCard(posted, place, brief)
  }
}

interface Replacing {
  readonly proposal: string
  readonly place: string
  readonly posted: Posted
}

/** Posts the card again, because otherwise nobody would see the proposal as it is. */
async function replaceCard<Content>(
  to: Delivery<Content>,
  { proposal, place, posted }: Replacing,
  { refused, deleted }: { readonly refused: Refusal; readonly deleted: boolean },
): Promise<void> {
  const { messaging, posts, log, clock } = to
  const why = refusalSentence(messaging.title, refused, posted.place)
  const last = readReplaced((await posts.find(messaging.name, replacedKey(proposal)))?.message)
  const quietUntil = last === null ? 0 : Date.parse(last.at) + (deleted ? QUIET_MS.deleted : QUIET_MS.sealed)
  if (quietUntil > clock().getTime())
    throw new Undelivered('message', `${why} The card was posted again a short time ago, so it waits.`)
  log.warn(`The card of ${proposal} is posted again: ${why}`)
  await leaveCard(to, { proposal, ...posted }, deleted)
  try {
    const card = await threadOf(to, proposal, place)
    if (card !== null) await tellReplaced(to, proposal, { place, message: card.message })
  } catch (error) {
    if ((await posts.find(messaging.name, cardKey(proposal))) === null && messaging.refusalOf(error) !== null) {
      await keep(to, { key: cardKey(proposal), proposal, place: posted.place }, posted.message)
      await posts.forget(messaging.name, replacedKey(proposal))
    }
    throw error
  }
}

/** The next card is a new message, with a new thread. */
async function leaveCard<Content>(
  to: Delivery<Content>,
  { proposal, place, message }: Posted & { readonly proposal: string },
  deleted: boolean,
): Promise<void> {
  const { messaging, posts, clock } = to
  const left = JSON.stringify({ message, at: clock().toISOString(), deleted })
  await posts.forget(messaging.name, replacedKey(proposal))
  await keep(to, { key: replacedKey(proposal), proposal, place }, left)
  await posts.forget(messaging.name, cardKey(proposal))
}

async function keep<Content>(
  { messaging, posts }: Delivery<Content>,
  post: { readonly key: string; readonly proposal: string; readonly place: string },
  message: string,
): Promise<void> {
  await posts.begin(messaging.name, post)
  await posts.sent(messaging.name, post.key, message)
}

function readReplaced(text: string | null | undefined): z.infer<typeof replaced> | null {
  return text ? replaced.parse(JSON.parse(text)) : null
}

/** Links the card before and the new one with each other, once. */
async function tellReplaced<Content>(to: Delivery<Content>, proposal: string, card: Posted): Promise<void> {
  const { messaging, posts } = to
  const row = await posts.find(messaging.name, replacedKey(proposal))
  const before = readReplaced(row?.message)
  if (row === null || before === null || before.deleted || before.message === card.message) return
  const key = `goes on ${card.message}`
  if ((await posts.find(messaging.name, key))?.message) return
  const earlier = { place: row.place, message: before.message }
  const [from, there] = [await messaging.linkTo(earlier), await messaging.linkTo(card)]
  const here = messaging.aloneContent(goesOnHere(from))
  await once(to, { key, proposal, spot: messaging.threadSpot(card.place, card.message), content: here })
  const content = messaging.aloneContent(goesOnThere(there))
  const spot = messaging.threadSpot(earlier.place, earlier.message)
  await ifPossible(to, async () => {
    await once(to, { key: `went on ${earlier.message}`, proposal, spot, content })
  })
  await ifPossible(to, async () => {
    await messaging.editCard(earlier, earlier.place, () => leftCard(to, proposal, there))
  })
}

async function leftCard<Content>(
  { desk }: Delivery<Content>,
  proposal: string,
  to: string | null,
): Promise<Card | null> {
  const card = await desk.card(proposal, null)
  return card === null ? null : movedCard(card, to)
}

/** The card before could not be used, but its thread may, or the other way round. */
async function ifPossible<Content>({ messaging }: Delivery<Content>, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (messaging.refusalOf(error) === null) throw error
  }
}

/** Posts under a key, once. First looks for a message from before a crash. `null`: the recipient takes no messages. */
async function once<Content>(
  to: Delivery<Content>,
  { key, proposal, spot, content, brief }: Once<Content>,
): Promise<string | null> {
  const { messaging, posts } = to
  const known = await posts.find(messaging.name, key)
  if (known?.message) return known.message
  const earlier = known === null ? null : await findAny(to, { key, spot, content, brief })
  if (known === null) await posts.begin(messaging.name, { key, proposal, place: spot.place })
  const message = earlier ?? (await post(to, { key, spot, content, brief }))
  await posts.sent(messaging.name, key, message)
  return message
}

interface Posting<Content> extends Pick<Once<Content>, 'key' | 'spot' | 'content'> {
  readonly brief: Content | undefined
}

async function findAny<Content>(
  { messaging }: Delivery<Content>,
  { key, spot, content, brief }: Posting<Content>,
): Promise<string | null> {
  const whole = await messaging.find(spot, key, content)
  return whole ?? (brief === undefined ? null : messaging.find(spot, key, brief))
}

async function post<Content>(to: Delivery<Content>, { key, spot, content, brief }: Posting<Content>): Promise<string> {
  const { messaging, posts } = to
  try {
    return await messaging.post(spot, key, content)
  } catch (error) {
    const refused = messaging.refusalOf(error)
    if (refused?.instead === 'shorter' && brief !== undefined)
      return post(to, { key, spot, content: brief, brief: undefined })
    if (refused !== null) await posts.forget(messaging.name, key)
    throw error
  }
}

function cardKey(proposal: string): string {
  return `card ${proposal}`
}

function replacedKey(proposal: string): string {
  return `replaced card ${proposal}`
}

function threadKey(card: string): string {
  return `thread ${card}`
}

function entryKey(id: number): string {
  return `entry ${id}`
}
