/**
 * What people do in the client: click, choose, fill in, type commands. It refuses what the client would not offer.
 * Discord: components/reference, interactions/application-commands, topics/threads (no use of archived threads).
 */

import { ApiError } from './api-error.ts'
import { answer, isAnswer } from './callback.ts'
import { everyComponent } from './components.ts'
import type { Endpoint } from './endpoint.ts'
import type { Interaction, InteractionDraft, Interactions } from './interactions.ts'
import { asList, asNumber, asText, isObject, type Json, objects } from './json.ts'
import { memberPayload, messagePayload, rolePayload, userPayload } from './payloads.ts'
import { can, permissionsIn } from './permissions.ts'
import type { Channel, Message, World } from './world.ts'

/** How an interaction reaches the app. */
export interface Delivery {
  /** How often it is told; more than once has the same id. */
  readonly copies?: number
  /** How much of its time to be answered has passed on the way. */
  readonly lateMilliseconds?: number
}

export type OptionValue = string | number | boolean
export type ModalValue = string | boolean | readonly string[]

export interface People {
  /** Every one resolves when the app has answered, or when its time to answer is over. Throws when it cannot be done. */
  readonly click: (userId: string, messageId: string, customId: string, delivery?: Delivery) => Promise<Interaction>
  readonly select: (
    userId: string,
    messageId: string,
    customId: string,
    values: readonly string[],
    delivery?: Delivery,
  ) => Promise<Interaction>
  /** @param opened the interaction that was answered with the modal */
  readonly submitModal: (
    opened: Interaction,
    values: Readonly<Record<string, ModalValue>>,
    delivery?: Delivery,
  ) => Promise<Interaction>
  /** @param name with its subcommands: `patch status` */
  readonly command: (
    userId: string,
    channelId: string,
    name: string,
    options?: Readonly<Record<string, OptionValue>>,
    delivery?: Delivery,
  ) => Promise<Interaction>
  /** @param focused the option being typed, and what stands there */
  readonly autocomplete: (
    userId: string,
    channelId: string,
    name: string,
    focused: readonly [string, string],
    options?: Readonly<Record<string, OptionValue>>,
  ) => Promise<Interaction>
}

const selects = [3, 5, 6, 7, 8]

export function createPeople(world: World, interactions: Interactions, endpoint: Endpoint): People {
  async function send(draft: InteractionDraft, delivery: Delivery = {}): Promise<Interaction> {
    const interaction = interactions.make(draft)
    const settled = interactions.settled(interaction)
    if (delivery.lateMilliseconds) world.advance(delivery.lateMilliseconds)
    for (let copy = 0; copy < (delivery.copies ?? 1); copy += 1) {
      if (endpoint.url() === null) world.dispatch({ name: 'INTERACTION_CREATE', data: interaction.payload, intent: 0 })
      else void post(interaction)
    }
    return settled
  }

  async function post(interaction: Interaction): Promise<void> {
    try {
      const reply = await endpoint.post(interaction.payload)
      if (reply.status === 202) return
      if (reply.status === 200 && isAnswer(reply.body)) answer(world, interactions, interaction, reply.body, [])
      else interaction.refusedAnswers.push(reply)
    } catch (error) {
      if (!(error instanceof ApiError)) interaction.refusedAnswers.push(String(error))
    }
  }

  function shown(userId: string, messageId: string): { channel: Channel; message: Message } {
    const channel = [...world.channels.values()].find((one) => one.messages.has(messageId))
    const hidden = world.ephemeral.get(messageId)
    const message = channel?.messages.get(messageId) ?? (hidden?.ephemeralFor === userId ? hidden : undefined)
    const place = world.channels.get(message?.channelId ?? '')
    if (!message || !place) throw new Error(`${nameOf(world, userId)} sees no message ${messageId}.`)
    mayUse(world, userId, place)
    return { channel: place, message }
  }

  function used(
    userId: string,
    messageId: string,
    customId: string,
  ): { channel: Channel; message: Message; component: Json } {
    const { channel, message } = shown(userId, messageId)
    const component = everyComponent(message.components).find((one) => one.custom_id === customId)
    const offered = everyComponent(message.components).flatMap((one) => asText(one.custom_id) || [])
    if (!component)
      throw new Error(`The message has no component '${customId}', only: ${offered.join(', ') || 'none'}.`)
    if (component.disabled === true) throw new Error(`The component '${customId}' is disabled.`)
    return { channel, message, component }
  }

  return {
    click: async (userId, messageId, customId, delivery) => {
      const { channel, message, component } = used(userId, messageId, customId)
      if (component.type !== 2) throw new Error(`'${customId}' is no button.`)
      const data = { component_type: 2, custom_id: customId, id: component.id }
      return send({ type: 3, userId, channel, data, customId, message: told(world, message) }, delivery)
    },
    select: async (userId, messageId, customId, values, delivery) => {
      const { channel, message, component } = used(userId, messageId, customId)
      checkValues(component, values)
      const resolved = resolve(world, channel, values)
      const data = { component_type: component.type, custom_id: customId, id: component.id, values, ...resolved }
      return send({ type: 3, userId, channel, data, customId, message: told(world, message) }, delivery)
    },
    submitModal: async (opened, values, delivery) => {
      const channel = world.channels.get(opened.channelId)
      if (opened.modal === null || !channel) throw new Error('That interaction opened no modal.')
      const components = objects(opened.modal.components).map((component) => filledIn(component, values))
      const known = everyComponent(opened.modal.components).map((component) => component.custom_id)
      const unknown = Object.keys(values).filter((name) => !known.includes(name))
      if (unknown.length > 0) throw new Error(`The modal does not ask for ${unknown.join(', ')}.`)
      const customId = asText(opened.modal.custom_id)
      const source = opened.messageId === null ? undefined : findMessage(world, channel, opened.messageId)
      const message = source ? { message: told(world, source) } : {}
      const data = { custom_id: customId, components }
      return send({ type: 5, userId: opened.userId, channel, data, customId, ...message }, delivery)
    },
    command: async (userId, channelId, name, options = {}, delivery) => {
      const { channel, data } = commandData(world, userId, channelId, name, options, null)
      return send({ type: 2, userId, channel, data }, delivery)
    },
    autocomplete: async (userId, channelId, name, focused, options = {}) => {
      const given = { ...options, [focused[0]]: focused[1] }
      const { channel, data } = commandData(world, userId, channelId, name, given, focused[0])
      return send({ type: 4, userId, channel, data })
    },
  }
}

function nameOf(world: World, userId: string): string {
  return world.users.get(userId)?.name ?? userId
}

function findMessage(world: World, channel: Channel, id: string): Message | undefined {
  return channel.messages.get(id) ?? world.ephemeral.get(id)
}

function told(world: World, message: Message): { readonly id: string; readonly payload: Json } {
  return { id: message.id, payload: messagePayload(world, message) }
}

function mayUse(world: World, userId: string, channel: Channel): void {
  if (!can(world, userId, channel, 'viewChannel')) throw new Error(`${nameOf(world, userId)} cannot see that channel.`)
  if (channel.thread?.archived) throw new Error('The thread is archived: the client would first have to reopen it.')
}

function checkValues(select: Json, values: readonly string[]): void {
  if (!selects.includes(asNumber(select.type))) throw new Error(`'${asText(select.custom_id)}' is no select menu.`)
  const min = typeof select.min_values === 'number' ? select.min_values : 1
  const max = typeof select.max_values === 'number' ? select.max_values : 1
  if (values.length < min || values.length > max) throw new Error(`Between ${min} and ${max} must be chosen.`)
  if (select.type !== 3) return
  const offered = objects(select.options).map((option) => option.value)
  const missing = values.filter((value) => !offered.includes(value))
  if (missing.length > 0) throw new Error(`The menu does not offer ${missing.join(', ')}.`)
}

/** Users, roles and channels that were chosen, in full. */
function resolve(world: World, channel: Channel, values: readonly string[]): Json {
  const guild = world.guilds.get(channel.guildId ?? '')
  const users: Json = {}
  const members: Json = {}
  const roles: Json = {}
  const channels: Json = {}
  for (const id of values) {
    const user = world.users.get(id)
    const member = guild?.members.get(id)
    const role = guild?.roles.get(id)
    const named = world.channels.get(id)
    if (user) users[id] = userPayload(user)
    if (member) {
      const { user: _user, deaf: _deaf, mute: _mute, ...partial } = memberPayload(world, member)
      members[id] = { ...partial, permissions: String(permissionsIn(world, id, channel)) }
    }
    if (role) roles[id] = rolePayload(role)
    if (named) channels[id] = { id, name: named.name, type: named.type, permissions: '0' }
  }
  const found = Object.entries({ users, members, roles, channels }).filter(([, map]) => Object.keys(map).length > 0)
  return found.length === 0 ? {} : { resolved: Object.fromEntries(found) }
}

/** A modal's component as it comes back, with the value that was filled in. */
function filledIn(component: Json, values: Readonly<Record<string, ModalValue>>): Json {
  const { type, id, custom_id: customId } = component
  if (type === 1) return { type, id, components: objects(component.components).map((one) => filledIn(one, values)) }
  if (isObject(component.component)) return { type, id, component: filledIn(component.component, values) }
  if (type === 10) return { type, id }
  const value = values[asText(customId)]
  if (type === 4) {
    const text = value ?? component.value ?? ''
    if (typeof text !== 'string') throw new Error(`'${asText(customId)}' takes text.`)
    checkInput(component, text)
    return { type, id, custom_id: customId, value: text }
  }
  if (type === 23) return { type, id, custom_id: customId, value: value === true }
  const chosen = asList(value).map(asText)
  const required = component.required !== false
  if (type === 21) {
    if (typeof value !== 'string' && required) throw new Error(`'${asText(customId)}' must be answered.`)
    return { type, id, custom_id: customId, value: value ?? null }
  }
  if (required && chosen.length === 0) throw new Error(`'${asText(customId)}' must be answered.`)
  if (selects.includes(asNumber(type)) && chosen.length > 0) checkValues(component, chosen)
  return { type, id, custom_id: customId, values: chosen }
}

function checkInput(input: Json, text: string): void {
  const name = asText(input.custom_id)
  if (text === '' && input.required !== false) throw new Error(`'${name}' must be filled in.`)
  const max = typeof input.max_length === 'number' ? input.max_length : 4000
  if (text.length > max) throw new Error(`'${name}' takes at most ${max} characters.`)
  if (text !== '' && text.length < asNumber(input.min_length)) throw new Error(`'${name}' is too short.`)
}

function commandData(
  world: World,
  userId: string,
  channelId: string,
  name: string,
  given: Readonly<Record<string, OptionValue>>,
  focused: string | null,
): { readonly channel: Channel; readonly data: Json } {
  const channel = world.channels.get(channelId)
  if (!channel) throw new Error(`There is no channel ${channelId}.`)
  mayUse(world, userId, channel)
  if (!can(world, userId, channel, 'useApplicationCommands')) throw new Error('May not use commands here.')
  const [first = '', ...steps] = name.split(' ')
  const guild = world.guilds.get(channel.guildId ?? '')
  const command = [...(guild?.commands ?? []), ...world.globalCommands.list].find((one) => one.name === first)
  if (!command) throw new Error(`There is no command /${first} here.`)
  const needed = command.default_member_permissions
  if (typeof needed === 'string' || typeof needed === 'number') {
    const granted = permissionsIn(world, userId, channel)
    const admin = (granted & 8n) !== 0n
    if (!admin && (BigInt(needed) === 0n || (granted & BigInt(needed)) !== BigInt(needed)))
      throw new Error(`/${first} is not shown to ${nameOf(world, userId)}.`)
  }
  const options = fillOptions(objects(command.options), steps, given, focused)
  const ids = Object.values(given).filter((value) => typeof value === 'string')
  const data = {
    id: command.id,
    name: first,
    type: 1,
    ...(typeof command.guild_id === 'string' ? { guild_id: command.guild_id } : {}),
    ...(options.length > 0 ? { options } : {}),
    ...resolve(world, channel, ids),
  }
  return { channel, data }
}

function fillOptions(
  offered: readonly Json[],
  steps: readonly string[],
  given: Readonly<Record<string, OptionValue>>,
  focused: string | null,
): readonly Json[] {
  const [step, ...rest] = steps
  if (step !== undefined) {
    const sub = offered.find((option) => option.name === step && asNumber(option.type) < 3)
    if (!sub) throw new Error(`There is no subcommand ${step}.`)
    return [{ type: sub.type, name: step, options: fillOptions(objects(sub.options), rest, given, focused) }]
  }
  if (offered.some((option) => asNumber(option.type) < 3)) throw new Error('A subcommand must be chosen.')
  const names = offered.map((option) => asText(option.name))
  const unknown = Object.keys(given).filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`The command has no option ${unknown.join(', ')}.`)
  return offered.flatMap((option) => {
    const name = asText(option.name)
    const value = given[name]
    if (value === undefined) {
      if (option.required === true && focused === null) throw new Error(`The option ${name} is required.`)
      return []
    }
    if (name !== focused) checkOption(option, value)
    return [{ type: option.type, name, value, ...(name === focused ? { focused: true } : {}) }]
  })
}

function checkOption(option: Json, value: OptionValue): void {
  const name = asText(option.name)
  const type = asNumber(option.type)
  const wanted = type === 4 || type === 10 ? 'number' : type === 5 ? 'boolean' : 'string'
  if (typeof value !== wanted) throw new Error(`The option ${name} takes a ${wanted}.`)
  const choices = objects(option.choices).map((choice) => choice.value)
  if (choices.length > 0 && !choices.includes(value)) throw new Error(`${name} offers only: ${choices.join(', ')}.`)
  if (typeof value !== 'string') return
  const max = typeof option.max_length === 'number' ? option.max_length : 6000
  if (value.length > max || value.length < asNumber(option.min_length)) throw new Error(`${name} has the wrong length.`)
}
