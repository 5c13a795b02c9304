import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createKevFeed, kevFile } from './index.ts'

export const kev: FeedKind = {
  ...kind({
    name: 'kev',
    page: 'integrations/kev.md',
    roles: {
      feed: {
        summary: "CISA's Known Exploited Vulnerabilities.",
        settings: z.strictObject({
          location: location.describe('Address or path. Default: CISA, then its mirror.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, location }, { name }) =>
          createKevFeed({ name, allowShrinking, ...present({ location }) }),
      },
    },
  }),
  fixesOf: [],
  documents: kevFile,
}
