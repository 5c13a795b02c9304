import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createDebsecanFeed, debsecanFile } from './index.ts'

export const debsecan: FeedKind = {
  ...kind({
    name: 'debsecan',
    page: 'integrations/debsecan.md',
    roles: {
      feed: {
        summary: "Debian's data for the debsecan tool, one release.",
        settings: z.strictObject({
          release: text('Write the code name of a Debian release, such as bookworm.', 40)
            .regex(/^[a-z]+$/, { error: 'Write the code name of a Debian release, such as bookworm.' })
            .describe('Code name of the release.'),
          location: location.describe("Address or path. Default: the tracker's feed of the release."),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, release, location }, { name }) =>
          createDebsecanFeed({ name, allowShrinking, release, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['debian'],
  documents: debsecanFile,
}
