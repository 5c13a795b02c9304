/** NVD's scores: one voice of several. docs/integrations/nvd.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { nvdReader } from './read.ts'

export interface NvdOptions extends Omit<FeedOptions, 'location'> {
  /** A year, or `modified`: what changed in the last eight days, added to what is known. */
  readonly part: string
  /** Default: NVD's file of the part. */
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
