import type { IncomingMessage } from 'node:http'

/** The whole body of a request; `null`: it is longer than any request of the platform. */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const piece = Buffer.from(chunk)
    length += piece.length
    if (length > mostBytes) return null
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}
