import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  AuthorizationError,
  HTTPModuleFunctions,
  type HTTPReceiver,
  type ReceiverProcessEventErrorHandlerArgs,
} from '@slack/bolt'
import { z } from 'zod'
import { databaseSentence } from '../../core/database-problem.ts'
import { errorText } from '../../core/error-text.ts'
import { readBody } from '../request-body.ts'
import type { Troubles } from '../troubles.ts'
import { signedBySlack } from './signature.ts'

const BODY_BYTES = 1024 * 1024

/** A request as it came, before its signature is checked. */
export interface Arrived {
  readonly signature: string
  readonly timestamp: string
  readonly body: Buffer
}

/**
 * Notes what is wrong with the signatures of requests. Bolt refuses them without a word. A request that bears none is
 * not from Slack, and says nothing of our secret.
 */
export function noteSignature(secret: string, clock: () => Date, troubles: Troubles, request: Arrived): void {
  const now = clock().getTime() / 1_000
  switch (signedBySlack(secret, request, now)) {
    case 'yes':
      troubles.end('signature')
      troubles.end('clock')
      return
    case 'stale':
      troubles.begin('clock', CLOCK)
      return
    case 'no':
      troubles.begin('signature', SIGNATURE)
      return
    case 'none':
  }
}

const CLOCK =
  'Requests of Slack are refused, because they are more than five minutes old by the clock of this host: set its clock (NTP). No click arrives until then.'
const SIGNATURE =
  'Requests to /slack/events are refused, because SLACK_SIGNING_SECRET does not match their signature. If they are Slack’s, set the secret of the app ("Basic Information"); no click arrives until then.'
const event = z.record(z.string(), z.unknown())

/**
 * Passes a request to Bolt, which checks the signature. Bolt expects that the body is an object. For other JSON, such
 * as `null`, it fails where nobody can catch the error. So such requests are refused first.
 */
export async function passOn(
  bolt: HTTPReceiver,
  request: IncomingMessage,
  response: ServerResponse,
  arrived: (request: Arrived) => void = () => {},
): Promise<void> {
  const rawBody = await readBody(request, BODY_BYTES)
  if (rawBody === null) {
    response.writeHead(413).end()
    return
  }
  if (request.method === 'POST') {
    const header = (name: string) => String(request.headers[name] ?? '')
    const [signature, timestamp] = [header('x-slack-signature'), header('x-slack-request-timestamp')]
    arrived({ signature, timestamp, body: rawBody })
  }
  const read = Object.assign(request, { rawBody })
  if (request.method === 'POST' && !isEvent(read)) {
    response.writeHead(400).end()
    return
  }
  try {
    bolt.requestListener(read, response)
  } catch {
    // It throws for a path that is not its own.
    response.writeHead(404).end()
  }
}

/**
 * Answers a signed request on which Bolt failed. If the database failed, Slack is asked to send it again. If the
 * workspace is not known, the request is refused. Otherwise the request lacks something that Bolt expects.
 */
export function refuseEvent(log: {
  warn(message: string): void
}): (args: ReceiverProcessEventErrorHandlerArgs) => Promise<boolean> {
  return async ({ error, response }) => {
    const sentence = databaseSentence(error) ?? databaseSentence('original' in error ? error.original : null)
    log.warn(`Slack: a request could not be handled. ${sentence ?? errorText(error)}`)
    if (response.headersSent) return false
    const status = sentence !== null ? 503 : error instanceof AuthorizationError ? 401 : 400
    response.writeHead(status).end()
    return status === 401
  }
}

function isEvent(request: IncomingMessage & { readonly rawBody: Buffer }): boolean {
  try {
    return event.safeParse(HTTPModuleFunctions.parseHTTPRequestBody(request)).success
  } catch {
    return false
  }
}
