import type { AddressInfo } from 'node:net'
import net from 'node:net'

/** A wire to a server that can be cut: what is sent then goes nowhere and nobody is told, as in a network that drops. */
export interface CuttableProxy {
  /** The address of the server, through the wire. */
  readonly url: string
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function cuttableProxy(serverUrl: string): Promise<CuttableProxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<net.Socket>()
  let cut = false
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      if (cut) from.pause()
      from.on('data', (data) => to.write(data))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        if (!cut) to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(serverUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cut() {
      cut = true
      for (const socket of sockets) socket.pause()
    },
    restore() {
      cut = false
      for (const socket of sockets) socket.resume()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
