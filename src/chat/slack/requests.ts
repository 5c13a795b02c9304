import type { IncomingMessage, ServerResponse } from 'node:http'
import { HTTPModuleFunctions, type HTTPReceiver } from '@slack/bolt'
import { z } from 'zod'
import { readBody } from '../request-body.ts'

const BODY_BYTES = 1024 * 1024
const event = z.record(z.string(), z.unknown())

/**
 * Hands a request to Bolt, which checks the signature. Bolt takes whatever is in a body for an object, and where it is none
 * (`null` is JSON too) fails where nobody can catch it: such a request is refused before.
 */
export async function passOn(bolt: HTTPReceiver, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const rawBody = await readBody(request, BODY_BYTES)
  if (rawBody === null) {
    response.writeHead(413).end()
    return
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

function isEvent(request: IncomingMessage & { readonly rawBody: Buffer }): boolean {
  try {
    return event.safeParse(HTTPModuleFunctions.parseHTTPRequestBody(request)).success
  } catch {
    return false
  }
}
