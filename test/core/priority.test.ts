import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { CveFacts, EpssScore, KevEntry } from '../../src/core/catalog.ts'
import { decideByTable, parseDecisionTable } from '../../src/core/priority/decision-table.ts'
import { defaultDueDays, dueAt } from '../../src/core/priority/due.ts'
import { judge } from '../../src/core/priority/facts.ts'
import { type Priority, priorityRank } from '../../src/core/priority/priority.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { anAsset } from '../support/asset.ts'
import { bodRule, deployerRule } from '../support/priority-rules.ts'

describe.each([
  ['the SSVC deployer table', deployerRule, 'deployer_patch_application_priority_1_0_0.csv', 72],
  ['CISA BOD 26-04', bodRule, 'cisa_bod_26_04_1_0_0.csv', 16],
] as const)('%s', (_name, rule, file, rows) => {
  const published = sharedData(`ssvc/decision_tables/${file}`)

  it('has an answer for every combination of facts', () => {
    const { points, rows: all } = rule.table
    expect(all).toHaveLength(rows)
    expect(points.reduce((product, point) => product * point.values.length, 1)).toBe(rows)
    for (const row of all) expect(rule.outcomes.get(row.outcome.toLowerCase())).toBeDefined()
  })

  it.skipIf(published === null)('gives the outcome of every row as published, whatever the case of the facts', () => {
    const [head = '', ...lines] = readFileSync(published ?? '', 'utf8')
      .trim()
      .split(/\r?\n/)
    const names = head.split(',').map((name) => name.replace(/ v\d.*/, ''))
    expect(lines).toHaveLength(rows)
    for (const line of lines) {
      const cells = line.split(',')
      const facts: Record<string, string> = {}
      for (const index of rule.table.points.keys())
        facts[names[index + 1]?.toUpperCase() ?? ''] = cells[index + 1]?.toUpperCase() ?? ''
      expect(decideByTable(rule.table, facts)?.outcome, line).toBe(cells.at(-1))
    }
  })
})

describe('a decision table', () => {
  it('refuses a table that is not one', () => {
    expect(() => parseDecisionTable('row,A v1,out\n1,x')).toThrow(/Line 2 of the decision table has 2 columns/)
    expect(parseDecisionTable('\uFEFFrow;A v1;out\r\n1;x;y\r\n')).toEqual(parseDecisionTable('row,A v1,out\n1,x,y\n'))
    expect(() => parseDecisionTable('')).toThrow(/needs a header/)
  })
})

describe('the judgement of one CVE on one asset', () => {
  const defaults = { exposure: 'open', criticality: 'medium' } as const
  const kev = { cve: 'CVE-2026-1', dateAdded: '2026-11-18', dueDate: '2026-11-21', ransomware: false, name: 'n' }
  const score = (value: number) => ({
    cve: 'CVE-2026-1',
    score: value,
    percentile: 0.5,
    model: 'v5',
    date: '2026-11-20',
  })
  const fixedOn = (day: string) => ({ from: `${day}T00:00:00.000Z`, exploitKnownSince: null })
  const judged = (on: Asset, kevEntry: KevEntry | null, epss: EpssScore | null, facts: CveFacts | null = null) =>
    judge(on, { cve: 'CVE-2026-1', kev: kevEntry, epss, facts }, defaults, deployerRule)
  const host = anAsset('web1', { exposure: 'controlled', criticality: 'high' })

  it('says that an exploited vulnerability is active, with source and date', () => {
    const answer = judged(host, kev, score(0.001))
    expect(answer.evidence).toContainEqual(
      expect.objectContaining({ fact: 'Exploitation', source: 'CISA KEV', date: '2026-11-18' }),
    )
  })

  it('takes what feeds say in a stated order: KEV over SSVC points, those over EPSS, and says where they disagree', () => {
    const points = { exploitation: 'none', automatable: 'no', technicalImpact: 'partial', date: '2026-11-02' } as const
    const facts: CveFacts = {
      cve: 'CVE-2026-1',
      published: '2026-11-01',
      rejected: false,
      ssvc: points,
      scores: [
        { source: 'NVD', version: '3.1', score: 9.8, vector: 'n' },
        { source: 'CNA', version: '4.0', score: 9.3, vector: 'c4' },
        { source: 'CNA', version: '3.1', score: 7.1, vector: 'c3' },
      ],
      exploited: null,
    }
    const listed = judged(host, kev, null, facts).evidence.find((item) => item.fact === 'Exploitation')
    expect(listed).toMatchObject({ source: 'CISA KEV', note: expect.stringContaining('still says none: KEV wins') })
    const quiet = judged(host, null, score(0.9), facts)
    expect(quiet.evidence.find((item) => item.fact === 'Exploitation')?.value).toBe('none (CVE-2026-1)')
    expect(quiet.evidence.find((item) => item.fact === 'CVSS')?.value).toBe('7.1 (CVE-2026-1)')
    const vendor = judged(host, null, null, { ...facts, exploited: '2026-11-10' })
    expect(vendor.evidence.find((item) => item.fact === 'Exploitation')).toMatchObject({ source: 'the vendor' })
  })

  it('names every single fact that would change the answer', () => {
    const answer = judged(host, kev, null)
    for (const turn of answer.turns) expect(turn.outcome).not.toBe(answer.word)
    expect(answer.turns.map((turn) => turn.point)).toContain('Exploitation')
  })

  it('by the directive of CISA: days of its own, and a forensic investigation where it asks for one', () => {
    const open = { ...host, exposure: 'open' } as const
    const answer = judge(open, { cve: 'CVE-2026-1', kev, epss: null, facts: null }, defaults, bodRule)
    expect([answer.priority, answer.word, answer.outcome.also]).toEqual([
      'immediate',
      '3 days & forensic investigation',
      expect.stringContaining('forensic investigation'),
    ])
    expect(dueAt(answer, fixedOn('2026-11-10'), defaultDueDays, [])).toEqual({
      at: '2026-11-13T23:59:59.000Z',
      rule: '3 days for "3 days & forensic investigation", counted from 2026-11-10',
    })
    expect(dueAt(answer, fixedOn('2026-11-20'), defaultDueDays, [kev])?.rule).toBe("CISA KEV's date for CVE-2026-1")
  })

  it('never gets less urgent with more exploitation', () => {
    const order = [judged(host, null, null), judged(host, null, score(0.5)), judged(host, kev, null)]
    const ranks = order.map((item) => priorityRank(item.priority satisfies Priority))
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
  })

  it('lists what it assumed', () => {
    const facts = judged(anAsset('web1'), null, null).assumptions.map((item) => item.fact)
    expect(facts).toEqual(['Exploitation', 'System Exposure', 'Automatable', 'Human Impact'])
  })
})
