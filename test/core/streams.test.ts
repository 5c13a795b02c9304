import { describe, expect, it } from 'vitest'
import { assess } from '../../src/core/assessment/assess.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { createMatcher } from '../../src/core/assessment/matching.ts'
import type { InstalledPackage } from '../../src/core/asset.ts'
import type { FeedContent, Fix } from '../../src/core/catalog.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { deployerRule } from '../support/priority-rules.ts'

function kernel(version: string): InstalledPackage {
  return { name: 'kernel-core', version, architecture: 'x86_64', source: 'kernel', sourceVersion: version }
}

function fix(platform: string, number: number, fixedVersion: string | null): Fix {
  const cves = [`CVE-2026-96000${number}`]
  return { platform, package: 'kernel-core', by: 'binary', cves, fixedVersion, advisory: `RHSA-2026:960${number}` }
}

/** 9.4 was the main release when the first was fixed; the others were fixed when 9.5 was, and two of them in 9.4 EUS. */
const fixes = [
  fix('rhel:9', 1, '5.14.0-427.20.1.el9_4'),
  fix('rhel:9', 2, '5.14.0-503.11.1.el9_5'),
  { ...fix('rhel:9.4-eus', 2, '5.14.0-427.50.2.el9_4'), advisory: 'RHSA-2026:9612' },
  fix('rhel:9', 3, '5.14.0-503.14.1.el9_5'),
  fix('rhel:9.4-eus', 4, '5.14.0-427.60.1.el9_4'),
  fix('rhel:9.2-eus', 5, '5.14.0-284.99.1.el9_2'),
]

describe('a host on an extended stream', () => {
  function at(platform: string, version: string) {
    const matcher = createMatcher(fixes)
    const short = (cve: string | null) => Number(cve?.slice(-1))
    return {
      open: matcher.open(platform, kernel(version)).map((one) => [short(one.cve), one.fixedVersion]),
      unfixed: matcher.unfixed(platform, kernel(version)).map(short),
    }
  }

  it('misses what the main release fixed until the stream branched off, and what the stream fixed', () => {
    expect(at('rhel:9.4-eus', '5.14.0-427.13.1.el9_4')).toEqual({
      open: [
        [4, '5.14.0-427.60.1.el9_4'],
        [2, '5.14.0-427.50.2.el9_4'],
        [1, '5.14.0-427.20.1.el9_4'],
      ],
      // Fixed in 9.5 only: known, and nothing in this stream ends it.
      unfixed: [3],
    })
    expect(at('rhel:9.4-eus', '5.14.0-427.60.1.el9_4')).toEqual({ open: [], unfixed: [3] })
  })

  it('is free of what came later, once it has moved on', () => {
    expect(at('rhel:9.4-eus', '5.14.0-503.14.1.el9_5')).toEqual({ open: [], unfixed: [] })
  })

  it('shares what was fixed in the time of EUS with the longer streams of the same release', () => {
    for (const stream of ['aus', 'e4s', 'tus'])
      expect(at(`rhel:9.4-${stream}`, '5.14.0-427.50.2.el9_4').open).toEqual([[4, '5.14.0-427.60.1.el9_4']])
    expect(at('rhel:9.2-eus', '5.14.0-284.11.1.el9_2')).toMatchObject({ open: [[5, '5.14.0-284.99.1.el9_2']] })
    // Everything else was fixed after 9.2 branched off.
    expect(at('rhel:9.2-eus', '5.14.0-284.11.1.el9_2').unfixed.sort()).toEqual([1, 2, 3])
  })

  it('never changes what the main release misses', () => {
    expect(at('rhel:9', '5.14.0-427.13.1.el9_4')).toEqual({
      open: [
        [3, '5.14.0-503.14.1.el9_5'],
        [2, '5.14.0-503.11.1.el9_5'],
        [1, '5.14.0-427.20.1.el9_4'],
      ],
      unfixed: [],
    })
  })

  it.each([
    ['rhel:7-els', 'rhel:7', '3.10.0-1160.80.1.el7', '3.10.0-1160.119.1.el7'],
    ['sles:15.4-ltss', 'sles:15.4', '5.14.21-150400.24.63.1', '5.14.21-150400.24.100.2'],
  ])('%s has every fix of %s and its own', (platform, main, before, own) => {
    const matcher = createMatcher([fix(main, 1, before), fix(platform, 2, own)])
    const open = (version: string) => matcher.open(platform, kernel(version)).map((one) => one.fixedVersion)
    expect(open('3.10.0-1.el7')).toEqual([own, before])
    expect(open(own)).toEqual([])
    expect(open(before)).toEqual([own])
  })

  it('reads the minor release of modules, and takes no counter of rebuilds for one', () => {
    const modular = (platform: string, cve: number, fixedVersion: string): Fix => ({
      ...fix(platform, cve, fixedVersion),
      package: 'nodejs',
      module: fixedVersion.includes('module') ? 'nodejs:18' : null,
    })
    const node = (version: string, module: string | null) => ({ ...kernel(version), name: 'nodejs', module })
    const late = createMatcher([modular('rhel:8', 1, '1:18.20.2-1.module+el8.10.0+1+a')])
    const installed = node('1:18.1.0-1.module+el8.6.0+1+b', 'nodejs:18')
    expect([late.open('rhel:8.6-eus', installed), late.unfixed('rhel:8.6-eus', installed)]).toEqual([
      [],
      ['CVE-2026-960001'],
    ])
    const rebuilt = createMatcher([modular('rhel:8', 1, '1:18.20.2-1.el8.9')])
    expect(rebuilt.open('rhel:8.6-eus', node('1:18.1.0-1.el8', null))).toHaveLength(1)
  })
})

it("a flaw fixed by the stream's build keeps its KEV entry and urgency, and is dated by the stream's own notice", () => {
  const cve = 'CVE-2026-960002'
  const notice = (id: string, platform: string, fixedVersion: string, published: string) => ({
    id,
    title: id,
    published,
    cves: [cve],
    fixes: [{ platform, source: 'kernel-core', fixedVersion }],
    severity: 'Important',
  })
  const content: FeedContent = {
    fixes,
    advisories: [
      notice('RHSA-2026:9602', 'rhel:9', '5.14.0-503.11.1.el9_5', '2026-09-01'),
      notice('RHSA-2026:9612', 'rhel:9.4-eus', '5.14.0-427.50.2.el9_4', '2026-11-02'),
    ],
    kev: [{ cve, dateAdded: '2026-11-03', dueDate: '2026-11-24', ransomware: false, name: 'x' }],
  }
  const offered = {
    name: 'kernel-core',
    architecture: 'x86_64',
    installed: '5.14.0-427.20.1.el9_4',
    candidate: '5.14.0-427.50.2.el9_4',
    source: 'kernel-core',
    origins: ['rhel-9-for-x86_64-baseos-eus-rpms'],
    security: true,
    held: null,
  }
  const item = { ...kernel('5.14.0-427.20.1.el9_4'), source: 'kernel-core' }
  for (const pending of [[], [offered]]) {
    const snapshot = aSnapshot(anAsset('db1', { platform: 'rhel:9.4-eus' }), { packages: [item], pending })
    const { patches } = assess({
      snapshots: [snapshot],
      catalog: catalogView([content]),
      rule: deployerRule,
      now: '2026-11-20T00:00:00Z',
    })
    expect(patches).toHaveLength(1)
    expect(patches[0]?.cves).toContain(cve)
    expect(patches[0]?.evidence).toContainEqual(expect.objectContaining({ fact: 'Exploitation', source: 'CISA KEV' }))
    expect(patches[0]?.advisories).toContain('RHSA-2026:9612')
    expect(patches[0]?.dueRule).not.toContain('2026-09-01')
    expect(patches[0]?.priority).not.toBe('scheduled')
  }
})
