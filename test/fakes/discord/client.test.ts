import {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  ContainerBuilder,
  Events,
  type Interaction,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  type TextChannel,
  TextDisplayBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js'
import { describe, expect, it, vi } from 'vitest'
import { useFakeDiscord } from './with-client.ts'

const { start, client } = useFakeDiscord()

describe('discord.js on the fake', () => {
  it('is ready, posts a card with buttons, edits it and starts a thread', async () => {
    const discord = await start()
    const guild = discord.addGuild({ name: 'Ops' })
    const { id } = discord.addChannel(guild, 'patches')
    const bot = await client(discord)
    const channel = (await bot.channels.fetch(id)) as TextChannel
    const card = new ContainerBuilder()
      .addTextDisplayComponents(new TextDisplayBuilder().setContent('# openssl'))
      .addActionRowComponents((row) =>
        row.addComponents(
          new ButtonBuilder().setCustomId('approve:1').setLabel('Approve').setStyle(ButtonStyle.Success),
        ),
      )
    const sent = await channel.send({
      components: [card],
      flags: MessageFlags.IsComponentsV2,
      allowedMentions: { parse: [] },
    })
    expect(discord.messages(id).map((message) => message.id)).toEqual([sent.id])
    await sent.edit({ components: [new TextDisplayBuilder().setContent('Approved')] })
    expect(discord.message(sent.id)?.components).toMatchObject([{ type: 10, id: 1, content: 'Approved' }])
    const thread = await sent.startThread({ name: 'openssl' })
    await thread.send('Alice approved.')
    expect(thread.id).toBe(sent.id)
    expect(discord.messages(thread.id).map((message) => message.content)).toEqual(['', 'Alice approved.'])
    expect(discord.notified()).toEqual([])
  })

  it('answers a click with a modal and its submission with a hidden message', async () => {
    const discord = await start()
    const guild = discord.addGuild()
    const role = discord.addRole(guild, 'security')
    const alice = discord.addUser('alice')
    discord.join(guild, alice, [role])
    const { id } = discord.addChannel(guild, 'patches')
    const bot = await client(discord)
    bot.on(Events.InteractionCreate, (interaction) => void respond(interaction))
    const channel = (await bot.channels.fetch(id)) as TextChannel
    const row = new ActionRowBuilder<ButtonBuilder>().addComponents(
      new ButtonBuilder().setCustomId('deny').setLabel('Deny').setStyle(ButtonStyle.Danger),
    )
    const card = await channel.send({ content: 'card', components: [row] })

    const click = await discord.click(alice.id, card.id, 'deny')
    expect(click.answer?.type).toBe(9)
    const submit = await discord.submitModal(click, { reason: 'Not on a Friday' })
    expect(submit.answer?.type).toBe(5)
    await vi.waitFor(() => expect(submit.messages[0]?.content).toBe(`Not on a Friday, ${role.id}`))
    expect(submit.messages[0]?.ephemeralFor).toBe(alice.id)
    expect(discord.messages(id)).toHaveLength(1)
    expect(discord.unacknowledged()).toEqual([])
  })
})

async function respond(interaction: Interaction): Promise<void> {
  if (interaction.isButton()) {
    const input = new TextInputBuilder().setCustomId('reason').setStyle(TextInputStyle.Paragraph)
    const label = new LabelBuilder().setLabel('Why?').setTextInputComponent(input)
    await interaction.showModal(new ModalBuilder().setCustomId('deny').setTitle('Deny').addLabelComponents(label))
  }
  if (interaction.isModalSubmit()) {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral })
    const roles = interaction.inCachedGuild()
      ? interaction.member.roles.cache.filter((role) => role.name === 'security')
      : []
    await interaction.editReply(`${interaction.fields.getTextInputValue('reason')}, ${[...roles.keys()].join()}`)
  }
}
