/**
 * The bot itself, servers, roles, members, commands.
 * Discord: resources/{application,user,guild}, interactions/application-commands#endpoints, events/gateway#get-gateway-bot.
 */

import { ownGuild } from './access.ts'
import { refuse } from './api-error.ts'
import { checkCommand, checkCommandList } from './commands.ts'
import { form, formErrors } from './form.ts'
import { asText, type Json } from './json.ts'
import { invalid } from './message-body.ts'
import {
  applicationPayload,
  channelPayload,
  guildPayload,
  memberPayload,
  rolePayload,
  userPayload,
} from './payloads.ts'
import { type Call, noContent, ok, type Reply, type Route } from './route.ts'
import { type Guild, intent, type World } from './world.ts'

/** What other parts know and these routes tell. */
export interface Surroundings {
  readonly gatewayUrl: () => string
  readonly verifyKey: string
  /** Whether the members intent is switched on in the developer portal. */
  readonly privilegedIntents: number
  readonly identifiesLeft: () => number
}

export function applicationRoutes(world: World, around: Surroundings): readonly Route[] {
  const bucket = 'otherRoutes'
  function gateway(): Reply {
    const limit = {
      total: world.limits.identifiesPerDay,
      remaining: around.identifiesLeft(),
      reset_after: 14_400_000,
      max_concurrency: 1,
    }
    return ok({ url: around.gatewayUrl(), shards: 1, session_start_limit: limit })
  }
  function me(): Reply {
    const bot = world.users.get(world.botId)
    if (!bot) throw refuse('unknownUser')
    return ok({ ...userPayload(bot), verified: true, email: null, mfa_enabled: false, locale: 'en-US' })
  }
  function application(): Reply {
    const owner = [...world.users.values()].find((user) => !user.bot) ?? world.users.get(world.botId)
    const bot = world.users.get(world.botId)
    const more = { approximate_guild_count: world.guilds.size, redirect_uris: [], interactions_endpoint_url: null }
    return ok({
      ...applicationPayload(world, around.verifyKey),
      ...more,
      owner: owner ? userPayload(owner) : null,
      team: null,
      role_connections_verification_url: null,
      ...(bot ? { bot: userPayload(bot) } : {}),
    })
  }
  return [
    { method: 'GET', path: '/gateway', bucket, handle: () => ok({ url: around.gatewayUrl() }) },
    { method: 'GET', path: '/gateway/bot', bucket, handle: gateway },
    { method: 'GET', path: '/users/@me', bucket, handle: me },
    { method: 'GET', path: '/users/:user', bucket, handle: (call) => user(world, call) },
    { method: 'GET', path: '/applications/@me', bucket, handle: application },
    { method: 'GET', path: '/oauth2/applications/@me', bucket, handle: application },
  ]
}

function user(world: World, call: Call): Reply {
  const found = world.users.get(call.part('user'))
  if (!found) throw refuse('unknownUser')
  return ok(userPayload(found))
}

export function guildRoutes(world: World, around: Surroundings): readonly Route[] {
  const bucket = 'otherRoutes'
  const one = '/guilds/:guild'
  return [
    { method: 'GET', path: one, bucket, handle: (call) => ok(guildPayload(world, guildOf(world, call), true)) },
    {
      method: 'GET',
      path: `${one}/roles`,
      bucket,
      handle: (call) => ok([...guildOf(world, call).roles.values()].map(rolePayload)),
    },
    { method: 'GET', path: `${one}/channels`, bucket, handle: (call) => channels(world, call) },
    { method: 'GET', path: `${one}/threads/active`, bucket, handle: (call) => activeThreads(world, call) },
    { method: 'GET', path: `${one}/members`, bucket, handle: (call) => members(world, call, around) },
    { method: 'GET', path: `${one}/members/:user`, bucket, handle: (call) => member(world, call) },
  ]
}

function guildOf(world: World, call: Call): Guild {
  return ownGuild(world, call.part('guild'))
}

function channels(world: World, call: Call): Reply {
  const { id } = guildOf(world, call)
  const own = [...world.channels.values()].filter((channel) => channel.guildId === id && channel.type === 0)
  return ok(own.map((channel) => channelPayload(world, channel)))
}

function activeThreads(world: World, call: Call): Reply {
  const { id } = guildOf(world, call)
  const threads = [...world.channels.values()].filter((one) => one.guildId === id && one.thread?.archived === false)
  return ok({ threads: threads.map((one) => channelPayload(world, one)), members: [] })
}

/** Listing members needs the privileged members intent, also over HTTP. */
function members(world: World, call: Call, around: Surroundings): Reply {
  const guild = guildOf(world, call)
  if ((around.privilegedIntents & intent.guildMembers) === 0) throw refuse('missingAccess')
  const limit = Number(call.query.get('limit') ?? 1)
  if (!(limit >= 1 && limit <= 1000))
    throw invalid(['limit'], 'NUMBER_TYPE_MAX', 'int value should be between 1 and 1000.')
  const after = BigInt(call.query.get('after') ?? '0')
  const sorted = [...guild.members.values()].sort((a, b) => (BigInt(a.userId) < BigInt(b.userId) ? -1 : 1))
  const page = sorted.filter((one) => BigInt(one.userId) > after).slice(0, limit)
  return ok(page.map((one) => memberPayload(world, one)))
}

function member(world: World, call: Call): Reply {
  const guild = guildOf(world, call)
  const found = guild.members.get(call.part('user'))
  if (!found) throw refuse(world.users.has(call.part('user')) ? 'unknownMember' : 'unknownUser')
  return ok(memberPayload(world, found))
}

export function commandRoutes(world: World): readonly Route[] {
  const bucket = 'otherRoutes'
  const inGuild = '/applications/:application/guilds/:guild/commands'
  const global = '/applications/:application/commands'
  const routes: Route[] = []
  for (const path of [inGuild, global]) {
    routes.push(
      { method: 'GET', path, bucket, handle: (call) => ok(commandsOf(world, call).get()) },
      { method: 'PUT', path, bucket, handle: (call) => overwrite(world, call) },
      { method: 'POST', path, bucket, handle: (call) => create(world, call) },
      { method: 'DELETE', path: `${path}/:command`, bucket, handle: (call) => remove(world, call) },
    )
  }
  return routes
}

interface CommandList {
  readonly guildId: string | null
  readonly get: () => readonly Json[]
  readonly set: (commands: readonly Json[]) => void
  /** 30034 when as many as this were made in a day. */
  readonly countCreates: (count: number) => void
}

function commandsOf(world: World, call: Call): CommandList {
  if (call.part('application') !== world.applicationId) throw refuse('missingAccess')
  const id = call.part('guild')
  if (id === '') {
    const { globalCommands } = world
    const set = (list: readonly Json[]): void => {
      globalCommands.list = list
    }
    return { guildId: null, get: () => globalCommands.list, set, countCreates: () => undefined }
  }
  const guild = ownGuild(world, id)
  return {
    guildId: id,
    get: () => guild.commands,
    set: (commands) => {
      guild.commands = commands
    },
    countCreates: (count) => {
      const since = world.now() - 86_400_000
      const today = guild.commandCreates.filter((at) => at > since).length
      if (today + count > world.limits.commandCreatesPerDay) throw refuse('tooManyCommandCreates')
      for (let made = 0; made < count; made += 1) guild.commandCreates.push(world.now())
    },
  }
}

function stored(world: World, command: Json, guildId: string | null, id: string): Json {
  return {
    id,
    application_id: world.applicationId,
    version: world.id(),
    default_member_permissions: command.default_member_permissions ?? null,
    type: command.type ?? 1,
    name: command.name,
    name_localizations: command.name_localizations ?? null,
    description: command.description ?? '',
    description_localizations: command.description_localizations ?? null,
    dm_permission: command.dm_permission ?? true,
    contexts: command.contexts ?? null,
    integration_types: command.integration_types ?? [0],
    ...(Array.isArray(command.options) && command.options.length > 0 ? { options: command.options } : {}),
    ...(guildId === null ? {} : { guild_id: guildId }),
    nsfw: command.nsfw ?? false,
  }
}

function twinOf(commands: readonly Json[], command: Json): Json | undefined {
  return commands.find((one) => one.name === command.name && one.type === (command.type ?? 1))
}

function overwrite(world: World, call: Call): Reply {
  const target = commandsOf(world, call)
  const wanted = checkCommandList(call.body)
  const old = target.get()
  target.countCreates(wanted.filter((command) => !twinOf(old, command)).length)
  const made = wanted.map((command) => {
    const id = asText(twinOf(old, command)?.id) || world.id()
    return stored(world, command, target.guildId, id)
  })
  target.set(made)
  return ok(made)
}

function create(world: World, call: Call): Reply {
  const target = commandsOf(world, call)
  const at = form(call.body, [], formErrors())
  checkCommand(at)
  at.errors.check()
  const old = target.get()
  const twin = twinOf(old, at.value)
  if (!twin && old.length >= 100) throw refuse('tooManyCommands')
  if (!twin) target.countCreates(1)
  const command = stored(world, at.value, target.guildId, asText(twin?.id) || world.id())
  target.set([...old.filter((one) => one !== twin), command])
  return { status: twin ? 200 : 201, body: command }
}

function remove(world: World, call: Call): Reply {
  const target = commandsOf(world, call)
  const left = target.get().filter((one) => one.id !== call.part('command'))
  if (left.length === target.get().length) throw refuse('unknownCommand')
  target.set(left)
  return noContent
}
