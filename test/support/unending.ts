import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'

/** How a server can answer without ever coming to an end. */
export type Unending = 'drips' | 'only headers' | 'silence' | 'endless' | 'redirects' | 'bomb'

export const unending: readonly Unending[] = ['drips', 'only headers', 'silence', 'endless', 'redirects', 'bomb']

const answers: Readonly<Record<Exclude<Unending, 'silence'>, RequestListener>> = {
  drips: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  'only headers': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.flushHeaders()
  },
  endless: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(64 * 1024, ' ')
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', more)
    more()
  },
  redirects: (_, response) => void response.writeHead(302, { location: `/${Math.random()}` }).end(),
  bomb: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    const packed = gzipSync(Buffer.alloc(16 * 1024 * 1024, ' '))
    const more = () => {
      while (!response.destroyed && response.write(packed));
    }
    response.on('drain', more)
    more()
  },
}

/** A server that answers like this; `close` ends what it is still saying. */
export async function unendingServer(
  how: Unending,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server | TcpServer = how === 'silence' ? createTcpServer(() => undefined) : createServer(answers[how])
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
