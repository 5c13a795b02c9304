/** The question and the answer of a forecast. */

import type { Estimates } from '../estimate.ts'
import type { PatchSubject, Rollout, Since } from '../proposal/proposal.ts'
import type { Freeze, Window } from '../window.ts'

export interface ForecastQuestion {
  readonly subject: Pick<PatchSubject, 'assets' | 'rings' | 'window' | 'clusters'> &
    Partial<Pick<PatchSubject, 'engine'>>
  readonly team: string
  readonly freezes: readonly Freeze[]
  /** ISO 8601 UTC. */
  readonly now: string
  /**
   * Rings after the vote do not begin before this (ISO 8601 UTC): the start of the schedule, or now plus the lead time.
   * Left out: now.
   */
  readonly notBefore?: string
  /** Windows do not count, because of a break-glass or a roll back. */
  readonly atOnce?: boolean
  readonly estimates?: Estimates
  /** The rollout so far: only the rest is forecast. */
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
  /** When assets are worked on: one stretch for each window that is needed. Empty: the ring never begins. */
  readonly runs: readonly Window[]
  /** ISO 8601; `null`: the ring never begins, or never ends. */
  readonly start: string | null
  readonly end: string | null
  /** When the soak of the ring is over (ISO 8601): the same as `end` for a ring without a soak. `null`: never. */
  readonly soakUntil: string | null
  /** A person with one of these roles must say go first. The forecast assumes that they do so at once. */
  readonly waitsForGo: readonly string[]
}

export interface PlanForecast {
  readonly now: string
  readonly rings: readonly RingForecast[]
  /** When the soak of the last ring is over (ISO 8601); `null`: never. */
  readonly end: string | null
  /** A sentence: why the plan never ends; `null`: it ends. */
  readonly problem: string | null
  /** The first windows of the plan until its end, without windows that single assets have of their own. */
  readonly windows: readonly Window[]
  readonly freezes: readonly Pick<Freeze, 'name' | 'from' | 'to'>[]
}

/** At most this many windows, freezes and runs of a ring are kept: a picture has no room for more. */
export const KEPT = 40
