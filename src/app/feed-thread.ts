/**
 * The thread that reads one feed. It sends what the feed says in portions, and sends the next one when it is asked for
 * more.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { trustAuthorities } from '../config/authorities.ts'
import { errorText } from '../core/error-text.ts'
import type { FeedFetch } from '../core/ports.ts'
import { buildFeed } from './build-feed.ts'
import type { ThreadGiven, ThreadSays } from './feed-in-thread.ts'

/** Text of this length is parsed as JSON within a few milliseconds. */
const PORTION_CHARACTERS = 200_000

const { name, feed, cursor, now, authorities }: ThreadGiven = workerData
trustAuthorities(authorities)

function* portionsOf(rows: readonly unknown[]): Generator<string> {
  let json = ''
  for (const row of rows) {
    json += `${json === '' ? '[' : ','}${JSON.stringify(row)}`
    if (json.length < PORTION_CHARACTERS) continue
    yield `${json}]`
    json = ''
  }
  if (json !== '') yield `${json}]`
}

function* said(fetched: FeedFetch): Generator<ThreadSays> {
  if (fetched.status === 'unchanged') {
    yield { kind: 'unchanged' }
    return
  }
  const { content, changes, cursor: next, rejected, saidAt } = fetched
  for (const [kind, rows] of Object.entries(content))
    for (const json of portionsOf(rows)) yield { kind: 'rows', of: kind, json }
  for (const json of portionsOf(changes?.records ?? [])) yield { kind: 'rows', of: 'records', json }
  const kinds = Object.keys(content)
  yield { kind: 'read', kinds, changes: changes !== undefined, cursor: next, rejected, ...(saidAt && { saidAt }) }
}

async function read(): Promise<void> {
  const built = buildFeed(name, feed, () => new Date(now))
  const answer = said(await built.fetch(cursor, new AbortController().signal))
  const tellNext = () => {
    const next = answer.next()
    if (next.done !== true) parentPort?.postMessage(next.value)
  }
  parentPort?.on('message', tellNext)
  tellNext()
}

read().catch((error: unknown) => {
  parentPort?.postMessage({ kind: 'failed', problem: errorText(error) } satisfies ThreadSays)
})
