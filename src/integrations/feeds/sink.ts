import type {
  Advisory,
  CveFacts,
  FeedContent,
  Fix,
  Lifecycle,
  RejectedRecord,
  WindowsUpdate,
} from '../../core/catalog.ts'

/** Collects the results of readers of single records. */
export interface Sink {
  readonly fixes: Fix[]
  readonly advisories: Advisory[]
  readonly updates: WindowsUpdate[]
  readonly cves: CveFacts[]
  readonly lifecycles: Lifecycle[]
  readonly rejected: RejectedRecord[]
  /** Ids of the records that were read, including withdrawn ones. */
  readonly records: Set<string>
}

export function createSink(): Sink {
  return { fixes: [], advisories: [], updates: [], cves: [], lifecycles: [], rejected: [], records: new Set() }
}

/** Returns what was collected. Empty lists are left out. */
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
