import { estimatesFor, type RingTook, type Estimates as Seconds } from '../core/estimate.ts'
import type { Lanes } from '../core/rollout/lanes.ts'
import type { Queryable } from '../store/connection.ts'
import { tookByRing } from '../store/took.ts'
import type { WorkflowParts } from './ports.ts'

const FRESH_MS = 60_000

export type Estimates = ReturnType<typeof createEstimates>

/** A subject, whole or in brief. */
type Asked =
  | ({ readonly kind: 'patches'; readonly direct?: readonly { readonly engine: string }[] } & Lanes)
  | { readonly kind: 'standing rule' }

/** How long an asset of each ring is expected to take, in seconds. Read again once a minute, on `db`. */
export function createEstimates({ clock }: Pick<WorkflowParts, 'clock'>) {
  const known = new Map<string, { readonly at: number; readonly took: readonly RingTook[] }>()

  return async function estimates(db: Queryable, team: string, subject: Asked | undefined): Promise<Seconds> {
    if (subject?.kind !== 'patches') return {}
    const now = clock().getTime()
    let history = known.get(team)
    if (history === undefined || now - history.at > FRESH_MS) {
      history = { at: now, took: await tookByRing(db, team) }
      known.set(team, history)
    }
    // A brief with one lane does not say its engine, but its forecast does.
    const { rings, engine = subject.direct?.[0]?.engine } = subject
    return estimatesFor(engine === undefined ? { rings } : { rings, engine }, history.took)
  }
}
