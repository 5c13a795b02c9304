/** Reads the decision table that the configuration names. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ownRule, type PriorityRule, type ShippedTable, shippedRule, shippedTables } from '../core/priority/rule.ts'
import { configLimits } from './limits.ts'
import type { Settings } from './schema.ts'
import { readTextFile } from './text-file.ts'

export function isShippedTable(name: string): name is ShippedTable {
  return shippedTables.some((known) => known === name)
}

/** The text of a table that comes with Patchwarden, or of a file. Throws a sentence if it cannot be read. */
export function readTable(name: string): string {
  if (!isShippedTable(name)) {
    const file = readTextFile(name, configLimits.tableBytes)
    if (!file.ok) throw new Error(`${name} ${file.what}. ${file.mend}`)
    return file.text
  }
  return readFileSync(fileURLToPath(new URL(`../../decision-tables/${name}.csv`, import.meta.url)), 'utf8')
}

/** The rule that judges patches. Throws a sentence if its table cannot be read or used. */
export function priorityRule({ priority }: Pick<Settings, 'priority'>): PriorityRule {
  const { table, outcomes } = priority
  if (isShippedTable(table)) return shippedRule(table, readTable(table))
  const own = Object.entries(outcomes).map(([word, outcome]) => [word.toLowerCase(), outcome] as const)
  return ownRule(table, readTable(table), new Map(own))
}
