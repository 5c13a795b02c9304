/**
 * Messages as they are made, changed and removed, with what the gateway tells of it.
 * Discord: resources/message (create, edit, delete), events/gateway-events#messages, topics/threads.
 */

import { withMedia } from './components.ts'
import type { Json } from './json.ts'
import { mentionedIn, nobody } from './mentions.ts'
import type { MessageDraft } from './message-body.ts'
import { channelPayload, memberPayload, messagePayload } from './payloads.ts'
import { type Channel, intent, type Message, type World } from './world.ts'

export interface PostOptions {
  readonly type?: number
  readonly interactionId?: string
  /** Makes the message ephemeral: this user alone sees it. */
  readonly ephemeralFor?: string
  readonly loading?: boolean
}

export function postMessage(
  world: World,
  channel: Channel,
  authorId: string,
  draft: MessageDraft,
  options: PostOptions = {},
): Message {
  const replyTo = draft.replyTo === null ? null : (channel.messages.get(draft.replyTo) ?? null)
  const mentions = mentionedIn(world, channel, authorId, { ...draft, replyTo }, draft.allowed)
  const ephemeralFor = options.ephemeralFor ?? null
  const message: Message = {
    id: world.id(),
    channelId: channel.id,
    authorId,
    type: options.type ?? (draft.replyTo === null ? 0 : 19),
    content: draft.content,
    embeds: draft.embeds,
    components: withMedia(draft.components, draft.attachments, channel.id),
    flags: draft.flags,
    attachments: draft.attachments,
    nonce: draft.nonce,
    createdAt: world.now(),
    editedAt: null,
    mentions,
    notified: ephemeralFor === null && options.loading !== true ? mentions : nobody,
    replyTo: draft.replyTo,
    ephemeralFor,
    interactionId: options.interactionId ?? null,
    loading: options.loading ?? false,
  }
  if (ephemeralFor !== null) {
    world.ephemeral.set(message.id, message)
    return message
  }
  channel.messages.set(message.id, message)
  touchThread(world, channel, message)
  tellMessage(world, channel, message, 'MESSAGE_CREATE')
  return message
}

/** A message in a thread keeps it open, or opens it again, and brings in its author and whom it notifies. */
function touchThread(world: World, channel: Channel, message: Message): void {
  const { thread } = channel
  if (thread === null) return
  thread.totalSent += 1
  thread.activeAt = world.now()
  for (const id of [message.authorId, ...message.notified.users])
    if (!thread.members.has(id)) thread.members.set(id, world.now())
  if (thread.archived) setArchived(world, channel, false)
}

export function setArchived(world: World, channel: Channel, archived: boolean): void {
  if (channel.thread === null || channel.thread.archived === archived) return
  channel.thread.archived = archived
  channel.thread.archiveChangedAt = world.now()
  if (!archived) channel.thread.activeAt = world.now()
  tellChannel(world, channel, 'THREAD_UPDATE')
}

/** Threads that nobody wrote in for their `auto_archive_duration` are archived. */
export function archiveIdleThreads(world: World): void {
  for (const channel of world.channels.values()) {
    const { thread } = channel
    if (thread === null || thread.archived) continue
    if (world.now() - thread.activeAt >= thread.autoArchiveMinutes * 60_000) setArchived(world, channel, true)
  }
}

export function editMessage(world: World, channel: Channel, message: Message, draft: MessageDraft): void {
  const replyTo = message.replyTo === null ? null : (channel.messages.get(message.replyTo) ?? null)
  message.mentions = mentionedIn(world, channel, message.authorId, { ...draft, replyTo }, draft.allowed)
  message.content = draft.content
  message.embeds = draft.embeds
  message.components = withMedia(draft.components, draft.attachments, channel.id)
  message.flags = draft.flags
  message.attachments = draft.attachments
  message.editedAt = world.now()
  message.loading = false
  tellMessage(world, channel, message, 'MESSAGE_UPDATE')
}

export function deleteMessage(world: World, channel: Channel, message: Message): void {
  if (world.ephemeral.delete(message.id)) return
  channel.messages.delete(message.id)
  world.dispatch({
    name: 'MESSAGE_DELETE',
    data: { id: message.id, channel_id: channel.id, ...guildOf(channel) },
    intent: messageIntent(channel),
  })
}

export function tellMessage(world: World, channel: Channel, message: Message, name: string): void {
  if (message.ephemeralFor !== null) return
  const member = world.guilds.get(channel.guildId ?? '')?.members.get(message.authorId)
  const { user: _user, ...partial } = member ? memberPayload(world, member) : { user: null }
  const data: Json = {
    ...messagePayload(world, message),
    ...guildOf(channel),
    channel_type: channel.type,
    ...(member ? { member: partial } : {}),
    ...(name === 'MESSAGE_CREATE' && message.nonce !== null ? { nonce: message.nonce } : {}),
  }
  const own = message.authorId === world.botId
  const shown = own || channel.type === 1 || message.mentions.users.includes(world.botId)
  const hidden = shown ? {} : { withoutContent: { ...data, content: '', embeds: [], components: [], attachments: [] } }
  world.dispatch({ name, data, intent: messageIntent(channel), ...hidden })
}

export function tellChannel(world: World, channel: Channel, name: string, extra: Json = {}): void {
  world.dispatch({ name, data: { ...channelPayload(world, channel), ...extra }, intent: intent.guilds })
}

function messageIntent(channel: Channel): number {
  return channel.type === 1 ? intent.directMessages : intent.guildMessages
}

function guildOf(channel: Channel): Json {
  return channel.guildId === null ? {} : { guild_id: channel.guildId }
}
