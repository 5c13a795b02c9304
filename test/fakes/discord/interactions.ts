/**
 * Interactions as they are made and told: what a person did, whether and how the app answered.
 * Discord: interactions/receiving-and-responding (interaction object, 3 seconds, 15 minutes).
 */

import { randomBytes } from 'node:crypto'
import type { Json } from './json.ts'
import { appPermissions, channelPayload, interactionMemberPayload, userPayload } from './payloads.ts'
import { permissionsIn } from './permissions.ts'
import type { Channel, Message, World } from './world.ts'

/** 2 command, 3 message component, 4 autocomplete, 5 modal submit. */
export type InteractionType = 2 | 3 | 4 | 5

export interface Interaction {
  readonly id: string
  readonly token: string
  readonly type: InteractionType
  readonly userId: string
  readonly channelId: string
  readonly customId: string | null
  /** The message whose component was used. */
  readonly messageId: string | null
  readonly payload: Json
  readonly createdAt: number
  /** The answer that Discord accepted: callback type and data. */
  answer: { readonly type: number; readonly data: Json; readonly milliseconds: number } | null
  /** Answers refused with 10062 because they came too late. */
  lateAnswers: number
  /** Answers refused with 40060 because one was accepted before. */
  repeatedAnswers: number
  /** Whatever else was refused, as the app was told, or what its endpoint answered instead. */
  readonly refusedAnswers: unknown[]
  /** The message `@original` names. */
  originalId: string | null
  /** The modal that it opened. */
  modal: Json | null
  /** What autocomplete suggested. */
  choices: readonly Json[] | null
  /** Every message that answers it, ephemeral ones too, as they are now. */
  readonly messages: Message[]
}

export interface Interactions {
  readonly all: readonly Interaction[]
  readonly find: (id: string) => Interaction | undefined
  readonly byToken: (token: string) => Interaction | undefined
  readonly make: (draft: InteractionDraft) => Interaction
  /** Resolves when it was answered, or when its time to answer is over. */
  readonly settled: (interaction: Interaction) => Promise<Interaction>
  readonly accept: (interaction: Interaction, type: number, data: Json) => void
  readonly unacknowledged: () => readonly Interaction[]
}

export interface InteractionDraft {
  readonly type: InteractionType
  readonly userId: string
  readonly channel: Channel
  readonly data: Json
  readonly customId?: string
  readonly message?: { readonly id: string; readonly payload: Json }
}

export function createInteractions(world: World): Interactions {
  const all: Interaction[] = []
  const waiting = new Map<string, () => void>()

  function make(draft: InteractionDraft): Interaction {
    const id = world.id()
    const token = randomBytes(96).toString('base64url')
    const interaction: Interaction = {
      id,
      token,
      type: draft.type,
      userId: draft.userId,
      channelId: draft.channel.id,
      customId: draft.customId ?? null,
      messageId: draft.message?.id ?? null,
      payload: payload(world, id, token, draft),
      createdAt: world.now(),
      answer: null,
      lateAnswers: 0,
      repeatedAnswers: 0,
      refusedAnswers: [],
      originalId: null,
      modal: null,
      choices: null,
      messages: [],
    }
    all.push(interaction)
    return interaction
  }

  function settled(interaction: Interaction): Promise<Interaction> {
    if (interaction.answer !== null) return Promise.resolve(interaction)
    return new Promise((resolve) => {
      const left = interaction.createdAt + world.limits.acknowledgeMilliseconds - world.now()
      const timer = setTimeout(done, Math.max(0, left))
      function done(): void {
        clearTimeout(timer)
        waiting.delete(interaction.id)
        resolve(interaction)
      }
      waiting.set(interaction.id, done)
    })
  }

  return {
    all,
    find: (id) => all.find((one) => one.id === id),
    byToken: (token) => all.find((one) => one.token === token),
    make,
    settled,
    accept: (interaction, type, data) => {
      interaction.answer = { type, data, milliseconds: world.now() - interaction.createdAt }
      waiting.get(interaction.id)?.()
    },
    unacknowledged: () =>
      all.filter((one) => one.answer === null && world.now() - one.createdAt >= world.limits.acknowledgeMilliseconds),
  }
}

function payload(world: World, id: string, token: string, draft: InteractionDraft): Json {
  const { channel, userId } = draft
  const guild = channel.guildId === null ? undefined : world.guilds.get(channel.guildId)
  const member = guild?.members.get(userId)
  const user = world.users.get(userId)
  const inGuild =
    guild && member
      ? {
          guild_id: guild.id,
          guild: { id: guild.id, features: [], locale: 'en-US' },
          guild_locale: 'en-US',
          member: interactionMemberPayload(world, member, channel),
        }
      : { user: user ? userPayload(user) : {} }
  return {
    id,
    application_id: world.applicationId,
    type: draft.type,
    token,
    version: 1,
    data: draft.data,
    channel_id: channel.id,
    channel: { ...channelPayload(world, channel, userId), permissions: String(permissionsIn(world, userId, channel)) },
    ...inGuild,
    ...(draft.message ? { message: draft.message.payload } : {}),
    app_permissions: appPermissions(world, channel),
    locale: 'en-US',
    context: guild ? 0 : 1,
    entitlements: [],
    entitlement_sku_ids: [],
    authorizing_integration_owners: { 0: guild?.id ?? '0' },
    attachment_size_limit: 10_485_760,
  }
}
