/**
 * What Slack's error codes mean for a message. The codes are those of the methods that we call:
 * https://docs.slack.dev/reference/methods/chat.update, chat.postMessage, conversations.open, conversations.replies.
 */

import { type Refusal, refusal } from '../reach.ts'

const token = 'Install the app again and set the new token.'
const anew = (problem: string) => refusal('message', problem, 'anew')
const shorter = (code: string) => refusal('message', `refuses the content of the message (${code}).`, 'shorter')
const nobody = (problem: string) => refusal('message', problem, 'nothing')

const refusals: Readonly<Record<string, Refusal>> = {
  // One message, or its thread.
  message_not_found: anew('does not have the message any more: somebody deleted it.'),
  thread_not_found: anew('does not have the thread any more: somebody deleted its first message.'),
  cant_update_message: anew('does not let the app change this message: it is of an earlier installation of the app.'),
  edit_window_closed: anew(
    'lets nobody change a message of this age: a setting of the workspace ("Message editing") says for how long.',
  ),
  cannot_reply_to_message: anew('lets nobody reply to this message.'),
  restricted_action_thread_locked: anew('takes nothing in this thread: an administrator locked it.'),
  restricted_action_non_threadable_channel: refusal(
    'thread',
    'allows no threads in this channel: allow them, or give the team another channel in patchwarden.yaml.',
  ),
  ...Object.fromEntries(
    [
      'msg_too_long',
      'msg_blocks_too_long',
      'invalid_blocks',
      'invalid_blocks_format',
      'invalid_attachments',
      'block_mismatch',
      'no_text',
      'too_many_attachments',
      'attachment_payload_limit_exceeded',
      'metadata_too_large',
      'file_not_found',
      'file_deleted',
      'file_is_deleted',
      'unable_to_share_files',
    ].map((code) => [code, shorter(code)]),
  ),
  // One call. The next entries of the thread wait, so that they keep their order.
  fatal_error: refusal('thread', 'failed (fatal_error).'),
  internal_error: refusal('thread', 'failed (internal_error).'),
  request_timeout: refusal('thread', 'did not get the whole message (request_timeout).'),

  // One channel.
  channel_not_found: refusal(
    'channel',
    'does not exist, or the app cannot see it: check its id and invite the app (/invite @Patchwarden).',
  ),
  not_in_channel: refusal('channel', 'is one that the app is not in: invite it (/invite @Patchwarden).'),
  is_archived: refusal('channel', 'is archived: unarchive it, or give the team another channel in patchwarden.yaml.'),
  is_inactive: refusal(
    'channel',
    'is archived, frozen or deleted: restore it, or give the team another channel in patchwarden.yaml.',
  ),
  restricted_action: refusal(
    'channel',
    'does not let the app post: allow it under "Posting permissions" of the channel.',
  ),
  restricted_action_read_only_channel: refusal(
    'channel',
    'is read-only: allow the app to post there, or give the team another channel in patchwarden.yaml.',
  ),
  restricted_action_thread_only_channel: refusal(
    'channel',
    'takes only replies: allow messages there, or give the team another channel in patchwarden.yaml.',
  ),
  posting_to_channel_denied: refusal(
    'channel',
    'does not let the app post: allow it under "Posting permissions" of the channel.',
  ),
  external_channel_migrating: refusal('channel', 'is being moved by Slack; that ends by itself.'),
  ekm_access_denied: refusal('channel', 'takes no messages, because the keys of the workspace (EKM) are withdrawn.'),
  messages_tab_disabled: refusal(
    'channel',
    'takes no direct messages of the app: switch on "Messages Tab" under "App Home" of the app.',
  ),
  access_denied: refusal('channel', 'cannot be used by the app (access_denied): check its permissions.'),
  // A scope may be needed only for some calls, such as for direct messages.
  missing_scope: refusal(
    'channel',
    'cannot be used, because the app lacks a scope: install it again from manifests/slack.yaml.',
  ),
  no_permission: refusal(
    'channel',
    'cannot be used, because the app lacks a permission: install it again from manifests/slack.yaml.',
  ),
  ratelimited: refusal('channel', 'gets too many messages; that ends by itself.'),
  rate_limited: refusal('channel', 'gets too many messages; that ends by itself.'),

  // One workspace, with its token.
  invalid_auth: refusal('workspace', 'does not take SLACK_BOT_TOKEN: it is not valid.'),
  not_authed: refusal('workspace', 'got no token: set SLACK_BOT_TOKEN.'),
  token_revoked: refusal('workspace', `does not take SLACK_BOT_TOKEN: it was revoked. ${token}`),
  token_expired: refusal('workspace', `does not take SLACK_BOT_TOKEN: it has expired. ${token}`),
  account_inactive: refusal(
    'workspace',
    `does not take SLACK_BOT_TOKEN: the app was removed from the workspace. ${token}`,
  ),
  not_allowed_token_type: refusal(
    'workspace',
    'does not take SLACK_BOT_TOKEN: it is of another kind. Set the bot token of the app (xoxb-...).',
  ),
  app_access_restricted: refusal('workspace', 'does not let the app be used: an administrator restricted it.'),
  two_factor_setup_required: refusal('workspace', 'wants two-factor authentication for the app’s workspace.'),
  org_login_required: refusal('workspace', 'is moving the workspace to an organisation; that ends by itself.'),
  team_added_to_org: refusal('workspace', 'is moving the workspace to an organisation; that ends by itself.'),
  enterprise_is_restricted: refusal(
    'workspace',
    'does not let an organisation call this: install the app in the workspace.',
  ),
  message_limit_exceeded: refusal(
    'workspace',
    'takes no more messages of this workspace for now (message_limit_exceeded).',
  ),
  accesslimited: refusal('workspace', 'takes no calls from this network: the workspace limits the addresses.'),

  // All of Slack.
  service_unavailable: refusal('platform', 'is not available (service_unavailable).'),

  // Somebody who gets no direct messages from the app.
  user_not_found: nobody('knows no such account.'),
  user_disabled: nobody('has deactivated the account.'),
  user_not_visible: nobody('does not show the account to the app.'),
  cannot_dm_bot: nobody('does not let the app write to a bot.'),
  invalid_user_combination: nobody('does not let the app write to somebody of another workspace.'),
}

/** A code that is not in the table holds back only its message. */
export function slackRefusal(code: string): Refusal {
  return Object.hasOwn(refusals, code) && refusals[code]
    ? refusals[code]
    : refusal('message', `refuses the message (${code}).`)
}

export const slackCodes: readonly string[] = Object.keys(refusals)
