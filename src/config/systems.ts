/** A system is configured once. After the file is read, it is treated as entries of `sources`, `engines` and `feeds`. */

import type { FeedConfig } from './feed-settings.ts'
import type { Kind } from './kind.ts'
import { named } from './named.ts'
import type { Finding } from './problem.ts'
import type { EntryConfig, Settings, SourceConfig } from './schema.ts'

/** The settings with the systems added, under their names, to `sources` and, if they have these parts, the others. */
export function withSystems(settings: Settings): Settings {
  const sources: Record<string, SourceConfig> = { ...settings.sources }
  const engines: Record<string, EntryConfig> = { ...settings.engines }
  const feeds: Record<string, FeedConfig> = { ...settings.feeds }
  for (const [name, system] of Object.entries(settings.systems)) {
    const { kind, inventory, engine, feed, ...connection } = system
    // systemProblems reports a name that is already taken. The other entry stays as it is.
    const changes = engine && !Object.hasOwn(engines, name)
    if (changes) engines[name] = { ...engine, kind }
    if (feed && !Object.hasOwn(feeds, name)) feeds[name] = { allowShrinking: false, ...connection, ...feed, kind }
    if (Object.hasOwn(sources, name)) continue
    sources[name] = { ...connection, ...inventory, kind, engine: changes ? name : null }
  }
  return { ...settings, sources, engines, feeds }
}

/** Systems with the name of another entry. Other mistakes are reported for the entries that systems become. */
export function systemProblems({ systems, sources, engines, feeds }: Settings): readonly Finding[] {
  return Object.entries(systems).flatMap(([name, { engine, feed }]) => {
    const parts = [
      { section: 'sources', entries: sources, has: true },
      { section: 'engines', entries: engines, has: Boolean(engine) },
      { section: 'feeds', entries: feeds, has: Boolean(feed) },
    ]
    const taken = parts.find(({ entries, has }) => has && Object.hasOwn(entries, name))?.section
    if (taken === undefined) return []
    const what = `has the name of an entry in "${taken}"`
    return [{ path: ['systems', name], at: 'key', what, mend: 'Give one of them another name.' }]
  })
}

const partOf: Readonly<Record<string, 'inventory' | 'engine' | 'feed'>> = {
  sources: 'inventory',
  engines: 'engine',
  feeds: 'feed',
}

/** The path in the file of a setting that comes from a system. Other paths stay as they are. */
export function placeInFile(
  settings: Settings,
  kinds: readonly Kind[],
  path: readonly PropertyKey[],
): readonly PropertyKey[] {
  const [section, name, key, ...rest] = path
  const system = named(settings.systems, String(name))
  const role = partOf[String(section)]
  if (system === null || role === undefined || !system[role]) return path
  const shared = kinds.find((kind) => kind.name === system.kind)?.system?.connection.shape ?? {}
  const place = ['systems', String(name)]
  if (key === undefined) return [...place, role]
  return Object.hasOwn(shared, key) ? [...place, key, ...rest] : [...place, role, key, ...rest]
}
