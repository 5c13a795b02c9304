/** `apt-get -s` on real package lists of Debian 12, with hosts whose versions are older or newer at random. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { expect, it } from 'vitest'
import { catalogView } from '../../../src/core/assessment/catalog-view.ts'
import { findings } from '../../../src/core/assessment/findings.ts'
import { compareDpkg } from '../../../src/core/versions/dpkg.ts'
import { parseSimulation } from '../../../src/integrations/apt/simulation.ts'
import { parseDebsecan } from '../../../src/integrations/feeds/debsecan/index.ts'
import { parseDpkgStatus } from '../../../src/integrations/file-inventory/dpkg-status.ts'
import { sharedData } from '../../integrations/shared-data.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'
import { createRandom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { expectAsTold, judgeIsHere } from './second-judge.ts'

const here = judgeIsHere('apt-get', ['--version'], 'apt')
const lists = sharedData('debian/packages_2026-11-18.tsv.zst')
const status = sharedData('debian/host/dpkg-status.gz')
const feed = sharedData('debian/debsecan-feed/bookworm')

interface Published {
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly sourceVersion: string
}

it.skipIf(!here || lists === null || status === null || feed === null)(
  'apt would upgrade what we order as older, and every package that lacks a fix by our judgement',
  async () => {
    const input = {
      bytes: readFileSync(feed ?? ''),
      what: 'feed',
      previous: null,
      fromMirror: false,
      allowShrinking: true,
    }
    const catalog = catalogView([(await parseDebsecan(input, 'debian:12')).content])
    const published = newest(new TextDecoder().decode(decompress(readFileSync(lists ?? ''))))
    const real = parseDpkgStatus(gunzipSync(readFileSync(status ?? '')).toString(), 'status').packages
    const random = createRandom(7)
    const differs: string[] = []
    let compared = 0
    for (let host = 0; host < 3; host++) {
      const installed = real.flatMap(({ name, version }) => {
        const there = published.get(name)
        if (there === undefined) return []
        const mark = host === 0 ? '' : (['', '', '~', '~1', '+1'][Math.floor(random() * 5)] ?? '')
        return [{ name, ...there, version: host === 0 ? version : `${there.version}${mark}` }]
      })
      const says = aptSays(temporaryFolder('apt'), installed, published)
      const upgraded = new Set(
        parseSimulation(says).steps.flatMap(({ name, action }) => (action === 'upgrade' ? name : [])),
      )
      for (const { name, version } of installed) {
        compared++
        const older = compareDpkg(version, published.get(name)?.version ?? '') < 0
        if (older !== upgraded.has(name))
          differs.push(`${host}: ${name} ${version} is older by ${older ? 'us' : 'apt'} alone`)
      }
      if (host > 0) continue
      const snapshot = aSnapshot(anAsset('a'), { packages: real })
      for (const name of new Set(findings(snapshot, catalog).map((one) => one.package))) {
        compared++
        if (!upgraded.has(name)) differs.push(`${name} lacks a fix, and apt has no upgrade of it`)
      }
    }
    expect(compared).toBeGreaterThan(1_500)
    expectAsTold('apt-get -s', 'upgrades of three Debian hosts', compared, differs)
  },
)

/** The newest version of each package over all suites. */
function newest(text: string): ReadonlyMap<string, Published> {
  const found = new Map<string, Published>()
  for (const line of text.split('\n').slice(1)) {
    const [, name = '', version = '', architecture = '', source = '', sourceVersion = ''] = line.split('\t')
    const known = found.get(name)
    if (name !== '' && (known === undefined || compareDpkg(version, known.version) > 0))
      found.set(name, { version, architecture, source, sourceVersion })
  }
  return found
}

function aptSays(
  root: string,
  installed: readonly (Published & { readonly name: string })[],
  published: ReadonlyMap<string, Published>,
): string {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc', 'archive'])
    mkdirSync(join(root, folder), { recursive: true })
  const stanza = (name: string, { version, architecture, source, sourceVersion }: Published, more: string) =>
    `Package: ${name}\nArchitecture: ${architecture}\nVersion: ${version}\nSource: ${source} (${sourceVersion})\nMaintainer: x <x@y>\nDescription: x\n${more}\n`
  const archive = [...published].map(([name, one]) =>
    stanza(name, one, `Filename: ./${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n`),
  )
  writeFileSync(join(root, 'archive/Packages'), archive.join(''))
  writeFileSync(
    join(root, 'status'),
    installed.map((one) => stanza(one.name, one, 'Status: install ok installed\n')).join(''),
  )
  writeFileSync(join(root, 'etc/sources.list'), `deb [trusted=yes] file:${root}/archive ./\n`)
  const options = {
    Dir: root,
    'Dir::State': root,
    'Dir::State::lists': `${root}/lists`,
    'Dir::State::status': `${root}/status`,
    'Dir::Cache': `${root}/cache`,
    'Dir::Etc': `${root}/etc`,
    'Dir::Etc::sourcelist': `${root}/etc/sources.list`,
    'Dir::Etc::sourceparts': '-',
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
  }
  const given = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const env = { PATH: process.env.PATH, LC_ALL: 'C', APT_CONFIG: '/dev/null' }
  execFileSync('apt-get', [...given, '-qq', 'update'], { env, stdio: 'pipe' })
  return execFileSync('apt-get', [...given, '-s', 'dist-upgrade'], {
    env,
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: 'pipe',
  })
}
