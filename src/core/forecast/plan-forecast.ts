/** What is asked of a forecast, and what it says. */

import type { PatchSubject, Rollout, Since } from '../proposal/proposal.ts'
import type { Freeze, Window } from '../window.ts'

export interface ForecastQuestion {
  readonly subject: Pick<PatchSubject, 'assets' | 'rings' | 'window' | 'clusters'>
  readonly team: string
  readonly freezes: readonly Freeze[]
  /** ISO 8601 UTC. */
  readonly now: string
  /**
   * Only the rings that run before the vote begin earlier than this: the start of the schedule, or now and the lead
   * time.
   */
  readonly notBefore?: string
  /** Windows do not count: it was decided at once, or undoes something. */
  readonly atOnce?: boolean
  /** Seconds that one asset takes, by name of ring. */
  readonly estimates?: Readonly<Record<string, number>>
  /** What has been done already; only the rest is forecast. */
  readonly rollout?: Pick<Rollout, 'rings' | 'deployments' | 'skipped' | 'extendedUntil'> | null
  /** Assets that are left out since the vote, by id. */
  readonly leftOut?: Since['leftOut']
}

export interface RingForecast {
  readonly name: string
  readonly assets: number
  /** How many of the assets are verified already. */
  readonly done: number
  readonly batches: number
  /** When assets are worked on: one stretch for each window that is needed. Empty: its turn never comes. */
  readonly runs: readonly Window[]
  /** ISO 8601; `null` where its turn never comes, or it never ends. */
  readonly start: string | null
  readonly end: string | null
  /** The end, where it is not watched afterwards. */
  readonly soakUntil: string | null
  /** One of these roles must say go first; the forecast assumes that they do so at once. */
  readonly waitsForGo: readonly string[]
}

export interface PlanForecast {
  readonly now: string
  readonly rings: readonly RingForecast[]
  /** ISO 8601: when the last ring has been watched; `null` where that never comes. */
  readonly end: string | null
  /** A sentence: why it never ends. */
  readonly problem: string | null
  /** Windows of the plan until the end, the first of them; windows that assets have of their own are not among them. */
  readonly windows: readonly Window[]
  readonly freezes: readonly Pick<Freeze, 'name' | 'from' | 'to'>[]
}

/** How many windows, freezes and runs of a ring are kept: a picture has no room for more. */
export const KEPT = 40
