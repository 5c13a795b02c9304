import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createSecdbFeed } from './index.ts'
import { secdbReader } from './read.ts'

export const alpineSecdb: FeedKind = {
  ...kind({
    name: 'alpine-secdb',
    page: 'integrations/alpine-secdb.md',
    roles: {
      feed: {
        summary: "Alpine's list of fixed vulnerabilities, one release and repository.",
        settings: z.strictObject({
          release: text('Write a release, such as "3.20".', 10)
            .regex(/^\d+\.\d+$/, { error: 'Write a release in quotes, such as "3.20".' })
            .describe('Release, in quotes: "3.20".'),
          repository: z
            .enum(['main', 'community'], { error: 'Write main or community.' })
            .default('main')
            .describe('main or community.'),
          location: location.describe("Address or path. Default: Alpine's file of the repository."),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, release, repository, location }, { name }) =>
          createSecdbFeed({ name, allowShrinking, release, repository, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['alpine', 'wolfi', 'chainguard'],
  documents: [secdbReader],
}
