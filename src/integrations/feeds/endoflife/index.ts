/** Feed of the support periods of platforms. docs/integrations/endoflife.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { endOfLifeReader } from './read.ts'

export interface EndOfLifeOptions extends Omit<FeedOptions, 'location'> {
  /** Default: endoflife.date. */
  readonly location?: string
}

export function createEndOfLifeFeed(options: EndOfLifeOptions): CatalogFeed {
  const own = 'https://endoflife.date/api/v1/products/full'
  return createDocumentFeed(
    { ...options, location: options.location ?? own },
    { describe: 'endoflife.date', readers: [endOfLifeReader], changes: null, maxShrinkPercent: 10 },
  )
}
