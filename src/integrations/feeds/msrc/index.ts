/** Feed of Microsoft's security updates, by month. docs/integrations/msrc.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { msrcMonths } from '../changes.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { msrcReaders } from './read.ts'

export interface MsrcOptions extends Omit<FeedOptions, 'location'> {
  /** The first month to read, for example `2024-01`. Newer cumulative updates supersede older ones. */
  readonly since: string
  /** The address of a list of months, or a folder of months. Default: Microsoft's list. */
  readonly location?: string
}

export function createMsrcFeed({ since, ...options }: MsrcOptions): CatalogFeed {
  const own = 'https://api.msrc.microsoft.com/cvrf/v3.0/updates'
  const location = options.location ?? own
  return createDocumentFeed(
    { ...options, location },
    {
      describe: 'Microsoft security updates',
      readers: msrcReaders,
      changes: location.endsWith('/updates') ? msrcMonths(since) : null,
      maxShrinkPercent: 10,
    },
  )
}
