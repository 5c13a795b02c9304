/** The whole product as a user starts it: a process of its own, its own data folder, its own embedded PostgreSQL. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface RunningService {
  readonly url: string
  /** Starts (again); resolves to the sign-in link, on this machine. */
  start(): Promise<string>
  /** Sends the signal and waits for the end; its exit status, `null` when the signal ended it or it did not run. */
  end(signal: NodeJS.Signals): Promise<number | null>
  /** Sends the signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void
  running(): boolean
  /** What it logged since its last start. */
  log(): string
  /** Nobody reads what it prints and logs from now on: its pipes are broken. */
  stopReading(): void
  /** Runs `patchwarden <args>` on the same data. */
  command(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
  remove(): Promise<void>
}

export async function createService(environment: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden service '))
  const port = await freePort()
  const env = {
    ...process.env,
    PATCHWARDEN_DATA: path.join(folder, 'data'),
    PORT: String(port),
    LOG_LEVEL: 'warn',
    ...environment,
  }
  const bin = path.join(root, 'bin/patchwarden.mjs')
  let child: ChildProcess | null = null
  let said = ''
  const isRunning = () => child !== null && child.exitCode === null && child.signalCode === null

  const service: RunningService = {
    url: `http://127.0.0.1:${port}`,
    async start() {
      const running = spawn(process.execPath, [bin, 'start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
      child = running
      said = ''
      running.stderr?.on('data', (data) => {
        said += String(data)
      })
      return new Promise((resolve, reject) => {
        let out = ''
        running.stdout?.on('data', (data) => {
          out += String(data)
          const link = /https?:\S+/.exec(out)?.[0]
          if (link && out.includes('\n')) resolve(`${service.url}/sign-in${new URL(link).search}`)
        })
        running.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${out}${said}`)))
      })
    },
    async end(signal) {
      const running = child
      if (running === null || running.exitCode !== null || running.signalCode !== null) return null
      const ended = once(running, 'exit')
      running.kill(signal)
      await ended
      return running.exitCode
    },
    signal: (signal) => void child?.kill(signal),
    running: isRunning,
    log: () => said,
    stopReading() {
      child?.stdout?.destroy()
      child?.stderr?.destroy()
    },
    async command(...args) {
      const running = spawn(process.execPath, [bin, ...args], { cwd: folder, env })
      let stdout = ''
      let stderr = ''
      running.stdout.on('data', (data) => {
        stdout += String(data)
      })
      running.stderr.on('data', (data) => {
        stderr += String(data)
      })
      const [code] = await once(running, 'close')
      return { code: Number(code), stdout, stderr }
    },
    async remove() {
      await service.end('SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await rm(folder, { recursive: true, force: true })
    },
  }
  return service
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
