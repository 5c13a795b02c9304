import type { Command } from 'commander'
import { isShippedTable, readTable } from '../config/decision-tables.ts'
import { errorText } from '../core/error-text.ts'
import { type DecisionTable, decideByTable, parseDecisionTable, whyUndecided } from '../core/priority/decision-table.ts'
import { shippedTables } from '../core/priority/rule.ts'
import { BadUse } from './failure.ts'
import { answerLines, type LineAsJson } from './lines.ts'

export function decideTableCommand(program: Command): void {
  program
    .command('decide <table>')
    .description(`read facts as JSON, a line each; write the outcome: ${shippedTables.join(', ')} or a CSV file`)
    .option('--json', 'print JSON, a line each')
    .action(async (name: string, { json = false }: { json?: boolean }) => {
      const table = load(name)
      const asJson: LineAsJson = (line, outcome, problem) => ({ line, outcome, problem })
      await answerLines(process.stdin, (line) => answer(table, line), json ? asJson : null)
    })
}

function load(name: string): DecisionTable {
  try {
    return parseDecisionTable(readTable(name))
  } catch (error) {
    const known = isShippedTable(name) ? '' : ` Shipped tables are ${shippedTables.join(' and ')}.`
    throw new BadUse(`${errorText(error)}${known}`)
  }
}

/** The outcome of the table; or why there is none. */
function answer(table: DecisionTable, line: string): { readonly out: string } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'the line is not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'the line is not a JSON object of facts' }
  const facts = new Map<string, string>()
  for (const [point, fact] of Object.entries(value)) {
    if (typeof fact === 'object' && fact !== null)
      return { problem: `the fact ${JSON.stringify(point.slice(0, 60))} is a list or a group of its own` }
    // YAML and spreadsheets turn yes and no into true and false. They are turned back here.
    facts.set(point, typeof fact === 'boolean' ? (fact ? 'yes' : 'no') : String(fact).trim())
  }
  const decided = decideByTable(table, Object.fromEntries(facts))
  return decided === null ? { problem: whyUndecided(table, Object.fromEntries(facts)) } : { out: decided.outcome }
}
