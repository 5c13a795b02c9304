/** The outcomes of CERT/CC's SSVC deployer decision table, most urgent first. */
export const priorities = ['immediate', 'out-of-cycle', 'scheduled', 'defer'] as const
export type Priority = (typeof priorities)[number]

/** One traced value behind a priority: which feed said what, when. Shown on the card and by `explain`. */
export interface PriorityEvidence {
  /** The decision point or fact: `Exploitation`, `EPSS`, ... */
  readonly fact: string
  readonly value: string
  /** Feed or configuration that said it. */
  readonly source: string
  /** ISO date of the statement, `null` where it has none. */
  readonly date: string | null
  readonly note: string | null
}

/** A cautious default that stood in for a missing fact. */
export interface Assumption {
  readonly fact: string
  readonly value: string
  readonly why: string
}

/** Position in `priorities`: 0 is most urgent. */
export function priorityRank(priority: Priority): number {
  return priorities.indexOf(priority)
}
