/** Connects to chat platforms, and connects again after a connection was lost. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ChatConnection, ConnectionEvents } from '../chat/platform.ts'
import { backoffMs } from '../core/backoff.ts'
import { errorText } from '../core/error-text.ts'
import type { Database } from '../store/database.ts'
import type { WorkflowLog } from '../workflow/log.ts'
import type { WatchedConnection } from '../workflow/watched-connection.ts'
import type { Service } from './open.ts'

/** While another process listens to a platform, the lease is tried again at this interval. */
const ELSEWHERE_MS = 15_000

/** When this process has lost the lease, it tries again after this time. */
const AGAIN_MS = 1_000

type Connecting = Pick<Service, 'connections' | 'watched' | 'log'> & { readonly database: Pick<Database, 'alone'> }

/** Connects to every platform, and tries again until the signal aborts. An unreachable platform delays nothing else. */
export async function keepConnected(
  { connections, watched, log, database }: Connecting,
  signal: AbortSignal,
): Promise<void> {
  const each = connections.flatMap((connection, index) => {
    const watch = watched[index]
    return watch === undefined ? [] : keepOneConnected({ connection, watch, log, database }, signal)
  })
  await Promise.all(each)
}

interface One extends Pick<Connecting, 'log' | 'database'> {
  readonly connection: ChatConnection
  readonly watch: WatchedConnection
}

async function keepOneConnected({ connection, watch, log, database }: One, signal: AbortSignal): Promise<void> {
  let failures = 0
  const had = () => {
    failures = 0
    watch.up()
  }
  while (!signal.aborted) {
    let pause = AGAIN_MS
    try {
      // With several replicas, only one listens to a platform; when that one ends, another takes over.
      const alone = await database.alone(`listen to ${watch.name}`, (lease) =>
        listen(connection, { up: had, down: watch.down }, log, AbortSignal.any([signal, lease.signal])),
      )
      if (signal.aborted) return
      failures = 0
      if (alone) watch.down('Another process may have taken it over.')
      else {
        watch.elsewhere()
        pause = ELSEWHERE_MS
      }
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      watch.down(errorText(error))
      pause = backoffMs(failures)
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * Keeps a connection until `signal` aborts: the service stops, or another process listens now. Throws a sentence if the
 * connection is lost.
 */
async function listen(
  connection: ChatConnection,
  events: Pick<ConnectionEvents, 'up' | 'down'>,
  log: WorkflowLog,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController()
  try {
    await connection.start({ ...events, lost: (why) => lost.abort(new Error(why)) })
    events.up()
    const ended = AbortSignal.any([signal, lost.signal])
    if (!ended.aborted) {
      await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }))
    }
    lost.signal.throwIfAborted()
    log.info(`${connection.platform.name}: disconnecting.`)
  } finally {
    await connection.stop().catch(() => undefined)
  }
}
