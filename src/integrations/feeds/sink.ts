import type {
  Advisory,
  CveFacts,
  FeedContent,
  Fix,
  Lifecycle,
  RejectedRecord,
  WindowsUpdate,
} from '../../core/catalog.ts'

/** Where readers of single records put what they find. */
export interface Sink {
  readonly fixes: Fix[]
  readonly advisories: Advisory[]
  readonly updates: WindowsUpdate[]
  readonly cves: CveFacts[]
  readonly lifecycles: Lifecycle[]
  readonly rejected: RejectedRecord[]
  /** Ids of the records that were read, also of those that say nothing any more. */
  readonly records: Set<string>
}

export function createSink(): Sink {
  return { fixes: [], advisories: [], updates: [], cves: [], lifecycles: [], rejected: [], records: new Set() }
}

/** What was read. A kind that a feed never speaks of is left out. */
export function contentOf(sink: Sink): FeedContent {
  const { fixes, advisories, updates, cves, lifecycles } = sink
  return {
    ...(fixes.length > 0 && { fixes }),
    ...(advisories.length > 0 && { advisories }),
    ...(updates.length > 0 && { updates }),
    ...(cves.length > 0 && { cves }),
    ...(lifecycles.length > 0 && { lifecycles }),
  }
}
