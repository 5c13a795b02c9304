import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assess } from '../../src/core/assessment/assess.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { createMatcher } from '../../src/core/assessment/matching.ts'
import { thirdParty } from '../../src/core/assessment/third-party.ts'
import type { AssetSnapshot, InstalledPackage } from '../../src/core/asset.ts'
import type { Fix } from '../../src/core/catalog.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { deployerRule } from '../support/priority-rules.ts'

function item(name: string, version: string, more: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, ...more }
}

function fix(fixedVersion: string | null, more: Partial<Fix> = {}): Fix {
  return { platform: 'debian:12', package: 'curl', by: 'source', cves: ['CVE-2026-1'], fixedVersion, ...more }
}

function snapshot(packages: readonly InstalledPackage[], platform = 'debian:12'): AssetSnapshot {
  return aSnapshot(anAsset('web1', { platform }), { packages, observedAt: '2026-11-20T00:00:00Z' })
}

describe('a fix that is missing', () => {
  it.each([
    ['the installed version is older', '7.88.1-10', fix('7.88.1-10+deb12u5'), true],
    ['it is the fixed version', '7.88.1-10+deb12u5', fix('7.88.1-10+deb12u5'), false],
    ['the platform was never affected', '7.88.1-10', fix('0'), false],
    ['there is no fix yet', '7.88.1-10', fix(null), false],
    ['the fix is for another platform', '7.88.1-10', fix('9', { platform: 'debian:13' }), false],
    ['the installed version is older than the first affected one', '1.0', fix('2.0', { introduced: '1.5' }), false],
    ['the installed version lies between', '1.7', fix('2.0', { introduced: '1.5' }), true],
  ])('%s', (_, installed, said, missing) => {
    expect(createMatcher([said]).open('debian:12', item('curl', installed))).toHaveLength(missing ? 1 : 0)
  })

  it('is the highest over all suites, because the security archive may lag behind a point release', () => {
    const matcher = createMatcher([fix('7.88.1-10+deb12u5'), fix('7.88.1-10+deb12u15'), fix('0')])
    expect(matcher.open('debian:12', item('curl', '7.88.1-10+deb12u7'))).toMatchObject([
      { cve: 'CVE-2026-1', fixedVersion: '7.88.1-10+deb12u15' },
    ])
  })

  it('goes by the source package: binary rebuilds do not count', () => {
    const matcher = createMatcher([fix('5.2.15-3', { package: 'bash' })])
    const rebuilt = item('bash', '5.2.15-2+b13', { sourceVersion: '5.2.15-2' })
    expect(matcher.open('debian:12', rebuilt)).toHaveLength(1)
    expect(matcher.open('debian:12', { ...rebuilt, sourceVersion: '5.2.15-3' })).toHaveLength(0)
  })

  it('that needs a subscription counts only where nothing else mends the CVE', () => {
    const pro = fix('2', { platform: 'ubuntu:18.04', subscription: 'Ubuntu Pro' })
    const free = fix('1.5', { platform: 'ubuntu:18.04' })
    const at = (fixes: Fix[]) => createMatcher(fixes).open('ubuntu:18.04', item('curl', '1'))
    expect(at([pro])).toMatchObject([{ fixedVersion: '2', subscription: 'Ubuntu Pro' }])
    expect(at([pro, free])).toMatchObject([{ fixedVersion: '1.5', subscription: null }])
    const { patches, assets } = assess({
      snapshots: [snapshot([item('curl', '1')], 'ubuntu:18.04')],
      catalog: catalogView([{ fixes: [pro] }]),
      rule: deployerRule,
      now: '2026-11-20T00:00:00Z',
    })
    expect([patches, assets[0]?.held]).toEqual([[], [{ name: 'curl', reason: 'needs a subscription' }]])
  })

  it('of a module is for its own stream', () => {
    const modular = (module: string | null, fixedVersion: string): Fix =>
      fix(fixedVersion, { platform: 'almalinux:8', package: 'nodejs', by: 'binary', module })
    const matcher = createMatcher([
      modular('nodejs:18', '1:18.20.2-1.module_el8.10.0+1+a'),
      modular('nodejs:16', '1:16.20.2-8.module_el8.10.0+1+b'),
    ])
    const at = (version: string, module?: string) =>
      matcher
        .open('almalinux:8', item('nodejs', version, module === undefined ? {} : { module }))
        .map((open) => open.fixedVersion)
    expect(at('1:16.20.0-1.module_el8.8.0+1+c', 'nodejs:16')).toEqual(['1:16.20.2-8.module_el8.10.0+1+b'])
    expect(at('1:16.20.2-8.module_el8.10.0+1+b', 'nodejs:16')).toEqual([])
    expect(at('1:18.1.0-1.module_el8.8.0+1+d', 'nodejs:18')).toEqual(['1:18.20.2-1.module_el8.10.0+1+a'])
    // The inventory does not say the stream: the version's first number tells it.
    expect(at('1:16.20.0-1.module_el8.8.0+1+c')).toEqual(['1:16.20.2-8.module_el8.10.0+1+b'])
    // Not modular at all.
    expect(at('1:16.0.0-1.el8')).toEqual([])
  })

  it('is never asked of what another vendor built', () => {
    const node = item('nodejs', '20.20.2-1nodesource1')
    expect(createMatcher([fix('99', { package: 'nodejs' })]).open('debian:12', node)).toEqual([])
    const { assets } = assess({
      snapshots: [snapshot([node])],
      catalog: catalogView([]),
      rule: deployerRule,
      now: '2026-11-20T00:00:00Z',
    })
    expect(assets[0]?.notAssessed).toEqual([{ name: 'nodejs', builder: 'nodesource' }])
  })
})

const archive = sharedData('debian/packages_2026-11-18.tsv.zst')
it.skipIf(archive === null)("takes no package of Debian's own archive for another vendor's", async () => {
  const { decompress } = await import('fzstd')
  const lines = new TextDecoder()
    .decode(decompress(readFileSync(archive ?? '')))
    .split('\n')
    .slice(1)
  const foreign = lines.flatMap((line) => {
    const [, name = '', version = '', architecture = '', source = '', sourceVersion = ''] = line.split('\t')
    return name !== '' && thirdParty('debian:12', { name, version, architecture, source, sourceVersion }) !== null
      ? [line]
      : []
  })
  expect(lines.length).toBeGreaterThan(60_000)
  expect(foreign).toEqual([])
})
