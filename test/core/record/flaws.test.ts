import { describe, expect, it } from 'vitest'
import { missingAlike } from '../../../src/core/assessment/assess.ts'
import { catalogView } from '../../../src/core/assessment/catalog-view.ts'
import type { AssetSnapshot, InstalledPackage, PendingUpdate } from '../../../src/core/asset.ts'
import type { FeedContent } from '../../../src/core/catalog.ts'
import { defaultDueDays } from '../../../src/core/priority/due.ts'
import { createEndings, openFlaws } from '../../../src/core/record/flaws.ts'
import { createJudging } from '../../../src/core/record/judging.ts'
import { anAsset } from '../../support/asset.ts'
import { finished } from '../../support/finished.ts'
import { deployerRule } from '../../support/priority-rules.ts'

const observedAt = '2026-11-20T12:00:00.000Z'

function item(name: string, version: string): InstalledPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version }
}

function pending(
  name: string,
  installed: string,
  candidate: string,
  held: PendingUpdate['held'] = null,
): PendingUpdate {
  return { name, architecture: 'amd64', installed, candidate, source: name, origins: [], security: true, held }
}

function snapshot(
  name: string,
  packages: readonly InstalledPackage[],
  updates: readonly PendingUpdate[] = [],
  platform = 'debian:12',
): AssetSnapshot {
  return {
    asset: { ...anAsset(name), platform },
    packages,
    pending: updates,
    runningKernel: null,
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt,
    listsRefreshedAt: null,
  }
}

const content: FeedContent = {
  fixes: [
    {
      platform: 'debian:12',
      package: 'openssl',
      by: 'source',
      cves: ['CVE-2026-1', 'CVE-2026-2'],
      fixedVersion: '3.2',
    },
    {
      platform: 'debian:12',
      package: 'vim',
      by: 'source',
      cves: [],
      fixedVersion: '9.2',
      advisory: 'EX-9',
      type: 'bugfix',
    },
    {
      platform: 'debian:12',
      package: 'curl',
      by: 'source',
      cves: ['CVE-2026-3'],
      fixedVersion: '8.1',
      subscription: 'Pro',
    },
  ],
  advisories: [
    {
      id: 'EX-1',
      title: '',
      published: '2026-11-01',
      cves: ['CVE-2026-1'],
      fixes: [{ platform: 'debian:12', source: 'openssl', fixedVersion: '3.2' }],
    },
  ],
  updates: [
    {
      platform: 'windows:server-2022',
      kb: 'KB1',
      title: '',
      cves: ['CVE-2026-4'],
      supersedes: [],
      fixedBuild: '10.0.20348.2340',
      type: 'security',
      severity: null,
      restart: true,
      published: '2026-11-10T18:00:00Z',
    },
  ],
}
const catalog = catalogView([content])

const open = (...snapshots: AssetSnapshot[]) => finished(openFlaws(missingAlike(snapshots, catalog), catalog))

describe('flaws are open', () => {
  it('by CVE, by advisory where there is none, by patch where there is neither', () => {
    const { groups, flaws } = open(
      snapshot('a', [item('openssl', '3.0'), item('vim', '9.1'), item('curl', '8.1')]),
      snapshot('b', [item('bash', '5.1')], [pending('bash', '5.1', '5.2')]),
      snapshot('c', [item('Windows', '10.0.20348.1')], [], 'windows:server-2022'),
    )
    expect(groups.map((group) => group.flaws)).toEqual([
      ['CVE-2026-1', 'CVE-2026-2', 'EX-9'],
      ['debian:12/bash/5.2'],
      ['CVE-2026-4'],
    ])
    expect(flaws.get('CVE-2026-1')).toMatchObject({
      patches: ['debian:12/openssl/3.2'],
      published: '2026-11-01',
      type: 'security',
      cve: true,
    })
    expect(flaws.get('CVE-2026-2')?.published).toBeNull()
    expect(flaws.get('EX-9')).toMatchObject({ type: 'bugfix', cve: false })
    expect(flaws.get('CVE-2026-4')?.published).toBe('2026-11-10T18:00:00.000Z')
  })

  it('also where the update is held, is not offered, or is for subscribers alone', () => {
    const { groups } = open(
      snapshot('held', [item('openssl', '3.0')], [pending('openssl', '3.0', '3.2', 'hold')]),
      snapshot('not offered', [item('openssl', '3.0')], [pending('bash', '5.1', '5.2')]),
      snapshot('subscribers', [item('curl', '8.0')]),
    )
    expect(groups.map((group) => group.flaws)).toEqual([
      ['CVE-2026-1', 'CVE-2026-2'],
      ['CVE-2026-1', 'CVE-2026-2', 'debian:12/bash/5.2'],
      ['CVE-2026-3'],
    ])
  })
})

describe('a flaw that is not open any more', () => {
  const patches = ['debian:12/openssl/3.2']
  const endOf = createEndings(catalog)
  it.each([
    ['fixed', 'CVE-2026-1', patches, snapshot('a', [item('openssl', '3.2')])],
    ['removed', 'CVE-2026-1', patches, snapshot('a', [item('vim', '9.1')])],
    ['withdrawn', 'CVE-2026-9', patches, snapshot('a', [item('openssl', '3.0')])],
    // A version between, which mends this one of them already.
    ['fixed', 'CVE-2026-2', ['debian:12/openssl/3.4'], snapshot('a', [item('openssl', '3.3')])],
    ['fixed', 'debian:12/bash/5.2', ['debian:12/bash/5.2'], snapshot('a', [item('bash', '5.2')])],
    ['withdrawn', 'debian:12/bash/5.2', ['debian:12/bash/5.2'], snapshot('a', [item('bash', '5.1')])],
    [
      'superseded',
      'debian:12/bash/5.2',
      ['debian:12/bash/5.2'],
      snapshot('a', [item('bash', '5.1')], [pending('bash', '5.1', '5.3')]),
    ],
    ['fixed', 'CVE-2026-4', ['windows:server-2022/KB1/1'], snapshot('c', [], [], 'windows:server-2022')],
    ['withdrawn', 'CVE-2026-5', ['windows:server-2022/KB1/1'], snapshot('c', [], [], 'windows:server-2022')],
  ])('is %s: %s', (how, flaw, named, asset) => {
    expect(endOf(flaw, named, asset)).toBe(how)
  })
})

describe('a judgement', () => {
  const about = { patches: [], type: 'security', origins: [], published: null, cve: true } as const
  const fix = { fixedAt: '2026-11-01', fixDate: 'day' } as const
  const judging = createJudging({
    catalog: catalogView([
      { kev: [{ cve: 'CVE-2026-1', dateAdded: '2026-11-02', dueDate: '2026-11-20', ransomware: true, name: 'x' }] },
    ]),
    rule: deployerRule,
    defaults: { exposure: 'open', criticality: 'medium' },
    dueDays: defaultDueDays,
  })

  it('says each fact with who said it and when, what was assumed and by what, the row, and when it is due', () => {
    expect(judging('CVE-2026-1', about, fix, { exposure: 'open', criticality: null })).toEqual({
      priority: 'out-of-cycle',
      // Fourteen days from the listing, which came a day after the fix.
      dueAt: '2026-11-16T23:59:59.000Z',
      from: '2026-11-01',
      fromKind: 'day',
      grounds: {
        points: [
          { fact: 'Exploitation', value: 'active', source: 'CISA KEV', at: '2026-11-02' },
          { fact: 'System Exposure', value: 'open', source: 'inventory' },
        ],
        assumed: [
          { fact: 'Automatable', value: 'yes', by: 'careful' },
          { fact: 'Human Impact', value: 'medium', by: 'default' },
        ],
        table: 'SSVC deployer table 1.0.0',
        // Row 69 of CERT/CC's own numbers, which begin at 0.
        row: 70,
        outcome: 'out-of-cycle',
      },
    })
  })

  it('of what has no CVE has no row', () => {
    const judged = judging('EX-9', { ...about, type: 'bugfix', cve: false }, fix, { exposure: null, criticality: null })
    expect(judged).toMatchObject({ priority: 'scheduled', dueAt: '2026-12-31T23:59:59.000Z' })
    expect(judged.grounds).toMatchObject({ type: 'bugfix', table: null, row: null, points: [] })
  })
})
