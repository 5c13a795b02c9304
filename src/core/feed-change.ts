/** What became different when a feed was saved: by it, whoever judges knows what to judge again. */

/** `by`: whether the name is a source or a binary package's. A Windows update goes by its KB, as a binary. */
export type PackageNamed = readonly [platform: string, name: string, by: 'source' | 'binary']

/** Each list names all that it may concern, what was said before and what is said now; `null`: it may be anything. */
export interface FeedChange {
  readonly feed: string
  /** Counts the changes of the feed, from 1. */
  readonly version: number
  /** About which fixes, advisories or Windows updates say something else. */
  readonly packages: readonly PackageNamed[] | null
  /** Whose facts, exploitation or EPSS score are other ones. A percentile that moves is no change: nobody judges by it. */
  readonly cves: readonly string[] | null
  /** Whose lifecycle is another one. */
  readonly platforms: readonly string[] | null
}
