import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decideByTable, parseDecisionTable } from '../../src/core/priority/decision-table.ts'
import { judge } from '../../src/core/priority/facts.ts'
import { type Priority, priorityRank } from '../../src/core/priority/priority.ts'
import { ssvcDeployerCsv } from '../../src/core/priority/ssvc-deployer.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { asset } from '../support/proposals.ts'

const published = sharedData('ssvc/decision_tables/deployer_patch_application_priority_1_0_0.csv')

describe('the SSVC deployer table', () => {
  it('has 72 rows and an answer for every combination', () => {
    const table = parseDecisionTable(ssvcDeployerCsv)
    expect(table.points).toEqual(['Exploitation', 'System Exposure', 'Automatable', 'Human Impact'])
    expect(table.rows).toHaveLength(72)
    expect(new Set(table.rows.map((row) => row.values.join()))).toHaveProperty('size', 72)
  })

  it.skipIf(published === null)('gives the outcome of every row as published', () => {
    const lines = readFileSync(published ?? '', 'utf8')
      .trim()
      .split(/\r?\n/)
      .slice(1)
    expect(lines).toHaveLength(72)
    for (const line of lines) {
      const [, exploitation = '', exposure = '', automatable = '', impact = '', outcome] = line.split(',')
      const facts = {
        exploitation: exploitation.toUpperCase(),
        'SYSTEM exposure': exposure,
        automatable,
        'human impact': impact,
      }
      expect(decideByTable(parseDecisionTable(ssvcDeployerCsv), facts)?.outcome, line).toBe(outcome)
    }
  })

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
  const host = { ...asset('web1'), exposure: 'controlled', criticality: 'high' } as const

  it('says that an exploited vulnerability is active, with source and date', () => {
    const judged = judge(host, 'CVE-2026-1', kev, score(0.001), defaults)
    expect(judged.evidence).toContainEqual(
      expect.objectContaining({ fact: 'Exploitation', source: 'CISA KEV', date: '2026-11-18' }),
    )
  })

  it('never gets less urgent with more exploitation', () => {
    const order = [
      judge(host, 'CVE-2026-1', null, null, defaults),
      judge(host, 'CVE-2026-1', null, score(0.5), defaults),
      judge(host, 'CVE-2026-1', kev, null, defaults),
    ]
    const ranks = order.map((item) => priorityRank(item.priority satisfies Priority))
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
  })

  it('lists what it assumed', () => {
    const facts = judge(asset('web1'), 'CVE-2026-1', null, null, defaults).assumptions.map((item) => item.fact)
    expect(facts).toEqual(['Exploitation', 'System Exposure', 'Human Impact', 'Automatable'])
  })
})
