import type { MeasuredWindow, UnusableLoad } from '../core/load.ts'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { measuredWindows } from './schema.ts'

/** The latest measurement of a window. */
export interface StoredMeasure {
  readonly window: string
  /** What was asked for, as text. If the wish is another one now, the result does not count. */
  readonly wish: string
  /** `null`: the history could never be read. */
  readonly result: MeasuredWindow | UnusableLoad | null
  /** When the history was last read. */
  readonly measuredAt: string | null
  /** Why the history could not be read since then; `null`: it could. */
  readonly problem: string | null
}

export async function readMeasures(db: Queryable): Promise<readonly StoredMeasure[]> {
  return db.select().from(measuredWindows)
}

export async function saveMeasure(db: Queryable, measure: StoredMeasure): Promise<void> {
  const { window, ...row } = storable(measure)
  await db
    .insert(measuredWindows)
    .values({ window, ...row })
    .onConflictDoUpdate({ target: measuredWindows.window, set: row })
}
