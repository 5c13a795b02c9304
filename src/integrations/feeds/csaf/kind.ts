import { z } from 'zod'
import { everyFeed, location } from '../../../config/feed-settings.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createCsafFeed } from './index.ts'
import { csafReader } from './read.ts'

export const csaf: FeedKind = {
  ...kind({
    name: 'csaf',
    page: 'integrations/csaf.md',
    roles: {
      feed: {
        summary: "A vendor's advisories or VEX statements as CSAF.",
        settings: z.strictObject({
          publisher: z
            .enum(['redhat', 'redhat-vex', 'suse'], { error: 'Write redhat, redhat-vex or suse.' })
            .describe('redhat: advisories; redhat-vex: a statement for each CVE; suse: advisories.'),
          location: location.describe('Address or path of a folder or archive. Default: that of the publisher.'),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, publisher, location }, { name }) =>
          createCsafFeed({ name, allowShrinking, publisher, ...present({ location }) }),
      },
    },
  }),
  fixesOf: ['rhel', 'sles', 'opensuse'],
  documents: [csafReader],
}
