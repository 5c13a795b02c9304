/** What a chat platform does for the delivery of messages: each call is one step of the flow in `delivery.ts`. */

import type { Card, ThreadEntry } from './card.ts'

/** Where a message is posted. */
export interface Spot {
  /** The platform's own id of the channel. */
  readonly place: string
  /** The message that the thread began with; `null`: in the channel itself. */
  readonly thread: string | null
}

/** A message that was posted. */
export interface Posted {
  readonly place: string
  readonly message: string
}

/** An entry on its way to the thread of a proposal. */
export interface ThreadMessage {
  /** The message's id in the outbox. */
  readonly id: number
  readonly proposal: string
  readonly entry: ThreadEntry
  /** The channel of the card. */
  readonly place: string
  /** The card's message. */
  readonly card: string
}

/** `Content`: a message as the platform takes it. Ids of messages and channels are the platform's own. */
export interface Messaging<Content> {
  readonly name: string
  /** The name that people use for the platform. */
  readonly title: string
  /** The channel of the configuration there; `null`: it is not on the platform. */
  placeOf(channel: string): string | null
  /** The direct messages with an addressee; `null` where they are not on the platform, or take none from us. */
  conversationWith(addressee: string): Promise<string | null>
  /** The card as it is posted first: without pictures. */
  cardContent(card: Card): Content
  /** An entry that stands alone: a direct message, or one about no single proposal. */
  aloneContent(entry: ThreadEntry): Content
  /** The id of the message; `null`: the recipient takes no messages, and trying again would not fix that. */
  post(spot: Spot, key: string, content: Content): Promise<string | null>
  /** Looks for a message that may have been posted before. */
  find(spot: Spot, key: string, content: Content): Promise<string | null>
  /**
   * Shows the card as `current` gives it at the last moment. Returns in how many seconds it should be shown again with
   * a picture that it lacks; `null`: nothing is missing. `elsewhere`: the message is where nothing counts any more,
   * while `place`, its present channel, does count.
   */
  editCard(posted: Posted, place: string, current: () => Promise<Card | null>): Promise<number | null | 'elsewhere'>
  /** Where the entries of a card's thread are posted. */
  threadSpot(place: string, card: string): Spot
  /** Begins the card's thread. Left out: every message has one. */
  readonly openThread?: (place: string, card: string, name: string) => Promise<void>
  /** Says an entry, and shows its picture where it can be had. `write` posts once. */
  say(message: ThreadMessage, write: (content: Content) => Promise<void>): Promise<void>
  /** Did the platform say no, so that nothing has arrived? After any other error it may have arrived. */
  isRefusal(error: unknown): boolean
  /** Is the message or thread that was meant not there any more? */
  isGone(error: unknown): boolean
  /** What is thrown instead: a sentence on how to fix it, or `TryLater`. */
  problem(error: unknown, place: string): unknown
}
