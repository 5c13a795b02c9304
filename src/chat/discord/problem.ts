import { DiscordAPIError } from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import { refusalSentence } from '../reach.ts'
import { discordRefusal } from './refusals.ts'

/** An error of Discord as a sentence. `place`: the channel that it is about. */
export function discordProblem(error: unknown, place: string): string {
  if (!(error instanceof DiscordAPIError)) return errorText(error)
  return refusalSentence('Discord', discordRefusal(error), place)
}
