/** Building the fake's servers, people and channels, and changing them as their owners would. */

import type { Json } from './json.ts'
import { channelPayload, guildPayload, memberPayload, rolePayload, userPayload } from './payloads.ts'
import { bits, everyoneDefault, everyPermission, type Permission } from './permissions.ts'
import { deleteMessage, postMessage, setArchived, tellChannel } from './post.ts'
import { deleteChannel } from './rest-channels.ts'
import {
  type Channel,
  type Guild,
  intent,
  type Member,
  type Message,
  type Role,
  type User,
  type World,
} from './world.ts'

export interface Town {
  /** A server that the bot has joined, owned by a person of its own. */
  readonly addGuild: (options?: { readonly name?: string; readonly botPermissions?: readonly Permission[] }) => Guild
  readonly addUser: (
    name: string,
    options?: { readonly bot?: boolean; readonly acceptsDirectMessages?: boolean },
  ) => User
  readonly addRole: (
    guild: Guild,
    name: string,
    options?: { readonly permissions?: readonly Permission[]; readonly mentionable?: boolean },
  ) => Role
  readonly join: (guild: Guild, user: User, roles?: readonly Role[]) => Member
  readonly leave: (guild: Guild, userId: string) => void
  readonly setRoles: (guild: Guild, userId: string, roles: readonly Role[]) => void
  readonly addChannel: (guild: Guild, name: string) => Channel
  /** @param target a user's id, a role's id, or the server's id for everyone */
  readonly overwrite: (
    channelId: string,
    target: string,
    change: { readonly allow?: readonly Permission[]; readonly deny?: readonly Permission[] },
  ) => void
  /** Someone writes a message. */
  readonly say: (userId: string, channelId: string, content: string) => Message
  readonly deleteChannel: (channelId: string) => void
  readonly deleteMessage: (messageId: string) => void
  readonly setThread: (threadId: string, change: { readonly archived?: boolean; readonly locked?: boolean }) => void
}

export function createTown(world: World): Town {
  function channelOf(id: string): Channel {
    const channel = world.channels.get(id)
    if (!channel) throw new Error(`The fake has no channel ${id}.`)
    return channel
  }

  function memberOf(guild: Guild, userId: string): Member {
    const member = guild.members.get(userId)
    if (!member) throw new Error(`${userId} is not in ${guild.name}.`)
    return member
  }

  function tell(name: string, bit: number, data: Json): void {
    world.dispatch({ name, data, intent: bit })
  }

  function addUser(name: string, options: { bot?: boolean; acceptsDirectMessages?: boolean } = {}): User {
    const user = {
      id: world.id(),
      name,
      bot: options.bot ?? false,
      acceptsDirectMessages: options.acceptsDirectMessages ?? true,
    }
    world.users.set(user.id, user)
    return user
  }

  function addRole(guild: Guild, name: string, permissions: bigint, mentionable: boolean, id = world.id()): Role {
    const role = { id, name, permissions, mentionable, position: guild.roles.size }
    guild.roles.set(id, role)
    tell('GUILD_ROLE_CREATE', intent.guilds, { guild_id: guild.id, role: rolePayload(role) })
    return role
  }

  function join(guild: Guild, user: User, roles: readonly Role[]): Member {
    const member = { userId: user.id, roles: roles.map((role) => role.id), joinedAt: world.now() }
    guild.members.set(user.id, member)
    tell('GUILD_MEMBER_ADD', intent.guildMembers, { ...memberPayload(world, member), guild_id: guild.id })
    return member
  }

  return {
    addGuild: ({ name = 'Operations', botPermissions = [] } = {}) => {
      const owner = addUser(`owner of ${name}`)
      const guild: Guild = {
        id: world.id(),
        name,
        ownerId: owner.id,
        roles: new Map(),
        members: new Map(),
        commands: [],
        commandCreates: [],
      }
      world.guilds.set(guild.id, guild)
      addRole(guild, '@everyone', everyoneDefault, false, guild.id)
      const own = addRole(guild, 'patchwarden', bits(botPermissions), false)
      join(guild, owner, [])
      const bot = world.users.get(world.botId)
      if (bot) join(guild, bot, [own])
      tell('GUILD_CREATE', intent.guilds, guildPayload(world, guild, false))
      return guild
    },
    addUser,
    addRole: (guild, name, { permissions = [], mentionable = false } = {}) =>
      addRole(guild, name, bits(permissions), mentionable),
    join: (guild, user, roles = []) => join(guild, user, roles),
    leave: (guild, userId) => {
      memberOf(guild, userId)
      guild.members.delete(userId)
      const user = world.users.get(userId)
      if (userId === world.botId) tell('GUILD_DELETE', intent.guilds, { id: guild.id })
      else if (user) tell('GUILD_MEMBER_REMOVE', intent.guildMembers, { guild_id: guild.id, user: userPayload(user) })
    },
    setRoles: (guild, userId, roles) => {
      const member = memberOf(guild, userId)
      member.roles.splice(0, member.roles.length, ...roles.map((role) => role.id))
      // The bot hears of its own roles without the intent.
      const bit = userId === world.botId ? 0 : intent.guildMembers
      tell('GUILD_MEMBER_UPDATE', bit, { ...memberPayload(world, member), guild_id: guild.id })
    },
    addChannel: (guild, name) => {
      const channel: Channel = {
        id: world.id(),
        type: 0,
        guildId: guild.id,
        parentId: null,
        recipientId: null,
        name,
        overwrites: new Map(),
        messages: new Map(),
        thread: null,
      }
      world.channels.set(channel.id, channel)
      tell('CHANNEL_CREATE', intent.guilds, channelPayload(world, channel))
      return channel
    },
    overwrite: (channelId, target, { allow = [], deny = [] }) => {
      const channel = channelOf(channelId)
      const guild = world.guilds.get(channel.guildId ?? '')
      const type = guild?.roles.has(target) ? 'role' : 'member'
      channel.overwrites.set(target, { type, allow: bits(allow) & everyPermission, deny: bits(deny) & everyPermission })
      tellChannel(world, channel, 'CHANNEL_UPDATE')
    },
    say: (userId, channelId, content) => {
      const allowed = { parse: ['users', 'roles', 'everyone'], users: [], roles: [], repliedUser: true }
      const rest = {
        embeds: [],
        components: [],
        flags: 0,
        attachments: [],
        nonce: null,
        enforceNonce: false,
        replyTo: null,
      }
      return postMessage(world, channelOf(channelId), userId, { content, allowed, ...rest })
    },
    deleteChannel: (channelId) => deleteChannel(world, channelOf(channelId)),
    deleteMessage: (messageId) => {
      const channel = [...world.channels.values()].find((one) => one.messages.has(messageId))
      const message = channel?.messages.get(messageId)
      if (!channel || !message) throw new Error(`The fake has no message ${messageId}.`)
      deleteMessage(world, channel, message)
    },
    setThread: (threadId, { archived, locked }) => {
      const channel = channelOf(threadId)
      if (!channel.thread) throw new Error(`${threadId} is no thread.`)
      if (locked !== undefined) channel.thread.locked = locked
      if (archived !== undefined) setArchived(world, channel, archived)
      tellChannel(world, channel, 'THREAD_UPDATE')
    },
  }
}
