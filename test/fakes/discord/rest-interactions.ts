/**
 * Interaction callbacks and the messages reached with an interaction's token, valid for 15 minutes.
 * Discord: interactions/receiving-and-responding#endpoints, resources/webhook#edit-webhook-message.
 */

import { refuse } from './api-error.ts'
import { answer, findAnswer, messageSource, postAnswer } from './callback.ts'
import type { Interaction, Interactions } from './interactions.ts'
import { asNumber, asObject } from './json.ts'
import { readMessage } from './message-body.ts'
import { messagePayload } from './payloads.ts'
import { deleteMessage, editMessage } from './post.ts'
import { type Call, noContent, ok, type Reply, type Route } from './route.ts'
import type { Channel, Message, World } from './world.ts'

export function interactionRoutes(world: World, interactions: Interactions): readonly Route[] {
  const hook = '/webhooks/:application/:token'
  const one = `${hook}/messages/:message`
  const shared = { bucket: 'webhook', byToken: true } as const
  const own = { world, interactions }
  return [
    {
      method: 'POST',
      path: '/interactions/:id/:token/callback',
      bucket: 'otherRoutes',
      byToken: true,
      handle: (call) => callback(own, call),
    },
    { method: 'POST', path: hook, ...shared, handle: (call) => followUp(own, call) },
    { method: 'GET', path: one, ...shared, handle: (call) => get(own, call) },
    { method: 'PATCH', path: one, ...shared, handle: (call) => edit(own, call) },
    { method: 'DELETE', path: one, ...shared, handle: (call) => remove(own, call) },
  ]
}

interface Own {
  readonly world: World
  readonly interactions: Interactions
}

function callback({ world, interactions }: Own, call: Call): Reply {
  const interaction = interactions.find(call.part('id'))
  if (!interaction || interaction.token !== call.part('token')) throw refuse('unknownInteraction')
  const payload = answer(world, interactions, interaction, call.body, call.files)
  return call.query.get('with_response') === 'true' ? ok(payload) : noContent
}

/** The interaction of a token in the path: 50027 once its 15 minutes are over, 10015 before it was answered. */
function byToken({ world, interactions }: Own, call: Call): { interaction: Interaction; channel: Channel } {
  const interaction = interactions.byToken(call.part('token'))
  if (!interaction || call.part('application') !== world.applicationId) throw refuse('unknownWebhook')
  if (world.now() - interaction.createdAt > world.limits.tokenMilliseconds) throw refuse('invalidWebhookToken')
  if (interaction.answer === null) throw refuse('unknownWebhook')
  const channel = world.channels.get(interaction.channelId)
  if (!channel) throw refuse('unknownChannel')
  return { interaction, channel }
}

function named(own: Own, call: Call): { interaction: Interaction; channel: Channel; message: Message } {
  const { interaction, channel } = byToken(own, call)
  const id = call.part('message') === '@original' ? (interaction.originalId ?? '') : call.part('message')
  const message = findAnswer(own.world, interaction, id)
  if (!message) throw refuse('unknownMessage')
  return { interaction, channel, message }
}

function followUp(own: Own, call: Call): Reply {
  const { world } = own
  const { interaction, channel } = byToken(own, call)
  const original = interaction.originalId === null ? undefined : findAnswer(world, interaction, interaction.originalId)
  // Right after a deferred answer, a follow-up fills that answer in.
  if (original?.loading) {
    const { flags: _flags, ...rest } = asObject(call.body)
    const source = { ...messageSource(world, call.files, original), path: [] }
    const kept = { ...rest, flags: asNumber(asObject(call.body).flags) & ~64 }
    editMessage(world, channel, original, readMessage(kept, source))
    return ok(messagePayload(world, original))
  }
  const draft = readMessage(call.body, { ...messageSource(world, call.files, null), path: [] })
  return ok(messagePayload(world, postAnswer(world, interaction, channel, draft, false)))
}

function get(own: Own, call: Call): Reply {
  return ok(messagePayload(own.world, named(own, call).message))
}

function edit(own: Own, call: Call): Reply {
  const { channel, message } = named(own, call)
  if (channel.thread?.archived) throw refuse('threadArchived')
  const draft = readMessage(call.body, { ...messageSource(own.world, call.files, message), path: [] })
  editMessage(own.world, channel, message, draft)
  return ok(messagePayload(own.world, message))
}

function remove(own: Own, call: Call): Reply {
  const { channel, message } = named(own, call)
  deleteMessage(own.world, channel, message)
  return noContent
}
