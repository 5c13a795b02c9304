import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InstalledPackage } from '../../../src/core/asset.ts'
import { schemeFor } from '../../../src/core/versions/scheme.ts'
import { parseOsRelease } from '../../../src/integrations/machine/os-release.ts'
import { parseProbe, probeScript } from '../../../src/integrations/probe/index.ts'
import { newerRpmKernels } from '../../../src/integrations/rpm/kernel.ts'
import { streamOf } from '../../../src/integrations/rpm/platform.ts'
import { dnf } from '../../../src/integrations/upgrade-journal/dnf.ts'
import { zypper } from '../../../src/integrations/upgrade-journal/zypper.ts'
import { anAsset } from '../../support/asset.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** What the script printed on hosts where demo-lib is locked and demo-app, which needs it, is not. */
const real = {
  dnf: readFileSync(new URL('./fixtures/dnf.txt', import.meta.url), 'utf8'),
  zypper: readFileSync(new URL('./fixtures/zypper.txt', import.meta.url), 'utf8'),
}
const now = new Date('2026-11-20T12:00:00Z')
const asset = anAsset('web01', { platform: '', source: 'prod', address: '192.0.2.1' })

describe('what a host with RPM packages answers', () => {
  it.each([
    ['dnf', 'rocky:9', 2],
    ['zypper', 'opensuse:15.6', 1],
  ] as const)('%s: platform, packages, and what is pending or held', (kind, platform, age) => {
    const seen = parseProbe(real[kind], { asset, now })
    expect(seen).toMatchObject({
      kind: 'seen',
      warnings: [],
      snapshot: {
        asset: { platform },
        rebootRequired: false,
        listsRefreshedAt: new Date(now.getTime() - age * 1_000).toISOString(),
      },
    })
    if (seen.kind !== 'seen') return
    expect(seen.snapshot.packages.map((one) => `${one.name} ${one.version} ${one.architecture}`)).toEqual([
      'fleet-system 1.0-1 noarch',
      'demo-lib 1.0-1 noarch',
      'demo-app 1.0-1 noarch',
    ])
    expect(seen.snapshot.pending).toMatchObject([
      { name: 'demo-app', installed: '1.0-1', candidate: '2.0-1', security: true, held: 'kept back' },
      { name: 'demo-lib', installed: '1.0-1', candidate: '2.0-1', security: true, held: 'hold' },
    ])
  })

  it.each(['dnf', 'zypper'] as const)('%s: behind what the login prints of its own', (kind) => {
    const noisy = `Welcome to web01!\nLast login: today\n${real[kind]}`
    expect(parseProbe(noisy, { asset, now })).toEqual(parseProbe(real[kind], { asset, now }))
  })

  it.each(['dnf', 'zypper'] as const)('%s: cut off anywhere, it is not used, and nothing throws', (kind) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: real[kind].lastIndexOf('@@ end') }), (length) => {
        expect(parseProbe(real[kind].slice(0, length), { asset, now }).kind).toBe('unreachable')
      }),
    )
  })

  it('a host with dnf 5 alone is told apart from one that cannot be looked at', () => {
    const output =
      '\n@@ patchwarden-rpm 1\n\n@@ os-release\nID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43"\n\n@@ manager dnf\n\n@@ no-manager\n\n@@ end\n'
    expect(parseProbe(output, { asset, now })).toMatchObject({
      kind: 'unreachable',
      asset: { platform: 'fedora:43' },
      reason: 'web01 runs Fedora Linux 43 and has no dnf 4 (dnf 5 and yum are not supported yet).',
    })
  })

  it('the script is one that sh reads, whole or not at all', () => {
    const script = probeScript({ refresh: true })
    expect(() => execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow()
    for (const part of [0.2, 0.5, 0.8]) {
      const cut = script.slice(0, Math.floor(script.length * part))
      let said = ''
      try {
        said = execFileSync('sh', ['-s'], { input: cut, stdio: ['pipe', 'pipe', 'ignore'], encoding: 'utf8' })
      } catch {}
      expect(said).toBe('')
    }
  })
})

describe('platforms of systems with RPM packages', () => {
  it.each([
    ['rocky', '9.4', 'rocky:9'],
    ['almalinux', '9.4', 'almalinux:9'],
    ['rhel', '10.1', 'rhel:10'],
    ['ol', '8.10', 'oracle:8'],
    ['amzn', '2023', 'amazon:2023'],
    ['opensuse-leap', '15.6', 'opensuse:15.6'],
    ['opensuse-tumbleweed', '20261101', 'opensuse:tumbleweed'],
    ['sles', '15.6', 'sles:15.6'],
    ['sles_sap', '15.6', 'sles:15.6'],
  ])('%s %s is %s, ordered as rpm does, and has its manager', (id, version, platform) => {
    expect(parseOsRelease([`ID="${id}"`, `VERSION_ID="${version}"`]).platform).toBe(platform)
    expect(schemeFor(platform).name).toBe('rpm')
    expect([dnf, zypper].filter((manager) => manager.suits(platform))).toHaveLength(1)
  })

  it.each(['rocky:9', 'almalinux:9', 'opensuse-leap:15.6', 'sles:15'])('%s is ordered as rpm does', (platform) => {
    expect(schemeFor(platform).name).toBe('rpm')
  })
})

describe('the stream that a host installs from', () => {
  const rhel = (version: string) => ['ID="rhel"', `VERSION_ID="${version}"`]
  const cdn = 'https://cdn.example/content'
  const streamIn = (lines: readonly string[], repositories: readonly string[]) =>
    streamOf(parseOsRelease(lines).platform, lines, repositories)

  it.each([
    ['9.4', `rhel-9-for-x86_64-baseos-rpms\t${cdn}/dist/rhel9/$releasever/x86_64/baseos/os`, 'rhel:9'],
    ['9.4', `rhel-9-for-x86_64-baseos-eus-rpms\t${cdn}/eus/rhel9/9.4/x86_64/baseos/os`, 'rhel:9.4-eus'],
    ['9.2', `rhel-9-for-x86_64-baseos-eus-rpms\t${cdn}/eus/rhel9/9.4/x86_64/baseos/os`, 'rhel:9.4-eus'],
    ['8.6', 'rhel-8-for-x86_64-baseos-aus-rpms\thttps://mirror.example/aus', 'rhel:8.6-aus'],
    ['8.8', 'rhel-8-for-x86_64-baseos-e4s-rhui-rpms\thttps://rhui.example/x', 'rhel:8.8-e4s'],
    ['8.6', `own-base\thttps://sat.example/pulp/content/o/cv/content/tus/rhel8/8.6/x86_64/baseos/os`, 'rhel:8.6-tus'],
    ['9.4', `rhel-9-for-x86_64-supplementary-eus-rpms\t${cdn}/eus/rhel9/9.4/x86_64/supplementary/os2`, 'rhel:9'],
    ['7.9', `rhel-7-server-els-rpms\t${cdn}/els/rhel/server/7/$releasever/x86_64/os`, 'rhel:7-els'],
  ])('Red Hat %s with %s: %s', (version, repository, platform) => {
    expect(streamIn(rhel(version), [repository])).toBe(platform)
  })

  it('SUSE: LTSS is in the alias or the address of a repository', () => {
    const sles = ['ID="sles"', 'VERSION_ID="15.4"']
    const alias = 'SLES_LTSS:SLE-Product-SLES15-SP4-LTSS-Updates\thttps://updates.example/x'
    expect(streamIn(sles, [alias])).toBe('sles:15.4-ltss')
    expect(streamIn(sles, ['updates\thttps://updates.example/SLE-Product-SLES/15-SP4-LTSS/x86_64/update'])).toBe(
      'sles:15.4-ltss',
    )
    expect(streamIn(sles, ['SLES:SLE-Product-SLES15-SP4-Updates\thttps://updates.example/x'])).toBe('sles:15.4')
  })

  it('is read by the script from the enabled repositories, and reaches the snapshot', () => {
    const root = temporaryFolder('repositories')
    const files = join(root, 'etc/yum.repos.d')
    mkdirSync(files, { recursive: true })
    writeFileSync(
      join(files, 'redhat.repo'),
      [
        '[rhel-9-for-x86_64-baseos-rpms]\nname = Red Hat - BaseOS\nbaseurl = https://cdn.example/dist\nenabled = 0\n',
        `[rhel-9-for-x86_64-baseos-eus-rpms]\nname = BaseOS EUS\nbaseurl = ${cdn}/eus/rhel9/9.4/x86_64/baseos/os\nenabled = 1\n`,
        '[rhel-9-for-x86_64-baseos-aus-rpms]\nname = BaseOS AUS\nenabled=0\n[other]\nbaseurl=https://other.example\n',
      ].join('\n'),
    )
    const script = readFileSync(new URL('../../../src/integrations/rpm/probe.sh', import.meta.url), 'utf8')
    const [own = ''] = /^repositories\(\) \{.*?^\}$/ms.exec(script) ?? []
    const told = execFileSync('sh', ['-c', `${own.replaceAll('/etc/', `${root}/etc/`)}\nrepositories`], {
      encoding: 'utf8',
    })
    expect(told.split('\n')).toEqual([
      `rhel-9-for-x86_64-baseos-eus-rpms\t${cdn}/eus/rhel9/9.4/x86_64/baseos/os\tBaseOS EUS`,
      'other\thttps://other.example\t',
      '',
    ])
    const answer = real.dnf
      .replace(/ID="?rocky"?/, 'ID="rhel"')
      .replace(/VERSION_ID="?9"?.*/, 'VERSION_ID="9.4"')
      .replace('\n@@ manager dnf', `\n@@ manager dnf\n\n@@ repositories\n${told}`)
    expect(parseProbe(answer, { asset, now })).toMatchObject({ snapshot: { asset: { platform: 'rhel:9.4-eus' } } })
  })
})

describe('a kernel newer than the running one', () => {
  function kernel(name: string, version: string, architecture = 'x86_64'): InstalledPackage {
    return { name, version, architecture, source: 'kernel', sourceVersion: version }
  }

  it('Red Hat: the release is version, release and architecture of the package', () => {
    const packages = ['5.14.0-427.13.1.el9_4', '5.14.0-427.16.1.el9_4'].map((one) => kernel('kernel-core', one))
    expect(newerRpmKernels(packages, '5.14.0-427.13.1.el9_4.x86_64')).toEqual(['kernel-core-5.14.0-427.16.1.el9_4'])
    expect(newerRpmKernels(packages, '5.14.0-427.16.1.el9_4.x86_64')).toEqual([])
    expect(newerRpmKernels(packages, '6.1.0-38-amd64')).toEqual([])
  })

  it('SUSE: the release ends in the flavour and lacks the last number', () => {
    const packages = ['6.4.0-150600.23.7.3', '6.4.0-150600.23.14.2'].map((one) => kernel('kernel-default', one))
    expect(newerRpmKernels(packages, '6.4.0-150600.23.7-default')).toEqual(['kernel-default-6.4.0-150600.23.14.2'])
    expect(newerRpmKernels(packages, '6.4.0-150600.23.14-default')).toEqual([])
  })
})

describe('what is asked of dnf and zypper', () => {
  it('names an exact version', () => {
    const change = { name: 'openssl-libs', architecture: 'x86_64', from: '1:3.0.7-1', to: '1:3.2.2-6.el9_5.1' }
    expect(dnf.argument(change)).toBe('openssl-libs-1:3.2.2-6.el9_5.1.x86_64')
    expect(zypper.argument(change)).toBe('openssl-libs.x86_64=1:3.2.2-6.el9_5.1')
    expect(dnf.argument({ ...change, to: '3.2.2-6' })).toBe('openssl-libs-0:3.2.2-6.x86_64')
  })

  it('is never more than a name and a version', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (name, architecture, to) => {
        for (const manager of [dnf, zypper]) {
          let argument: string
          try {
            argument = manager.argument({ name, architecture, from: null, to })
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
            continue
          }
          expect(argument).toMatch(/^[A-Za-z0-9_][A-Za-z0-9+._:=~^-]*$/)
        }
      }),
    )
  })

  it('reads any answer without an error of its own', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'to-', 'solvable', ' name="x"', '\t', 'step', '\n', '"') }),
        (text) => {
          for (const manager of [dnf, zypper]) {
            expect(manager.parseSimulation(text).steps).toBeInstanceOf(Array)
            expect(manager.failureReason(text)).toMatch(/^\S/)
          }
        },
      ),
    )
  })

  it.each([
    [dnf, 'Error: Unable to find a match: demo-app-0:9.0-1.noarch', /demo-app-0:9\.0-1\.noarch is not on offer there/],
    [
      zypper,
      '<message type="error">No provider of &apos;demo-app.noarch=9.0-1&apos; found.</message>',
      /demo-app\.noarch=9\.0-1 is not on offer there/,
    ],
    [
      zypper,
      '<message type="error">System management is locked by the application with pid 7914 (/usr/bin/zypper).</message>',
      /zypper \(process 7914\)/,
    ],
    [dnf, "Error: Cache-only enabled but no cache for 'baseos'", /run "dnf makecache"/],
  ])('%#: says why in a sentence', (manager, said, reason) => {
    expect(manager.failureReason(said)).toMatch(reason)
  })
})
