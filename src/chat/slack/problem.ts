import { WebAPIPlatformError } from '@slack/web-api'
import { errorText } from '../../core/error-text.ts'
import { refusalSentence } from '../reach.ts'
import { slackRefusal } from './refusals.ts'

/** An error of Slack as a sentence. `place`: the channel that it is about. */
export function slackProblem(error: unknown, place: string): string {
  if (!(error instanceof WebAPIPlatformError)) return errorText(error)
  return refusalSentence('Slack', slackRefusal(error.data.error), place)
}
