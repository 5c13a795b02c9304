import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../core/error-text.ts'
import { isStopping, passwordSentence, restorePassword } from './postgres-cluster.ts'
import { fileProblem } from './postgres-failure.ts'
import type { Membership } from './postgres-guard.ts'
import { findServer, type Launch, noteServer, type Server, startServer, stopServer } from './postgres-server.ts'
import { identify, stillRuns } from './process-identity.ts'

export interface Keeper {
  /** The process id of the server that runs now, or ran last. */
  readonly pid: () => number
  /** Stops watching the server, and leaves it as it is. */
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
/** If a shutdown waits this long for all connections to end, it is made faster: ours do not end. */
const stoppingMs = 2000
/** If a server ends sooner than this after its start, the next start waits. */
const steadyMs = 60_000
const longestPauseMs = 30_000

/** A server that is kept running, and what is known about it. */
interface Keeping extends Kept {
  readonly stopping: AbortController
  readonly password: string
  /** The process id of the server that runs now, or ran last. */
  pid: number
  identity: string
  /** In milliseconds since 1970; the same for `stoppingSince`. */
  startedAt: number
  /** How often in a row the server ended soon after its start. */
  endings: number
  /** Since when a shutdown of the server waits for all connections to end; `null`: there is none. */
  stoppingSince: number | null
}

/**
 * Every process that uses the server watches it. When the server has ended, one of them starts it again on the same
 * address, where the connections of all find it. This goes on as long as one of the processes runs.
 */
export function keepServer(kept: Kept): Keeper {
  const { launch, server } = kept
  const keeping: Keeping = {
    ...kept,
    stopping: new AbortController(),
    password: new URL(launch.cluster.url(server.port)).password,
    pid: server.pid,
    identity: identify(server.pid) ?? '',
    startedAt: Number.NEGATIVE_INFINITY,
    endings: 0,
    stoppingSince: null,
  }
  const watching = watch(keeping)
  return {
    pid: () => keeping.pid,
    stop: async () => {
      keeping.stopping.abort()
      await watching
    },
  }
}

async function pause({ stopping }: Keeping, ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal: stopping.signal }).catch(() => {})
}

/** Restores lost files that are needed to find and to guard the server. */
async function tend({ launch, membership, locked, password, pid, server }: Keeping): Promise<void> {
  const { cluster } = launch
  restorePassword(launch.placement, cluster, password)
  noteServer(launch, { pid, port: server.port })
  if (!membership.isIntact()) await locked(() => membership.renew(launch.binaries, cluster))
}

function hurry(keeping: Keeping): void {
  if (!isStopping(keeping.launch.cluster)) {
    keeping.stoppingSince = null
    return
  }
  keeping.stoppingSince ??= Date.now()
  if (Date.now() - keeping.stoppingSince < stoppingMs) return
  keeping.stoppingSince = null
  try {
    process.kill(keeping.pid, 'SIGINT')
  } catch {}
}

async function revive(keeping: Keeping): Promise<void> {
  const { launch, warn, locked, stopping, password } = keeping
  warn(`The embedded database (process ${keeping.pid}) has ended. It is started again on the same address.`)
  keeping.endings = Date.now() - keeping.startedAt < steadyMs ? keeping.endings + 1 : 0
  const since = Date.now()
  let told = ''
  for (let attempt = keeping.endings; !stopping.signal.aborted; attempt++) {
    if (attempt > 0) await pause(keeping, Math.min(longestPauseMs, 500 * 2 ** attempt))
    if (stopping.signal.aborted) return
    try {
      restorePassword(launch.placement, launch.cluster, password)
      await locked(() => restart(keeping))
      const seconds = Math.max(1, Math.round((Date.now() - since) / 1000))
      warn(`The embedded database is back (process ${keeping.pid}), after ${seconds} s.`)
      return
    } catch (error) {
      const why = fileProblem(error, launch.placement.directory) ?? errorText(error)
      if (why !== told) warn(`${why} It is tried again until it starts.`)
      told = why
    }
  }
}

async function restart(keeping: Keeping): Promise<void> {
  const { launch, server } = keeping
  const found = await findServer(launch.cluster)
  // Somebody may have started the server by hand, on another port than the one that all of us use.
  if (found !== null && found !== 'password refused' && found.port !== server.port) await stopServer(launch)
  else if (found !== null) return runsNow(keeping, found)
  noteServer(launch, { pid: keeping.pid, port: server.port })
  runsNow(keeping, await startServer(launch))
}

function runsNow(keeping: Keeping, running: Server | 'password refused'): void {
  if (running === 'password refused') throw new Error(passwordSentence(keeping.launch.cluster))
  keeping.pid = running.pid
  keeping.identity = identify(keeping.pid) ?? ''
  keeping.startedAt = Date.now()
}

async function watch(keeping: Keeping): Promise<void> {
  const { stopping } = keeping
  while (!stopping.signal.aborted) {
    await pause(keeping, lookMs)
    if (stopping.signal.aborted) return
    if (!stillRuns(keeping.identity)) await revive(keeping)
    else {
      hurry(keeping)
      // On a full disk these files cannot be written. They may never be needed, so that is no error.
      await tend(keeping).catch(() => {})
    }
  }
}
