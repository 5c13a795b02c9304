/**
 * The stored as Discord writes it. Discord: resources/{user,guild,channel,message}, topics/permissions#role-object.
 */

import { createHash } from 'node:crypto'
import { attachmentUrl } from './attachment-url.ts'
import type { Json } from './json.ts'
import { everyPermission, permissionsIn } from './permissions.ts'
import type { Attachment, Channel, Guild, Member, Message, Role, User, World } from './world.ts'

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000+00:00')
}

export function userPayload(user: User): Json {
  return {
    id: user.id,
    username: user.name,
    discriminator: user.bot ? '6184' : '0',
    global_name: user.bot ? null : user.name,
    avatar: null,
    avatar_decoration_data: null,
    collectibles: null,
    display_name_styles: null,
    clan: null,
    primary_guild: null,
    public_flags: 0,
    flags: 0,
    ...(user.bot ? { bot: true } : {}),
  }
}

export function memberPayload(world: World, member: Member): Json {
  const user = world.users.get(member.userId)
  return {
    avatar: null,
    banner: null,
    collectibles: null,
    communication_disabled_until: null,
    display_name_styles: null,
    flags: 0,
    joined_at: iso(member.joinedAt),
    nick: null,
    pending: false,
    premium_since: null,
    roles: [...member.roles],
    ...(user ? { user: userPayload(user) } : {}),
    mute: false,
    deaf: false,
  }
}

export function rolePayload(role: Role): Json {
  return {
    id: role.id,
    name: role.name,
    description: null,
    permissions: String(role.permissions),
    position: role.position,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    managed: false,
    mentionable: role.mentionable,
    icon: null,
    unicode_emoji: null,
    flags: 0,
  }
}

export function channelPayload(world: World, channel: Channel, viewerId?: string): Json {
  if (channel.type === 1) {
    const other = world.users.get(channel.recipientId ?? '')
    return {
      id: channel.id,
      type: 1,
      flags: 0,
      last_message_id: lastMessage(channel),
      recipients: other ? [userPayload(other)] : [],
    }
  }
  const shared = {
    id: channel.id,
    type: channel.type,
    guild_id: channel.guildId,
    name: channel.name,
    flags: 0,
    parent_id: channel.parentId,
    rate_limit_per_user: 0,
    last_message_id: lastMessage(channel),
    last_pin_timestamp: null,
  }
  if (channel.thread === null)
    return {
      ...shared,
      topic: null,
      nsfw: false,
      position: 0,
      permission_overwrites: [...channel.overwrites].map(([id, overwrite]) => ({
        id,
        type: overwrite.type === 'role' ? 0 : 1,
        allow: String(overwrite.allow),
        deny: String(overwrite.deny),
      })),
    }
  const { thread } = channel
  const joined = viewerId === undefined ? undefined : thread.members.get(viewerId)
  return {
    ...shared,
    owner_id: thread.ownerId,
    member_count: Math.min(50, thread.members.size),
    message_count: channel.messages.size,
    total_message_sent: thread.totalSent,
    thread_metadata: {
      archived: thread.archived,
      archive_timestamp: iso(thread.archiveChangedAt),
      auto_archive_duration: thread.autoArchiveMinutes,
      locked: thread.locked,
      create_timestamp: iso(thread.archiveChangedAt),
      ...(channel.type === 12 ? { invitable: true } : {}),
    },
    ...(joined === undefined ? {} : { member: threadMemberPayload(channel, viewerId ?? '', joined) }),
  }
}

export function threadMemberPayload(channel: Channel, userId: string, joinedAt: number): Json {
  return { id: channel.id, user_id: userId, join_timestamp: iso(joinedAt), flags: 0 }
}

function lastMessage(channel: Channel): string | null {
  return [...channel.messages.keys()].at(-1) ?? null
}

export function attachmentPayload(channelId: string, attachment: Attachment): Json {
  const url = attachmentUrl(channelId, attachment)
  return {
    id: attachment.id,
    filename: attachment.name,
    size: attachment.content.length,
    url,
    proxy_url: url.replace('cdn.discordapp.com', 'media.discordapp.net'),
    content_type: attachment.type,
    original_content_type: attachment.type,
    content_scan_version: 0,
    placeholder_version: 1,
    ...(attachment.description === null ? {} : { description: attachment.description }),
  }
}

export function messagePayload(world: World, message: Message): Json {
  const channel = world.channels.get(message.channelId)
  const author = world.users.get(message.authorId)
  const mentioned = message.mentions.users.flatMap((id) => world.users.get(id) ?? [])
  const thread = channel?.type === 0 ? world.channels.get(message.id) : undefined
  const reply = message.replyTo === null ? undefined : channel?.messages.get(message.replyTo)
  return {
    id: message.id,
    channel_id: message.channelId,
    type: message.type,
    author: author ? userPayload(author) : {},
    content: message.content,
    embeds: message.embeds.map((embed) => ({ ...embed, type: 'rich' })),
    components: message.components,
    // Those that a component shows are there, and not in the list (discord-api-docs#8277).
    attachments: message.attachments
      .filter(({ id }) => !JSON.stringify(message.components).includes(`"attachment_id":"${id}"`))
      .map((attachment) => attachmentPayload(message.channelId, attachment)),
    flags: message.flags | (message.loading ? 128 : 0) | (thread ? 32 : 0),
    mentions: mentioned.map(userPayload),
    mention_roles: [...message.mentions.roles],
    mention_everyone: message.mentions.everyone || message.mentions.here,
    pinned: false,
    tts: false,
    timestamp: iso(message.createdAt),
    edited_timestamp: message.editedAt === null ? null : iso(message.editedAt),
    ...(message.interactionId === null ? {} : { webhook_id: world.applicationId, application_id: world.applicationId }),
    ...(thread ? { thread: channelPayload(world, thread) } : {}),
    ...(message.replyTo === null
      ? {}
      : {
          message_reference: { type: 0, channel_id: message.channelId, message_id: message.replyTo },
          referenced_message: reply ? messagePayload(world, reply) : null,
        }),
  }
}

/** The server of GUILD_CREATE. Without the members intent it has only the bot as a member. */
export function guildPayload(world: World, guild: Guild, withMembers: boolean): Json {
  const channels = [...world.channels.values()].filter((channel) => channel.guildId === guild.id)
  const visible = channels.filter((channel) => permissionsIn(world, world.botId, channel) !== 0n)
  const members = [...guild.members.values()].filter((member) => withMembers || member.userId === world.botId)
  return {
    id: guild.id,
    name: guild.name,
    owner_id: guild.ownerId,
    joined_at: iso(guild.members.get(world.botId)?.joinedAt ?? world.now()),
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    roles: [...guild.roles.values()].map(rolePayload),
    members: members.map((member) => memberPayload(world, member)),
    channels: visible.filter((channel) => channel.type === 0).map((channel) => channelPayload(world, channel)),
    threads: visible
      .filter((channel) => channel.thread && !channel.thread.archived)
      .map((channel) => channelPayload(world, channel, world.botId)),
    emojis: [],
    stickers: [],
    features: [],
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
    preferred_locale: 'en-US',
    icon: null,
    description: null,
    afk_timeout: 300,
    afk_channel_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    premium_tier: 0,
    premium_progress_bar_enabled: false,
    vanity_url_code: null,
  }
}

/** A member as an interaction carries it: with what they may do in that channel. */
export function interactionMemberPayload(world: World, member: Member, channel: Channel): Json {
  return { ...memberPayload(world, member), permissions: String(permissionsIn(world, member.userId, channel)) }
}

export function applicationPayload(world: World, verifyKey: string): Json {
  return {
    id: world.applicationId,
    name: 'patchwarden',
    description: '',
    icon: null,
    bot_public: false,
    bot_require_code_grant: false,
    flags: 1 << 19,
    hook: true,
    summary: '',
    type: null,
    verify_key: verifyKey,
  }
}

export function appPermissions(world: World, channel: Channel): string {
  const granted = permissionsIn(world, world.botId, channel)
  return String(granted === 0n && channel.guildId === null ? everyPermission : granted)
}

/** A stable name for a bucket, as opaque as Discord's. */
export function bucketName(route: string): string {
  return createHash('sha256').update(route).digest('hex').slice(0, 32)
}
