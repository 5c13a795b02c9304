/** The ways in which Slack reaches us: sockets that we open, or signed requests. */

import { App, HTTPReceiver, type InstallationStore, type Logger } from '@slack/bolt'
import { WebClient, type WebClientOptions } from '@slack/web-api'
import { errorText } from '../../core/error-text.ts'
import type { ConnectionEvents } from '../platform.ts'
import { type SlackAccess, slackPaths, slackScopes } from './access.ts'
import { namedInstallations, refusing } from './installing.ts'
import { type Listening, listen } from './listening.ts'
import { refuseEvent } from './requests.ts'
import { keepSockets } from './sockets.ts'
import type { Installations } from './workspaces.ts'

export interface Receiving {
  readonly listening: Listening
  readonly clientOptions: WebClientOptions
  /** The log of Slack's own client. */
  readonly logger: Logger
  readonly log: { info(message: string): void; warn(message: string): void }
}

/** Bolt writes its own retry settings into the options, so it gets a copy. */
function common({ clientOptions, logger }: Receiving) {
  return { clientOptions: { ...clientOptions }, logger, convoStore: false as const }
}

/** Replaces Bolt's own authorization: that asks Slack once, at the start, and never again if the answer fails. */
function speakAs(botToken: string) {
  return { authorize: async () => ({ botToken }), ignoreSelf: false }
}

/** Opens the sockets and keeps them open until the signal aborts. */
export function overSockets(
  receiving: Receiving,
  { botToken, appToken }: Extract<SlackAccess, { mode: 'socket' }>,
  staggerMs: number,
) {
  const { clientOptions, logger, log } = receiving
  const receiver = { init: () => {}, start: async () => {}, stop: async () => {} }
  const app = listen(new App({ receiver, ...speakAs(botToken), ...common(receiving) }), receiving.listening)
  const take = (event: Parameters<App['processEvent']>[0]) =>
    app.processEvent(event).catch((error: unknown) => log.warn(`Slack: ${errorText(error)}`))
  const options = { appToken, clientOptions, logger, log, take, staggerMs }
  return (events: ConnectionEvents, signal: AbortSignal) => keepSockets(options, events, signal)
}

function signedRequests({ logger, log }: Receiving, signingSecret: string) {
  return { signingSecret, endpoints: slackPaths.events, logger, processEventErrorHandler: refuseEvent(log) }
}

/** Takes signed requests from the only workspace. */
export function byRequests(
  receiving: Receiving,
  { botToken, signingSecret }: Extract<SlackAccess, { mode: 'http' }>,
): HTTPReceiver {
  const receiver = new HTTPReceiver(signedRequests(receiving, signingSecret))
  listen(new App({ receiver, ...speakAs(botToken), ...common(receiving) }), receiving.listening)
  return receiver
}

/** Takes signed requests from every named workspace, and installs the app there. */
export function byRequestsOfMany(
  receiving: Receiving,
  access: Extract<SlackAccess, { mode: 'oauth' }>,
  { named, installations, apiUrl }: OfMany,
): HTTPReceiver {
  const { clientOptions, logger, log } = receiving
  const { clientId, clientSecret, signingSecret, stateSecret } = access
  const revoke = (token: string) => new WebClient(token, { ...clientOptions, logger }).auth.revoke()
  const lookAt = refusing(named, revoke, log)
  const receiver = new HTTPReceiver({
    ...signedRequests(receiving, signingSecret),
    clientId,
    clientSecret,
    stateSecret,
    scopes: slackScopes,
    installationStore: namedInstallations(installations, named),
    installerOptions: {
      installPath: slackPaths.install,
      redirectUriPath: slackPaths.redirect,
      clientOptions,
      callbackOptions: {
        afterInstallation: (installation, _asked, _request, response) => lookAt(installation, response),
      },
      ...(apiUrl === null ? {} : { authorizationUrl: new URL('/oauth/v2/authorize', apiUrl).href }),
    },
  })
  listen(new App({ receiver, ...common(receiving) }), receiving.listening)
  return receiver
}

interface OfMany {
  /** Ids of workspaces that the operator named. */
  readonly named: readonly string[]
  readonly installations: Installations & InstallationStore
  readonly apiUrl: string | null
}
