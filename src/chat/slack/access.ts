import { createHmac } from 'node:crypto'
import { apiAddress, formed, type Values, type Variables } from '../../core/variables.ts'

/** How Slack reaches us, with the secrets for that. */
export type SlackAccess =
  /** By sockets that we open. Nothing has to reach us from outside. */
  | { readonly mode: 'socket'; readonly botToken: string; readonly appToken: string }
  /** By signed requests to the console's address. */
  | { readonly mode: 'http'; readonly botToken: string; readonly signingSecret: string }
  /** By signed requests from each named workspace that installs the app. */
  | {
      readonly mode: 'oauth'
      readonly clientId: string
      readonly clientSecret: string
      readonly signingSecret: string
      readonly stateSecret: string
    }

export const slackVariables: Variables = {
  about: 'Slack (docs/slack.md): the bot token and the app-level token. Both left out, Slack is not used.',
  named: {
    SLACK_BOT_TOKEN: {
      meaning: 'Slack, see [slack.md](slack.md). Default: no Slack',
      example: 'xoxb-...',
      secret: true,
      mistake: formed(/^xoxb-\S+$/, 'Write the bot token of the app; it begins with xoxb-.'),
    },
    SLACK_APP_TOKEN: {
      meaning: 'the app-level token: Slack over sockets that Patchwarden opens',
      example: 'xapp-...',
      secret: true,
      mistake: formed(/^xapp-\S+$/, 'Write the app-level token; it begins with xapp-.'),
    },
    SLACK_SIGNING_SECRET: {
      meaning: 'Slack by signed requests',
      example: '...',
      note: 'Without the app-level token: by signed requests to /slack/events.',
      secret: true,
      mistake: formed(/^.{8,}$/s, 'Write the signing secret of the app ("Basic Information").'),
    },
    SLACK_CLIENT_ID: {
      meaning: 'with `SLACK_CLIENT_SECRET` and `SLACK_SIGNING_SECRET`: Slack in many workspaces',
      example: '123.456',
      note: 'Instead of the bot token: every workspace that installs the app at /slack/install.',
      mistake: formed(/^[\w.-]+$/, 'Write the client id of the app ("Basic Information").'),
    },
    SLACK_CLIENT_SECRET: {
      meaning: 'goes with `SLACK_CLIENT_ID`',
      example: '...',
      secret: true,
      mistake: formed(/^.{8,}$/s, 'Write the client secret of the app ("Basic Information").'),
    },
    SLACK_API_URL: apiAddress('https://slack.com/api/'),
  },
  check(values) {
    const secrets = Object.keys(values).filter((name) => name !== 'SLACK_API_URL')
    const [variable] = slackAccess(values) === null ? secrets : []
    const mend = 'Slack needs SLACK_BOT_TOKEN with SLACK_APP_TOKEN or with SLACK_SIGNING_SECRET; see docs/slack.md.'
    return variable === undefined ? null : { variable, what: 'is set, but not what goes with it', mend }
  },
}

/** `null`: Slack is not used. */
export function slackAccess(values: Values): SlackAccess | null {
  const { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = values
  if (botToken !== undefined && appToken !== undefined) return { mode: 'socket', botToken, appToken }
  if (signingSecret === undefined) return null
  if (botToken !== undefined) return { mode: 'http', botToken, signingSecret }
  const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = values
  if (clientId === undefined || clientSecret === undefined) return null
  const stateSecret = createHmac('sha256', clientSecret).update('patchwarden slack state').digest('hex')
  return { mode: 'oauth', clientId, clientSecret, signingSecret, stateSecret }
}

export const slackPaths = {
  events: '/slack/events',
  install: '/slack/install',
  redirect: '/slack/oauth_redirect',
} as const
/** The same list as in manifests/slack.yaml. */
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
