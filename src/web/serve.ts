import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'

/** Somebody else's requests on the same address, by the beginning of their path. */
export interface Other {
  readonly path: string
  handle(request: IncomingMessage, response: ServerResponse): void
}

/** Listens; `port` 0 takes any free one. Rejects with a sentence when the address cannot be had. */
export function serveConsole(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
  others: readonly Other[] = [],
): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const pages = getRequestListener(app.fetch)
    const server = createServer((request, response) => {
      const other = others.find(({ path }) => request.url?.startsWith(path))
      if (other) other.handle(request, response)
      else void pages(request, response)
    })
    server.listen(port, host, () => {
      const info = server.address()
      const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
      resolve({
        address: `http://${name.includes(':') ? `[${name}]` : name}:${typeof info === 'object' && info ? info.port : port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
    // After the start it is about a connection that could not be taken, and rejects nothing.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program uses that port' : error.message
      reject(
        new Error(
          `The console cannot listen on ${host} port ${port}: ${why}. Choose another with PORT=... or console.port.`,
        ),
      )
    })
  })
}
