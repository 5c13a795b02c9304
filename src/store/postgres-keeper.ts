import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../core/error-text.ts'
import { isStopping, passwordSentence, restorePassword } from './postgres-cluster.ts'
import { fileProblem } from './postgres-failure.ts'
import type { Membership } from './postgres-guard.ts'
import { findServer, type Launch, noteServer, type Server, startServer, stopServer } from './postgres-server.ts'
import { identify, stillRuns } from './process-identity.ts'

export interface Keeper {
  /** Of the server that runs now, or ran last. */
  readonly pid: () => number
  /** Lets the server be. */
  readonly stop: () => Promise<void>
}

interface Kept {
  readonly launch: Launch
  readonly server: Server
  readonly membership: Membership
  readonly warn: (message: string) => void
  /** Runs work while no other process starts or looks for the server. */
  readonly locked: <T>(work: () => Promise<T>) => Promise<T>
}

const lookMs = 250
/** A shutdown that waits until all have left is hurried along: we do not leave. */
const stoppingMs = 2000
/** A server that ended sooner than this after its start waits before the next. */
const steadyMs = 60_000
const longestPauseMs = 30_000

/**
 * Everybody who uses the server watches it. When it has ended, one of them starts it again on the same address, where
 * the connections of all find it; that goes on as long as anybody lives.
 */
export function keepServer({ launch, server, membership, warn, locked }: Kept): Keeper {
  const stopping = new AbortController()
  const { cluster } = launch
  const { password } = new URL(cluster.url(server.port))
  let pid = server.pid
  let identity = identify(pid) ?? ''
  let startedAt = Number.NEGATIVE_INFINITY
  let endings = 0
  let stoppingSince: number | null = null

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: stopping.signal }).catch(() => {})
  }

  /** What it takes to find and to guard the server is put back should it get lost. */
  async function tend(): Promise<void> {
    restorePassword(launch.placement, cluster, password)
    noteServer(launch, { pid, port: server.port })
    if (!membership.isIntact()) await locked(() => membership.renew(launch.binaries, cluster))
  }

  function hurry(): void {
    if (!isStopping(cluster)) {
      stoppingSince = null
      return
    }
    stoppingSince ??= Date.now()
    if (Date.now() - stoppingSince < stoppingMs) return
    stoppingSince = null
    try {
      process.kill(pid, 'SIGINT')
    } catch {}
  }

  async function revive(): Promise<void> {
    warn(`The embedded database (process ${pid}) has ended. It is started again on the same address.`)
    endings = Date.now() - startedAt < steadyMs ? endings + 1 : 0
    const since = Date.now()
    let told = ''
    for (let attempt = endings; !stopping.signal.aborted; attempt++) {
      if (attempt > 0) await pause(Math.min(longestPauseMs, 500 * 2 ** attempt))
      if (stopping.signal.aborted) return
      try {
        restorePassword(launch.placement, cluster, password)
        await locked(restart)
        const seconds = Math.max(1, Math.round((Date.now() - since) / 1000))
        warn(`The embedded database is back (process ${pid}), after ${seconds} s.`)
        return
      } catch (error) {
        const why = fileProblem(error, launch.placement.directory) ?? errorText(error)
        if (why !== told) warn(`${why} It is tried again until it starts.`)
        told = why
      }
    }
  }

  async function restart(): Promise<void> {
    const found = await findServer(cluster)
    // Somebody may have started it by hand, on another port than all of us use.
    if (found !== null && found !== 'password refused' && found.port !== server.port) await stopServer(launch)
    else if (found !== null) return now(found)
    noteServer(launch, { pid, port: server.port })
    now(await startServer(launch))
  }

  function now(running: Server | 'password refused'): void {
    if (running === 'password refused') throw new Error(passwordSentence(cluster))
    pid = running.pid
    identity = identify(pid) ?? ''
    startedAt = Date.now()
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(lookMs)
      if (stopping.signal.aborted) return
      if (!stillRuns(identity)) await revive()
      else {
        hurry()
        // A full disk keeps notes from being written; what they are for may never be needed.
        await tend().catch(() => {})
      }
    }
  }

  const watching = watch()
  return {
    pid: () => pid,
    stop: async () => {
      stopping.abort()
      await watching
    },
  }
}
