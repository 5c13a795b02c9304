import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { backoffMs } from '../core/backoff.ts'
import { errorText } from '../core/error-text.ts'
import { pgAddress } from './pg-address.ts'

export interface ListeningOptions {
  /** Direct, or through a pooler in session mode. */
  readonly url: string
  readonly channel: string
  /** Name of this connection, which the database shows. */
  readonly name: string
  readonly onMessage: (payload: string) => void
  /** Called when it listens (again). Messages that came in between are lost. */
  readonly onUp: () => void
  /** Called when it does not listen. It keeps trying. */
  readonly onDown: (why: string) => void
}

export interface Listening {
  readonly stop: () => Promise<void>
}

/** How often an idle connection is asked whether it is still there, and how long it may take to answer. */
const askMs = 15_000
const answerMs = 5_000

/** Listens to a channel on its own connection. If that is lost, it connects again until that works. */
export function listenTo(options: ListeningOptions): Listening {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = keepListening(options, signal)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function keepListening(options: ListeningOptions, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      await listenOnce(options, signal, () => {
        failures = 0
        options.onUp()
      })
    } catch (error) {
      if (signal.aborted) return
      options.onDown(errorText(error))
      failures += 1
      await sleep(backoffMs(failures), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Listens until the signal aborts; rejects when the connection ends before. */
async function listenOnce(
  { url, channel, name, onMessage }: ListeningOptions,
  signal: AbortSignal,
  onUp: () => void,
): Promise<void> {
  const client = new pg.Client({
    connectionString: pgAddress(url),
    application_name: name,
    keepAlive: true,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  })
  const ended = new Promise<never>((_, reject) => {
    client.on('error', reject)
    client.on('end', () => reject(new Error('The database ended the connection.')))
  })
  ended.catch(() => undefined)
  client.on('notification', ({ payload }) => onMessage(payload ?? ''))
  try {
    await client.connect()
    await client.query(`listen ${client.escapeIdentifier(channel)}`)
    onUp()
    while (!signal.aborted) {
      await Promise.race([ended, sleep(askMs, undefined, { signal }).catch(() => undefined)])
      if (!signal.aborted) await client.query('select 1')
    }
  } finally {
    await Promise.race([client.end(), sleep(answerMs, undefined, { ref: false })]).catch(() => undefined)
  }
}
