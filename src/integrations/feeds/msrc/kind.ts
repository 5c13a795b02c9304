import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createMsrcFeed } from './index.ts'
import { msrcReaders } from './read.ts'

export const msrc: FeedKind = {
  ...kind({
    name: 'msrc',
    page: 'integrations/msrc.md',
    roles: {
      feed: {
        summary: "Microsoft's security updates (CVRF), a month at a time.",
        settings: z.strictObject({
          since: text('Write a month, such as "2025-01".', 10)
            .regex(/^\d{4}-\d{2}$/, { error: 'Write a month in quotes, such as "2025-01".' })
            .default('2024-01')
            .describe('The first month that is read.'),
          location: location.describe(
            "Address of the list of months, or a folder of months. Default: Microsoft's list.",
          ),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, since, location }, { name }) =>
          createMsrcFeed({ name, allowShrinking, since, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['windows'],
  documents: msrcReaders,
}
