/** AlmaLinux's own records that name a package with several builds: an independent reading of them says what to expect. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createMatcher } from '../../src/core/assessment/matching.ts'
import { compareRpm } from '../../src/core/versions/rpm.ts'
import { documentsIn } from '../../src/integrations/feeds/documents.ts'
import { osvReader } from '../../src/integrations/feeds/osv/read.ts'
import { createSink } from '../../src/integrations/feeds/sink.ts'
import { sharedData } from '../integrations/shared-data.ts'

const archive = sharedData('alma-osv/almalinux-osv-2026-08-21.tar.zst')

interface Affected {
  readonly package: { readonly ecosystem: string; readonly name: string }
  readonly ranges: readonly { readonly events: readonly { readonly fixed?: string }[] }[]
}

it.skipIf(archive === null)('of 413 advisories the earliest build of each package and series has the fix', async () => {
  let records = 0
  for await (const { name, bytes } of documentsIn(readFileSync(archive ?? ''), 'alma')) {
    if (!/AL[SBE]A-[^/]*\.json$/.test(name)) continue
    const record: { readonly affected?: readonly Affected[] } = JSON.parse(bytes.toString('utf8'))
    const builds = new Map<string, Set<string>>()
    for (const { package: about, ranges } of record.affected ?? [])
      for (const { fixed } of ranges.flatMap(({ events }) => events))
        if (fixed !== undefined) {
          const key = `${about.ecosystem.replace('AlmaLinux', 'almalinux')} ${about.name}`
          builds.set(key, (builds.get(key) ?? new Set()).add(fixed))
        }
    const several = [...builds].filter(([, versions]) => versions.size > 1)
    if (several.length === 0) continue
    records++
    const sink = createSink()
    if (osvReader.form === 'json') osvReader.read(record, name, sink)
    const matcher = createMatcher(sink.fixes)
    for (const [key, versions] of several) {
      const [platform = '', source = ''] = key.split(' ')
      const [earliest = '', ...later] = [...versions].sort(compareRpm)
      for (const version of [earliest, ...later]) {
        const item = { name: source, version, architecture: 'x86_64', source, sourceVersion: version }
        expect(matcher.open(platform, item), `${name} ${source} ${version}`).toEqual([])
      }
      const before = `${earliest.replace(/-[^-]*$/, '')}-0${/\.module[_+]el\S*/.exec(earliest)?.[0] ?? '.el8'}`
      const older = { name: source, version: before, architecture: 'x86_64', source, sourceVersion: before }
      expect(matcher.open(platform, older)[0]?.fixedVersion, `${name} ${source} ${before}`).toBe(earliest)
    }
  }
  expect(records).toBe(413)
})
