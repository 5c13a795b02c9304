import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createEndOfLifeFeed } from './index.ts'
import { endOfLifeReader } from './read.ts'

export const endOfLife: FeedKind = {
  ...kind({
    name: 'endoflife',
    page: 'integrations/endoflife.md',
    roles: {
      feed: {
        summary: 'How long platforms are supported.',
        settings: z.strictObject({
          location: location.describe('Address or path. Default: endoflife.date.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, location }, { name }) =>
          createEndOfLifeFeed({ name, allowShrinking, ...present({ location }) }),
      },
    },
  }),
  fixesOf: [],
  documents: [endOfLifeReader],
}
