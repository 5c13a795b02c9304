/** debsecan on Debian hosts with real package lists, whose versions are moved at random among those that Debian published. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { catalogView } from '../../../src/core/assessment/catalog-view.ts'
import { findings } from '../../../src/core/assessment/findings.ts'
import { parseDebsecan } from '../../../src/integrations/feeds/debsecan/index.ts'
import { parseDpkgStatus } from '../../../src/integrations/file-inventory/dpkg-status.ts'
import { sharedData } from '../../integrations/shared-data.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'
import { createRandom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { expectAsTold, judgeIsHere } from './second-judge.ts'

const here = judgeIsHere('debsecan', ['--help'], 'debsecan')
const status = sharedData('debian/host/dpkg-status.gz')
const feed = sharedData('debian/debsecan-feed/bookworm')
const fixes = sharedData('debian/bookworm_fixes.csv.gz')

it.skipIf(!here || status === null || feed === null || fixes === null)('debsecan finds what we find', async () => {
  const input = {
    bytes: readFileSync(feed ?? ''),
    what: 'feed',
    previous: null,
    fromMirror: false,
    allowShrinking: true,
  }
  const { content } = await parseDebsecan(input, 'debian:12')
  const catalog = catalogView([content])
  const known = new Map<string, string[]>()
  for (const line of gunzipSync(readFileSync(fixes ?? ''))
    .toString()
    .split('\n')
    .slice(1)) {
    const [source = '', , version = ''] = line.split(',')
    if (version !== '') known.set(source, [...(known.get(source) ?? []), version])
  }
  const folder = temporaryFolder('debsecan')
  const random = createRandom(12)
  const text = gunzipSync(readFileSync(status ?? '')).toString()
  const differs: string[] = []
  let compared = 0
  for (let host = 0; host < 10; host++) {
    const moved =
      host === 0
        ? text
        : text
            .split('\n\n')
            .map((one) => movedTo(one, known, random))
            .join('\n\n')
    const file = join(folder, `status-${host}`)
    writeFileSync(file, moved)
    const { packages } = parseDpkgStatus(moved, file)
    const ours = new Set(
      findings(aSnapshot(anAsset('a'), { packages }), catalog).map((one) => `${one.cve} ${one.package}`),
    )
    const from = `file://${(feed ?? '').replace(/\/bookworm$/, '/')}`
    const nowhere = ['--config', '/nonexistent', '--whitelist', '/nonexistent']
    const out = execFileSync(
      'debsecan',
      ['--source', from, '--suite', 'bookworm', '--status', file, ...nowhere, '--format', 'simple'],
      { encoding: 'utf8', maxBuffer: 1e8 },
    )
    const theirs = new Set(out.split('\n').flatMap((line) => line.split(' ').slice(0, 2).join(' ') || []))
    compared += new Set([...ours, ...theirs]).size
    for (const one of theirs) if (!ours.has(one)) differs.push(`${host}: only debsecan finds ${one}`)
    for (const one of ours) if (!theirs.has(one)) differs.push(`${host}: only we find ${one}`)
  }
  // Every difference is of the one package that another vendor built.
  expect(differs.filter((line) => !/only debsecan finds CVE-\d+-\d+ nodejs$/.test(line))).toEqual([])
  expectAsTold('debsecan', 'CVEs of ten Debian hosts', compared, differs)
})

/** The stanza with the source version of a fix that Debian published, in four of ten packages. */
function movedTo(stanza: string, known: ReadonlyMap<string, readonly string[]>, random: () => number): string {
  const name = /^Package: (\S+)/m.exec(stanza)?.[1] ?? ''
  const source = /^Source: (\S+)/m.exec(stanza)?.[1] ?? name
  const versions = known.get(source) ?? []
  if (name === 'nodejs' || versions.length === 0 || random() > 0.4) return stanza
  const version = versions[Math.floor(random() * versions.length)] ?? ''
  return stanza.replace(/^Version: .*/m, `Version: ${version}`).replace(/^Source: (\S+).*/m, 'Source: $1')
}
