import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** Listens; `port` 0 takes any free one. Rejects with a sentence when the address cannot be had. */
export function serveConsole(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (info) => {
      const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
      resolve({
        address: `http://${name.includes(':') ? `[${name}]` : name}:${info.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      })
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program uses that port' : error.message
      reject(
        new Error(
          `The console cannot listen on ${host} port ${port}: ${why}. Choose another with PORT=... or console.port.`,
        ),
      )
    })
  })
}
