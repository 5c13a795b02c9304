/**
 * Answering an interaction: the callback types 4 to 9.
 * Discord: interactions/receiving-and-responding#interaction-response-object, #create-interaction-response.
 */

import { ApiError, refuse } from './api-error.ts'
import { checkChoice } from './commands.ts'
import { form, formErrors, forms } from './form.ts'
import type { Interaction, Interactions } from './interactions.ts'
import { asNumber, asObject, isObject, type Json, objects } from './json.ts'
import { type DraftSource, invalid, type MessageDraft, readMessage, type UploadedFile } from './message-body.ts'
import { checkModal } from './modals.ts'
import { messagePayload } from './payloads.ts'
import { editMessage, postMessage } from './post.ts'
import type { Channel, Message, World } from './world.ts'

const ephemeralFlag = 64

/** Which callbacks fit which interaction: 6 and 7 need a message with components, 9 cannot answer a modal. */
function allowedTypes(interaction: Interaction): readonly number[] {
  if (interaction.type === 4) return [8]
  if (interaction.type === 3) return [4, 5, 6, 7, 9]
  if (interaction.type === 2) return [4, 5, 9]
  return interaction.messageId === null ? [4, 5] : [4, 5, 6, 7]
}

/** Carries an answer out. Throws what the HTTP API answers: 10062 late or unknown, 40060 twice, 50035. */
export function answer(
  world: World,
  interactions: Interactions,
  interaction: Interaction,
  body: unknown,
  files: readonly UploadedFile[],
): Json {
  if (interaction.answer !== null) {
    interaction.repeatedAnswers += 1
    throw refuse('alreadyAcknowledged')
  }
  if (world.now() - interaction.createdAt > world.limits.acknowledgeMilliseconds) {
    interaction.lateAnswers += 1
    throw refuse('unknownInteraction')
  }
  const type = asNumber(asObject(body).type)
  const data = asObject(asObject(body).data)
  const allowed = allowedTypes(interaction)
  if (!allowed.includes(type))
    throw invalid(['type'], 'BASE_TYPE_CHOICES', `Value must be one of {${allowed.join(', ')}}.`)
  const channel = world.channels.get(interaction.channelId)
  if (!channel) throw refuse('unknownChannel')
  try {
    carryOut(world, interaction, channel, type, data, files)
  } catch (error) {
    if (error instanceof ApiError) interaction.refusedAnswers.push(error.body)
    throw error
  }
  interactions.accept(interaction, type, data)
  return callbackPayload(world, interaction, type)
}

function carryOut(
  world: World,
  interaction: Interaction,
  channel: Channel,
  type: number,
  data: Json,
  files: readonly UploadedFile[],
): void {
  if (type === 8) interaction.choices = readChoices(interaction, data)
  if (type === 9) interaction.modal = readModal(data)
  if (type === 4) interaction.originalId = reply(world, interaction, channel, data, files).id
  if (type === 5) interaction.originalId = defer(world, interaction, channel, data).id
  if (type === 6) interaction.originalId = interaction.messageId
  if (type !== 7) return
  const message = sourceMessage(world, interaction, channel)
  if (!message) throw refuse('unknownMessage')
  const draft = readMessage(data, messageSource(world, files, message))
  editMessage(world, channel, message, draft)
  interaction.originalId = message.id
}

export function messageSource(world: World, files: readonly UploadedFile[], current: Message | null): DraftSource {
  return { path: ['data'], files, current, interaction: true, id: world.id }
}

function sourceMessage(world: World, interaction: Interaction, channel: Channel): Message | undefined {
  const id = interaction.messageId ?? ''
  return channel.messages.get(id) ?? world.ephemeral.get(id)
}

function reply(
  world: World,
  interaction: Interaction,
  channel: Channel,
  data: Json,
  files: readonly UploadedFile[],
): Message {
  const draft = readMessage(data, messageSource(world, files, null))
  return postAnswer(world, interaction, channel, draft, false)
}

export function postAnswer(
  world: World,
  interaction: Interaction,
  channel: Channel,
  draft: MessageDraft,
  loading: boolean,
): Message {
  const type = interaction.type === 2 && interaction.messages.length === 0 ? 20 : 0
  const hidden = (draft.flags & ephemeralFlag) !== 0 ? { ephemeralFor: interaction.userId } : {}
  const replyTo =
    interaction.type === 3 && channel.messages.has(interaction.messageId ?? '') ? interaction.messageId : null
  // The answer refers to the clicked message, but pings nobody for it.
  const quiet = { ...draft, replyTo, allowed: { ...draft.allowed, repliedUser: false } }
  const options = { type: replyTo === null ? type : 19, interactionId: interaction.id, loading, ...hidden }
  const message = postMessage(world, channel, world.botId, quiet, options)
  interaction.messages.push(message)
  return message
}

const empty: MessageDraft = {
  content: '',
  embeds: [],
  components: [],
  flags: 0,
  attachments: [],
  allowed: { parse: [], users: [], roles: [], repliedUser: false },
  nonce: null,
  enforceNonce: false,
  replyTo: null,
}

function defer(world: World, interaction: Interaction, channel: Channel, data: Json): Message {
  const flags = asNumber(data.flags)
  if ((flags & ~ephemeralFlag) !== 0)
    throw invalid(['data', 'flags'], 'INTERACTION_DEFER_FLAGS', 'A deferred answer can only be EPHEMERAL.')
  return postAnswer(world, interaction, channel, { ...empty, flags }, true)
}

function readChoices(interaction: Interaction, data: Json): readonly Json[] {
  const at = form(data, ['data'], formErrors())
  const type = focusedType(asObject(interaction.payload.data).options)
  for (const item of forms(at, 'choices', { max: 25, required: true })) checkChoice(item, type)
  at.errors.check()
  return objects(data.choices)
}

function focusedType(options: unknown): number {
  for (const option of objects(options)) {
    if (option.focused === true) return asNumber(option.type)
    const inner = focusedType(option.options)
    if (inner !== 0) return inner
  }
  return 0
}

function readModal(data: Json): Json {
  const at = form(data, ['data'], formErrors())
  checkModal(at)
  at.errors.check()
  return data
}

function callbackPayload(world: World, interaction: Interaction, type: number): Json {
  const message = interaction.originalId === null ? undefined : findAnswer(world, interaction, interaction.originalId)
  const resource = message && type !== 6 ? { type, message: messagePayload(world, message) } : undefined
  return {
    interaction: {
      id: interaction.id,
      type: interaction.type,
      response_message_loading: message?.loading ?? false,
      response_message_ephemeral: message?.ephemeralFor !== null && message !== undefined,
      ...(message ? { response_message_id: message.id } : {}),
    },
    ...(resource ? { resource } : {}),
  }
}

/** A message that the interaction's token reaches: its answers, and the message of its component. */
export function findAnswer(world: World, interaction: Interaction, id: string): Message | undefined {
  const own = interaction.messages.some((message) => message.id === id) || interaction.messageId === id
  if (!own) return undefined
  return world.ephemeral.get(id) ?? world.channels.get(interaction.channelId)?.messages.get(id)
}

/** An answer given inline over HTTP, where no answer at all (202) means that a callback follows. */
export function isAnswer(body: unknown): boolean {
  return isObject(body) && typeof body.type === 'number'
}
