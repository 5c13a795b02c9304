/** Finds the known word that somebody probably meant. */

/** The closest word of `known`; `null`: none is close. Case and separators are ignored: `expires_after`. */
export function suggest(written: string, known: readonly string[]): string | null {
  const plain = simplify(written)
  if (plain === '' || plain.length > 64) return null
  const allowed = plain.length <= 3 ? 1 : plain.length <= 6 ? 2 : 3
  let best: string | null = null
  let distance = allowed + 1
  for (const candidate of known) {
    const steps = editDistance(plain, simplify(candidate))
    if (steps >= distance || steps >= candidate.length) continue
    best = candidate
    distance = steps
  }
  return best
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[\s_.-]/g, '')
}

/**
 * Number of insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1
  let beforeLast = new Array<number>(width).fill(0)
  let last = Array.from({ length: width }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = new Array<number>(width).fill(row)
    for (let column = 1; column < width; column++) {
      const same = a[row - 1] === b[column - 1]
      let steps = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) steps = Math.min(steps, (beforeLast[column - 2] ?? 0) + 1)
      current[column] = steps
    }
    beforeLast = last
    last = current
  }
  return last[width - 1] ?? 0
}
