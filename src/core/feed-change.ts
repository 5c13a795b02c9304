/** What changed when a feed was saved. It tells whoever judges what to judge again. */

/**
 * `by`: whether the name is that of a source or of a binary package. A Windows update is named by its KB, as a binary.
 */
export type PackageNamed = readonly [platform: string, name: string, by: 'source' | 'binary']

/** Each list names all that it may concern, what was said before and what is said now; `null`: it may be anything. */
export interface FeedChange {
  readonly feed: string
  /** Counts the changes of the feed, from 1. */
  readonly version: number
  /** Packages about which fixes, advisories or Windows updates say something else. */
  readonly packages: readonly PackageNamed[] | null
  /**
   * CVEs whose facts, exploitation or EPSS score changed. A percentile that moves does not count: nobody judges by it.
   */
  readonly cves: readonly string[] | null
  /** Whose lifecycle is another one. */
  readonly platforms: readonly string[] | null
}
