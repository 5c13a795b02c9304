import type { DiscordAPIError } from 'discord.js'

/** Error codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const remedies: Readonly<Record<number, string>> = {
  0: 'cannot be reached: DISCORD_BOT_TOKEN is not valid. Set the one from the page "Bot" of the app.',
  10003: 'does not exist: check its id in patchwarden.yaml.',
  50001: 'cannot be seen by the app: give it the permission View Channel there.',
  50013: 'does not let the app write: give it Send Messages, Create Public Threads and Send Messages in Threads there.',
  50083: 'has an archived thread that is locked: unlock it.',
}

/** A sentence that says what is wrong and how to fix it. */
export function discordProblem(error: DiscordAPIError, place: string): string {
  return `Discord channel ${place} ${remedies[Number(error.code)] ?? `refuses the message (${error.message}).`}`
}
