import { z } from 'zod'
import { filePath } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { createCsvLoad } from './index.ts'

export const csv = kind({
  name: 'csv',
  page: 'integrations/load-csv.md',
  roles: {
    load: {
      summary: 'A file with a time and a value on each line.',
      settings: z.strictObject({
        path: filePath.describe('The file; it may be packed with gzip.'),
      }),
      paths: { path: 'path' },
      create: ({ path }, { name }) => createCsvLoad({ name, path }),
    },
  },
})
