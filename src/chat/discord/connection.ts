import {
  type APIChannel,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  Client,
  DiscordAPIError,
  Events,
  GatewayIntentBits,
  type Interaction,
  MessageFlags,
  type ModalSubmitInteraction,
  Routes,
} from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import type { Accounts } from '../accounts.ts'
import { type ActionName, actions, isActionName } from '../actions.ts'
import type { Answer, Desk, Person } from '../desk.ts'
import type { ChatConnection, Posts } from '../platform.ts'
import { plain, rich } from '../rich-text.ts'
import { count } from '../story.ts'
import { noMentions } from './card-components.ts'
import { patchCommand } from './commands.ts'
import { createDiscordDelivery, discordProblem } from './delivery.ts'
import { codeBlock, markdown } from './markdown.ts'
import { askModal } from './modal.ts'

export interface DiscordOptions {
  readonly botToken: string
  /** `null`: Discord's own. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Discord channel ids by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  readonly consoleUrl: string
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
}

const HOLDS_DAYS = 30
const ANSWER = 1_900

/** Discord over its gateway: nothing needs to reach us from outside, and no privileged intent is asked for. */
export function createDiscord(options: DiscordOptions): ChatConnection {
  const { desk, posts, accounts, places, consoleUrl, log } = options
  const client = new Client({
    intents: [GatewayIntentBits.Guilds],
    allowedMentions: noMentions,
    rest: { retries: 1, timeout: 15_000, ...(options.apiUrl === null ? {} : { api: options.apiUrl }) },
  })
  client.rest.setToken(options.botToken)
  // Without a listener an error of the client would end the process.
  client.on(Events.Error, (error) => log.warn(`Discord: ${errorText(error)}`))
  client.on(Events.InteractionCreate, (interaction) => {
    answer(interaction).catch((error: unknown) => log.warn(`Discord: a click was not answered: ${errorText(error)}`))
  })

  async function answer(interaction: Interaction): Promise<void> {
    if (interaction.isButton()) await onButton(interaction)
    else if (interaction.isModalSubmit()) await onModal(interaction)
    else if (interaction.isChatInputCommand()) await onCommand(interaction)
  }

  async function asPerson(interaction: Interaction, work: (person: Person) => Promise<Answer>): Promise<Answer> {
    const { user } = interaction
    if (user.bot) return refusal('Bots do not decide; people do.')
    const account = accounts.personOf('discord', user.id)
    if (account === null) {
      return refusal(
        `Patchwarden does not know you yet. Ask an operator to add your Discord user id, ${user.id}, to your entry under "people" in patchwarden.yaml.`,
      )
    }
    return work({ kind: 'person', id: account.id, name: account.name, via: 'discord' })
  }

  async function onButton(interaction: ButtonInteraction): Promise<void> {
    const [, name = '', proposal, revision] = /^pw:([a-z-]+):([A-Z]+-\d+):(\d+)$/.exec(interaction.customId) ?? []
    if (!isActionName(name) || proposal === undefined) return
    if (actions[name].asks !== 'nothing') {
      // A dialog must come at once: only who clicked is checked first.
      const known = await asPerson(interaction, async () => ({ ok: true, message: [] }))
      if (!known.ok) {
        await interaction.reply({ ...shown(known, proposal, name), flags: MessageFlags.Ephemeral })
        return
      }
      const until = new Date(options.clock().getTime() + HOLDS_DAYS * 86_400_000).toISOString().slice(0, 10)
      await interaction.showModal(askModal({ action: name, proposal, revision: Number(revision), until }))
      return
    }
    await interaction.deferReply({ flags: MessageFlags.Ephemeral })
    const given = await asPerson(interaction, (person) =>
      desk.act(
        { action: name, proposal, revision: Number(revision), reason: null, owner: person.id, until: null },
        person,
      ),
    )
    await interaction.editReply(shown(given, proposal, name))
  }

  async function onModal(interaction: ModalSubmitInteraction): Promise<void> {
    const [, name = '', proposal, revision] = /^pw-ask:([a-z-]+):([A-Z]+-\d+):(\d+)$/.exec(interaction.customId) ?? []
    if (!isActionName(name) || proposal === undefined) return
    await interaction.deferReply({ flags: MessageFlags.Ephemeral })
    const typed = (field: string) =>
      interaction.fields.fields.has(field) ? interaction.fields.getTextInputValue(field).trim() || null : null
    const given = await asPerson(interaction, (person) =>
      desk.act(
        {
          action: name,
          proposal,
          revision: Number(revision),
          reason: typed('reason'),
          owner: typed('owner') ?? person.id,
          until: typed('until'),
        },
        person,
      ),
    )
    await interaction.editReply(shown(given, proposal, null))
  }

  async function onCommand(interaction: ChatInputCommandInteraction): Promise<void> {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral })
    const verb = interaction.options.getSubcommand()
    const given = (name: string, before = '') => {
      const value = interaction.options.getString(name)
      return value === null ? '' : ` ${before}${value}`
    }
    const text = `${verb}${given('proposal')}${given('owner', 'owner ')}${given('until', 'until ')}${given('because', 'because ')}`
    const here = await whereIs(interaction)
    const said = await asPerson(interaction, (person) => desk.slash(text, here, person))
    const proposal = /\bPW-\d+\b/i.exec(given('proposal'))?.[0].toUpperCase() ?? here.proposal
    await interaction.editReply(shown(said, proposal, isActionName(verb) ? verb : null))
  }

  /** A command typed in a proposal's thread is about that proposal: a thread has the id of the message it began at. */
  async function whereIs({ channelId }: ChatInputCommandInteraction) {
    for (const [channel, place] of places) {
      if (place === channelId) return { channel, proposal: null }
      const proposal = await posts.proposalOf('discord', place, channelId)
      if (proposal !== null) return { channel, proposal }
    }
    return { channel: null, proposal: null }
  }

  function shown(given: Answer, proposal: string | null, action: ActionName | null) {
    const message = markdown(given.message, 900)
    const lines = given.detail ? detailLines(given.detail) : []
    const page = action !== null && actions[action].command === null ? `/${action}` : ''
    const link = given.detail && proposal !== null ? `\n<${consoleUrl}/p/${proposal}${page}>` : ''
    const body = codeBlock(lines.slice(0, 30), ANSWER - message.length - link.length)
    const content = `${given.ok ? '' : '⚠️ '}${message}${body === '' ? '' : `\n${body}`}${link}`.trim()
    return { content: content === '' ? 'Done.' : content, allowedMentions: noMentions }
  }

  const delivery = createDiscordDelivery({
    rest: client.rest,
    desk,
    posts,
    placeOf: (channel) => places.get(channel) ?? null,
    consoleUrl,
  })

  /** The servers of our channels. Throws a sentence for a channel that cannot be seen. */
  async function guildsOfPlaces(): Promise<ReadonlySet<string>> {
    const guilds = new Set<string>()
    for (const place of places.values()) {
      try {
        const channel = (await client.rest.get(Routes.channel(place))) as APIChannel
        if ('guild_id' in channel && channel.guild_id) guilds.add(channel.guild_id)
      } catch (error) {
        throw error instanceof DiscordAPIError ? new Error(discordProblem(error, place)) : error
      }
    }
    return guilds
  }

  return {
    platform: delivery,
    async check() {
      const guilds = await guildsOfPlaces()
      return `the token works; ${count(places.size, 'channel')} in ${count(guilds.size, 'server')} can be seen`
    },
    async start() {
      const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve))
      try {
        await client.login(options.botToken)
      } catch (error) {
        throw new Error(`Discord does not take DISCORD_BOT_TOKEN: ${errorText(error)} Check it.`)
      }
      const { application } = await ready
      for (const guild of await guildsOfPlaces()) {
        await client.rest.put(Routes.applicationGuildCommands(application.id, guild), { body: [patchCommand()] })
      }
      log.info(`Discord: connected, ${count(places.size, 'channel')}`)
    },
    async stop() {
      await client.destroy()
    },
  }
}

function refusal(problem: string): Answer {
  return { ok: false, message: rich(problem) }
}

function detailLines({ tables, lines }: NonNullable<Answer['detail']>): readonly string[] {
  const rows = tables.flatMap((table) => [
    table.caption,
    ...table.rows.map((row) => `  ${row.map((cell) => plain(cell)).join(' | ')}`),
  ])
  return [...rows, ...lines]
}
