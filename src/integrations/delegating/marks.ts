/** How what we make in a system is called, so that it is found by its name: whose it is, and for which start. */

/** Beginning of the names that installations of Patchwarden give. */
export const OURS = 'Patchwarden ('

interface Marked {
  /** Stands in each name. */
  readonly installation: string
}

/** Beginning of all names of this installation. */
export function markOfAll({ installation }: Marked): string {
  return `${OURS}${installation}) `
}

/** Beginning of all names of one start. */
export function markOf(marked: Marked, key: string): string {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(key)) throw new Error(`"${key.slice(0, 120)}" cannot be the key of a start`)
  return `${markOfAll(marked)}${key} `
}

/** The key of the start to which something of this name belongs; `null`: it is none of this installation's. */
export function keyIn(marked: Marked, name: string): string | null {
  const mine = markOfAll(marked)
  return name.startsWith(mine) ? (name.slice(mine.length).split(' ')[0] ?? null) : null
}
