/** Turns the configuration of a feed into the feed: what the thread that reads one needs, and no more. */

import type { FeedConfig } from '../config/schema.ts'
import type { CatalogFeed } from '../core/ports.ts'
import { createSecdbFeed } from '../integrations/feeds/alpine-secdb/index.ts'
import { createCsafFeed } from '../integrations/feeds/csaf/index.ts'
import { createCveRecordsFeed } from '../integrations/feeds/cve-records/index.ts'
import {
  createDebianAdvisoriesFeed,
  dlaListLocation,
  dsaListLocation,
} from '../integrations/feeds/debian-advisories/index.ts'
import { createDebianTrackerFeed } from '../integrations/feeds/debian-tracker/index.ts'
import { createDebsecanFeed } from '../integrations/feeds/debsecan/index.ts'
import { createEndOfLifeFeed } from '../integrations/feeds/endoflife/index.ts'
import { createEpssFeed } from '../integrations/feeds/epss/index.ts'
import { createFileCatalogFeed } from '../integrations/feeds/file-catalog/index.ts'
import { createKevFeed } from '../integrations/feeds/kev/index.ts'
import { createMsrcFeed } from '../integrations/feeds/msrc/index.ts'
import { createNvdFeed } from '../integrations/feeds/nvd/index.ts'
import { createOsvFeed } from '../integrations/feeds/osv/index.ts'
import { createUbuntuOvalFeed } from '../integrations/feeds/ubuntu-oval/index.ts'
import { createWesngFeed } from '../integrations/feeds/wesng/index.ts'
import { present } from './present.ts'

export function buildFeed(name: string, feed: FeedConfig, clock: () => Date): CatalogFeed {
  const { allowShrinking } = feed
  switch (feed.kind) {
    case 'kev':
      return createKevFeed({ name, allowShrinking, ...present({ location: feed.location }) })
    case 'epss':
      return createEpssFeed({ name, allowShrinking, ...present({ location: feed.location }) })
    case 'debian-tracker':
      return createDebianTrackerFeed({
        name,
        allowShrinking,
        ...present({ location: feed.location, platforms: feed.platforms }),
      })
    case 'debsecan':
      return createDebsecanFeed({
        name,
        allowShrinking,
        release: feed.release,
        ...present({ location: feed.location }),
      })
    case 'debian-advisories': {
      const location = feed.location ?? (feed.list === 'dla' ? dlaListLocation : dsaListLocation)
      return createDebianAdvisoriesFeed({ name, allowShrinking, location })
    }
    case 'osv':
      return createOsvFeed({
        name,
        allowShrinking,
        ecosystem: feed.ecosystem,
        ...present({ location: feed.location, platforms: feed.platforms }),
      })
    case 'csaf':
      return createCsafFeed({
        name,
        allowShrinking,
        publisher: feed.publisher,
        ...present({ location: feed.location }),
      })
    case 'ubuntu-oval':
      return createUbuntuOvalFeed({
        name,
        allowShrinking,
        release: feed.release,
        ...present({ location: feed.location }),
      })
    case 'alpine-secdb': {
      const { release, repository } = feed
      return createSecdbFeed({ name, allowShrinking, release, repository, ...present({ location: feed.location }) })
    }
    case 'msrc':
      return createMsrcFeed({ name, allowShrinking, since: feed.since, ...present({ location: feed.location }) })
    case 'wesng':
      return createWesngFeed({ name, allowShrinking, ...present({ location: feed.location }) })
    case 'cve-records':
      return createCveRecordsFeed({ name, allowShrinking, location: feed.location })
    case 'nvd':
      return createNvdFeed({ name, allowShrinking, part: feed.part, ...present({ location: feed.location }) })
    case 'endoflife':
      return createEndOfLifeFeed({ name, allowShrinking, ...present({ location: feed.location }) })
    case 'file-catalog':
      return createFileCatalogFeed({ name, allowShrinking, location: feed.path, clock })
  }
}
