/** Reads `.env`: one `NAME=value` per line, for secrets and for settings of one machine. */

export interface EnvLine {
  readonly name: string
  readonly value: string
  /** Counts from 1. */
  readonly line: number
}

export interface EnvMistake {
  readonly line: number
  readonly what: string
  readonly mend: string
}

/**
 * Reads `NAME=value`, `export NAME=value`, values in single or double quotes (`\n` in double quotes is a line break),
 * and comments. A mistake never contains a value, because it may be a secret.
 */
export function parseEnvFile(text: string): {
  readonly lines: readonly EnvLine[]
  readonly mistakes: readonly EnvMistake[]
} {
  const lines: EnvLine[] = []
  const mistakes: EnvMistake[] = []
  const seen = new Map<string, number>()
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, name, rest] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(trimmed) ?? []
    if (name === undefined || rest === undefined) {
      mistakes.push({ line, what: 'is not NAME=value', mend: 'Write a name, "=" and the value, or put # before it.' })
      continue
    }
    const first = seen.get(name)
    if (first !== undefined) {
      mistakes.push({ line, what: `sets ${name} again, as line ${first} does`, mend: 'Keep one of them.' })
      continue
    }
    seen.set(name, line)
    const value = unquote(rest)
    if (value === null) {
      mistakes.push({
        line,
        what: `sets ${name} with a quote that is not closed`,
        mend: 'Close the quote on the same line.',
      })
    } else lines.push({ name, value, line })
  }
  return { lines, mistakes }
}

function unquote(rest: string): string | null {
  const quote = rest[0]
  if (quote !== '"' && quote !== "'") return rest.replace(/\s+#.*$/, '').trim()
  const [, inner] = (quote === '"' ? /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/ : /^'([^']*)'\s*(?:#.*)?$/).exec(rest) ?? []
  if (inner === undefined) return null
  return quote === '"' ? inner.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign)) : inner
}
