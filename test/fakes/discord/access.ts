/**
 * Finding what a request names, and whether the bot may.
 * Discord: topics/permissions, topics/threads (locked, archived), topics/opcodes-and-status-codes.
 */

import { refuse } from './api-error.ts'
import { can, type Permission } from './permissions.ts'
import type { Channel, Guild, Message, World } from './world.ts'

/** A channel that the bot can see: 10003 when there is none, 50001 when it may not look. */
export function visibleChannel(world: World, id: string): Channel {
  const channel = world.channels.get(id)
  if (!channel) throw refuse('unknownChannel')
  if (!can(world, world.botId, channel, 'viewChannel')) throw refuse('missingAccess')
  return channel
}

export function needs(world: World, channel: Channel, ...names: readonly Permission[]): void {
  for (const name of names) if (!can(world, world.botId, channel, name)) throw refuse('missingPermissions')
}

export function messageOf(channel: Channel, id: string): Message {
  const message = channel.messages.get(id)
  if (!message) throw refuse('unknownMessage')
  return message
}

/** May the bot write here: permission, locked thread. */
export function mayWrite(world: World, channel: Channel): void {
  if (channel.type === 1) {
    if (!takesDirectMessages(world, channel.recipientId ?? '')) throw refuse('cannotSendToUser')
    return
  }
  needs(world, channel, channel.thread ? 'sendMessagesInThreads' : 'sendMessages')
  if (channel.thread?.locked && !can(world, world.botId, channel, 'manageThreads')) throw refuse('threadLocked')
}

/** Only an active thread can be changed. */
export function mayChange(world: World, channel: Channel): void {
  if (channel.thread?.archived) throw refuse('threadArchived')
  if (channel.thread?.locked && !can(world, world.botId, channel, 'manageThreads')) throw refuse('threadLocked')
}

export function takesDirectMessages(world: World, userId: string): boolean {
  const user = world.users.get(userId)
  if (!user || user.bot || !user.acceptsDirectMessages) return false
  return [...world.guilds.values()].some((guild) => guild.members.has(userId) && guild.members.has(world.botId))
}

/** A server the bot is in. */
export function ownGuild(world: World, id: string): Guild {
  const guild = world.guilds.get(id)
  if (!guild) throw refuse('unknownGuild')
  if (!guild.members.has(world.botId)) throw refuse('missingAccess')
  return guild
}
