/** A system is configured once. After the file is read, it is treated as entries of `sources` and `engines`. */

import type { Kind } from './kind.ts'
import { named } from './named.ts'
import type { Finding } from './problem.ts'
import type { EntryConfig, Settings, SourceConfig } from './schema.ts'

/** The settings with the systems added to `sources` and, if they have an engine, to `engines`, under their names. */
export function withSystems(settings: Settings): Settings {
  const sources: Record<string, SourceConfig> = { ...settings.sources }
  const engines: Record<string, EntryConfig> = { ...settings.engines }
  for (const [name, system] of Object.entries(settings.systems)) {
    const { kind, inventory, engine, ...connection } = system
    // systemProblems reports a name that is already taken. The other entry stays as it is.
    const changes = engine && !Object.hasOwn(engines, name)
    if (changes) engines[name] = { ...engine, kind }
    if (Object.hasOwn(sources, name)) continue
    sources[name] = { ...connection, ...inventory, kind, engine: changes ? name : null }
  }
  return { ...settings, sources, engines }
}

/** Systems with the name of another entry. Other mistakes are reported for the entries that systems become. */
export function systemProblems({ systems, sources, engines }: Settings): readonly Finding[] {
  return Object.entries(systems).flatMap(([name, { engine }]) => {
    const taken = Object.hasOwn(sources, name) ? 'sources' : engine && Object.hasOwn(engines, name) ? 'engines' : null
    if (taken === null) return []
    const what = `has the name of an entry in "${taken}"`
    return [{ path: ['systems', name], at: 'key', what, mend: 'Give one of them another name.' }]
  })
}

/** The path in the file of a setting that comes from a system. Other paths stay as they are. */
export function placeInFile(
  settings: Settings,
  kinds: readonly Kind[],
  path: readonly PropertyKey[],
): readonly PropertyKey[] {
  const [section, name, key, ...rest] = path
  const system = named(settings.systems, String(name))
  if (system === null || (section !== 'sources' && section !== 'engines')) return path
  const role = section === 'sources' ? 'inventory' : 'engine'
  if (!system[role]) return path
  const shared = kinds.find((kind) => kind.name === system.kind)?.system?.connection.shape ?? {}
  const place = ['systems', String(name)]
  if (key === undefined) return [...place, role]
  return Object.hasOwn(shared, key) ? [...place, key, ...rest] : [...place, role, key, ...rest]
}
