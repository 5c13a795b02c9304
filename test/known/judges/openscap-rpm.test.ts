/** OpenSCAP on OVAL of our own making about RPM packages, with an rpm database of random versions laid under it. */

import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createMatcher } from '../../../src/core/assessment/matching.ts'
import type { Fix } from '../../../src/core/catalog.ts'
import { isRpmVersion } from '../../../src/core/versions/rpm.ts'
import { parseRpmList, rpmQuery } from '../../../src/integrations/file-inventory/rpm-list.ts'
import { createRandom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { oscapIsHere, oscapSays } from './oscap.ts'
import { expectAsTold, judgeIsHere } from './second-judge.ts'

const here = judgeIsHere('rpmbuild', ['--version'], 'rpm') && oscapIsHere()
const PACKAGES = 60
const FIXES_EACH = 10

it.skipIf(!here)('OpenSCAP finds the fixes that an rpm database lacks, as we do', () => {
  const random = createRandom(9)
  const versions = Array.from({ length: PACKAGES }, () => randomVersion(random))
  const folder = temporaryFolder('rpms')
  const database = install(folder, versions)
  const query = rpmQuery.replace(/^rpm /, `rpm --dbpath ${database} `)
  const list = execFileSync('sh', ['-c', query], { encoding: 'utf8', maxBuffer: 1e7 })
  const { packages } = parseRpmList(list, 'list', 'almalinux:9')
  expect(packages).toHaveLength(PACKAGES)
  const fixes = versions.flatMap((version, index) =>
    Array.from({ length: FIXES_EACH }, (_, number): Fix => {
      const fixedVersion = number === 0 ? version : close(version, random)
      const cves = [`CVE-2026-${1_000_000 + index * FIXES_EACH + number}`]
      return { platform: 'almalinux:9', package: `judged${index}`, by: 'binary', cves, fixedVersion }
    }),
  )
  writeFileSync(join(folder, 'oval.xml'), ovalOf(fixes))
  const verdicts = oscapSays(join(folder, 'oval.xml'), {}, (root) =>
    execFileSync('cp', ['-a', database, join(root, 'var/.rpmdb')]),
  )
  expect(verdicts.size).toBe(fixes.length)
  const matcher = createMatcher(fixes)
  const open = new Set(packages.flatMap((item) => matcher.open('almalinux:9', item).flatMap(({ cve }) => cve ?? [])))
  const differs = fixes.flatMap(({ package: name, fixedVersion, cves: [cve = ''] }, index) => {
    const theirs = verdicts.get(`oval:judge:def:${index + 1}`)
    return theirs === open.has(cve)
      ? []
      : [`${name} ${versions[Number(name.slice(6))]} before ${fixedVersion}: ${theirs}`]
  })
  expect([...verdicts.values()].filter(Boolean).length).toBeGreaterThan(100)
  expectAsTold('OpenSCAP', 'fixes of an rpm database', fixes.length, differs)
})

function randomVersion(random: () => number): string {
  const pick = <Value>(list: readonly Value[]): Value => list[Math.floor(random() * list.length)] as Value
  const version = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    pick(['0', '1', '2', '10', '1a', '7']),
  ).join('.')
  return `${pick(['0', '0', '1'])}:${version}${pick(['', '', '~rc1', '^git1'])}-${pick(['1', '2', '10'])}${pick(['.el9', '.el9_4', '.el9.1'])}`
}

/** Another version that differs in one place. */
function close(version: string, random: () => number): string {
  for (;;) {
    const at = Math.floor(random() * version.length)
    const changed = `${version.slice(0, at)}${'0129.a~'[Math.floor(random() * 7)]}${version.slice(at + 1)}`
    if (/^\d+:[^:-]+-[^:-]+$/.test(changed) && isRpmVersion(changed)) return changed
  }
}

/** Builds empty packages of these versions, and returns the database in which they are installed. */
function install(folder: string, versions: readonly string[]): string {
  const parts = versions.map((given, index) => {
    const [, epoch = '0', version = '', release = ''] = /^(\d+):(.*)-([^-]*)$/.exec(given) ?? []
    const name = `judged${index}`
    return `%package -n ${name}\nSummary: x\nEpoch: ${epoch}\nVersion: ${version}\nRelease: ${release}\n%description -n ${name}\nx\n%files -n ${name}\n`
  })
  const spec = `Name: judged\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n${parts.join('')}`
  writeFileSync(join(folder, 'judged.spec'), spec)
  const env = { PATH: process.env.PATH, HOME: folder }
  execFileSync('rpmbuild', ['--quiet', '--define', `_topdir ${folder}/build`, '-bb', join(folder, 'judged.spec')], {
    env,
    stdio: 'pipe',
  })
  const built = join(folder, 'build/RPMS/noarch')
  const files = readdirSync(built).map((file) => join(built, file))
  const database = join(folder, 'database')
  const how = ['--dbpath', database, '--justdb', '--nodeps', '--nosignature', '--ignorearch', '--ignoreos']
  execFileSync('rpm', [...how, '-i', ...files], { env, stdio: 'pipe' })
  return database
}

function ovalOf(fixes: readonly Fix[]): string {
  const linux = 'http://oval.mitre.org/XMLSchema/oval-definitions-5#linux'
  const all = (one: (fix: Fix, id: number) => string) => fixes.map((fix, index) => one(fix, index + 1)).join('')
  return `<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:l="${linux}" xmlns:o="http://oval.mitre.org/XMLSchema/oval-common-5">
<generator><o:schema_version>5.11.1</o:schema_version><o:timestamp>2026-01-01T00:00:00</o:timestamp></generator>
<definitions>${all((_, id) => `<definition id="oval:judge:def:${id}" version="1" class="patch"><metadata><title>x</title><description>x</description></metadata><criteria><criterion test_ref="oval:judge:tst:${id}"/></criteria></definition>`)}</definitions>
<tests>${all((_, id) => `<l:rpminfo_test id="oval:judge:tst:${id}" version="1" check="at least one" comment="x"><l:object object_ref="oval:judge:obj:${id}"/><l:state state_ref="oval:judge:ste:${id}"/></l:rpminfo_test>`)}</tests>
<objects>${all((fix, id) => `<l:rpminfo_object id="oval:judge:obj:${id}" version="1"><l:name>${fix.package}</l:name></l:rpminfo_object>`)}</objects>
<states>${all((fix, id) => `<l:rpminfo_state id="oval:judge:ste:${id}" version="1"><l:evr datatype="evr_string" operation="less than">${fix.fixedVersion}</l:evr></l:rpminfo_state>`)}</states>
</oval_definitions>`
}
