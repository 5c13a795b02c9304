import type { Finding } from './problem.ts'

/** Entries that are written but could not be read: they exist, and nothing else is known about them. */
export interface Unread {
  /** `policies` -> names; a whole section that could not be read is `*`. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
}

export const nothingUnread: Unread = { names: new Map() }

export interface Notes {
  problem(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
  warning(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
}
