import { apiAddress, formed } from '../../core/variables.ts'
import type { PlatformKind } from '../platform-kind.ts'

export const discord: PlatformKind = {
  variables: {
    about: 'Discord (docs/discord.md): the bot token. Left out, Discord is not used.',
    named: {
      DISCORD_BOT_TOKEN: {
        meaning: 'Discord, see [discord.md](discord.md). Default: no Discord',
        example: '...',
        secret: true,
        mistake: formed(/^[\w.-]{20,200}$/, 'Write the token from the page "Bot" of the app.'),
      },
      DISCORD_PUBLIC_KEY: {
        meaning: 'Discord by signed requests',
        example: '...',
        note: 'With the public key: by signed requests to /discord/interactions instead of over the gateway.',
        mistake: formed(/^[0-9a-f]{64}$/i, 'Write the public key of the app ("General Information"), 64 digits.'),
      },
      DISCORD_API_URL: apiAddress('https://discord.com/api'),
    },
  },
  isUsed: ({ DISCORD_BOT_TOKEN }) => DISCORD_BOT_TOKEN !== undefined,
  async connect({ values, ...given }) {
    const { DISCORD_BOT_TOKEN: botToken, DISCORD_PUBLIC_KEY: publicKey = null, DISCORD_API_URL: apiUrl = null } = values
    if (botToken === undefined) return null
    const { createDiscord } = await import('./connection.ts')
    return createDiscord({ ...given, botToken, publicKey, apiUrl })
  },
}
