/**
 * Feed of vendors' advisories and VEX statements in the Common Security Advisory Framework. docs/integrations/csaf.md
 */

import type { CatalogFeed } from '../../../core/ports.ts'
import { type ChangeList, csafChanges } from '../changes.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { csafReader } from './read.ts'

export const csafPublishers = ['redhat', 'redhat-vex', 'suse'] as const
export type CsafPublisher = (typeof csafPublishers)[number]

const suseArchive = 'https://ftp.suse.com/pub/projects/security/csaf.tar.bz2'
const publishers: Readonly<Record<CsafPublisher, { location: string; changes: ChangeList }>> = {
  redhat: { location: 'https://security.access.redhat.com/data/csaf/v2/advisories/', changes: csafChanges },
  'redhat-vex': { location: 'https://security.access.redhat.com/data/csaf/v2/vex/', changes: csafChanges },
  suse: {
    location: 'https://ftp.suse.com/pub/projects/security/csaf/',
    changes: { ...csafChanges, deletions: null, archive: async () => suseArchive },
  },
}

export interface CsafOptions extends Omit<FeedOptions, 'location'> {
  readonly publisher: CsafPublisher
  /**
   * The address of a folder with changes.csv or of an archive, or a folder on disk. Default: the publisher's address.
   */
  readonly location?: string
}

export function createCsafFeed({ publisher, ...options }: CsafOptions): CatalogFeed {
  const own = publishers[publisher]
  const location = options.location ?? own.location
  return createDocumentFeed(
    { ...options, location },
    {
      describe: `CSAF (${publisher})`,
      readers: [csafReader],
      changes: location.endsWith('/') ? (location === own.location ? own.changes : csafChanges) : null,
      maxShrinkPercent: 10,
    },
  )
}
