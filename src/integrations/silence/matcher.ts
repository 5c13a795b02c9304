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
