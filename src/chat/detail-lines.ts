import type { Detail } from './desk.ts'
import { plain } from './rich-text.ts'

/** A detail as lines, for platforms without tables. Tables come first. */
export function detailLines({ tables, lines }: Detail): readonly string[] {
  const rows = tables.flatMap((table) => [
    table.caption,
    ...table.rows.map((row) => `  ${row.map((cell) => plain(cell)).join(' | ')}`),
  ])
  return [...rows, ...lines]
}
