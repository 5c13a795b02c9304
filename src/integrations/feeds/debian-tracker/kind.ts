import { z } from 'zod'
import { everyFeed, location, platforms } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createDebianTrackerFeed, trackerFile } from './index.ts'

export const debianTracker: FeedKind = {
  ...kind({
    name: 'debian-tracker',
    page: 'integrations/debian-tracker.md',
    roles: {
      feed: {
        summary: "Debian's security tracker: what is fixed where.",
        settings: z.strictObject({
          location: location.describe("Address or path. Default: the tracker's own."),
          platforms: platforms.describe('Only these platforms. Default: all that the tracker speaks of.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, location, platforms }, { name }) =>
          createDebianTrackerFeed({ name, allowShrinking, ...present({ location, platforms }) }),
      },
    },
  }),
  fixesOf: ['debian'],
  documents: trackerFile,
}
