import { z } from 'zod'
import { everyFeed, location, platforms } from '../../../config/feed-settings.ts'
import { text } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import { present } from '../../../config/present.ts'
import type { FeedKind } from '../kind.ts'
import { createOsvFeed } from './index.ts'
import { osvReader } from './read.ts'

export const osv: FeedKind = {
  ...kind({
    name: 'osv',
    page: 'integrations/osv.md',
    roles: {
      feed: {
        summary: 'Records of the Open Source Vulnerability format, of one ecosystem.',
        settings: z.strictObject({
          ecosystem: text('Write an ecosystem as OSV names it, such as AlmaLinux.', 60).describe(
            'Debian, Ubuntu, AlmaLinux, Rocky Linux, Red Hat, SUSE or Alpine.',
          ),
          platforms: platforms.describe('Only these platforms. Default: every release that the ecosystem has.'),
          location: location.describe(
            "Address or path of an archive or folder. Default: OSV's archive of the ecosystem.",
          ),
          ...everyFeed,
        }),
        paths: { location: 'address or path' },
        create: ({ allowShrinking, ecosystem, location, platforms }, { name }) =>
          createOsvFeed({ name, allowShrinking, ecosystem, ...present({ location, platforms }) }),
      },
    },
  }),
  fixesOf: ['debian', 'ubuntu', 'rhel', 'almalinux', 'rocky', 'sles', 'opensuse', 'alpine', 'wolfi', 'chainguard'],
  documents: [osvReader],
}
