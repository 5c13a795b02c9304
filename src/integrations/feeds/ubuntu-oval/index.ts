/** Feed of Canonical's OVAL files of Ubuntu security notices, one for each release. docs/integrations/ubuntu-oval.md */

import type { CatalogFeed } from '../../../core/ports.ts'
import { createDocumentFeed } from '../document-feed.ts'
import type { FeedOptions } from '../feed.ts'
import { ovalReader } from './read.ts'

export interface UbuntuOvalOptions extends Omit<FeedOptions, 'location'> {
  /** Code name of the release, for example `jammy`. */
  readonly release: string
  /** Default: Canonical's file for the release. */
  readonly location?: string
}

export function createUbuntuOvalFeed({ release, ...options }: UbuntuOvalOptions): CatalogFeed {
  const own = `https://security-metadata.canonical.com/oval/com.ubuntu.${release}.usn.oval.xml.bz2`
  return createDocumentFeed(
    { ...options, location: options.location ?? own },
    { describe: `Ubuntu OVAL (${release})`, readers: [ovalReader], changes: null, maxShrinkPercent: 10 },
  )
}
