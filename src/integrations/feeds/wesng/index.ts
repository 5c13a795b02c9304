/**
 * Feed of Microsoft's updates since 2001 in the file of Windows Exploit Suggester NG, for sites that cannot reach
 * Microsoft. docs/integrations/wesng.md
 */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { wesngReader } from './read.ts'

export interface WesngOptions extends Omit<FeedOptions, 'location'> {
  /** Default: the definitions in the project's repository. */
  readonly location?: string
}

export function createWesngFeed(options: WesngOptions): CatalogFeed {
  const own = 'https://raw.githubusercontent.com/bitsadmin/wesng/master/definitions.zip'
  return createDocumentFeed(
    { ...options, location: options.location ?? own },
    { describe: 'Windows definitions of wesng', readers: [wesngReader], changes: null, maxShrinkPercent: 10 },
  )
}
