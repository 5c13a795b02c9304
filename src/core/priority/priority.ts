/** The outcomes of CERT/CC's SSVC deployer decision table, most urgent first. */
export const priorities = ['immediate', 'out-of-cycle', 'scheduled', 'defer'] as const
export type Priority = (typeof priorities)[number]

/** One fact behind a priority, with its source and date. The card and `explain` show it. */
export interface PriorityEvidence {
  /** The decision point or fact, e.g. `Exploitation`, `EPSS`. */
  readonly fact: string
  readonly value: string
  /** The feed or the configuration that gave the value. */
  readonly source: string
  /** ISO date of the statement; `null`: it has none. */
  readonly date: string | null
  readonly note: string | null
}

/** A cautious default for a missing fact. */
export interface Assumption {
  readonly fact: string
  readonly value: string
  readonly why: string
}

/** Position in `priorities`: 0 is most urgent. */
export function priorityRank(priority: Priority): number {
  return priorities.indexOf(priority)
}
