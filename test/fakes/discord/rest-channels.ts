/** Channels, direct messages, threads. Discord: resources/{channel,user}, topics/threads. */

import { mayChange, messageOf, needs, takesDirectMessages, visibleChannel } from './access.ts'
import { refuse } from './api-error.ts'
import { choice, type Form, form, formErrors, integer, text, yes } from './form.ts'
import { asObject, asText, type Json } from './json.ts'
import { channelPayload, threadMemberPayload } from './payloads.ts'
import { can } from './permissions.ts'
import { setArchived, tellChannel, tellMessage } from './post.ts'
import { type Call, noContent, ok, type Reply, type Route } from './route.ts'
import { startThread } from './threads.ts'
import { type Channel, intent, type World } from './world.ts'

const archiveMinutes = [60, 1440, 4320, 10080]

export function channelRoutes(world: World): readonly Route[] {
  const one = '/channels/:channel'
  const members = `${one}/thread-members`
  const other = 'otherRoutes'
  return [
    { method: 'GET', path: one, bucket: other, handle: (call) => get(world, call) },
    { method: 'PATCH', path: one, bucket: other, handle: (call) => change(world, call) },
    { method: 'DELETE', path: one, bucket: other, handle: (call) => remove(world, call) },
    {
      method: 'POST',
      path: `${one}/messages/:message/threads`,
      bucket: 'threadCreate',
      handle: (call) => fromMessage(world, call),
    },
    { method: 'POST', path: `${one}/threads`, bucket: 'threadCreate', handle: (call) => alone(world, call) },
    { method: 'GET', path: members, bucket: other, handle: (call) => listMembers(world, call) },
    { method: 'GET', path: `${members}/:user`, bucket: other, handle: (call) => getMember(world, call) },
    { method: 'PUT', path: `${members}/:user`, bucket: other, handle: (call) => addMember(world, call) },
    { method: 'DELETE', path: `${members}/:user`, bucket: other, handle: (call) => removeMember(world, call) },
    { method: 'POST', path: `${one}/typing`, bucket: other, handle: (call) => typing(world, call) },
    { method: 'POST', path: '/users/@me/channels', bucket: other, handle: (call) => directMessages(world, call) },
  ]
}

function get(world: World, call: Call): Reply {
  return ok(channelPayload(world, visibleChannel(world, call.part('channel')), world.botId))
}

function typing(world: World, call: Call): Reply {
  visibleChannel(world, call.part('channel'))
  return noContent
}

function change(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  const at = form(call.body, [], formErrors())
  const name = text(at, 'name', { min: 1, max: 100 })
  if (channel.thread === null) {
    needs(world, channel, 'manageChannels')
    at.errors.check()
    if (name !== undefined) channel.name = name
    tellChannel(world, channel, 'CHANNEL_UPDATE')
    return ok(channelPayload(world, channel, world.botId))
  }
  const { thread } = channel
  const minutes = choice(at, 'auto_archive_duration', archiveMinutes, false)
  const archived = yes(at, 'archived')
  const locked = yes(at, 'locked')
  integer(at, 'rate_limit_per_user', { min: 0, max: 21_600 })
  at.errors.check()
  const moderator = can(world, world.botId, channel, 'manageThreads')
  const creator = thread.ownerId === world.botId
  if (locked !== undefined && locked !== thread.locked && !moderator) throw refuse('missingPermissions')
  if (thread.locked && locked !== false && !moderator) throw refuse('threadLocked')
  if (thread.archived && archived !== false) throw refuse('threadArchived')
  const reopensOnly = archived === false && name === undefined && minutes === undefined
  if (!moderator && !creator && !(reopensOnly && thread.members.has(world.botId))) throw refuse('missingPermissions')
  if (name !== undefined) channel.name = name
  if (minutes !== undefined) thread.autoArchiveMinutes = minutes
  if (locked !== undefined) thread.locked = locked
  if (archived !== undefined && archived !== thread.archived) setArchived(world, channel, archived)
  else tellChannel(world, channel, 'THREAD_UPDATE')
  return ok(channelPayload(world, channel, world.botId))
}

function remove(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  if (channel.type !== 1) needs(world, channel, channel.thread ? 'manageThreads' : 'manageChannels')
  const payload = channelPayload(world, channel)
  deleteChannel(world, channel)
  return ok(payload)
}

/** Also its threads. */
export function deleteChannel(world: World, channel: Channel): void {
  for (const thread of world.channels.values()) if (thread.parentId === channel.id) deleteChannel(world, thread)
  world.channels.delete(channel.id)
  tellChannel(world, channel, channel.thread ? 'THREAD_DELETE' : 'CHANNEL_DELETE')
}

function threadFields(body: unknown): { readonly at: Form; readonly name: string; readonly minutes: number } {
  const at = form(body, [], formErrors())
  const name = text(at, 'name', { min: 1, max: 100, required: true }) ?? ''
  const minutes = choice(at, 'auto_archive_duration', archiveMinutes, false) ?? 4320
  integer(at, 'rate_limit_per_user', { min: 0, max: 21_600 })
  return { at, name, minutes }
}

function fromMessage(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  if (channel.type !== 0) throw refuse('wrongChannelType')
  const message = messageOf(channel, call.part('message'))
  needs(world, channel, 'createPublicThreads')
  const { at, name, minutes } = threadFields(call.body)
  at.errors.check()
  if (world.channels.has(message.id)) throw refuse('threadExists')
  const thread = startThread(world, channel, { id: message.id, name, minutes, type: 11 })
  tellMessage(world, channel, message, 'MESSAGE_UPDATE')
  return { status: 201, body: channelPayload(world, thread, world.botId) }
}

function alone(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  if (channel.type !== 0) throw refuse('wrongChannelType')
  const { at, name, minutes } = threadFields(call.body)
  const type = choice(at, 'type', [10, 11, 12], false) === 11 ? 11 : 12
  at.errors.check()
  needs(world, channel, type === 11 ? 'createPublicThreads' : 'createPrivateThreads')
  const thread = startThread(world, channel, { id: world.id(), name, minutes, type })
  return { status: 201, body: channelPayload(world, thread, world.botId) }
}

function threadOf(world: World, call: Call): Channel & { readonly thread: NonNullable<Channel['thread']> } {
  const channel = visibleChannel(world, call.part('channel'))
  const { thread } = channel
  if (thread === null) throw refuse('wrongChannelType')
  return { ...channel, thread }
}

function memberId(world: World, call: Call): string {
  return call.part('user') === '@me' ? world.botId : call.part('user')
}

function listMembers(world: World, call: Call): Reply {
  const channel = threadOf(world, call)
  return ok([...channel.thread.members].map(([id, at]) => threadMemberPayload(channel, id, at)))
}

function getMember(world: World, call: Call): Reply {
  const channel = threadOf(world, call)
  const id = memberId(world, call)
  const joinedAt = channel.thread.members.get(id)
  if (joinedAt === undefined) throw refuse('unknownMember')
  return ok(threadMemberPayload(channel, id, joinedAt))
}

function addMember(world: World, call: Call): Reply {
  const channel = threadOf(world, call)
  const id = memberId(world, call)
  mayChange(world, channel)
  if (id !== world.botId) {
    needs(world, channel, 'sendMessagesInThreads')
    if (!world.users.has(id)) throw refuse('unknownUser')
    if (!can(world, id, channel, 'viewChannel')) throw refuse('missingAccess')
  }
  if (!channel.thread.members.has(id)) {
    channel.thread.members.set(id, world.now())
    tellMembers(world, channel, { added_members: [threadMemberPayload(channel, id, world.now())] })
  }
  return noContent
}

function removeMember(world: World, call: Call): Reply {
  const channel = threadOf(world, call)
  const id = memberId(world, call)
  mayChange(world, channel)
  if (id !== world.botId) needs(world, channel, 'manageThreads')
  if (!channel.thread.members.delete(id)) throw refuse('unknownMember')
  tellMembers(world, channel, { removed_member_ids: [id] })
  return noContent
}

function tellMembers(world: World, channel: Channel, changed: Json): void {
  const { id, guildId, thread } = channel
  const data = { id, guild_id: guildId, member_count: Math.min(50, thread?.members.size ?? 0), ...changed }
  world.dispatch({ name: 'THREAD_MEMBERS_UPDATE', data, intent: intent.guilds })
}

function directMessages(world: World, call: Call): Reply {
  const recipientId = asText(asObject(call.body).recipient_id)
  const recipient = world.users.get(recipientId)
  if (!recipient) throw refuse('invalidRecipients')
  if (recipient.bot) throw refuse('cannotSendToUser')
  const shared = [...world.guilds.values()].some((guild) => guild.members.has(recipientId))
  if (!shared && !takesDirectMessages(world, recipientId)) throw refuse('cannotSendToUser')
  return ok(channelPayload(world, openDirectMessages(world, recipientId)))
}

/** The one channel of the bot and this user. */
export function openDirectMessages(world: World, recipientId: string): Channel {
  const known = [...world.channels.values()].find((one) => one.type === 1 && one.recipientId === recipientId)
  if (known) return known
  const channel: Channel = {
    id: world.id(),
    type: 1,
    guildId: null,
    parentId: null,
    recipientId,
    name: '',
    overwrites: new Map(),
    messages: new Map(),
    thread: null,
  }
  world.channels.set(channel.id, channel)
  return channel
}
