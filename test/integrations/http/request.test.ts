import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { request } from '../../../src/integrations/http/request.ts'
import { retryAfterSeconds } from '../../../src/integrations/http/retry.ts'

const { signal } = new AbortController()
let close: () => void = () => undefined
afterEach(() => close())

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/`
}

test('sends a body as JSON, and access in its header', async () => {
  const url = await serve((asked, answer) => {
    asked.setEncoding('utf8').on('data', (body) => {
      const { authorization, 'content-type': type } = asked.headers
      answer.end(JSON.stringify([asked.method, authorization, type, body]))
    })
  })
  const access = { kind: 'basic', user: 'ann', password: 'secret' } as const
  const answer = await request({ url, method: 'POST', json: { a: 1 }, access, maxBytes: 1_000 }, signal)
  expect(JSON.parse(String(answer.kind === 'answer' && answer.body))).toEqual([
    'POST',
    'Basic YW5uOnNlY3JldA==',
    'application/json',
    '{"a":1}',
  ])
})

test.each([
  [1_000, 1_000],
  [1_001, null],
])('a body of %i bytes where 1000 may be', async (length, read) => {
  const url = await serve((_, answer) => answer.end('x'.repeat(length)))
  const answer = await request({ url, maxBytes: 1_000 }, signal)
  expect(answer.kind === 'answer' && (answer.body?.length ?? null)).toBe(read)
})

test('does not wait for the body of an answer that is not to be read', async () => {
  const url = await serve((_, answer) => answer.writeHead(503, { 'retry-after': '7' }).write('never ends'))
  const answer = await request({ url, maxBytes: 1_000, reads: ({ status }) => status === 200 }, signal)
  expect(answer).toMatchObject({ kind: 'answer', body: null })
  expect(answer.kind === 'answer' && retryAfterSeconds(answer.response)).toBe(7)
})

test('takes a redirect for an answer where it is told to', async () => {
  const url = await serve(({ url }, answer) => answer.writeHead(url === '/' ? 302 : 200, { location: '/there' }).end())
  const status = async (redirect: 'follow' | 'manual') => {
    const answer = await request({ url, redirect, maxBytes: 1_000 }, signal)
    return answer.kind === 'answer' && answer.response.status
  }
  expect(await status('manual')).toBe(302)
  expect(await status('follow')).toBe(200)
})

test('says whether the time was over, or why there is no answer', async () => {
  const url = await serve((_, answer) => answer.write('never ends'))
  const late = await request({ url, timeoutSeconds: 0.2, maxBytes: 1_000 }, signal)
  expect(late).toMatchObject({ kind: 'none', timedOut: true })
  close()
  const gone = await request({ url, timeoutSeconds: 5, maxBytes: 1_000 }, signal)
  expect(gone).toMatchObject({ kind: 'none', timedOut: false, problem: 'connection refused' })
})

test('throws when it is stopped', async () => {
  const url = await serve((_, answer) => answer.write('never ends'))
  const stop = new AbortController()
  const asked = request({ url, maxBytes: 1_000 }, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(asked).rejects.toThrow('stopped')
})
