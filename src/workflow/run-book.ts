/** What is written down of each start, so that whoever drives next knows how far it had come. */

import type { HealthResult } from '../core/ports.ts'
import { findEngineRun, saveEngineRun } from '../store/timers.ts'
import type { WorkflowParts } from './ports.ts'

export interface RunNotes {
  /** Assets that the engine was about to start; `null`: it had not come so far. */
  readonly starting: readonly string[] | null
  /** What the engine needs to find the start again. */
  readonly handle: Readonly<Record<string, unknown>> | null
  /** How healthy assets were before they were touched, by id. */
  readonly before: ReadonlyMap<string, readonly HealthResult[]>
}

type Before = ReadonlyMap<string, readonly HealthResult[]>

export function createRunBook({ db, clock }: Pick<WorkflowParts, 'db' | 'clock'>) {
  const save = (key: string, engine: string, handle: Readonly<Record<string, unknown>>) =>
    saveEngineRun(db, { key, engine, handle, startedAt: clock().toISOString() })

  return {
    async notesOf(key: string): Promise<RunNotes> {
      const known = await findEngineRun(db, key)
      if (known === null) return { starting: null, handle: null, before: new Map() }
      const starting = Array.isArray(known.starting) ? known.starting.filter((item) => typeof item === 'string') : null
      const handle = isRecord(known.handle) ? known.handle : null
      const before = isRecord(known.before) ? new Map(Object.entries(known.before)) : new Map()
      return { starting, handle, before }
    },
    noteStarting: (key: string, engine: string, starting: readonly string[], before: Before) =>
      save(key, engine, { starting, before: Object.fromEntries(before) }),
    noteHandle: (key: string, engine: string, handle: Readonly<Record<string, unknown>>, before: Before) =>
      save(key, engine, { handle, before: Object.fromEntries(before) }),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, never>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
