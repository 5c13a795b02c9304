import { describe, expect, it } from 'vitest'
import { assess } from '../../../src/core/assessment/assess.ts'
import { withBuiltSources } from '../../../src/core/assessment/built-from.ts'
import { catalogView } from '../../../src/core/assessment/catalog-view.ts'
import type { AssetSnapshot, InstalledPackage, PendingUpdate } from '../../../src/core/asset.ts'
import type { Fix, KevEntry } from '../../../src/core/catalog.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'
import { deployerRule } from '../../support/priority-rules.ts'

const NOW = '2026-11-29T12:00:00.000Z'

function item(name: string, version: string, more: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, ...more }
}

function offer(name: string, installed: string | null, candidate: string, more: Partial<PendingUpdate> = {}) {
  const origins = ['Debian-Security:12/oldstable-security']
  const base = { name, architecture: 'amd64', installed, candidate, source: null, origins, security: true, held: null }
  return { ...base, ...more } satisfies PendingUpdate
}

function fix(name: string, fixedVersion: string, cve = 'CVE-2026-1000001', more: Partial<Fix> = {}): Fix {
  return { platform: 'debian:12', package: name, by: 'source', cves: [cve], fixedVersion, ...more }
}

function kev(cve: string): KevEntry {
  return { cve, dateAdded: '2026-11-19', dueDate: '2026-11-22', ransomware: true, name: cve }
}

function judged(
  packages: readonly InstalledPackage[],
  pending: readonly PendingUpdate[],
  fixes: readonly Fix[],
  more: Partial<AssetSnapshot> & { readonly platform?: string } = {},
) {
  const { platform = 'debian:12', ...other } = more
  const look = aSnapshot(anAsset('web1', { platform }), {
    packages,
    pending,
    listsRefreshedAt: '2026-11-29T06:00:00.000Z',
    ...other,
  })
  const catalog = catalogView([{ fixes, kev: fixes.flatMap(({ cves }) => cves.map(kev)) }])
  const snapshots = [withBuiltSources(look)]
  const assessment = assess({ snapshots, catalog, rule: deployerRule, now: NOW })
  return {
    ...assessment,
    offered: assessment.patches.map(({ source, version, cves }) => ({ source, version, cves })),
    notOffered: assessment.withheld.map(({ source, version, cves }) => ({ source, version, cves })),
    reasons: assessment.assets.flatMap(({ withheld }) => withheld.map(({ held }) => held)),
  }
}

describe('what the vendor has fixed and the package manager does not offer', () => {
  const libssl = item('libssl3', '3.0.15-1~deb12u1', { source: 'openssl' })
  const fixed = fix('openssl', '3.0.16-1~deb12u1')

  it('is a finding of its own, as urgent as it would be were it offered', () => {
    const { offered, withheld, assets } = judged([libssl], [], [fixed])
    expect(offered).toEqual([])
    expect(withheld).toMatchObject([
      {
        id: 'debian:12/openssl/3.0.16-1~deb12u1',
        cves: ['CVE-2026-1000001'],
        type: 'security',
        priority: 'out-of-cycle',
        dueAt: expect.stringMatching(/^2026-11-22/),
      },
    ])
    expect(assets[0]?.withheld).toEqual([{ patch: 'debian:12/openssl/3.0.16-1~deb12u1', held: null }])
  })

  it.each(['hold', 'phased', 'kept back'] as const)('names why it is held: %s', (held) => {
    const pending = [offer('libssl3', libssl.version, '3.0.16-1~deb12u1', { held, source: 'openssl' })]
    const { offered, notOffered, reasons } = judged([libssl], pending, [fixed])
    expect(offered).toEqual([])
    expect(notOffered).toEqual([{ source: 'openssl', version: '3.0.16-1~deb12u1', cves: ['CVE-2026-1000001'] }])
    expect(reasons).toEqual([held])
  })

  it('is not held where the version that is held lacks the fix, too', () => {
    const pending = [offer('libssl3', libssl.version, '3.0.15-1~deb12u2', { held: 'hold', source: 'openssl' })]
    expect(judged([libssl], pending, [fixed]).reasons).toEqual([null])
  })

  it('is the rest, where some packages of a source are offered and others held', () => {
    const openssl = item('openssl', libssl.version)
    const pending = [
      offer('libssl3', libssl.version, '3.0.16-1~deb12u1', { held: 'hold', source: 'openssl' }),
      offer('openssl', libssl.version, '3.0.16-1~deb12u1'),
    ]
    const { offered, withheld } = judged([libssl, openssl], pending, [fixed])
    expect(offered).toMatchObject([{ cves: ['CVE-2026-1000001'] }])
    expect(withheld[0]?.packages.map(({ name }) => name)).toEqual(['libssl3'])
  })

  it('is what lies above the offered version', () => {
    const pending = [offer('libssl3', libssl.version, '3.0.16-1~deb12u1', { source: 'openssl' })]
    const later = fix('openssl', '3.0.17-1~deb12u1', 'CVE-2026-1000002')
    const { offered, notOffered } = judged([libssl], pending, [fixed, later])
    expect(offered).toMatchObject([{ cves: ['CVE-2026-1000001'] }])
    expect(notOffered).toEqual([{ source: 'openssl', version: '3.0.17-1~deb12u1', cves: ['CVE-2026-1000002'] }])
  })

  it('is nothing where all is offered, or installed, or needs a subscription, or others built it', () => {
    const pending = [offer('libssl3', libssl.version, '3.0.16-1~deb12u1', { source: 'openssl' })]
    expect(judged([libssl], pending, [fixed]).notOffered).toEqual([])
    expect(judged([{ ...libssl, sourceVersion: '3.0.16-1~deb12u1' }], [], [fixed]).notOffered).toEqual([])
    const paid = judged([libssl], [], [{ ...fixed, subscription: 'Ubuntu Pro' }])
    expect(paid.notOffered).toEqual([])
    expect(paid.assets[0]?.held).toEqual([{ name: 'libssl3', reason: 'needs a subscription' }])
    expect(judged([{ ...libssl, origin: 'Acme' }], [], [fixed]).notOffered).toEqual([])
  })

  it('is no old kernel that is kept beside a newer one', () => {
    const kernel = (release: string, version: string) =>
      item(`linux-image-${release}-amd64`, version, {
        source: 'linux-signed-amd64',
        sourceVersion: version.replace('-', '+'),
      })
    const fixes = [fix('linux', '6.1.128-1')]
    const both = [kernel('6.1.0-28', '6.1.119-1'), kernel('6.1.0-31', '6.1.128-1')]
    expect(judged(both, [], fixes).notOffered).toEqual([])
    expect(judged(both.slice(0, 1), [], fixes).notOffered).toMatchObject([{ source: 'linux' }])
    const rpms = [item('kernel-core', '5.14.0-362.el9', { source: 'kernel' }), item('kernel-core', '5.14.0-427.el9')]
    const alma = fix('kernel-core', '5.14.0-427.el9', 'CVE-2026-1', { platform: 'almalinux:9', by: 'binary' })
    const lists = { platform: 'almalinux:9' }
    expect(judged([rpms[0] as never, { ...rpms[1], source: 'kernel' } as never], [], [alma], lists).notOffered).toEqual(
      [],
    )
  })
})

describe('a kernel that is signed', () => {
  it('is one patch with its meta package, of one urgency', () => {
    const signed = { source: 'linux-signed-amd64', sourceVersion: '6.1.119+1' }
    const packages = [
      item('linux-image-6.1.0-28-amd64', '6.1.119-1', signed),
      item('linux-image-amd64', '6.1.119-1', signed),
      item('linux-libc-dev', '6.1.119-1', { source: 'linux' }),
    ]
    const to = { source: 'linux-signed-amd64', sourceVersion: '6.1.128+1' }
    const pending = [
      offer('linux-image-6.1.0-31-amd64', null, '6.1.128-1', to),
      offer('linux-image-amd64', '6.1.119-1', '6.1.128-1', to),
      offer('linux-libc-dev', '6.1.119-1', '6.1.128-1', { source: 'linux', sourceVersion: '6.1.128-1' }),
    ]
    const { offered, notOffered } = judged(packages, pending, [fix('linux', '6.1.128-1')])
    expect(offered).toEqual([{ source: 'linux', version: '6.1.128-1', cves: ['CVE-2026-1000001'] }])
    expect(notOffered).toEqual([])
  })

  it('of Ubuntu goes by the version of the kernel, not by the one of its meta package', () => {
    const packages = [
      item('linux-image-5.15.0-125-generic', '5.15.0-125.135', { source: 'linux-signed' }),
      item('linux-modules-5.15.0-125-generic', '5.15.0-125.135', { source: 'linux' }),
      item('linux-image-generic', '5.15.0.125.124', { source: 'linux-meta' }),
    ]
    const pending = [
      offer('linux-image-5.15.0-126-generic', null, '5.15.0-126.136', {
        source: 'linux-signed',
        sourceVersion: '5.15.0-126.136',
      }),
      offer('linux-image-generic', '5.15.0.125.124', '5.15.0.126.124', { source: 'linux-meta' }),
    ]
    const on = (fixedVersion: string) => fix('linux', fixedVersion, 'CVE-2026-1', { platform: 'ubuntu:22.04' })
    const at = { platform: 'ubuntu:22.04' }
    const brings = judged(packages, pending, [on('5.15.0-126.136')], at)
    expect(brings.offered).toEqual([{ source: 'linux', version: '5.15.0-126.136', cves: ['CVE-2026-1'] }])
    expect(brings.notOffered).toEqual([])
    const later = judged(packages, pending, [on('5.15.0-127.137')], at)
    expect([later.offered[0]?.cves, later.notOffered.length]).toEqual([[], 1])
  })
})

describe('an update whose numbering is not the one of its source', () => {
  const from = '2:2.6.2+samba4.17.12+dfsg-0+deb12u1'
  const to = '2:2.6.2+samba4.17.12+dfsg-0+deb12u2'
  const libldb = item('libldb2', from, { source: 'samba', sourceVersion: '2:4.17.12+dfsg-0+deb12u1' })
  const fixed = fix('samba', '2:4.17.12+dfsg-0+deb12u2')

  it('brings what its source version, as the archive says it, brings', () => {
    const said = (sourceVersion: string) =>
      judged([libldb], [offer('libldb2', from, to, { source: 'samba', sourceVersion })], [fixed])
    expect(said('2:4.17.12+dfsg-0+deb12u2').offered).toEqual([
      { source: 'samba', version: '2:4.17.12+dfsg-0+deb12u2', cves: ['CVE-2026-1000001'] },
    ])
    const other = said('2:4.17.12+dfsg-0+deb12u1.1')
    expect([other.offered[0]?.cves, other.notOffered.length]).toEqual([[], 1])
  })

  it('is never compared by likeness: higher numbers of a binary are not the ones of its source', () => {
    const compiler = item('g++', '4:12.2.0-3', { source: 'gcc-defaults', sourceVersion: '1.203' })
    const pending = [offer('g++', '4:12.2.0-3', '4:12.2.0-4', { source: 'gcc-defaults', sourceVersion: '1.204' })]
    const { offered, notOffered } = judged([compiler], pending, [fix('gcc-defaults', '1.205')])
    expect(offered).toEqual([{ source: 'gcc-defaults', version: '1.204', cves: [] }])
    expect(notOffered).toEqual([{ source: 'gcc-defaults', version: '1.205', cves: ['CVE-2026-1000001'] }])
  })

  it('brings what another package of the same source brings, whose numbering is the same', () => {
    const samba = item('samba', '2:4.17.12+dfsg-0+deb12u1')
    const pending = [
      offer('libldb2', from, to, { source: 'samba' }),
      offer('samba', samba.version, '2:4.17.12+dfsg-0+deb12u2'),
    ]
    expect(judged([libldb, samba], pending, [fixed]).offered).toMatchObject([{ cves: ['CVE-2026-1000001'] }])
    const later = fix('samba', '2:4.17.12+dfsg-0+deb12u3')
    const { offered, notOffered } = judged([libldb, samba], pending, [later])
    expect([offered[0]?.cves, notOffered.length]).toEqual([[], 1])
  })

  it('is expected to bring all fixes where nobody names its source version, and that is said', () => {
    const { patches, notOffered } = judged([libldb], [offer('libldb2', from, to, { source: 'samba' })], [fixed])
    expect(patches).toMatchObject([
      {
        cves: ['CVE-2026-1000001'],
        priority: 'out-of-cycle',
        assumptions: expect.arrayContaining([expect.objectContaining({ fact: 'Source version' })]),
      },
    ])
    expect(notOffered).toEqual([])
  })

  it('does not make a rebuild a version of its source', () => {
    const bash = item('bash', '5.2.15-2+b13', { sourceVersion: '5.2.15-2' })
    const { offered, notOffered } = judged(
      [bash],
      [offer('bash', '5.2.15-2+b13', '5.2.15-2+b14')],
      [fix('bash', '5.2.15-2+b13.1')],
    )
    expect([offered[0]?.cves, notOffered.length]).toEqual([[], 1])
  })

  it('is compared package by package where feeds name binaries', () => {
    const at = { platform: 'almalinux:9' }
    const perl = item('perl', '4:5.32.1-480.el9', { source: 'perl' })
    const errno = item('perl-Errno', '1.30-480.el9', { source: 'perl', sourceVersion: '4:5.32.1-480.el9' })
    const pending = [
      offer('perl', perl.version, '4:5.32.1-481.el9', { source: 'perl' }),
      offer('perl-Errno', errno.version, '1.30-481.el9', { source: 'perl' }),
    ]
    const own = (name: string, version: string, cve: string) =>
      fix(name, version, cve, { platform: 'almalinux:9', by: 'binary' })
    const { offered, notOffered } = judged(
      [perl, errno],
      pending,
      [own('perl', '4:5.32.1-481.el9', 'CVE-2026-1'), own('perl-Errno', '1.30-482.el9', 'CVE-2026-2')],
      at,
    )
    expect(offered[0]?.cves).toEqual(['CVE-2026-1'])
    expect(notOffered).toEqual([{ source: 'perl', version: '1.30-482.el9', cves: ['CVE-2026-2'] }])
  })
})
