/** Feed of records in the Open Source Vulnerability format, by ecosystem. docs/integrations/osv.md */

import type { Platform } from '../../../core/asset.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { osvChanges } from '../changes.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { osvReader } from './read.ts'

export interface OsvOptions extends Omit<FeedOptions, 'location'> {
  /** OSV's name of the ecosystem: `Debian`, `Ubuntu`, `AlmaLinux`, `Rocky Linux`, `Red Hat`, `SUSE`, `Alpine`. */
  readonly ecosystem: string
  /** Keep only these platforms, e.g. `['ubuntu:22.04']`. Default: all; an ecosystem contains every old release. */
  readonly platforms?: readonly Platform[]
  /** An archive, a folder or one record. Default: OSV's archive of the ecosystem. */
  readonly location?: string
}

export function createOsvFeed({ ecosystem, platforms, ...options }: OsvOptions): CatalogFeed {
  const own = `https://osv-vulnerabilities.storage.googleapis.com/${encodeURIComponent(ecosystem)}/all.zip`
  const location = options.location ?? own
  return createDocumentFeed(
    { ...options, location },
    {
      describe: `OSV (${ecosystem})`,
      readers: [osvReader],
      platforms,
      changes: location.endsWith('/all.zip') ? osvChanges : null,
      maxShrinkPercent: 10,
    },
  )
}
