import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtFrom, withBuiltSources } from '../../../src/core/assessment/built-from.ts'
import { sharedData } from '../../integrations/shared-data.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'

describe('the source that a package was built from', () => {
  // Debian: Package, Source and Version, and on the right what the archive says in Built-Using.
  it.each([
    ['linux-image-6.1.0-28-amd64', '6.1.119-1', 'linux-signed-amd64 6.1.119+1', 'linux 6.1.119-1'],
    ['linux-image-amd64', '6.1.192-3', 'linux-signed-amd64 6.1.192+3', 'linux 6.1.192-3'],
    ['linux-headers-arm64', '6.1.176-1', 'linux-signed-arm64 6.1.176+1', 'linux 6.1.176-1'],
    ['linux-image-6.1.0-28-686-pae', '6.1.119-1', 'linux-signed-i386 6.1.119+1', 'linux 6.1.119-1'],
    [
      'linux-image-6.12-amd64',
      '6.12.117-1~deb12u1',
      'linux-signed-6.12-amd64 6.12.117+1~deb12u1',
      'linux-6.12 6.12.117-1~deb12u1',
    ],
    ['linux-image-6.9.7+bpo-amd64', '6.9.7-1~bpo12+1', 'linux-signed-amd64 6.9.7+1~bpo12+1', 'linux 6.9.7-1~bpo12+1'],
    ['grub-efi-amd64-signed', '1+2.06+13+deb12u1', 'grub-efi-amd64-signed 1+2.06+13+deb12u1', 'grub2 2.06-13+deb12u1'],
    [
      'grub-efi-ia32-signed',
      '1+2.02+dfsg1+20+deb10u4',
      'grub-efi-ia32-signed 1+2.02+dfsg1+20+deb10u4',
      'grub2 2.02+dfsg1-20+deb10u4',
    ],
    ['grub-efi-arm64-signed', '1+2.06+3~deb11u6', 'grub-efi-arm64-signed 1+2.06+3~deb11u6', 'grub2 2.06-3~deb11u6'],
    [
      'shim-helpers-amd64-signed',
      '1+16.1+2~deb12u1',
      'shim-helpers-amd64-signed 1+16.1+2~deb12u1',
      'shim 16.1-2~deb12u1',
    ],
    [
      'shim-helpers-arm64-signed',
      '1+15.8+1~deb12u1',
      'shim-helpers-arm64-signed 1+15.8+1~deb12u1',
      'shim 15.8-1~deb12u1',
    ],
    ['shim-signed', '1.51~1+deb12u1+16.1-2~deb12u1', 'shim-signed 1.51~1+deb12u1', 'shim 16.1-2~deb12u1'],
    ['fwupd-amd64-signed', '1:1.4+1', 'fwupd-amd64-signed 1:1.4+1', 'fwupd-efi 1:1.4-1'],
    ['fwupd-armhf-signed', '1.5.7+4', 'fwupd-armhf-signed 1.5.7+4', 'fwupd 1.5.7-4'],
  ])('is, for %s of Debian, the one in Built-Using', (_, version, named, built) => {
    const [source = '', sourceVersion = ''] = named.split(' ')
    const [wanted, wantedVersion] = built.split(' ')
    expect(builtFrom('debian:12', { version, source, sourceVersion })).toEqual({
      source: wanted,
      sourceVersion: wantedVersion,
    })
  })

  // Ubuntu: names and versions as its archive has them.
  it.each([
    ['5.15.0-126.136', 'linux-signed 5.15.0-126.136', 'linux 5.15.0-126.136'],
    ['6.8.0-1018.20', 'linux-signed-aws 6.8.0-1018.20', 'linux-aws 6.8.0-1018.20'],
    ['6.8.0-49.49~22.04.1', 'linux-signed-hwe-6.8 6.8.0-49.49~22.04.1', 'linux-hwe-6.8 6.8.0-49.49~22.04.1'],
    ['3.13.0-170.220~12.04.2+signed1', 'linux-signed 3.13.0-170.220~12.04.2+signed1', 'linux 3.13.0-170.220~12.04.2'],
    ['5.15.0.126.124', 'linux-meta 5.15.0.126.124', 'linux 5.15.0.126.124'],
    ['6.8.0-1018.20', 'linux-meta-raspi 6.8.0-1018.20', 'linux-raspi 6.8.0-1018.20'],
  ])('is, for %s of %s of Ubuntu, %s', (version, named, built) => {
    const [source = '', sourceVersion = ''] = named.split(' ')
    const [wanted, wantedVersion] = built.split(' ')
    expect(builtFrom('ubuntu:22.04', { version, source, sourceVersion })).toMatchObject({
      source: wanted,
      sourceVersion: wantedVersion,
    })
  })

  it.each([
    ['a kernel that is not signed', 'debian:12', 'linux'],
    ['another package of a like name', 'debian:12', 'linux-atm'],
    ["a loader that Ubuntu's data names itself", 'ubuntu:22.04', 'grub2-signed'],
    ['the same', 'ubuntu:22.04', 'shim-signed'],
    ['a base package', 'ubuntu:22.04', 'linux-base'],
    ['firmware', 'ubuntu:22.04', 'linux-firmware'],
    ['a distribution of RPMs', 'almalinux:9', 'linux-signed-amd64'],
  ])('is the one it names, for %s', (_, platform, source) => {
    expect(builtFrom(platform, { version: '1-1', source, sourceVersion: '1-1' })).toBeNull()
  })

  it('is put in for what is installed and for what is pending, and for nothing else', () => {
    const curl = { name: 'curl', version: '1', architecture: 'amd64', source: 'curl', sourceVersion: '1' }
    const plain = aSnapshot(anAsset('web1'), { packages: [curl] })
    expect(withBuiltSources(plain)).toBe(plain)
    const image = { name: 'linux-image-amd64', version: '6.1.119-1', architecture: 'amd64' }
    const pending = {
      name: 'linux-image-amd64',
      architecture: 'amd64',
      installed: '6.1.119-1',
      candidate: '6.1.128-1',
      source: 'linux-signed-amd64',
      sourceVersion: '6.1.128+1',
      origins: [],
      security: true,
      held: null,
    }
    const signed = { ...image, source: 'linux-signed-amd64', sourceVersion: '6.1.119+1' }
    const { packages, pending: offered } = withBuiltSources({ ...plain, packages: [curl, signed], pending: [pending] })
    expect(packages).toEqual([curl, { ...image, source: 'linux', sourceVersion: '6.1.119-1' }])
    expect(packages[0]).toBe(curl)
    expect(offered).toEqual([{ ...pending, source: 'linux', sourceVersion: '6.1.128-1' }])
  })
})

const archive = sharedData('debian/packages_2026-11-18.tsv.zst')
it.skipIf(archive === null)("is one of Debian's own archive for each package that another source signed", async () => {
  const { decompress } = await import('fzstd')
  const rows = new TextDecoder()
    .decode(decompress(readFileSync(archive ?? '')))
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
  const there = new Set(rows.map(([, , , , source, sourceVersion]) => `${source} ${sourceVersion}`))
  let signed = 0
  for (const [, , version = '', , source = '', sourceVersion = ''] of rows) {
    const built = builtFrom('debian:12', { version, source, sourceVersion })
    if (built === null) {
      expect(source).not.toMatch(/(?:^|-)signed(?:-|$)/)
      continue
    }
    signed++
    // Of older kernels, the archive keeps only what is signed. It has the version of its source.
    if (built.source.startsWith('linux')) expect(built.sourceVersion).toBe(version)
    else expect(there).toContain(`${built.source} ${built.sourceVersion}`)
  }
  expect(signed).toBeGreaterThan(50)
})
