import type { Asset } from '../../core/asset.ts'

/** Chooses alerts by a label. `{address}` and `{name}` in the value are replaced by those of the asset. */
export interface MatcherTemplate {
  readonly label: string
  readonly value: string
  readonly isRegex: boolean
  readonly isEqual: boolean
}

/** One matcher in the form of Alertmanager's API. */
export interface Matcher {
  readonly name: string
  readonly value: string
  readonly isRegex: boolean
  readonly isEqual: boolean
}

/**
 * Reads the value of a matcher as Alertmanager does (pkg/labels, ParseMatcher): it may stand in double quotes, and a
 * backslash before a quotation mark, a backslash or `n` stands for that character. `null`: a quotation mark is not
 * closed, or stands in the middle.
 */
export function matcherValue(written: string): string | null {
  const isQuoted = written.startsWith('"')
  if (isQuoted && !/^"(?:[^"\\]|\\.)*"$/s.test(written)) return null
  const inner = isQuoted ? written.slice(1, -1) : written
  if (/^(?:[^"\\]|\\.)*"/s.test(inner)) return null
  return inner.replace(/\\(["\\n])/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/**
 * Fills in the asset. In a regular expression, the text of the asset is escaped. Throws a sentence when the asset lacks
 * the value.
 */
export function fillMatcher({ label, value, isRegex, isEqual }: MatcherTemplate, asset: Asset): Matcher {
  const filled = value.replace(/\{(address|name)\}/g, (_, key: string) => {
    const own = key === 'address' ? asset.address : asset.name
    // An empty value would match every alert.
    if (own.trim() === '') throw new Error(`The server ${asset.id} has no ${key} to silence by.`)
    return isRegex ? escapeRegex(own) : own
  })
  return { name: label, value: filled, isRegex, isEqual }
}

/** Escapes for RE2, which refuses a backslash before a letter or digit if the pair has no meaning. */
function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
