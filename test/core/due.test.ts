import { describe, expect, it } from 'vitest'
import { assess } from '../../src/core/assessment/assess.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import type { CveFacts, FeedContent } from '../../src/core/catalog.ts'
import type { PriorityRule } from '../../src/core/priority/rule.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { bodRule, deployerRule } from '../support/priority-rules.ts'

const platform = 'almalinux:9'
const item = {
  name: 'bash',
  version: '5.1.8-6.el9',
  architecture: 'x86_64',
  source: 'bash',
  sourceVersion: '5.1.8-6.el9',
}
const fixedVersion = '5.1.8-9.el9'
const NOW = '2026-11-20T00:00:00Z'

/** When the patch is due whose fix was published on this day, and by which rule. */
function due(fixed: string, content: FeedContent, { rule = deployerRule, cves = ['CVE-2026-1'] } = {}) {
  const advisory = {
    id: 'ALSA-2026:9500',
    title: 'x',
    published: fixed,
    cves,
    fixes: [{ platform, source: 'bash', fixedVersion }],
  }
  const fix = { platform, package: 'bash', by: 'binary' as const, cves, fixedVersion, advisory: advisory.id }
  const { patches } = assess({
    snapshots: [aSnapshot(anAsset('a', { platform, exposure: 'open', criticality: 'medium' }), { packages: [item] })],
    catalog: catalogView([{ fixes: [fix], advisories: [advisory], ...content }]),
    rule: rule as PriorityRule,
    now: NOW,
  })
  return [patches[0]?.priority, patches[0]?.dueAt?.slice(0, 10), patches[0]?.dueRule]
}

function kev(dateAdded: string, dueDate: string, cve = 'CVE-2026-1') {
  return { cve, dateAdded, dueDate, ransomware: true, name: 'x' }
}

function points(date: string | null, exploitation: 'none' | 'poc'): CveFacts {
  const ssvc = { exploitation, automatable: 'yes', technicalImpact: 'total', date } as const
  return { cve: 'CVE-2026-1', published: null, rejected: false, ssvc, scores: [], exploited: null }
}

describe('what became urgent later', () => {
  it('is not due before the day on which that was known', () => {
    expect(due('2026-01-01', { kev: [kev('2026-11-19', '2026-11-22')] })).toEqual([
      'out-of-cycle',
      '2026-11-22',
      "CISA KEV's date for CVE-2026-1",
    ])
    expect(due('2026-01-01', { kev: [kev('2026-11-19', '2027-01-01')] })).toEqual([
      'out-of-cycle',
      '2026-12-03',
      '14 days for out-of-cycle, counted from 2026-11-19',
    ])
  })

  it('is due no later than it was before, if that day had not come yet', () => {
    // Sixty days from the fix end on 30 November, fourteen from the listing on 3 December.
    expect(due('2026-10-01', { kev: [kev('2026-11-19', '2027-01-01')] }).slice(1)).toEqual([
      '2026-11-30',
      '60 days for scheduled, counted from 2026-10-01',
    ])
  })

  it('counts from the fix if the exploit was known before', () => {
    expect(due('2026-11-10', { kev: [kev('2026-11-01', '2027-01-01')] }).slice(1)).toEqual([
      '2026-11-24',
      '14 days for out-of-cycle, counted from 2026-11-10',
    ])
  })

  it('by a vendor, or by a directive with days of its own, just the same', () => {
    const exploited = { ...points(null, 'none'), exploited: '2026-11-15' }
    expect(due('2026-01-01', { cves: [exploited] }).slice(1)).toEqual([
      '2026-11-29',
      '14 days for out-of-cycle, counted from 2026-11-15',
    ])
    const { ssvc, ...about } = points('2026-01-05', 'poc')
    const byHand = { ...about, ssvc: ssvc && { ...ssvc, automatable: 'no' as const } }
    const listed = { kev: [kev('2026-11-19', '2027-01-01')], cves: [byHand] }
    expect(due('2026-01-01', listed, { rule: bodRule }).slice(0, 2)).toEqual(['immediate', '2026-11-22'])
  })

  it('of several CVEs, the one that was known first decides', () => {
    const cves = ['CVE-2026-1', 'CVE-2026-2']
    const both = [kev('2026-11-19', '2027-01-01'), kev('2026-11-12', '2027-01-01', 'CVE-2026-2')]
    expect(due('2026-01-01', { kev: both }, { cves }).slice(1)).toEqual([
      '2026-11-26',
      '14 days for out-of-cycle, counted from 2026-11-12',
    ])
  })

  it('and what an exploit makes no more urgent counts from the fix', () => {
    expect(due('2026-11-10', { cves: [points('2026-11-18', 'none')] }).slice(1)).toEqual([
      '2027-01-09',
      '60 days for scheduled, counted from 2026-11-10',
    ])
  })
})
