/** Whoever we ask may never come to an end: each question ends in its time, with a sentence. */

import { afterEach, describe, expect, test } from 'vitest'
import { readFeed } from '../../src/integrations/feeds/fetch.ts'
import { ask } from '../../src/integrations/prometheus/client.ts'
import { type Unending, unending, unendingServer } from '../support/unending.ts'

const { signal } = new AbortController()
let server: Awaited<ReturnType<typeof unendingServer>> | null = null
afterEach(async () => {
  await server?.close()
  server = null
})

async function refused(how: Unending, question: (url: string) => Promise<unknown>): Promise<string> {
  server = await unendingServer(how)
  const began = Date.now()
  const message = await question(server.url).then(
    () => 'it answered',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  expect(Date.now() - began, message).toBeLessThan(5_000)
  expect(message).toMatch(/^\S.*[a-z)]\.?$/)
  return message
}

describe.each(unending)('a server: %s', (how) => {
  test('a feed', async () => {
    const message = await refused(how, (location) =>
      readFeed({ location, timeoutSeconds: 0.5, retrySeconds: 0.01, maxBytes: 1_000_000 }, null, signal),
    )
    expect(message).toMatch(
      /did not answer in full within 0.5 s \(2 attempts\)|is longer than 1000000 bytes|sends from one address to the next without end/,
    )
  })

  test('a question to Prometheus', async () => {
    const message = await refused(how, (url) =>
      ask({ name: 'main', url, access: { kind: 'open' }, timeoutSeconds: 0.5 }, 'query', { query: 'up' }, signal),
    )
    expect(message).toMatch(
      /Prometheus main (gave no answer within 0.5 s|answers more than|does not answer: it sends from one address to the next without end)/,
    )
  })
})
