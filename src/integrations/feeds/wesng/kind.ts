import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createWesngFeed } from './index.ts'
import { wesngReader } from './read.ts'

export const wesng: FeedKind = {
  ...kind({
    name: 'wesng',
    page: 'integrations/wesng.md',
    roles: {
      feed: {
        summary: "Microsoft's updates since 2001 in one archive, for sites that cannot reach Microsoft.",
        settings: z.strictObject({
          location: location.describe('Address or path of the definitions. Default: those of the wesng project.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, location }, { name }) =>
          createWesngFeed({ name, allowShrinking, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['windows'],
  documents: [wesngReader],
}
