import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createNvdFeed } from './index.ts'
import { nvdReader } from './read.ts'

export const nvd: FeedKind = {
  ...kind({
    name: 'nvd',
    page: 'integrations/nvd.md',
    roles: {
      feed: {
        summary: "NVD's CVSS scores, one voice of several.",
        settings: z.strictObject({
          part: text('Write a year in quotes, or modified.', 10)
            .regex(/^(?:\d{4}|modified)$/, { error: 'Write a year in quotes, such as "2026", or modified.' })
            .default('modified')
            .describe('A year, or modified: what changed in the last eight days.'),
          location: location.describe("Address or path. Default: NVD's file of the part."),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, part, location }, { name }) =>
          createNvdFeed({ name, allowShrinking, part, ...present({ location }) }),
      },
    },
  }),
  fixesOf: [],
  documents: [nvdReader],
}
