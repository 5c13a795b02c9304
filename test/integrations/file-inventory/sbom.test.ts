/** Bills of materials as scanners write them: nested, merged, and with their own spellings of distributions. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type AssetSnapshot, onlyLooks } from '../../../src/core/asset.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { packageFromUrl } from '../../../src/integrations/file-inventory/package-url.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder('pw-sbom')
let files = 0

async function read(text: string, format: 'cyclonedx' | 'spdx', platform?: string) {
  const path = join(folder, `bill-${++files}`)
  writeFileSync(path, text)
  const given = platform === undefined ? {} : { platform }
  const defaults = { team: 'web', name: 'shop', engine: 'ssh', address: '192.0.2.7', ...given }
  const source = createFileInventory({ name: 'file', path, format, defaults, clock: () => new Date() })
  const snapshots: AssetSnapshot[] = []
  const warnings: string[] = []
  for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
    if (seen.kind !== 'seen') throw new Error(seen.reason)
    snapshots.push(seen.snapshot)
    warnings.push(...seen.warnings)
  }
  return { snapshots, warnings }
}

function bill(components: readonly unknown[], metadata: unknown = undefined): string {
  return JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata, components })
}

/** By asset: its platform and the names of its packages. */
function packagesOf(snapshots: readonly AssetSnapshot[]) {
  return Object.fromEntries(
    snapshots.map(({ asset, packages }) => [asset.name, [asset.platform, ...packages.map(({ name }) => name)]]),
  )
}

const deb = (name: string, distro = '&distro=debian-12.5') => ({
  type: 'library',
  name,
  purl: `pkg:deb/debian/${name}@1.0-1?arch=amd64${distro}`,
})
const rpm = (name: string, distro = '&distro=almalinux-9.4') => ({
  type: 'library',
  name,
  purl: `pkg:rpm/almalinux/${name}@1.0-1.el9?arch=x86_64${distro}`,
})
const debian = { type: 'operating-system', name: 'debian', version: '12.5' }
const alma = { type: 'operating-system', name: 'alma', version: '9.4' }

describe('CycloneDX with components inside components', () => {
  it('has those of a distribution, of a layer and of what the bill is about', async () => {
    const { snapshots } = await read(
      bill(
        [{ ...debian, components: [deb('bash'), { ...deb('perl'), components: [deb('perl-base')] }] }, deb('dash')],
        {
          component: { type: 'container', name: 'web', components: [deb('curl')] },
        },
      ),
      'cyclonedx',
    )
    expect(packagesOf(snapshots)).toEqual({ shop: ['debian:12', 'curl', 'dash', 'bash', 'perl', 'perl-base'] })
  })

  it('is read however deep it is nested, and refused where nobody nests like that', async () => {
    const nested = (depth: number) => {
      let component: unknown = deb('bash')
      for (let level = 0; level < depth; level++)
        component = { type: 'container', name: 'box', components: [component] }
      return bill([component])
    }
    expect(packagesOf((await read(nested(20), 'cyclonedx')).snapshots)).toEqual({ shop: ['debian:12', 'bash'] })
    await expect(read(nested(2_000), 'cyclonedx')).rejects.toThrow(/nested more than \d+ deep/)
  })

  it('takes the distribution that stands around a package whose URL does not name one', async () => {
    const { snapshots } = await read(
      bill([
        { type: 'container', name: 'web', components: [debian, deb('bash', '')] },
        { type: 'container', name: 'db', components: [alma, rpm('postgresql', '')] },
      ]),
      'cyclonedx',
    )
    expect(packagesOf(snapshots)).toEqual({
      shop: ['almalinux:9', 'postgresql'],
      'shop (debian:12)': ['debian:12', 'bash'],
    })
  })
})

describe('a bill of two distributions', () => {
  it('is two assets, of which only the first is changed by the engine of the source', async () => {
    const { snapshots, warnings } = await read(bill([deb('dash'), deb('bash'), rpm('curl')]), 'cyclonedx')
    expect(packagesOf(snapshots)).toEqual({
      shop: ['debian:12', 'dash', 'bash'],
      'shop (almalinux:9)': ['almalinux:9', 'curl'],
    })
    expect(snapshots.map(({ asset }) => [asset.engine, asset.address])).toEqual([
      ['ssh', '192.0.2.7'],
      [null, 'shop (almalinux:9)'],
    ])
    expect(warnings).toEqual([
      expect.stringMatching(/holds packages of debian:12 and almalinux:9: each is assessed as/),
    ])
  })

  it('of the same family, says which packages it cannot tell apart', async () => {
    const { snapshots, warnings } = await read(
      bill([deb('dash'), deb('bash', '&distro=debian-11'), deb('curl', '')]),
      'cyclonedx',
    )
    expect(packagesOf(snapshots)).toEqual({
      shop: ['debian:11', 'bash', 'curl'],
      'shop (debian:12)': ['debian:12', 'dash'],
    })
    expect(snapshots[0]?.packages[1]).toMatchObject({ name: 'curl', origin: 'debian' })
    expect(warnings[0]).toMatch(/of a release that it does not say: not assessed: curl \(debian\)/)
  })

  it('whose second one has no release, says that its packages are not assessed', async () => {
    const { snapshots, warnings } = await read(bill([deb('bash'), rpm('curl', '')]), 'cyclonedx')
    expect(packagesOf(snapshots)).toEqual({ shop: ['debian:12', 'bash', 'curl'] })
    expect(snapshots[0]?.packages[1]).toMatchObject({ name: 'curl', origin: 'almalinux' })
    expect(warnings[0]).toMatch(/^1 component of .* not assessed: curl \(almalinux\)/)
  })

  it('is the same as SPDX, in JSON and in tags', async () => {
    const urls = [deb('dash'), deb('bash'), rpm('curl')].map(({ name, purl }) => ({ name, purl }))
    const packages = urls.map(({ name, purl }) => ({
      name,
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    }))
    const tags = urls.map(({ name, purl }) => `PackageName: ${name}\nExternalRef: PACKAGE_MANAGER purl ${purl}\n`)
    const document = { spdxVersion: 'SPDX-2.3', packages }
    for (const text of [
      JSON.stringify(document),
      JSON.stringify({ sbom: document }),
      `SPDXVersion: SPDX-2.3\n\n${tags.join('\n')}`,
      `SPDXVersion: SPDX-2.3\r\n\r\n${tags.join('\n').replace(/\n/g, '\r\n')}`,
    ])
      expect(packagesOf((await read(text, 'spdx')).snapshots)).toEqual({
        shop: ['debian:12', 'dash', 'bash'],
        'shop (almalinux:9)': ['almalinux:9', 'curl'],
      })
  })
})

describe('what a bill does not say', () => {
  it('is taken from the distribution that it names, or from the configuration', async () => {
    const spdx = {
      spdxVersion: 'SPDX-2.3',
      packages: [
        { name: 'debian', versionInfo: '12.5', primaryPackagePurpose: 'OPERATING-SYSTEM' },
        {
          name: 'bash',
          versionInfo: '5.2.15-2',
          externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:deb/debian/bash?arch=amd64' }],
        },
      ],
    }
    const { snapshots } = await read(JSON.stringify(spdx), 'spdx')
    expect(snapshots[0]?.asset.platform).toBe('debian:12')
    expect(snapshots[0]?.packages).toMatchObject([{ name: 'bash', version: '5.2.15-2' }])
    expect((await read(bill([debian, deb('bash', '')]), 'cyclonedx')).snapshots[0]?.asset.platform).toBe('debian:12')
    const named = await read(bill([deb('bash', '')]), 'cyclonedx', 'debian:11')
    expect(named.snapshots[0]?.asset.platform).toBe('debian:11')
    await expect(read(bill([deb('bash', '')]), 'cyclonedx')).rejects.toThrow(/does not say its platform/)
  })

  it('counts against the configuration, unless that says more than the bill can', async () => {
    const other = await read(bill([deb('bash')]), 'cyclonedx', 'rocky:9')
    expect(other.snapshots[0]?.asset.platform).toBe('debian:12')
    expect(other.warnings[0]).toMatch(/says that its platform is debian:12, so rocky:9 does not count/)
    const alpine = { type: 'library', name: 'bash', purl: 'pkg:apk/alpine/bash@5.2-r0?distro=alpine-3.2.3' }
    expect((await read(bill([alpine]), 'cyclonedx', 'alpine:3.20')).snapshots[0]?.asset.platform).toBe('alpine:3.2')
    const stream = await read(bill([rpm('bash', '&distro=redhat-9.4')]), 'cyclonedx', 'rhel:9.4-eus')
    expect(stream.snapshots[0]?.asset.platform).toBe('rhel:9.4-eus')
  })

  it('is said: components without a package URL or a version, and libraries of languages', async () => {
    const { warnings } = await read(
      bill([
        deb('bash'),
        { type: 'library', name: 'openssl' },
        { type: 'library', name: 'zlib1g', purl: 'pkg:deb/debian/zlib1g?distro=debian-12' },
        { type: 'file', name: '/etc/passwd' },
        { type: 'library', name: 'left-pad', purl: 'pkg:npm/left-pad@1.3.0' },
      ]),
      'cyclonedx',
    )
    expect(warnings).toEqual([
      expect.stringMatching(/^1 component of .*: libraries of languages are not assessed$/),
      expect.stringMatching(/^2 components of .* not assessed: openssl, zlib1g$/),
    ])
  })
})

describe('a package URL', () => {
  it.each([
    // A plus is a plus: https://github.com/package-url/purl-spec, "Character encoding".
    ['2:2.6.2+samba4.17.12+dfsg-0+deb12u3', '2:4.17.12+dfsg-0+deb12u3', 'unencoded'],
    ['2%3A2.6.2%2Bsamba4.17.12%2Bdfsg-0%2Bdeb12u3', '2%3A4.17.12%2Bdfsg-0%2Bdeb12u3', 'encoded'],
    ['2%3a2.6.2%2bsamba4.17.12+dfsg-0%2Bdeb12u3', '2%3a4.17.12+dfsg-0%2bdeb12u3', 'half and half'],
  ])('keeps each plus of a version: %s', (version, sourceVersion) => {
    for (const at of ['@', '%40'])
      expect(
        packageFromUrl(`pkg:deb/debian/libldb2@${version}?arch=amd64&upstream=samba${at}${sourceVersion}`),
      ).toMatchObject({
        item: {
          name: 'libldb2',
          version: '2:2.6.2+samba4.17.12+dfsg-0+deb12u3',
          source: 'samba',
          sourceVersion: '2:4.17.12+dfsg-0+deb12u3',
        },
      })
  })

  it.each([
    ['pkg:deb/debian/g%2B%2B@12.2.0-14?distro=debian-12', 'g++', '12.2.0-14'],
    ['pkg:deb/debian/g++@12.2.0-14?distro=debian-12', 'g++', '12.2.0-14'],
    ['pkg:DEB/debian/Bash@5.2.15-2?Distro=debian-12', 'bash', '5.2.15-2'],
    ['pkg://deb/debian/bash@5.2.15-2?distro=debian-12#usr/bin', 'bash', '5.2.15-2'],
    ['pkg:deb/debian/login@4.13-1?epoch=1&distro=debian-12', 'login', '1:4.13-1'],
    ['pkg:deb/debian/odd@1.0%zz-1?distro=debian-12', 'odd', '1.0%zz-1'],
  ])('%s is %s %s', (url, name, version) => {
    expect(packageFromUrl(url)).toMatchObject({ item: { name, version }, platform: 'debian:12' })
  })

  // As Trivy, Syft, cdxgen and the examples of the purl specification write them.
  it.each([
    ['deb/debian', 'debian-12', 'debian:12'],
    ['deb/debian', 'debian-12.5', 'debian:12'],
    ['deb/debian', 'bookworm', 'debian:12'],
    ['deb/debian', 'debian-bookworm', 'debian:12'],
    ['deb/ubuntu', 'ubuntu-22.04', 'ubuntu:22.04'],
    ['rpm/alma', 'alma-9.4', 'almalinux:9'],
    ['rpm/almalinux', 'almalinux-9.4', 'almalinux:9'],
    ['rpm/redhat', 'redhat-9.2', 'rhel:9'],
    ['rpm/redhat', 'rhel-8.10', 'rhel:8'],
    ['rpm/redhat', 'rhel-9.4-eus', 'rhel:9.4-eus'],
    ['rpm/sles', 'sles-15.5-ltss', 'sles:15.5-ltss'],
    ['deb/ubuntu', 'noble', 'ubuntu:24.04'],
    ['apk/alpine', 'alpine-edge', 'alpine:edge'],
    // /etc/os-release of Alpine's edge has the coming release.
    ['apk/alpine', 'alpine-3.21.0_alpha20240807', 'alpine:edge'],
    ['deb/pop', 'pop-24.04', 'pop:24.04'],
    ['rpm/rocky', 'rocky-9.2', 'rocky:9'],
    ['rpm/centos', 'centos-7.6.1810', 'centos:7'],
    ['rpm/oracle', 'oracle-8.0', 'oracle:8'],
    ['rpm/ol', 'ol-9.2', 'oracle:9'],
    ['rpm/amazon', 'amazon-2%20%28Karoo%29', 'amazon:2'],
    ['rpm/amazon', 'amazon-2+%28Karoo%29', 'amazon:2'],
    ['rpm/amazon', 'amazon-2023.7.20250609+%28Amazon+Linux%29', 'amazon:2023'],
    ['rpm/amzn', 'amzn-2023', 'amazon:2023'],
    ['rpm/fedora', 'fedora-39', 'fedora:39'],
    ['rpm/suse', 'sles-15.5', 'sles:15.5'],
    ['rpm/suse', 'sles-15-sp5', 'sles:15.5'],
    ['rpm/suse', 'suse%20linux%20enterprise%20server-12.5', 'sles:12.5'],
    ['rpm/opensuse', 'opensuse-leap-15.5', 'opensuse:15.5'],
    ['rpm/opensuse.leap', 'opensuse.leap-15.1', 'opensuse:15.1'],
    ['rpm/opensuse', 'opensuse-tumbleweed', 'opensuse:tumbleweed'],
    ['rpm/opensuse', 'opensuse-tumbleweed-20240607', 'opensuse:tumbleweed'],
    ['apk/alpine', 'alpine-3.18.4', 'alpine:3.18'],
    ['apk/alpine', '3.18.4', 'alpine:3.18'],
    ['apk/wolfi', 'wolfi-20230201', 'wolfi'],
  ])('names the distribution of %s as %s', (path, distro, platform) => {
    expect(packageFromUrl(`pkg:${path}/bash@1.0-1?distro=${distro}`)).toMatchObject({ platform })
  })

  it('names its distribution as Docker writes it', () => {
    const url = 'pkg:deb/debian/bash@5.2.15-2?os_distro=bookworm&os_name=debian&os_version=12'
    expect(packageFromUrl(url)).toMatchObject({ platform: 'debian:12' })
  })
})
