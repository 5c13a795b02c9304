/** OpenSCAP on Canonical's OVAL of three releases, with hosts of random packages among those that the notices name. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMatcher } from '../../../src/core/assessment/matching.ts'
import { schemeFor } from '../../../src/core/versions/scheme.ts'
import { documentsIn } from '../../../src/integrations/feeds/documents.ts'
import { createSink } from '../../../src/integrations/feeds/sink.ts'
import { ovalReader } from '../../../src/integrations/feeds/ubuntu-oval/read.ts'
import { parseDpkgStatus } from '../../../src/integrations/file-inventory/dpkg-status.ts'
import { sharedData } from '../../integrations/shared-data.ts'
import { createRandom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { oscapIsHere, oscapSays } from './oscap.ts'
import { expectAsTold } from './second-judge.ts'

const here = oscapIsHere()
const releases = [
  { codeName: 'kinetic', number: '22.10' },
  { codeName: 'lunar', number: '23.04' },
  { codeName: 'mantic', number: '23.10' },
]

describe.each(releases)('Ubuntu $number', ({ codeName, number }) => {
  const feed = sharedData(`ubuntu/com.ubuntu.${codeName}.usn.oval.xml.bz2`)
  it.skipIf(!here || feed === null)('has the CVEs that OpenSCAP finds', async () => {
    const platform = `ubuntu:${number}`
    const sink = createSink()
    let xml = ''
    for await (const { bytes, name } of documentsIn(readFileSync(feed ?? ''), 'oval.xml')) {
      xml = bytes.toString('utf8')
      if (ovalReader.form === 'text') ovalReader.read(xml, name, sink)
    }
    const file = join(temporaryFolder('oval'), 'oval.xml')
    writeFileSync(file, xml)
    const cvesOf = new Map(definitionsIn(xml))
    const matcher = createMatcher(sink.fixes)
    const versions = new Map<string, Set<string>>()
    // OpenSCAP judges the kernel that runs, which is that of this machine.
    for (const { package: name, by, fixedVersion } of sink.fixes)
      if (by === 'binary' && fixedVersion !== null)
        versions.set(name, (versions.get(name) ?? new Set()).add(fixedVersion))
    const random = createRandom(Number(number.replace('.', '')))
    const differs: string[] = []
    let compared = 0
    for (let host = 0; host < 3; host++) {
      const status = statusOf(versions, random)
      const { packages } = parseDpkgStatus(status, 'status')
      const ours = new Set(packages.flatMap((item) => matcher.open(platform, item).flatMap(({ cve }) => cve ?? [])))
      const verdicts = oscapSays(file, {
        'var/lib/dpkg/status': status,
        'etc/os-release': `ID=ubuntu\nVERSION_CODENAME=${codeName}\n`,
        'etc/lsb-release': `DISTRIB_ID=Ubuntu\nDISTRIB_CODENAME=${codeName}\n`,
      })
      const theirs = new Set([...verdicts].flatMap(([id, isTrue]) => (isTrue ? (cvesOf.get(id) ?? []) : [])))
      expect(verdicts.size).toBeGreaterThan(200)
      expect(theirs.size).toBeGreaterThan(100)
      compared += new Set([...ours, ...theirs]).size
      for (const cve of theirs) if (!ours.has(cve)) differs.push(`${host}: only OpenSCAP finds ${cve}`)
      for (const cve of ours) if (!theirs.has(cve)) differs.push(`${host}: only we find ${cve}`)
    }
    expectAsTold('OpenSCAP', `CVEs of three Ubuntu ${number} hosts`, compared, differs)
  })
})

/** The CVEs of each definition, without our reader. */
function* definitionsIn(xml: string): Generator<[id: string, cves: readonly string[]]> {
  for (const [, id = '', body = ''] of xml.matchAll(
    /<definition id="([^"]+)"[^>]*class="patch"[^>]*>(.*?)<\/definition>/gs,
  ))
    yield [id, [...body.matchAll(/<reference source="CVE" ref_id="(CVE-[^"]+)"/g)].map(([, cve = '']) => cve)]
}

/** A host with six of ten packages, each at a fixed version, or a little before or after one. */
function statusOf(versions: ReadonlyMap<string, ReadonlySet<string>>, random: () => number): string {
  const { valid } = schemeFor('ubuntu:23.04')
  const stanzas: string[] = []
  for (const [name, fixed] of versions) {
    if (random() < 0.4 || name.startsWith('linux-')) continue
    const list = [...fixed]
    const version = `${list[Math.floor(random() * list.length)]}${['', '~', '~1', '+1'][Math.floor(random() * 4)]}`
    if (!valid(version)) continue
    stanzas.push(
      `Package: ${name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nMaintainer: x <x@y>\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n`,
    )
  }
  return `${stanzas.join('\n')}\n`
}
