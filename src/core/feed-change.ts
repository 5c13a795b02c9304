/** What changed when a feed was saved. Code that judges patches reads it to know what to judge again. */

/** `by`: whether `name` is a source or a binary package. A Windows update is a binary, named by its KB. */
export type PackageNamed = readonly [platform: string, name: string, by: 'source' | 'binary']

/** Each list names everything that may have changed, by its old and its new data; `null`: anything may have changed. */
export interface FeedChange {
  readonly feed: string
  /** Counts the changes of the feed, from 1. */
  readonly version: number
  /** Packages whose fixes, advisories or Windows updates changed. */
  readonly packages: readonly PackageNamed[] | null
  /**
   * CVEs whose facts, exploitation or EPSS score changed. EPSS percentiles do not count: no priority depends on them.
   */
  readonly cves: readonly string[] | null
  /** Platforms whose lifecycle changed. */
  readonly platforms: readonly string[] | null
}
