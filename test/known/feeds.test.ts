/** The test files of other projects, kept outside the repository: every file to every parser. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { documentsIn } from '../../src/integrations/feeds/documents.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { feedToAll } from '../support/feed-to-all.ts'

const archives = [
  'vuls-data-update',
  'vunnel',
  'trivy',
  'osv.dev',
  'grype',
  'vuls2',
  'oasis-csaf',
  'osv-schema',
  'semver',
]

describe.each(archives)('the files of %s', (archive) => {
  const path = sharedData(`fixtures/${archive}.tar.zst`)
  it.skipIf(path === null)('are read or refused by every format', async () => {
    let files = 0
    for await (const document of documentsIn(readFileSync(path ?? ''), archive)) {
      files++
      await feedToAll(document)
    }
    expect(files).toBeGreaterThan(0)
  })
})
