/** How Slack reaches us, and with which secrets. */
export type SlackAccess =
  /** Over sockets that we open: nothing needs to reach us from outside. */
  | { readonly mode: 'socket'; readonly botToken: string; readonly appToken: string }
  /** By signed requests to the console's address. */
  | { readonly mode: 'http'; readonly botToken: string; readonly signingSecret: string }
  /** By signed requests, from each named workspace that installs the app. */
  | {
      readonly mode: 'oauth'
      readonly clientId: string
      readonly clientSecret: string
      readonly signingSecret: string
      readonly stateSecret: string
    }

export const slackPaths = {
  events: '/slack/events',
  install: '/slack/install',
  redirect: '/slack/oauth_redirect',
} as const
/** As in manifests/slack.yaml. */
export const slackScopes = [
  'chat:write',
  'commands',
  'users:read',
  'users:read.email',
  'usergroups:read',
  'im:write',
  'im:history',
  'channels:history',
  'groups:history',
  'files:write',
]
