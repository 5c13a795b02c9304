/** Decision tables as data: a CSV in the format of the CERTCC/SSVC repository. Pure; strict about its input. */

export interface DecisionTable {
  /** Decision points without version, e.g. `Exploitation`, `System Exposure`. */
  readonly points: readonly DecisionPoint[]
  readonly rows: readonly DecisionRow[]
}

export interface DecisionPoint {
  readonly name: string
  /** In the order in which they first appear in the table. */
  readonly values: readonly string[]
}

export interface DecisionRow {
  /** Counts from 1. */
  readonly number: number
  readonly values: readonly string[]
  readonly outcome: string
}

const MAX_ROWS = 100_000
const MAX_POINTS = 50

/** Reads a table: a header `row,<point> v1.0,...,<outcome>`, then one row per combination. Throws a sentence. */
export function parseDecisionTable(csv: string): DecisionTable {
  // A spreadsheet may have saved it with semicolons.
  const text = /^[^,\r\n]*;/.test(csv) ? csv.replaceAll(';', ',') : csv
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const header = fields(lines[0] ?? '')
  if (header.length < 3)
    throw new Error('A decision table needs a header: row, at least one decision point, the outcome.')
  if (header.length - 2 > MAX_POINTS) throw new Error(`A decision table may have ${MAX_POINTS} decision points.`)
  const names = header.slice(1, -1).map(withoutVersion)
  const twice = names.find((name, index) => names.findIndex((other) => same(other, name)) !== index)
  if (twice !== undefined) throw new Error(`The decision table names the point "${twice}" twice.`)
  const rows: DecisionRow[] = []
  const seen = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue
    const cells = fields(line)
    const where = `Line ${index + 1} of the decision table`
    if (cells.length !== header.length)
      throw new Error(`${where} has ${cells.length} columns; the header has ${header.length}.`)
    const values = cells.slice(1, -1)
    const outcome = cells.at(-1) ?? ''
    if (outcome === '' || values.includes('')) throw new Error(`${where} has an empty cell.`)
    const key = keyOf(values)
    const before = seen.get(key)
    if (before !== undefined) throw new Error(`${where} has the same facts as line ${before}.`)
    seen.set(key, index + 1)
    rows.push({ number: rows.length + 1, values, outcome })
    if (rows.length > MAX_ROWS) throw new Error(`A decision table may have ${MAX_ROWS} rows.`)
  }
  if (rows.length === 0) throw new Error('The decision table has no rows.')
  const points = names.map((name, index) => ({
    name,
    values: [...new Set(rows.map((row) => row.values[index] ?? ''))],
  }))
  return { points, rows }
}

/** The name without its version: `In KEV` for `In KEV v1.0.0 (cisa)`. */
function withoutVersion(name: string): string {
  return name.replace(/\s+v\d+(?:\.\d+)*(?:\s*\([^)]*\))?$/i, '').trim()
}

function same(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase()
}

function keyOf(values: readonly string[]): string {
  return values.map((value) => value.trim().toLowerCase()).join('\n')
}

function fields(line: string): string[] {
  const cells: string[] = []
  for (const [, quoted, bare] of line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)) {
    cells.push((quoted?.replaceAll('""', '"') ?? bare ?? '').trim())
  }
  // The expression also matches the empty text at the end of the line.
  return line.endsWith(',') ? cells : cells.slice(0, -1)
}

export interface Decided {
  readonly outcome: string
  /** Row number, from 1. */
  readonly row: number
}

/** The row for the facts, which may be in upper or lower case; `null`: no row. If a fact is missing, no row matches. */
export function decideByTable(table: DecisionTable, facts: Readonly<Record<string, string>>): Decided | null {
  const given = new Map(Object.entries(facts).map(([point, value]) => [withoutVersion(point).toLowerCase(), value]))
  const wanted = keyOf(table.points.map((point) => given.get(point.name.toLowerCase()) ?? '\0'))
  const row = indexOf(table).get(wanted)
  return row === undefined ? null : { outcome: row.outcome, row: row.number }
}

const indexes = new WeakMap<DecisionTable, ReadonlyMap<string, DecisionRow>>()

function indexOf(table: DecisionTable): ReadonlyMap<string, DecisionRow> {
  const known = indexes.get(table)
  if (known) return known
  const made = new Map(table.rows.map((row) => [keyOf(row.values), row]))
  indexes.set(table, made)
  return made
}

/** A sentence about why no row matches: a fact is missing, or a value is not in the table. */
export function whyUndecided(table: DecisionTable, facts: Readonly<Record<string, string>>): string {
  const given = new Map(Object.entries(facts).map(([point, value]) => [withoutVersion(point).toLowerCase(), value]))
  for (const { name, values } of table.points) {
    const value = given.get(name.toLowerCase())
    if (value === undefined) return `The fact "${name}" is missing; its values are ${values.join(', ')}.`
    if (!values.some((known) => same(known, value)))
      return `"${value.slice(0, 60)}" is not a value of "${name}"; its values are ${values.join(', ')}.`
  }
  return 'The table has no row for these facts.'
}

/** A single fact that, with another value, would change the outcome. */
export interface Turn {
  readonly point: string
  readonly value: string
  readonly outcome: string
}

/** Every change of a single fact that changes the outcome. */
export function turnsOf(table: DecisionTable, facts: Readonly<Record<string, string>>): readonly Turn[] {
  const now = decideByTable(table, facts)
  return table.points.flatMap(({ name, values }) =>
    values.flatMap((value) => {
      const then = decideByTable(table, { ...facts, [name]: value })
      return then === null || then.outcome === now?.outcome ? [] : [{ point: name, value, outcome: then.outcome }]
    }),
  )
}
