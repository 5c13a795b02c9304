import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { everyFeed } from '../../../config/feed-settings.ts'
import { filePath } from '../../../config/fields.ts'
import { kind } from '../../../config/kind.ts'
import type { FeedKind } from '../kind.ts'
import { catalogFile, createFileCatalogFeed } from './index.ts'

/** A catalog file up to this size, in bytes, is read at once. */
const SMALL = 256 * 1024

export const fileCatalog: FeedKind = {
  ...kind({
    name: 'file-catalog',
    page: 'integrations/file-catalog.md',
    roles: {
      feed: {
        summary: 'Fixes, advisories and scores in one JSON file.',
        settings: z.strictObject({
          path: filePath.describe('The file.'),
          ...everyFeed,
        }),
        paths: { path: 'path' },
        async isSmall({ path }) {
          if (!path.endsWith('.json')) return false
          return stat(path).then(
            ({ size }) => size <= SMALL,
            () => true,
          )
        },
        create: ({ allowShrinking, path }, { name, clock }) =>
          createFileCatalogFeed({ name, allowShrinking, location: path, clock }),
      },
    },
  }),
  fixesOf: 'any',
  documents: catalogFile,
}
