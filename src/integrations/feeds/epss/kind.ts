import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createEpssFeed, epssFile } from './index.ts'

export const epss: FeedKind = {
  ...kind({
    name: 'epss',
    page: 'integrations/epss.md',
    roles: {
      feed: {
        summary: "FIRST's Exploit Prediction Scoring System.",
        settings: z.strictObject({
          location: location.describe('Address or path. Default: the current scores.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, location }, { name }) =>
          createEpssFeed({ name, allowShrinking, ...present({ location }) }),
      },
    },
  }),
  fixesOf: [],
  documents: epssFile,
}
