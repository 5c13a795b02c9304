/** Records without what belongs around them: whoever wrote them by hand is told what is missing. */

import { expect, it } from 'vitest'
import { createSecdbFeed } from '../../../src/integrations/feeds/alpine-secdb/index.ts'
import { createCsafFeed } from '../../../src/integrations/feeds/csaf/index.ts'
import { createEndOfLifeFeed } from '../../../src/integrations/feeds/endoflife/index.ts'
import type { FeedOptions } from '../../../src/integrations/feeds/feed.ts'
import { createFileCatalogFeed } from '../../../src/integrations/feeds/file-catalog/index.ts'
import { createKevFeed } from '../../../src/integrations/feeds/kev/index.ts'
import { createMsrcFeed } from '../../../src/integrations/feeds/msrc/index.ts'
import { createNvdFeed } from '../../../src/integrations/feeds/nvd/index.ts'
import { fetched, fileWith } from './read-feed.ts'

const clock = () => new Date('2026-11-20T12:00:00Z')
const kev = (options: FeedOptions) => createKevFeed(options)
const secdb = (options: FeedOptions) => createSecdbFeed({ release: '3.20', repository: 'main', ...options })
const nvd = (options: FeedOptions) => createNvdFeed({ part: '2026', ...options })
const file = (options: FeedOptions) => createFileCatalogFeed({ clock, ...options })

it.each([
  ['KEV, a list', kev, [{ cveID: 'CVE-2026-9100001' }], '"catalogVersion", "count", "vulnerabilities"'],
  ['KEV, no version', kev, { count: 0, vulnerabilities: [] }, '"catalogVersion" is missing'],
  ['KEV, no entries', kev, { catalogVersion: '2026.08.07', count: 0 }, '"vulnerabilities" is missing'],
  ['a catalog file, a list', file, [{ cve: 'CVE-2026-9100001' }], '"fixes", "advisories", "updates", "kev", "epss"'],
  ['a catalog file, another key', file, { fix: [] }, 'none of "fixes", "advisories", "updates", "kev" and "epss"'],
  ['secdb, a list', secdb, [{ pkg: { name: 'curl' } }], '"packages" beside "apkurl", "distroversion" or "reponame"'],
  ['secdb, no release', secdb, { packages: [] }, '"packages" beside "apkurl", "distroversion" or "reponame"'],
  ['NVD, a list', nvd, [{ cve: { id: 'CVE-2026-9100001' } }], '"vulnerabilities" beside "format": "NVD_CVE"'],
  ['NVD, no list', nvd, { format: 'NVD_CVE' }, '"vulnerabilities" beside "format": "NVD_CVE"'],
  ['endoflife', createEndOfLifeFeed, [{ name: 'debian', releases: [] }], 'a list "result" beside "schema_version"'],
  [
    'CSAF',
    (options: FeedOptions) => createCsafFeed({ publisher: 'redhat', ...options }),
    { vulnerabilities: [] },
    'a "document" with a "csaf_version"',
  ],
  [
    "Microsoft's",
    (options: FeedOptions) => createMsrcFeed({ since: '2024-01', ...options }),
    { Vulnerability: [] },
    '<cvrfdoc> of Microsoft, or "DocumentTracking" and "ProductTree"',
  ],
])('%s', async (_, create, content, says) => {
  const location = fileWith(JSON.stringify(content))
  await expect(fetched(create({ name: 'mine', location }))).rejects.toThrow(says)
  const named = fileWith(JSON.stringify(content), '.json')
  await expect(fetched(create({ name: 'mine', location: named }))).rejects.toThrow(says)
})
