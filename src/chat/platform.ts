/** What the workflow asks of a chat platform, and what a platform needs to remember. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from './accounts.ts'
import type { ThreadEntry } from './card.ts'

/** One message of the outbox. */
export interface OutgoingMessage {
  readonly id: number
  /** A channel of the configuration, or `@` and an addressee: a direct message. */
  readonly channel: string
  /** `null`: about no single one; it stands alone in the channel. */
  readonly proposal: string | null
  /** ISO 8601 UTC. */
  readonly at: string
  /** `null`: show the proposal's card as it is now. */
  readonly entry: ThreadEntry | null
}

/**
 * Messages come in order per conversation, one at a time per channel. Delivering an id twice is one message. Throws a
 * sentence when it cannot be delivered now, `TryLater` when the platform asked to wait.
 */
export interface ChatPlatform {
  readonly name: string
  /**
   * Returns in how many seconds the proposal's card should be shown again with a picture that it lacks; `null`: nothing
   * is missing.
   */
  deliver(message: OutgoingMessage): Promise<number | null>
}

/** A picture that was just told to a thread is on its card this much later: then Slack has mostly processed the file. */
export const PICTURE_SECONDS = 2

/** Whom a message is for: a person's id, or `@` and an account of the platform. `null` for a channel. */
export function addressee(channel: string): string | null {
  return channel.startsWith('@') ? channel.slice(1) : null
}

/** The conversation with an account that may speak for nobody any more: a person is reached by one that does. */
export function conversationWithAccount(account: string): string {
  return `@@${account}`
}

/** The account that an addressee names itself; `null` for a person. */
export function accountAddressed(addressed: string): string | null {
  return addressed.startsWith('@') ? addressed.slice(1) : null
}

/** What a connection reports after it was established. */
export interface ConnectionEvents {
  /** It works again. */
  up(): void
  /** It broke, and is being established again. */
  down(why: string): void
  /** It broke and does not come back by itself: it must be stopped and started. */
  lost(why: string): void
}

/** For callers that do not listen. */
export const untold: ConnectionEvents = { up: () => {}, down: () => {}, lost: () => {} }

/** A platform that people also answer on. */
export interface ChatConnection {
  readonly platform: ChatPlatform
  /** Asks whether the tokens work and the channels are there; posts nothing. One line; throws a sentence. */
  check(): Promise<string>
  /** Begins to listen to what people do there. Throws a sentence. */
  start(events?: ConnectionEvents): Promise<void>
  stop(): Promise<void>
  /** Posts a button whose click is told to the desk; the platform's id of the channel, `null` where there is none. */
  postTest(nonce: string): Promise<string | null>
  /** Requests under this path of the console's address are for the platform. */
  readonly http?: {
    readonly path: string
    handle(request: IncomingMessage, response: ServerResponse): void
  }
  /**
   * Accounts of those in a user group or role of the platform. `server`: the Slack workspace or Discord server that has it;
   * `null`: the only one there is. Throws a sentence.
   */
  accountsIn(group: { readonly server: string | null; readonly id: string }): Promise<readonly Account[]>
}

/** The platform asked for a pause: nothing is wrong with the message. */
export class TryLater extends Error {
  readonly seconds: number

  constructor(seconds: number) {
    super(`The platform asks to wait ${seconds} s.`)
    this.seconds = seconds
  }
}

/** A message of ours on a platform. `message` is null while it is not known whether it arrived. */
export interface Post {
  /** `card PW-1`, `entry 17`, `picture 17`: what was posted, once. */
  readonly key: string
  readonly proposal: string | null
  /** The platform's own id of the channel. */
  readonly place: string
  readonly message: string | null
}

/** What a platform has posted, kept in the database: a restart neither loses a card nor posts it twice. */
export interface Posts {
  find(platform: string, key: string): Promise<Post | null>
  /** Written before posting, so that a crash in between is noticed. */
  begin(platform: string, post: Omit<Post, 'message'>): Promise<void>
  sent(platform: string, key: string, message: string): Promise<void>
  /** It is gone there, or certainly never arrived. */
  forget(platform: string, key: string): Promise<void>
  /** The proposal whose card or thread this message is. */
  proposalOf(platform: string, place: string, message: string): Promise<string | null>
}
