/** What integrations keep in the database, and take turns by. */

import { setTimeout as sleep } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import type { Keeping } from '../core/ports.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import type { Leases } from './leases.ts'
import { engineNotes } from './schema.ts'

/** How long one waits before asking again whether it is its turn. */
const TURN_MS = 100

/** `db`, `alone`: those of this process. */
export function createKeeping(db: Queryable, alone: Leases['alone']): Keeping {
  const place = (engine: string, name: string) => and(eq(engineNotes.engine, engine), eq(engineNotes.name, name))
  /** Within this process one waits for the other, and only the first asks the database. */
  const last = new Map<string, Promise<unknown>>()

  return {
    async inTurn(name, signal, work) {
      const before = last.get(name) ?? Promise.resolve()
      const mine = before.then(() => underLease(alone, name, signal, work))
      const ended = mine.catch(() => undefined)
      last.set(name, ended)
      return mine.finally(() => {
        if (last.get(name) === ended) last.delete(name)
      })
    },
    async readNote(engine, name) {
      const [row] = await db.select({ note: engineNotes.note }).from(engineNotes).where(place(engine, name))
      return row?.note ?? null
    },
    async saveNote(engine, name, note) {
      await db.execute(sql`insert into ${engineNotes} (engine, name, note)
        values (${storable(engine)}, ${storable(name)}, ${storableAsJson(note)}::text::jsonb)
        on conflict (engine, name) do update set note = excluded.note`)
    },
    async removeNote(engine, name) {
      await db.delete(engineNotes).where(place(engine, name))
    },
  }
}

/** Other processes may hold the lease for as long as a call takes. */
async function underLease<T>(
  alone: Leases['alone'],
  name: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    const results: T[] = []
    const had = await alone(name, async (lease) => {
      signal.throwIfAborted()
      results.push(await work(AbortSignal.any([signal, lease.signal])))
    })
    const [result] = results
    if (had) return result as T
    await sleep(TURN_MS * (0.5 + Math.random()), undefined, { signal })
  }
}
