import { describe, expect, it } from 'vitest'
import { assess } from '../../../src/core/assessment/assess.ts'
import { catalogView } from '../../../src/core/assessment/catalog-view.ts'
import { findings } from '../../../src/core/assessment/findings.ts'
import { createMisses } from '../../../src/core/assessment/misses.ts'
import type { CveFacts, FeedContent, Fix } from '../../../src/core/catalog.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'
import { deployerRule } from '../../support/priority-rules.ts'

const platform = 'debian:12'
const packages = ['bash', 'curl'].map((name) => ({
  name,
  version: '1-1',
  architecture: 'amd64',
  source: name,
  sourceVersion: '1-1',
}))
const snapshot = aSnapshot(anAsset('web1', { platform }), { packages })

function about(cve: string, rejected: boolean): CveFacts {
  return { cve, published: null, rejected, ssvc: null, scores: [], exploited: null }
}

function fix(name: string, cves: readonly string[], more: Partial<Fix> = {}): Fix {
  return { platform, package: name, by: 'source', cves, fixedVersion: '1-2', ...more }
}

function judged(content: FeedContent) {
  const catalog = catalogView([content])
  const options = { catalog, rule: deployerRule, now: '2026-11-20T00:00:00Z' }
  const { patches } = assess({ snapshots: [snapshot], ...options })
  return {
    patches: patches.map((patch) => [patch.source, patch.cves, patch.advisories]),
    cves: findings(snapshot, catalog).map(({ cve }) => cve),
  }
}

describe('a rejected CVE', () => {
  it('is no flaw, and the others of its package stay', () => {
    const fixes = [fix('bash', ['CVE-2026-1']), fix('curl', ['CVE-2026-1']), fix('curl', ['CVE-2026-2'])]
    expect(judged({ fixes, cves: [about('CVE-2026-1', true), about('CVE-2026-2', false)] })).toEqual({
      patches: [['curl', ['CVE-2026-2'], []]],
      cves: ['CVE-2026-2'],
    })
  })

  it("leaves a vendor's notice that fixes nothing else, without a CVE", () => {
    const fixes = [fix('bash', ['CVE-2026-1'], { advisory: 'DSA-9001-1' })]
    expect(judged({ fixes, cves: [about('CVE-2026-1', true)] })).toEqual({
      patches: [['bash', [], ['DSA-9001-1']]],
      cves: [],
    })
  })

  it('is none without a fix either', () => {
    const catalog = catalogView([
      { fixes: [fix('bash', ['CVE-2026-1', 'CVE-2026-2'], { fixedVersion: null })], cves: [about('CVE-2026-1', true)] },
    ])
    const [bash] = packages
    expect(bash && catalog.matcher.unfixed(platform, bash)).toEqual(['CVE-2026-2'])
  })

  it('is one all the same if it is listed as exploited', () => {
    const kev = [{ cve: 'CVE-2026-1', dateAdded: '2026-11-01', dueDate: '2026-11-22', ransomware: false, name: 'x' }]
    const fixes = [fix('bash', ['CVE-2026-1'])]
    expect(judged({ fixes, kev, cves: [about('CVE-2026-1', true)] }).cves).toEqual(['CVE-2026-1'])
  })

  it('is no flaw on Windows, and the update is still missing', () => {
    const update = {
      platform: 'windows:server-2022',
      kb: 'KB5000001',
      title: 'x',
      cves: ['CVE-2026-1', 'CVE-2026-2'],
      supersedes: [],
      fixedBuild: '10.0.20348.2000',
      type: 'security' as const,
      severity: null,
      restart: null,
      published: null,
    }
    const catalog = catalogView([{ updates: [update], cves: [about('CVE-2026-1', true)] }])
    expect(catalog.windowsUpdates('windows:server-2022').get('KB5000001')?.cves).toEqual(['CVE-2026-2'])
  })

  it('counts from the moment it is rejected, and until it is valid again', () => {
    const catalog = catalogView([{ fixes: [fix('bash', ['CVE-2026-1'])] }])
    const misses = createMisses(catalog)
    const software = { platform, packages, pending: null }
    const cves = () => misses.of(software).updates.flatMap((update) => update.cves)
    expect(cves()).toEqual(['CVE-2026-1'])
    for (const rejected of [true, false]) {
      const { changed, packages: names } = catalog.replaceCves(['CVE-2026-1'], {
        cves: [about('CVE-2026-1', rejected)],
      })
      expect([[...changed], [...names]]).toEqual([['CVE-2026-1'], ['bash']])
      misses.changed(names)
      expect(cves()).toEqual(rejected ? [] : ['CVE-2026-1'])
    }
  })
})
