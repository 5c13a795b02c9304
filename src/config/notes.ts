import type { Finding } from './problem.ts'

/** Entries that exist in the file but could not be read. Nothing else is known about them. */
export interface Unread {
  /** Names of entries by section, e.g. `policies`. `*`: the whole section could not be read. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
}

export const nothingUnread: Unread = { names: new Map() }

export interface Notes {
  problem(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
  warning(path: readonly PropertyKey[], what: string, mend: string, at?: Finding['at']): void
}
