/** What the fake stores: Discord's objects as far as they matter here, its clock and its ids. */

import type { Json } from './json.ts'
import { discordLimits, type Limits } from './limits.ts'
import type { Overwrite } from './permissions.ts'

export interface User {
  readonly id: string
  readonly name: string
  readonly bot: boolean
  /** Whether they take direct messages from members of a shared server. */
  acceptsDirectMessages: boolean
}

export interface Role {
  readonly id: string
  name: string
  permissions: bigint
  mentionable: boolean
  readonly position: number
}

export interface Member {
  readonly userId: string
  readonly roles: string[]
  readonly joinedAt: number
}

export interface Guild {
  readonly id: string
  readonly name: string
  readonly ownerId: string
  readonly roles: Map<string, Role>
  readonly members: Map<string, Member>
  /** As registered, with ids. */
  commands: readonly Json[]
  /** When new commands were made, for the daily limit. */
  readonly commandCreates: number[]
}

export interface ThreadState {
  readonly ownerId: string
  archived: boolean
  locked: boolean
  autoArchiveMinutes: number
  archiveChangedAt: number
  activeAt: number
  /** User id and when they joined. */
  readonly members: Map<string, number>
  totalSent: number
}

/** Discord's channel types: 0 text, 1 direct messages, 11 public thread, 12 private thread. */
export interface Channel {
  readonly id: string
  readonly type: 0 | 1 | 11 | 12
  readonly guildId: string | null
  readonly parentId: string | null
  /** The other person of a direct message channel. */
  readonly recipientId: string | null
  name: string
  readonly overwrites: Map<string, Overwrite>
  readonly messages: Map<string, Message>
  readonly thread: ThreadState | null
}

/** Whom a message notified when it was posted. Edits notify nobody. */
export interface Notified {
  readonly everyone: boolean
  readonly here: boolean
  readonly users: readonly string[]
  readonly roles: readonly string[]
}

export interface Attachment {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly type: string
  readonly content: Buffer
}

export interface Message {
  readonly id: string
  readonly channelId: string
  readonly authorId: string
  readonly type: number
  content: string
  embeds: readonly Json[]
  components: readonly Json[]
  flags: number
  attachments: readonly Attachment[]
  /** As given by the sender; Discord tells it only when the message is made. */
  readonly nonce: string | number | null
  readonly createdAt: number
  editedAt: number | null
  /** What the text mentions and its sender allowed. */
  mentions: Notified
  readonly notified: Notified
  readonly replyTo: string | null
  /** The only reader of an ephemeral message. */
  readonly ephemeralFor: string | null
  /** The interaction it answers. */
  readonly interactionId: string | null
  /** True between a deferred answer and its content. */
  loading: boolean
}

export interface GatewayEvent {
  readonly name: string
  readonly data: Json
  /** The bit of the intent it needs; 0 for none. */
  readonly intent: number
  /** What a session without the message content intent gets in its place. */
  readonly withoutContent?: Json
}

export interface World {
  readonly limits: Limits
  readonly token: string
  readonly applicationId: string
  readonly botId: string
  readonly users: Map<string, User>
  readonly guilds: Map<string, Guild>
  readonly channels: Map<string, Channel>
  readonly ephemeral: Map<string, Message>
  readonly globalCommands: { list: readonly Json[] }
  /** Milliseconds since 1970, moved on by `advance`. */
  readonly now: () => number
  readonly advance: (milliseconds: number) => void
  /** A new id: 64 bits of time and count, 19 digits. */
  readonly id: () => string
  dispatch: (event: GatewayEvent) => void
  /** False once a test has made the token invalid. */
  tokenValid: boolean
}

export const intent = {
  guilds: 1 << 0,
  guildMembers: 1 << 1,
  guildPresences: 1 << 8,
  guildMessages: 1 << 9,
  directMessages: 1 << 12,
  messageContent: 1 << 15,
} as const

/** The first second of 2015, from which Discord's ids count (reference#snowflakes). */
const epoch = 1_420_070_400_000

export function createWorld(limits: Partial<Limits>): World {
  let offset = 0
  let last = 0n
  function now(): number {
    return Date.now() + offset
  }
  function id(): string {
    const timed = BigInt(now() - epoch) << 22n
    last = timed > last ? timed : last + 1n
    return String(last)
  }
  const botId = id()
  const world: World = {
    limits: { ...discordLimits, ...limits },
    token: `${Buffer.from(botId).toString('base64url')}.fake.token-of-the-bot`,
    applicationId: botId,
    botId,
    users: new Map(),
    guilds: new Map(),
    channels: new Map(),
    ephemeral: new Map(),
    globalCommands: { list: [] },
    now,
    advance: (milliseconds) => {
      offset += milliseconds
    },
    id,
    dispatch: () => undefined,
    tokenValid: true,
  }
  world.users.set(botId, { id: botId, name: 'patchwarden', bot: true, acceptsDirectMessages: true })
  return world
}
