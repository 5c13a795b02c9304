/** Permission bits and who has them where. Discord: topics/permissions (flags, overwrites, implicit permissions). */

import type { Channel, World } from './world.ts'

export const permission = {
  administrator: 1n << 3n,
  manageChannels: 1n << 4n,
  addReactions: 1n << 6n,
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  manageMessages: 1n << 13n,
  embedLinks: 1n << 14n,
  attachFiles: 1n << 15n,
  readMessageHistory: 1n << 16n,
  mentionEveryone: 1n << 17n,
  manageRoles: 1n << 28n,
  useApplicationCommands: 1n << 31n,
  manageThreads: 1n << 34n,
  createPublicThreads: 1n << 35n,
  createPrivateThreads: 1n << 36n,
  sendMessagesInThreads: 1n << 38n,
  pinMessages: 1n << 51n,
} as const

export type Permission = keyof typeof permission

export const everyPermission = (1n << 53n) - 1n

export function bits(names: readonly Permission[]): bigint {
  return names.reduce((sum, name) => sum | permission[name], 0n)
}

/** What `@everyone` of a new server may do, of the bits used here. */
export const everyoneDefault = bits([
  'addReactions',
  'viewChannel',
  'sendMessages',
  'embedLinks',
  'attachFiles',
  'readMessageHistory',
  'mentionEveryone',
  'useApplicationCommands',
  'createPublicThreads',
  'createPrivateThreads',
  'sendMessagesInThreads',
])

/** The permissions of a user in a channel; a thread has its parent's. None for who is not in the server. */
export function permissionsIn(world: World, userId: string, channel: Channel): bigint {
  if (channel.guildId === null) return channel.recipientId === userId || userId === world.botId ? everyPermission : 0n
  const guild = world.guilds.get(channel.guildId)
  const member = guild?.members.get(userId)
  if (!guild || !member) return 0n
  if (guild.ownerId === userId) return everyPermission
  let granted = guild.roles.get(guild.id)?.permissions ?? 0n
  for (const id of member.roles) granted |= guild.roles.get(id)?.permissions ?? 0n
  if (granted & permission.administrator) return everyPermission
  const place = channel.parentId === null ? channel : world.channels.get(channel.parentId)
  const { overwrites } = place ?? channel
  granted = apply(granted, [overwrites.get(guild.id)])
  granted = apply(
    granted,
    member.roles.map((id) => overwrites.get(id)),
  )
  granted = apply(granted, [overwrites.get(userId)])
  return granted & permission.viewChannel ? granted : 0n
}

export interface Overwrite {
  readonly type: 'role' | 'member'
  readonly allow: bigint
  readonly deny: bigint
}

function apply(granted: bigint, overwrites: readonly (Overwrite | undefined)[]): bigint {
  const deny = overwrites.reduce((sum, overwrite) => sum | (overwrite?.deny ?? 0n), 0n)
  const allow = overwrites.reduce((sum, overwrite) => sum | (overwrite?.allow ?? 0n), 0n)
  return (granted & ~deny) | allow
}

export function can(world: World, userId: string, channel: Channel, name: Permission): boolean {
  return (permissionsIn(world, userId, channel) & permission[name]) !== 0n
}
