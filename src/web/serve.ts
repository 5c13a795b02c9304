import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { localUrl } from '../config/console-url.ts'

/** Handles requests whose path begins with `path`, at the same address. */
export interface Other {
  readonly path: string
  handle(request: IncomingMessage, response: ServerResponse): void
}

/** Port 0 takes any free port. Rejects with a sentence if the address cannot be used. */
export function serveConsole(app: Hono, at: Address, others: readonly Other[] = []): Promise<Serving> {
  return serve(app, at, { what: 'The console', another: 'PORT=... or console.port' }, others)
}

export function serveMetrics(app: Hono, at: Address): Promise<Serving> {
  return serve(app, at, { what: '/metrics', another: 'PATCHWARDEN_METRICS_LISTEN' }, [])
}

interface Address {
  readonly host: string
  readonly port: number
}

interface Serving {
  readonly address: string
  readonly close: () => Promise<void>
}

function serve(
  app: Hono,
  { host, port }: Address,
  { what, another }: { readonly what: string; readonly another: string },
  others: readonly Other[],
): Promise<Serving> {
  return new Promise((resolve, reject) => {
    // For an invalid address or host name. All other failures are answered by the pages.
    const errorHandler = () => new Response('That address cannot be read.\n', { status: 400 })
    const pages = getRequestListener(app.fetch, { errorHandler })
    const server = createServer((request, response) => {
      const other = others.find(({ path }) => request.url?.startsWith(path))
      if (other) other.handle(request, response)
      else void pages(request, response)
    })
    server.on('clientError', refuseUnreadable)
    server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(417, { 'content-type': 'text/plain; charset=utf-8' }).end('Leave out the header "Expect".\n')
    })
    server.listen(port, host, () => {
      const info = server.address()
      resolve({
        address: localUrl({ host, port: typeof info === 'object' && info ? info.port : port }),
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
    // After the start, an error is about one connection, and the promise is settled already.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program uses that port' : error.message
      reject(new Error(`${what} cannot listen on ${host} port ${port}: ${why}. Choose another with ${another}.`))
    })
  })
}

/** Answers a request that is not valid HTTP or never ends, if somebody still reads. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, sentence] = unreadable(error.code)
  const head = `HTTP/1.1 ${status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${sentence.length}\r\nconnection: close`
  socket.end(`${head}\r\n\r\n${sentence}`)
}

function unreadable(code: string | undefined): readonly [status: string, sentence: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'The address or a header is too long.\n']
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'The request did not arrive in time.\n']
    default:
      return ['400 Bad Request', 'That request cannot be read.\n']
  }
}
