import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import type { FileFormat } from '../../../src/core/inventory-formats.ts'
import { unpackText } from '../../../src/integrations/bounded-file.ts'
import { documentsIn } from '../../../src/integrations/feeds/documents.ts'
import { createFileInventory, recogniseFormat } from '../../../src/integrations/file-inventory/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { sharedData } from '../shared-data.ts'

const folder = temporaryFolder('pw-formats')
let files = 0

async function read(text: string | Buffer, format: FileFormat | null = null, platform?: string) {
  const bytes = Buffer.from(text)
  const found = format ?? recogniseFormat((await unpackText(bytes, 'it', 1e9)).subarray(0, 20_000))
  if (found === null) throw new Error('the format is not recognised')
  const path = join(folder, `inventory-${++files}`)
  writeFileSync(path, gzipSync(bytes))
  const source = createFileInventory({
    name: 'file',
    path,
    format: found,
    defaults: { team: 'web', name: 'host', ...(platform === undefined ? {} : { platform }) },
    clock: () => new Date('2026-11-20T12:00:00Z'),
  })
  for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
    if (seen.kind !== 'seen') throw new Error(seen.reason)
    return { ...seen, format: found }
  }
  throw new Error('nothing was seen')
}

describe('rpm -qa', () => {
  const text = [
    'bash\t0:5.1.8-9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t(none)\tAlmaLinux',
    'perl-libs\t4:5.32.1-481.el9\tx86_64\tperl-5.32.1-481.el9.src.rpm\t(none)\tAlmaLinux',
    'nodejs\t1:18.20.2-1.module_el9.4.0+100+3fc9ff10\tx86_64\tnodejs-18.20.2-1.module_el9.4.0+100+3fc9ff10.src.rpm\tnodejs:18:9040020240424:rhel9\tAlmaLinux',
    'htop\t0:3.3.0-1.el9\tx86_64\thtop-3.3.0-1.el9.src.rpm\t(none)\tFedora Project',
    'gpg-pubkey\t0:b86b3716-61e69f29\t(none)\t(none)\t(none)\t(none)',
    '',
  ].join('\n')

  it('by the query that is documented: source, epoch, module stream, and who built it', async () => {
    const { snapshot, format, warnings } = await read(text, null, 'almalinux:9')
    expect([format, warnings]).toEqual(['rpm-list', []])
    expect(snapshot.packages).toEqual([
      { name: 'bash', version: '5.1.8-9.el9', architecture: 'x86_64', source: 'bash', sourceVersion: '5.1.8-9.el9' },
      {
        name: 'perl-libs',
        version: '4:5.32.1-481.el9',
        architecture: 'x86_64',
        source: 'perl',
        sourceVersion: '4:5.32.1-481.el9',
      },
      expect.objectContaining({ name: 'nodejs', module: 'nodejs:18' }),
      expect.objectContaining({ name: 'htop', origin: 'Fedora Project' }),
    ])
  })

  it('as plain names, with a warning', async () => {
    const { snapshot, warnings } = await read(
      'bash-5.1.8-9.el9.x86_64\nperl-libs-5.32.1-481.el9.x86_64\n',
      null,
      'almalinux:9',
    )
    expect(snapshot.packages.map((item) => [item.name, item.version])).toEqual([
      ['bash', '5.1.8-9.el9'],
      ['perl-libs', '5.32.1-481.el9'],
    ])
    expect(warnings[0]).toMatch(/plain names without epoch/)
  })
})

describe('apk', () => {
  it('as the database of installed packages', async () => {
    const text =
      'C:Q1abc=\nP:libcurl\nV:8.9.0-r0\nA:x86_64\no:curl\n\nC:Q1def=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\n'
    const { snapshot, format } = await read(text, null, 'alpine:3.20')
    expect(format).toBe('apk-installed')
    expect(snapshot.packages[0]).toEqual({
      name: 'libcurl',
      version: '8.9.0-r0',
      architecture: 'x86_64',
      source: 'curl',
      sourceVersion: '8.9.0-r0',
    })
  })

  it('as a list', async () => {
    const { snapshot } = await read('libcurl-8.9.0-r0 x86_64 {curl} (curl) [installed]\n', null, 'alpine:3.20')
    expect(snapshot.packages[0]).toMatchObject({ name: 'libcurl', version: '8.9.0-r0', source: 'curl' })
  })
})

describe('software bills of materials', () => {
  const curl = 'pkg:deb/debian/libcurl4@7.88.1-10%2Bdeb12u5?arch=amd64&upstream=curl&distro=debian-12'
  const bash =
    'pkg:rpm/almalinux/bash@5.1.8-9.el9?arch=x86_64&epoch=1&upstream=bash-5.1.8-9.el9.src.rpm&distro=almalinux-9.4'

  it('CycloneDX: platform and source from the package URL', async () => {
    const text = JSON.stringify({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      components: [
        { type: 'library', name: 'libcurl4', purl: curl },
        { type: 'library', purl: 'pkg:npm/left-pad@1.3.0' },
      ],
    })
    const { snapshot, format, warnings } = await read(text)
    expect([format, snapshot.asset.platform]).toEqual(['cyclonedx', 'debian:12'])
    expect(snapshot.packages).toEqual([
      {
        name: 'libcurl4',
        version: '7.88.1-10+deb12u5',
        architecture: 'amd64',
        source: 'curl',
        sourceVersion: '7.88.1-10+deb12u5',
      },
    ])
    expect(warnings[0]).toMatch(/^1 component of .*: libraries of languages/)
  })

  it('SPDX, as JSON and as tags', async () => {
    const packages = [{ name: 'bash', externalRefs: [{ referenceType: 'purl', referenceLocator: bash }] }]
    const json = await read(JSON.stringify({ spdxVersion: 'SPDX-2.3', packages }))
    const tags = await read(`SPDXVersion: SPDX-2.3\nPackageName: bash\nExternalRef: PACKAGE-MANAGER purl ${bash}\n`)
    for (const { snapshot, format } of [json, tags]) {
      expect([format, snapshot.asset.platform]).toEqual(['spdx', 'almalinux:9'])
      expect(snapshot.packages[0]).toMatchObject({
        name: 'bash',
        version: '1:5.1.8-9.el9',
        sourceVersion: '1:5.1.8-9.el9',
      })
    }
  })
})

describe('systeminfo', () => {
  const text = [
    'Host Name:                 WIN01',
    'OS Name:                   Microsoft Windows Server 2022 Standard',
    'OS Version:                10.0.20348 N/A Build 20348',
    'System Type:               x64-based PC',
    'Hotfix(s):                 2 Hotfix(s) Installed.',
    '                           [01]: KB5004330',
    '                           [02]: KB5005039',
    '',
  ].join('\r\n')

  it('gives product, build and KBs, and says what it lacks', async () => {
    const { snapshot, format, warnings } = await read(text)
    expect([format, snapshot.asset.platform]).toEqual(['systeminfo', 'windows:server-2022'])
    expect(snapshot.packages.map((item) => [item.name, item.version])).toEqual([
      ['Windows', '10.0.20348'],
      ['KB5004330', '1'],
      ['KB5005039', '1'],
    ])
    expect(warnings[0]).toMatch(/does not say the update revision/)
  })

  it('takes the revision from `ver` behind it, and UTF-16 as Windows writes it', async () => {
    const ver = 'Microsoft Windows [Version 10.0.20348.2340]\r\n'
    for (const both of [`${text}\r\n${ver}`, `${ver}\r\n${text}`]) {
      const { snapshot, warnings } = await read(Buffer.from(`\uFEFF${both}`, 'utf16le'))
      expect([snapshot.packages[0]?.version, warnings]).toEqual(['10.0.20348.2340', []])
    }
  })

  it('takes the revision from the registry, where ver does not print it', async () => {
    const registry = '\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\...\r\n    UBR    REG_DWORD    0x924\r\n'
    const { snapshot, warnings } = await read(`${text}\r\nMicrosoft Windows [Version 10.0.20348]\r\n${registry}`)
    expect([snapshot.packages[0]?.version, warnings]).toEqual(['10.0.20348.2340', []])
  })

  it.each([
    ['Microsoft Windows Server Datacenter', '19042', 'windows:server-20h2-core'],
    ['Microsoft Windows Server 2025 Standard', '26100', 'windows:server-2025'],
    ['Microsoft Windows 11 Pro', '26200', 'windows:11-25h2'],
  ])('knows %s of the build %s as %s', async (product, build, platform) => {
    const other = text.replace('Microsoft Windows Server 2022 Standard', product).replaceAll('20348', build)
    expect((await read(other)).snapshot.asset.platform).toBe(platform)
  })

  it('of two machines in one file is refused', async () => {
    await expect(read(`${text}${text.replace('WIN01', 'WIN02')}`)).rejects.toThrow(/more than once: give each machine/)
  })

  const hosts = sharedData('msrc/wesng-validation-systeminfo.tar.zst')
  it.skipIf(hosts === null)('of every real host in every language names its product', async () => {
    let count = 0
    for await (const { name, bytes } of documentsIn(readFileSync(hosts ?? ''), 'hosts')) {
      if (!name.includes('systeminfo')) continue
      const { snapshot } = await read(bytes)
      expect(snapshot.asset.platform, name).toMatch(/^windows:(?:server-20|10|11|7|8\.1|xp|vista)/)
      count++
    }
    expect(count).toBeGreaterThan(40)
  })
})

it('assets without what belongs around them are told what that is', async () => {
  await expect(read('[{"name":"web01","platform":"debian:12"}]')).rejects.toThrow('write { "assets": [ ... ] }')
  await expect(read('{"components":[]}', 'cyclonedx')).rejects.toThrow('no "bomFormat": "CycloneDX"')
  await expect(read('{"packages":[]}', 'spdx')).rejects.toThrow('no "spdxVersion"')
})

it('any bytes are recognised or not, and read or refused with a sentence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
      const answer = await read(text, null, 'debian:12').catch((error: unknown) => error)
      if (answer instanceof Error) expect(answer.message.length).toBeGreaterThan(10)
    }),
    { numRuns: 200 },
  )
})
