/**
 * Whom a message would notify. Text in backticks is not exempt here, so the answer is never too small.
 * Discord: resources/message#allowed-mentions-object, reference#message-formatting; in Components V2 text displays
 * mention like content; embeds never do.
 */

import { everyComponent } from './components.ts'
import { type Form, list, wrong } from './form.ts'
import { asText, isObject, type Json } from './json.ts'
import { can } from './permissions.ts'
import type { Channel, Message, Notified, World } from './world.ts'

export interface AllowedMentions {
  readonly parse: readonly string[]
  readonly users: readonly string[]
  readonly roles: readonly string[]
  readonly repliedUser: boolean
}

/** What `allowed_mentions` says; left out, everything is allowed. */
export function readAllowedMentions(at: Form): AllowedMentions {
  const value = at.value.allowed_mentions
  if (!isObject(value)) return { parse: ['users', 'roles', 'everyone'], users: [], roles: [], repliedUser: true }
  const own: Form = { value, path: [...at.path, 'allowed_mentions'], errors: at.errors }
  const parse = list(own, 'parse', {}).map(asText)
  const users = list(own, 'users', { max: 100 }).map(asText)
  const roles = list(own, 'roles', { max: 100 }).map(asText)
  for (const [kind, ids] of [
    ['users', users],
    ['roles', roles],
  ] as const) {
    if (parse.includes(kind) && ids.length > 0)
      wrong(
        own,
        '',
        'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
        `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
      )
  }
  for (const kind of parse)
    if (!['users', 'roles', 'everyone'].includes(kind))
      wrong(own, 'parse', 'BASE_TYPE_CHOICES', "Value must be one of ('users', 'roles', 'everyone').")
  return { parse, users, roles, repliedUser: value.replied_user === true }
}

export const nobody: Notified = { everyone: false, here: false, users: [], roles: [] }

export function mentionedIn(
  world: World,
  channel: Channel,
  authorId: string,
  message: { readonly content: string; readonly components: readonly Json[]; readonly replyTo: Message | null },
  allowed: AllowedMentions,
): Notified {
  const displays = everyComponent(message.components).filter((component) => component.type === 10)
  const said = [message.content, ...displays.map((display) => asText(display.content))].join('\n')
  const guild = channel.guildId === null ? undefined : world.guilds.get(channel.guildId)
  const mayAll = can(world, authorId, channel, 'mentionEveryone') && guild !== undefined
  const users = [...said.matchAll(/<@!?(\d{15,20})>/g)].map((match) => match[1] ?? '')
  const roles = [...said.matchAll(/<@&(\d{15,20})>/g)].map((match) => match[1] ?? '')
  const notifiedUsers = new Set(
    users.filter((id) => world.users.has(id) && (allowed.parse.includes('users') || allowed.users.includes(id))),
  )
  if (message.replyTo && allowed.repliedUser) notifiedUsers.add(message.replyTo.authorId)
  return {
    everyone: mayAll && allowed.parse.includes('everyone') && said.includes('@everyone'),
    here: mayAll && allowed.parse.includes('everyone') && said.includes('@here'),
    users: [...notifiedUsers],
    roles: [...new Set(roles)].filter((id) => {
      const role = guild?.roles.get(id)
      if (!role || (!role.mentionable && !mayAll)) return false
      return allowed.parse.includes('roles') || allowed.roles.includes(id)
    }),
  }
}
