/** Feed of NVD's scores, one source of several. docs/integrations/nvd.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { nvdReader } from './read.ts'

export interface NvdOptions extends Omit<FeedOptions, 'location'> {
  /**
   * A year, or `modified`. `modified` contains the changes of the last eight days, which are added to the known
   * records.
   */
  readonly part: string
  /** Default: NVD's file for the part. */
  readonly location?: string
}

export function createNvdFeed({ part, ...options }: NvdOptions): CatalogFeed {
  const own = `https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-${part}.json.gz`
  return createDocumentFeed(
    { ...options, location: options.location ?? own },
    {
      describe: `NVD (${part})`,
      readers: [nvdReader],
      changes: null,
      maxShrinkPercent: 10,
      accumulates: part === 'modified',
    },
  )
}
