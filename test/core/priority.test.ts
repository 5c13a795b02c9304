import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { CveFacts, EpssScore, KevEntry } from '../../src/core/catalog.ts'
import { decideByTable, parseDecisionTable } from '../../src/core/priority/decision-table.ts'
import { judge } from '../../src/core/priority/facts.ts'
import { type Priority, priorityRank } from '../../src/core/priority/priority.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { bodRule, deployerRule } from '../support/priority-rules.ts'
import { asset } from '../support/proposals.ts'

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
  const judged = (on: Asset, kevEntry: KevEntry | null, epss: EpssScore | null, facts: CveFacts | null = null) =>
    judge(on, { cve: 'CVE-2026-1', kev: kevEntry, epss, facts }, defaults, deployerRule)
  const host = { ...asset('web1'), exposure: 'controlled', criticality: 'high' } as const

  it('says that an exploited vulnerability is active, with source and date', () => {
    const answer = judged(host, kev, score(0.001))
    expect(answer.evidence).toContainEqual(
      expect.objectContaining({ fact: 'Exploitation', source: 'CISA KEV', date: '2026-11-18' }),
    )
  })

  it('never gets less urgent with more exploitation', () => {
    const order = [judged(host, null, null), judged(host, null, score(0.5)), judged(host, kev, null)]
    const ranks = order.map((item) => priorityRank(item.priority satisfies Priority))
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
  })

  it('lists what it assumed', () => {
    const facts = judged(asset('web1'), null, null).assumptions.map((item) => item.fact)
    expect(facts).toEqual(['Exploitation', 'System Exposure', 'Automatable', 'Human Impact'])
  })
})
