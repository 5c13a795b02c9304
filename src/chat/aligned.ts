import { oneLine } from './visible.ts'

/** A cell longer than this does not make its column wider: the rest of its row stands further right. */
const WIDEST = 48

/** Rows of a table as lines of a terminal, two spaces between columns. The last column is as long as its text. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const cells = rows.map((row) => row.map(oneLine))
  const widths: number[] = []
  for (const row of cells)
    for (const [at, cell] of row.entries())
      if (lengthOf(cell) <= WIDEST) widths[at] = Math.max(widths[at] ?? 0, lengthOf(cell))
  return cells.map((row) =>
    row
      .map((cell, at) =>
        at === row.length - 1 ? cell : cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - lengthOf(cell))),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** In characters, not in UTF-16 units. */
function lengthOf(text: string): number {
  return [...text].length
}
