/** When an asset may be touched. This file holds the shapes; the arithmetic stands below them. */

/** Weekday numbers as in ISO 8601: Monday is 1, Sunday is 7. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

export interface WeeklyRule {
  readonly days: readonly Weekday[]
  /** Local wall time, `HH:MM`. */
  readonly start: string
  /** Elapsed time, so a window keeps its length over a clock change. */
  readonly durationSeconds: number
  /** IANA zone. */
  readonly timeZone: string
  /** 1: every week. 2: every second week, counted from the ISO week that holds `anchor`. */
  readonly everyWeeks: number
  /** ISO date; needed when `everyWeeks` is more than 1. */
  readonly anchor: string | null
}

export interface WindowPlan {
  readonly name: string
  /** Empty means never: no window is not the same as any time. */
  readonly rules: readonly WeeklyRule[]
}

export interface Freeze {
  readonly name: string
  /** ISO 8601 instants; `to` is exclusive. */
  readonly from: string
  readonly to: string
  /** `null`: every team. */
  readonly teams: readonly string[] | null
}

/** ISO 8601 UTC instants; `end` is exclusive. */
export interface Window {
  readonly start: string
  readonly end: string
}
