import { describe, expect, it } from 'vitest'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { findings } from '../../src/core/assessment/findings.ts'
import { createMisses } from '../../src/core/assessment/misses.ts'
import type { InstalledPackage } from '../../src/core/asset.ts'
import type { Fix } from '../../src/core/catalog.ts'
import { isApplied } from '../../src/core/change.ts'
import { withoutOlderKernels } from '../../src/core/kernels.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'

function item(name: string, version: string, source = 'linux', architecture = 'amd64'): InstalledPackage {
  return { name, version, architecture, source, sourceVersion: version }
}

function left(platform: string, ...packages: readonly InstalledPackage[]): readonly string[] {
  return withoutOlderKernels(platform, packages).map(({ name, version }) => `${name} ${version}`)
}

describe('kernels kept as a fallback', () => {
  it('Red Hat and SUSE: those of one name are installed side by side, and the newest counts', () => {
    const core = ['5.14.0-362.8.1.el9_3', '5.14.0-427.13.1.el9_4', '5.14.0-70.13.1.el9_0']
    const found = left(
      'almalinux:9',
      ...core.map((version) => item('kernel-core', version, 'kernel', 'x86_64')),
      ...core.map((version) => item('kernel-modules', version, 'kernel', 'x86_64')),
      item('kernel-tools', '5.14.0-362.8.1.el9_3', 'kernel', 'x86_64'),
      item('bash', '5.1.8-6.el9', 'bash', 'x86_64'),
      item('bash', '5.1.8-9.el9', 'bash', 'x86_64'),
    )
    expect(found).toEqual([
      'kernel-core 5.14.0-427.13.1.el9_4',
      'kernel-modules 5.14.0-427.13.1.el9_4',
      'kernel-tools 5.14.0-362.8.1.el9_3',
      // Nothing else may be there twice: that is a broken upgrade, and both count.
      'bash 5.1.8-6.el9',
      'bash 5.1.8-9.el9',
    ])
    const suse = ['6.4.0-150600.23.7.3', '6.4.0-150600.23.14.2'].map((one) => item('kernel-default', one))
    expect(left('sles:15.6', ...suse)).toEqual(['kernel-default 6.4.0-150600.23.14.2'])
  })

  it('Debian and Ubuntu: the release is in the name, and each flavour has its own series', () => {
    expect(
      left(
        'debian:12',
        item('linux-image-6.1.0-37-amd64', '6.1.140-1'),
        item('linux-image-6.1.0-38-amd64', '6.1.147-1'),
        item('linux-image-6.1.0-37-cloud-amd64', '6.1.140-1'),
        item('linux-headers-6.1.0-9-amd64', '6.1.27-1'),
        item('linux-headers-6.1.0-38-amd64', '6.1.147-1'),
        item('linux-image-amd64', '6.1.147-1'),
        item('linux-libc-dev', '6.1.147-1'),
      ),
    ).toEqual([
      'linux-image-6.1.0-38-amd64 6.1.147-1',
      'linux-image-6.1.0-37-cloud-amd64 6.1.140-1',
      'linux-headers-6.1.0-38-amd64 6.1.147-1',
      'linux-image-amd64 6.1.147-1',
      'linux-libc-dev 6.1.147-1',
    ])
    const ubuntu = ['image', 'modules', 'modules-extra'].flatMap((what) => [
      item(`linux-${what}-6.8.0-49-generic`, '6.8.0-49.49'),
      item(`linux-${what}-6.8.0-101-generic`, '6.8.0-101.101'),
    ])
    expect(left('ubuntu:24.04', ...ubuntu)).toHaveLength(3)
    expect(left('debian:13', item('linux-image-6.12.43+deb13-amd64', '6.12.43-1'))).toHaveLength(1)
  })

  it('the list itself is given back where nothing is kept, and the same list for the same one', () => {
    const none = [item('bash', '1')]
    expect(withoutOlderKernels('debian:12', none)).toBe(none)
    const kept = ['1-1', '1-2'].map((version) => item('kernel-core', version))
    expect(withoutOlderKernels('rhel:9', kept)).toBe(withoutOlderKernels('rhel:9', kept))
  })
})

describe('a host with an older kernel beside the fixed one', () => {
  const fixed = '5.14.0-427.13.1.el9_4'
  const platform = 'almalinux:9'
  const fix: Fix = { platform, package: 'kernel-core', by: 'binary', cves: ['CVE-2026-1'], fixedVersion: fixed }
  const catalog = catalogView([{ fixes: [fix] }])
  const core = (version: string) => item('kernel-core', version, 'kernel', 'x86_64')

  it.each([
    ['the fixed one is there', ['5.14.0-362.8.1.el9_3', fixed], []],
    ['in any order', [fixed, '5.14.0-362.8.1.el9_3'], []],
    ['none of them is fixed', ['5.14.0-362.8.1.el9_3', '5.14.0-362.13.1.el9_3'], ['5.14.0-362.13.1.el9_3']],
  ])('misses what the newest one misses: %s', (_, versions, missing) => {
    const packages = versions.map(core)
    const found = findings(aSnapshot(anAsset('a', { platform }), { packages }), catalog)
    expect(found.map((one) => one.installed)).toEqual(missing)
    const { updates, findings: count } = createMisses(catalog).of({ platform, packages, pending: null })
    expect([updates.length, count]).toEqual([missing.length, missing.length])
    const managed = createMisses(catalog).of({ platform, packages, pending: [] })
    expect(managed.notOffered).toHaveLength(missing.length)
  })

  it('has the change applied, wherever the older one stands in its list', () => {
    const change = { name: 'kernel-core', architecture: 'x86_64', from: '5.14.0-362.8.1.el9_3', to: fixed }
    for (const versions of [
      [change.from, fixed],
      [fixed, change.from],
    ])
      expect(isApplied(change, { asset: { platform }, packages: versions.map(core) })).toEqual({
        applied: 'yes',
        found: fixed,
      })
  })
})
