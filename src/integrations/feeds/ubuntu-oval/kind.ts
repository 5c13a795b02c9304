import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createUbuntuOvalFeed } from './index.ts'
import { ovalReader } from './read.ts'

export const ubuntuOval: FeedKind = {
  ...kind({
    name: 'ubuntu-oval',
    page: 'integrations/ubuntu-oval.md',
    roles: {
      feed: {
        summary: "Canonical's OVAL of security notices, one release.",
        settings: z.strictObject({
          release: text('Write the code name of an Ubuntu release, such as jammy.', 40)
            .regex(/^[a-z]+$/, { error: 'Write the code name of an Ubuntu release, such as jammy.' })
            .describe('Code name of the release.'),
          location: location.describe("Address or path. Default: Canonical's file of the release."),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, release, location }, { name }) =>
          createUbuntuOvalFeed({ name, allowShrinking, release, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['ubuntu'],
  documents: [ovalReader],
}
