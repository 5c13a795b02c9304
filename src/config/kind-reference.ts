/** Writes the part of docs/configuration.md about kinds. */

import { z } from 'zod'
import { type AnySettings, type KindSettings, type RoleName, sectionOf, systemParts } from './kind-settings.ts'
import { list } from './problem.ts'

/** One setting in a table. */
interface Row {
  readonly name: string
  readonly value: string
  readonly meaning: string
}

interface Told {
  readonly name: string
  readonly page: string
  readonly summary: string
  readonly rows: readonly Row[]
}

/** A Markdown table for each section whose entries have a kind. */
export function kindReference(kinds: readonly KindSettings[]): string {
  const roles: readonly RoleName[] = ['inventory', 'engine', 'feed', 'metrics', 'load', 'silence', 'onCall']
  const systems = kinds.flatMap(({ name, page, system }): readonly Told[] => {
    if (system === undefined) return []
    const { connection, inventory, engine, feed } = system
    const rows = [...rowsOf(connection), partRow('inventory', 'needed', inventory)]
    if (engine !== undefined) rows.push(partRow('engine', '', engine))
    if (feed !== undefined) rows.push(partRow('feed', '', feed))
    return [{ name, page, summary: system.summary, rows }]
  })
  const sections = roles.map((role) => table(sectionOf[role], told(kinds, role)))
  return [table('systems', systems), ...sections].join('\n\n')
}

function told(kinds: readonly KindSettings[], role: RoleName): readonly Told[] {
  return kinds.flatMap(({ name, page, roles }) => {
    const own = roles[role]
    return own === undefined ? [] : [{ name, page, summary: own.summary, rows: rowsOf(own.settings) }]
  })
}

/** A table of kinds. Settings that all kinds share are listed once, at the end. */
function table(section: string, kinds: readonly Told[]): string {
  const [first, ...others] = kinds
  const shared = (row: Row) => others.length > 0 && others.every(({ rows }) => rows.some((one) => isSame(one, row)))
  const common = first?.rows.filter(shared) ?? []
  const lines = kinds.flatMap(({ name, page, summary, rows }) => [
    line(`[\`${name}\`](${page})`, '', '', summary),
    ...rows
      .filter((row) => !common.some((one) => isSame(one, row)))
      .map((row) => line('', row.name, row.value, row.meaning)),
  ])
  const ofAll = common.map((row, index) => line(index === 0 ? 'all' : '', row.name, row.value, row.meaning))
  return [`| \`${section}\` | setting | default | meaning |`, '| --- | --- | --- | --- |', ...lines, ...ofAll].join(
    '\n',
  )
}

function line(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function isSame(one: Row, other: Row): boolean {
  return one.name === other.name && one.value === other.value && one.meaning === other.meaning
}

/** The row of a part of a system, which has its own settings. */
function partRow(name: keyof typeof systemParts, value: string, settings: AnySettings): Row {
  const within = rowsOf(settings).map((row) => row.name)
  return { name: `\`${name}\``, value, meaning: `${systemParts[name]} In it: ${list(within)}.` }
}

function rowsOf(settings: AnySettings): readonly Row[] {
  const { properties = {}, required = [] } = z.toJSONSchema(settings, { io: 'input' })
  return Object.entries(properties).map(([name, setting]) => {
    const { default: value, description = '' } = typeof setting === 'object' ? setting : {}
    return { name: `\`${name}\``, value: required.includes(name) ? 'needed' : shown(value), meaning: description }
  })
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `\`${value}\`` : ''
}
