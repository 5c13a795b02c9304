/** What the workflow asks of a chat platform, and what a platform must store. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from './accounts.ts'
import type { ThreadEntry } from './card.ts'

/** One message of the outbox. */
export interface OutgoingMessage {
  readonly id: number
  /** A channel of the configuration; or `@` and an addressee for a direct message. */
  readonly channel: string
  /** `null`: the message is not about one proposal, and stands outside any thread. */
  readonly proposal: string | null
  /** ISO 8601 UTC. */
  readonly at: string
  /** `null`: show the proposal's present card. */
  readonly entry: ThreadEntry | null
}

/**
 * Messages of one conversation come in order. Messages of one channel come one at a time. The same id delivered twice
 * gives one message. Throws `Undelivered` if it cannot be delivered now, `TryLater` if the platform asked to wait.
 */
export interface ChatPlatform {
  readonly name: string
  /** The workspace of a channel of the outbox; `null`: not known. Left out: no error is a workspace's. */
  readonly workspaceOf?: (channel: string) => string | null
  /**
   * Returns after how many seconds the proposal's card must be shown again with a picture that is missing now; `null`:
   * nothing is missing.
   */
  deliver(message: OutgoingMessage): Promise<number | null>
}

/** Seconds from a new picture in the thread to the same picture on the card. Slack needs them to process the file. */
export const PICTURE_SECONDS = 2

/** The addressee of a direct message: a person id, or `@` and an account of the platform; `null`: this is a channel. */
export function addressee(channel: string): string | null {
  return channel.startsWith('@') ? channel.slice(1) : null
}

/** The direct messages of one account, even if it no longer belongs to a person. */
export function conversationWithAccount(account: string): string {
  return `@@${account}`
}

/** The account in an addressee; `null`: the addressee is a person. */
export function accountAddressed(addressed: string): string | null {
  return addressed.startsWith('@') ? addressed.slice(1) : null
}

/** What a connection reports after it was opened. */
export interface ConnectionEvents {
  /** The connection works again. */
  up(): void
  /** The connection broke, and is being opened again. */
  down(why: string): void
  /** The connection broke and does not reconnect by itself. It must be stopped and started. */
  lost(why: string): void
}

/** For callers that do not listen to events. */
export const untold: ConnectionEvents = { up: () => {}, down: () => {}, lost: () => {} }

/** A platform where people can also answer. */
export interface ChatConnection {
  readonly platform: ChatPlatform
  /** Checks the tokens and channels, and posts nothing. Returns one line. Throws a sentence. */
  check(): Promise<string>
  /** Starts to listen to people on the platform. Throws a sentence. */
  start(events?: ConnectionEvents): Promise<void>
  stop(): Promise<void>
  /** Posts a test button; a click is passed to the desk. Returns the platform's id of the channel; `null`: none. */
  postTest(nonce: string): Promise<string | null>
  /** The platform gets the requests under this path of the console's address. */
  readonly http?: {
    readonly path: string
    handle(request: IncomingMessage, response: ServerResponse): void
  }
  /**
   * The accounts in a user group or role of the platform. `server`: the Slack workspace or Discord server with the
   * group; `null`: the only one there is. Throws a sentence.
   */
  accountsIn(group: { readonly server: string | null; readonly id: string }): Promise<readonly Account[]>
}

/** The platform asked us to wait. The message itself is fine. */
export class TryLater extends Error {
  readonly seconds: number

  constructor(seconds: number) {
    super(`The platform asks to wait ${seconds} s.`)
    this.seconds = seconds
  }
}

/** One of our messages on a platform. `message` is null while nobody knows whether it arrived. */
export interface Post {
  /** `card PW-1`, `entry 17`, `picture 17`: what was posted. Each key is posted once. */
  readonly key: string
  readonly proposal: string | null
  /** The platform's own id of the channel. */
  readonly place: string
  readonly message: string | null
}

/** The messages that we posted, kept in the database. So a restart neither loses a card nor posts it twice. */
export interface Posts {
  find(platform: string, key: string): Promise<Post | null>
  /** Called before posting, so that a crash in between is noticed. */
  begin(platform: string, post: Omit<Post, 'message'>): Promise<void>
  sent(platform: string, key: string, message: string): Promise<void>
  /** The message was deleted, or certainly never arrived. */
  forget(platform: string, key: string): Promise<void>
  /** The proposal whose card or thread this message is; `null`: none. */
  proposalOf(platform: string, place: string, message: string): Promise<string | null>
}
