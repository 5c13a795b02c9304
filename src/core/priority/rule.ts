/** How the outcomes of a decision table become a priority and a due date. */

import { type DecisionTable, parseDecisionTable } from './decision-table.ts'
import { type Priority, priorities } from './priority.ts'

export interface Outcome {
  readonly priority: Priority
  /** Days to patch after the patch was first seen; `null`: no date; left out: the configured days of the priority. */
  readonly days?: number | null | undefined
  /** What the outcome asks for in addition to patching. */
  readonly also?: string | undefined
}

export interface PriorityRule {
  /** The title for people, e.g. `SSVC deployer table 1.0.0`. */
  readonly title: string
  readonly table: DecisionTable
  /** By the table's own words, in lower case. */
  readonly outcomes: ReadonlyMap<string, Outcome>
}

/** Facts that Patchwarden can find for a table. A table that needs another fact cannot be used. */
export const knownPoints = [
  'Exploitation',
  'System Exposure',
  'Automatable',
  'Human Impact',
  'Technical Impact',
  'In KEV',
  'Publicly Exposed',
  'Mission and Well-Being Impact',
] as const
export type KnownPoint = (typeof knownPoints)[number]

/** CERT/CC's table uses the names of the priorities; the configuration sets the days. */
const deployerOutcomes: ReadonlyMap<string, Outcome> = new Map(priorities.map((priority) => [priority, { priority }]))

/** CISA BOD 26-04, section on remediation timelines. The directive itself sets the days. */
const bodOutcomes: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  [
    '3 days & forensic investigation',
    { priority: 'immediate', days: 3, also: 'a forensic investigation: was it used here already?' },
  ],
  ['3 days', { priority: 'immediate', days: 3 }],
  ['14 days', { priority: 'out-of-cycle', days: 14 }],
  ['60 days', { priority: 'scheduled', days: 60 }],
  ['fix on system upgrade', { priority: 'defer', days: null }],
])

/** Names of the tables that come with Patchwarden. */
export const shippedTables = ['ssvc-deployer', 'cisa-bod-26-04'] as const
export type ShippedTable = (typeof shippedTables)[number]

const shipped: Readonly<Record<ShippedTable, { title: string; outcomes: ReadonlyMap<string, Outcome> }>> = {
  'ssvc-deployer': { title: 'SSVC deployer table 1.0.0', outcomes: deployerOutcomes },
  'cisa-bod-26-04': { title: 'CISA BOD 26-04', outcomes: bodOutcomes },
}

/** The rule for a table that comes with Patchwarden. `csv`: the text of the table. */
export function shippedRule(name: ShippedTable, csv: string): PriorityRule {
  return { ...shipped[name], table: parseDecisionTable(csv) }
}

/**
 * The rule for a user's own table. Outcomes that are priorities or words of BOD 26-04 need no entry in `outcomes`.
 * Throws a sentence if an outcome has no meaning or a decision point is not known.
 */
export function ownRule(title: string, csv: string, outcomes: ReadonlyMap<string, Outcome>): PriorityRule {
  const table = parseDecisionTable(csv)
  for (const { name } of table.points) {
    if (!knownPoints.some((known) => known.toLowerCase() === name.toLowerCase()))
      throw new Error(
        `${title} asks for "${name}", which nothing knows; facts are known for ${knownPoints.join(', ')}.`,
      )
  }
  const all = new Map([...bodOutcomes, ...deployerOutcomes, ...outcomes])
  for (const { outcome, number } of table.rows) {
    if (!all.has(outcome.toLowerCase()))
      throw new Error(`${title}, row ${number}: what "${outcome}" means is not said; add it to priority.outcomes.`)
  }
  return { title, table, outcomes: all }
}
