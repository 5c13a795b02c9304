/** Feed of Alpine's security database, one file for each release and repository. docs/integrations/alpine-secdb.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { secdbReader } from './read.ts'

export interface SecdbOptions extends Omit<FeedOptions, 'location'> {
  /** For example `3.20`. */
  readonly release: string
  readonly repository: 'main' | 'community'
  /** Default: Alpine's file for the release and repository. */
  readonly location?: string
}

export function createSecdbFeed({ release, repository, ...options }: SecdbOptions): CatalogFeed {
  const own = `https://secdb.alpinelinux.org/v${release}/${repository}.json`
  return createDocumentFeed(
    { ...options, location: options.location ?? own },
    {
      describe: `Alpine secdb (${release} ${repository})`,
      readers: [secdbReader],
      changes: null,
      maxShrinkPercent: 10,
    },
  )
}
