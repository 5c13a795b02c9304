/** Reads a feed in its own thread: parsing may take seconds, and would block everything else. */

import { setImmediate as othersTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { trustedAuthorities } from '../config/authorities.ts'
import type { FeedConfig } from '../config/schema.ts'
import type { FeedContent, RejectedRecord } from '../core/catalog.ts'
import { errorText } from '../core/error-text.ts'
import type { CatalogFeed, FeedFetch } from '../core/ports.ts'
import { buildFeed, isSmallFeed } from './build-feed.ts'

/** The data that the thread gets. */
export interface ThreadGiven {
  readonly name: string
  readonly feed: FeedConfig
  readonly cursor: string | null
  /** ISO 8601 UTC. */
  readonly now: string
  /** Certificates of private authorities, as PEM. */
  readonly authorities: readonly string[]
}

export type ThreadSays =
  /** `json`: a list of rows of the kind of content `of`; if `of` is `records`, a list of the ids of changed records. */
  | { readonly kind: 'rows'; readonly of: string; readonly json: string }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'read'
      /** The kinds of content that the feed has, empty ones too. */
      readonly kinds: readonly string[]
      /** Whether the feed brought only changes. */
      readonly changes: boolean
      readonly cursor: string
      readonly rejected: readonly RejectedRecord[]
      readonly saidAt?: string
    }
  | { readonly kind: 'failed'; readonly problem: string }

export function buildFeedInThread(name: string, feed: FeedConfig, clock: () => Date): CatalogFeed {
  const here = buildFeed(name, feed, clock)
  async function fetchFeed(cursor: string | null, signal: AbortSignal): Promise<FeedFetch> {
    if (await isSmallFeed(feed)) return here.fetch(cursor, signal)
    return fetchInThread({ name, feed, cursor, now: clock().toISOString(), authorities: trustedAuthorities() }, signal)
  }
  return { ...here, fetch: fetchFeed }
}

/** When it runs from the TypeScript sources, the thread starts with a file that compiles them. */
const entry = import.meta.url.endsWith('.ts') ? '../../bin/feed-thread-from-source.mjs' : './feed-thread.js'

async function fetchInThread(given: ThreadGiven, signal: AbortSignal): Promise<FeedFetch> {
  signal.throwIfAborted()
  const thread = new Worker(new URL(entry, import.meta.url), { workerData: given, execArgv: [] })
  const rows = new Map<string, unknown[]>()
  let end = () => {}

  function take(of: string, json: string): void {
    const list = rows.get(of) ?? []
    rows.set(of, list)
    for (const row of JSON.parse(json)) list.push(row)
  }

  try {
    return await new Promise((resolve, reject) => {
      end = () => reject(signal.reason)
      signal.addEventListener('abort', end)
      thread.once('error', (error) =>
        reject(new Error(`${given.name} cannot be read: ${errorText(error)}`, { cause: error })),
      )
      thread.once('exit', () => reject(new Error(`${given.name} cannot be read: the thread that reads it has ended`)))
      thread.on('message', (says: ThreadSays) => {
        switch (says.kind) {
          case 'rows':
            take(says.of, says.json)
            // Others have their turn before the next portion: messages that wait here are all handled in one turn.
            void othersTurn().then(() => thread.postMessage('more'))
            break
          case 'unchanged':
            resolve({ status: 'unchanged' })
            break
          case 'read': {
            const { kinds, changes, cursor, rejected, saidAt } = says
            resolve({
              status: 'fetched',
              cursor,
              content: contentFrom(kinds, rows),
              ...(changes && { changes: { records: (rows.get('records') ?? []).map(String) } }),
              rejected,
              ...(saidAt !== undefined && { saidAt }),
            })
            break
          }
          case 'failed':
            reject(new Error(says.problem))
        }
      })
    })
  } finally {
    signal.removeEventListener('abort', end)
    await thread.terminate()
  }
}

/** Not checked: our own thread made the rows, so their types are right. */
function contentFrom(kinds: readonly string[], rows: ReadonlyMap<string, unknown[]>): FeedContent {
  return Object.fromEntries(kinds.map((kind) => [kind, rows.get(kind) ?? []]))
}
