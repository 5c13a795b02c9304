/** What is stored about each start, so that the next process to drive it knows how far it had come. */

import type { HealthResult, StopReport } from '../../core/ports.ts'
import { type NewlyReached, newlyReached } from '../../core/rollout/taken-back.ts'
import {
  findStart,
  findStops,
  type StartAsset,
  saveNextLook,
  saveStage,
  saveStarted,
  saveStarting,
  saveStops,
  saveTold,
} from '../../store/starts.ts'
import type { WorkflowParts } from '../ports.ts'

export interface RunNotes {
  /** Assets that the engine was about to start, in order; `null`: not that far yet, or the engine has answered. */
  readonly starting: readonly string[] | null
  /** The engine's data to find the start again; `null`: it has not answered yet. */
  readonly handle: Readonly<Record<string, unknown>> | null
  /** The engine is not asked before this instant, ISO 8601 UTC; `null`: it named none. */
  readonly nextLook: string | null
  /** True: its window is over, and what had not begun was taken back. */
  readonly windowOver: boolean
  /** The health of assets before they were touched, by asset id. */
  readonly before: ReadonlyMap<string, readonly HealthResult[]>
}

type Before = ReadonlyMap<string, readonly HealthResult[]>

interface Noted {
  readonly key: string
  readonly proposal: string
  readonly engine: string
}

export type RunBook = ReturnType<typeof createRunBook>

export function createRunBook({ db, clock }: Pick<WorkflowParts, 'db' | 'clock'>) {
  const now = () => clock().toISOString()

  return {
    async notesOf(key: string): Promise<RunNotes> {
      const known = await findStart(db, key)
      if (known === null) return { starting: null, handle: null, nextLook: null, windowOver: false, before: new Map() }
      const starting = known.assets.flatMap(({ asset, place }) => (place === null ? [] : [asset]))
      return {
        // An engine is never called without assets, so an empty list means none.
        starting: known.stage !== 'starting' || starting.length === 0 ? null : starting,
        handle: known.handle,
        nextLook: known.nextLook,
        windowOver: known.stage === 'window over',
        before: new Map(known.assets.flatMap(({ asset, before }) => (before === null ? [] : [[asset, before]]))),
      }
    },
    noteStarting(start: Noted, starting: readonly string[], before: Before): Promise<void> {
      const assets = starting.map((asset, index): StartAsset => {
        return { asset, place: index + 1, before: before.get(asset) ?? null }
      })
      const called = new Set(starting)
      const refused = [...before].flatMap(([asset, health]): StartAsset[] =>
        called.has(asset) ? [] : [{ asset, place: null, before: health }],
      )
      return saveStarting(db, { ...start, startedAt: now() }, [...assets, ...refused])
    },
    noteHandle: (start: Noted, handle: Readonly<Record<string, unknown>>): Promise<void> =>
      saveStarted(db, { ...start, startedAt: now() }, handle),
    noteWindowOver: (key: string): Promise<void> => saveStage(db, key, 'window over'),
    /** False: the thread was told the same sentence about the start before. */
    noteTold: (key: string, text: string): Promise<boolean> => saveTold(db, key, text),
    /** What a stop changed, compared with the stops of the start before; `null`: nothing. */
    async noteStops(key: string, reports: readonly StopReport[]): Promise<NewlyReached | null> {
      const before = await findStops(
        db,
        key,
        reports.map(({ asset }) => asset),
      )
      const { changed, ...reached } = newlyReached(reports, before)
      if (changed.length === 0) return null
      await saveStops(db, key, changed)
      return reached
    },
    noteNextLook: (key: string, at: string | null): Promise<void> => saveNextLook(db, key, at),
  }
}
