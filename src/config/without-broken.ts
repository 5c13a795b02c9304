import { suggest } from '../core/suggest.ts'
import type { Unread } from './notes.ts'
import type { SettingsSchema } from './schema.ts'

/** Sections with named entries. If one entry is broken, the others can still be used. */
function byName({ shape }: SettingsSchema): ReadonlySet<string> {
  return new Set(
    Object.entries(shape)
      .filter(
        ([, section]) =>
          'def' in section && section.def.type === 'default' && section.def.innerType.def.type === 'record',
      )
      .map(([name]) => name),
  )
}

/** The value without the entries that have issues, and the names of these entries. */
export function withoutBroken(
  schema: SettingsSchema,
  value: object,
  issues: readonly { readonly path: readonly PropertyKey[] }[],
): { readonly rest: object; readonly unread: Unread } {
  const named = byName(schema)
  const names = new Map<string, Set<string>>()
  const rest = new Map<string, unknown>(Object.entries(value).filter(([key]) => Object.hasOwn(schema.shape, key)))
  for (const key of Object.keys(value)) {
    // A key such as "polices" is misspelt. The section that was meant is not known then.
    const meant = rest.has(key) ? null : suggest(key, Object.keys(schema.shape))
    if (meant !== null) names.set(meant, new Set(['*']))
  }
  for (const { path } of issues) {
    const [section, entry] = path.map(String)
    if (section === undefined) continue
    const broken = names.get(section) ?? new Set()
    const entries = rest.get(section)
    if (!named.has(section) || entry === undefined || typeof entries !== 'object' || entries === null) {
      rest.delete(section)
      names.set(section, broken.add('*'))
      continue
    }
    rest.set(section, Object.fromEntries(Object.entries(entries).filter(([name]) => name !== entry)))
    names.set(section, broken.add(entry))
  }
  return { rest: Object.fromEntries(rest), unread: { names } }
}
