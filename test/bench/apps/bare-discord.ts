/** The floor: a discord.js app that acknowledges every click, and does nothing else. Arguments: API address and token. */

import { Client, Events, GatewayIntentBits, MessageFlags } from 'discord.js'

const [api = '', token = ''] = process.argv.slice(2)
const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api } })
client.on(Events.InteractionCreate, (interaction) => {
  if (interaction.isButton()) void interaction.deferReply({ flags: MessageFlags.Ephemeral })
})
client.once(Events.ClientReady, () => console.log('ready'))
await client.login(token)
