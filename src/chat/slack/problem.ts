/** Sentences for Slack's errors. */

import { WebAPIPlatformError } from '@slack/web-api'
import { errorText } from '../../core/error-text.ts'

const remedies: Readonly<Record<string, string>> = {
  channel_not_found:
    'does not exist, or the app cannot see it: check its id and invite the app (/invite @Patchwarden).',
  not_in_channel: 'is one that the app is not in: invite it (/invite @Patchwarden).',
  is_archived: 'is archived: unarchive it, or give the team another channel in patchwarden.yaml.',
  missing_scope: 'cannot be used, because the app lacks a scope: install it again from manifests/slack.yaml.',
  invalid_auth: 'cannot be reached: SLACK_BOT_TOKEN is not valid.',
  token_revoked: 'cannot be reached: SLACK_BOT_TOKEN was revoked. Install the app again and set the new token.',
  account_inactive:
    'cannot be reached: the app was removed from the workspace. Install it again and set the new token.',
}

/** An error of Slack as a sentence. */
export function slackProblem(error: unknown): string {
  if (!(error instanceof WebAPIPlatformError)) return errorText(error)
  const { error: code } = error.data
  const remedy = remedies[code]
  return remedy === undefined ? `it refuses (${code}).` : `the channel ${remedy}`
}

/** Why a channel cannot be used, and how to fix that. */
export function channelProblem(error: WebAPIPlatformError, place: string): string {
  const { error: code } = error.data
  return `Slack channel ${place} ${remedies[code] ?? `refuses the message (${code}).`}`
}
