import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import type { FeedKind } from '../kind.ts'
import { advisoriesFile, createDebianAdvisoriesFeed, dlaListLocation, dsaListLocation } from './index.ts'

export const debianAdvisories: FeedKind = {
  ...kind({
    name: 'debian-advisories',
    page: 'integrations/debian-advisories.md',
    roles: {
      feed: {
        summary: "Debian's list of security advisories.",
        settings: z.strictObject({
          list: z
            .enum(['dsa', 'dla'], { error: 'Write dsa, or dla for long-term support.' })
            .default('dsa')
            .describe('dsa: security team; dla: long-term support.'),
          location: location.describe(
            'Address or path. Default: the list in the public repository of the security tracker.',
          ),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, list, location }, { name }) => {
          const usual = list === 'dla' ? dlaListLocation : dsaListLocation
          return createDebianAdvisoriesFeed({ name, allowShrinking, location: location ?? usual })
        },
      },
    },
  }),
  fixesOf: [],
  documents: advisoriesFile,
}
