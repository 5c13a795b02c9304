/** The calls of a chat platform that `delivery.ts` uses. Each call is one step of a delivery. */

import type { Card, ThreadEntry } from './card.ts'
import type { Refusal } from './reach.ts'

/** Where a message is posted. */
export interface Spot {
  /** The platform's own id of the channel. */
  readonly place: string
  /** The message where the thread began; `null`: the message goes into the channel itself. */
  readonly thread: string | null
}

/** A message that was posted. */
export interface Posted {
  readonly place: string
  readonly message: string
}

/** An entry for the thread of a proposal. */
export interface ThreadMessage {
  /** The id of the message in the outbox. */
  readonly id: number
  readonly proposal: string
  readonly entry: ThreadEntry
  /** The channel that has the card. */
  readonly place: string
  /** The id of the card's message. */
  readonly card: string
}

/** `Content` is a message in the platform's own format. Ids of messages and channels are the platform's own. */
export interface Messaging<Content> {
  readonly name: string
  /** The platform's name for people. */
  readonly title: string
  /** The platform's id for a channel of the configuration; `null`: that channel is not on the platform. */
  placeOf(channel: string): string | null
  /**
   * The workspace of a channel of the configuration, for errors that are the workspace's; `null`: not known. Left out:
   * no error reaches that far.
   */
  readonly workspaceOf?: (channel: string) => string | null
  /** The direct-message channel of an addressee; `null`: not on the platform. */
  conversationWith(addressee: string): Promise<string | null>
  /** The card as it is posted first, without pictures. */
  cardContent(card: Card): Content
  /** An entry outside a thread: a direct message, or a message that is not about one proposal. */
  aloneContent(entry: ThreadEntry): Content
  /** Returns the id of the message. */
  post(spot: Spot, key: string, content: Content): Promise<string>
  /** Looks for a message that may have been posted before. */
  find(spot: Spot, key: string, content: Content): Promise<string | null>
  /**
   * Shows the card that `current` returns just before it is sent. Returns the seconds until the card must be shown
   * again with a picture that is missing now; `null`: nothing is missing. `elsewhere`: the message is in a workspace
   * that does not count any more, but `place`, the channel of today, counts.
   */
  editCard(posted: Posted, place: string, current: () => Promise<Card | null>): Promise<number | null | 'elsewhere'>
  /** Where entries of the card's thread are posted. */
  threadSpot(place: string, card: string): Spot
  /** Opens the card's thread. Left out: on this platform every message has a thread. */
  readonly openThread?: (place: string, card: string, name: string) => Promise<void>
  /** Posts an entry, with its picture if possible. `write` posts once. */
  say(message: ThreadMessage, write: (content: Content) => Promise<void>): Promise<void>
  /** What a refusal of the platform means; nothing has arrived. `null`: it is no refusal, so it may have arrived. */
  refusalOf(error: unknown): Refusal | null
  /** True if the message or thread does not exist any more. */
  isGone(error: unknown): boolean
  /** A link for people to a message; `null`: not known. */
  linkTo(posted: Posted): Promise<string | null>
  /** The error to throw instead: `Undelivered` with a sentence that says how to fix it, or `TryLater`. */
  problem(error: unknown, place: string): unknown
}
