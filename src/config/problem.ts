/** Problems of the configuration, in words for the person who wrote it. */

export interface ConfigProblem {
  /** The file in the form that people know, or `environment`. */
  readonly file: string
  /** Counts from 1; 0: the problem has no place in the file. */
  readonly line: number
  readonly column: number
  /** The key, e.g. `policies.standard.approvals.owner`. Empty: the whole file. */
  readonly path: string
  /** Continues a sentence that begins with the key: `is "7", without a unit`. */
  readonly what: string
  /** A separate sentence about what would be right. */
  readonly mend: string
}

/** A problem with a value. load.ts finds its place in the file. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  /** Whether the problem is shown at the key or at its value. */
  readonly at: 'key' | 'value'
  readonly what: string
  readonly mend: string
}

/** E.g. `patchwarden.yaml:12:5: policies.standard.stop is missing. Write ...`. */
export function describeProblem({ file, line, column, path, what, mend }: ConfigProblem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file
  return `${place}: ${path === '' ? 'the file' : path} ${what}. ${mend}`
}

/** A path as text: `['sources', 'lab', 'hosts', 2]` gives `sources.lab.hosts[2]`. */
export function showPath(path: readonly PropertyKey[]): string {
  let shown = ''
  for (const key of path) {
    const name = String(key)
    if (typeof key === 'number') shown += `[${name}]`
    else if (!/^[A-Za-z0-9_-]+$/.test(name)) shown += `[${quote(name)}]`
    else shown += shown === '' ? name : `.${name}`
  }
  return shown
}

/** Text from the file in quotes, short and on one line, without control characters that a terminal would execute. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text
  return JSON.stringify(short).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?')
}

/** A value from the file, as a part of a sentence. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return 'empty'
  return Array.isArray(value) ? 'a list' : 'a group of keys'
}

/** E.g. `a, b and c`. */
export function list(words: readonly string[], last = 'and'): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
