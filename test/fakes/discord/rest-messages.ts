/**
 * Messages of channels and threads.
 * Discord: resources/message (get, create, edit, delete; nonce and enforce_nonce); discord-api-docs#4413 for 30046.
 */

import { mayChange, mayWrite, messageOf, needs, visibleChannel } from './access.ts'
import { ApiError, refuse } from './api-error.ts'
import { invalid, readMessage } from './message-body.ts'
import { messagePayload } from './payloads.ts'
import { deleteMessage, editMessage, postMessage } from './post.ts'
import { type Call, noContent, ok, type Reply, type Route } from './route.ts'
import type { Channel, Message, World } from './world.ts'

const hour = 3_600_000

export function messageRoutes(world: World): readonly Route[] {
  const path = '/channels/:channel/messages'
  const one = `${path}/:message`
  return [
    { method: 'GET', path, bucket: 'otherRoutes', handle: (call) => list(world, call) },
    { method: 'POST', path, bucket: 'messageCreate', handle: (call) => create(world, call) },
    { method: 'GET', path: one, bucket: 'otherRoutes', handle: (call) => get(world, call) },
    { method: 'PATCH', path: one, bucket: 'messageEdit', handle: edits(world) },
    { method: 'DELETE', path: one, bucket: 'messageDelete', handle: (call) => remove(world, call) },
  ]
}

function list(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  const limit = Number(call.query.get('limit') ?? 50)
  if (!(limit >= 1 && limit <= 100))
    throw invalid(['limit'], 'NUMBER_TYPE_MAX', 'int value should be between 1 and 100.')
  // Without the right to read the past, Discord answers with an empty list.
  const all = mayRead(world, channel) ? [...channel.messages.values()] : []
  const before = BigInt(call.query.get('before') ?? '9223372036854775807')
  const after = call.query.get('after')
  const inRange = all.filter((message) => BigInt(message.id) < before && BigInt(message.id) > BigInt(after ?? '0'))
  const page = after === null ? inRange.reverse().slice(0, limit) : inRange.slice(0, limit).reverse()
  return ok(page.map((message) => messagePayload(world, message)))
}

function mayRead(world: World, channel: Channel): boolean {
  try {
    needs(world, channel, 'readMessageHistory')
    return true
  } catch {
    return false
  }
}

function get(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  needs(world, channel, 'readMessageHistory')
  return ok(messagePayload(world, messageOf(channel, call.part('message'))))
}

function create(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  mayWrite(world, channel)
  const source = { path: [], files: call.files, current: null, interaction: false, id: world.id }
  const draft = readMessage(call.body, source)
  if (draft.embeds.length > 0 && channel.type !== 1) needs(world, channel, 'embedLinks')
  if (draft.attachments.length > 0 && channel.type !== 1) needs(world, channel, 'attachFiles')
  if (draft.replyTo !== null && !channel.messages.has(draft.replyTo))
    throw invalid(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message')
  const twin = draft.enforceNonce && draft.nonce !== null ? recentTwin(world, draft.nonce) : null
  const message = twin ?? postMessage(world, channel, world.botId, draft)
  return ok({ ...messagePayload(world, message), ...(draft.nonce === null ? {} : { nonce: draft.nonce }) })
}

/** The bot's own message with this nonce, in any channel, of the past few minutes. */
function recentTwin(world: World, nonce: string | number): Message | null {
  const since = world.now() - world.limits.nonceMilliseconds
  for (const channel of world.channels.values()) {
    for (const message of channel.messages.values())
      if (message.authorId === world.botId && message.createdAt > since && String(message.nonce) === String(nonce))
        return message
  }
  return null
}

function edits(world: World): (call: Call) => Reply {
  const oldEdits = new Map<string, number[]>()

  function countOldEdit(channelId: string): void {
    const { limit, windowMilliseconds } = world.limits.oldEdits
    const recent = (oldEdits.get(channelId) ?? []).filter((at) => at > world.now() - windowMilliseconds)
    const [first] = recent
    if (first !== undefined && recent.length >= limit) {
      const seconds = (first + windowMilliseconds - world.now()) / 1000
      const message = 'Maximum number of edits to messages older than 1 hour reached. Try again later.'
      throw new ApiError(429, { message, code: 30046, retry_after: seconds, global: false })
    }
    oldEdits.set(channelId, [...recent, world.now()])
  }

  return (call) => {
    const channel = visibleChannel(world, call.part('channel'))
    const message = messageOf(channel, call.part('message'))
    mayChange(world, channel)
    if (message.authorId !== world.botId) throw refuse('notYourMessage')
    if (message.type !== 0 && message.type !== 19 && message.type !== 20) throw refuse('systemMessage')
    const source = {
      path: [],
      files: call.files,
      current: message,
      interaction: false,

      id: world.id,
    }
    const draft = readMessage(call.body, source)
    if (call.files.length > 0 && channel.type !== 1) needs(world, channel, 'attachFiles')
    if (world.now() - message.createdAt > hour) countOldEdit(channel.id)
    editMessage(world, channel, message, draft)
    return ok(messagePayload(world, message))
  }
}

function remove(world: World, call: Call): Reply {
  const channel = visibleChannel(world, call.part('channel'))
  const message = messageOf(channel, call.part('message'))
  if (message.authorId !== world.botId) needs(world, channel, 'manageMessages')
  deleteMessage(world, channel, message)
  return noContent
}
