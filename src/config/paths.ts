import { absolutePath } from './absolute-path.ts'
import { isShippedTable } from './decision-tables.ts'
import { type Kind, type PathSetting, roleOf } from './kind.ts'
import type { RoleName } from './kind-settings.ts'
import type { EntryConfig, Settings } from './schema.ts'

/** The settings with absolute paths. Relative paths count from `base`, `~/` from the user's home folder. */
export function withAbsolutePaths(settings: Settings, kinds: readonly Kind[], base: string): Settings {
  const absolute = (path: string) => absolutePath(path, base)
  function entries<Entry extends EntryConfig>(
    role: Exclude<RoleName, 'onCall'>,
    section: Readonly<Record<string, Entry>>,
  ): Record<string, Entry> {
    return mapValues(section, (entry) => {
      const { paths = {} } = roleOf(kinds, role, entry)
      return withPaths(entry, paths, absolute)
    })
  }
  return {
    ...settings,
    dataDir: absolute(settings.dataDir),
    ca: settings.ca.map(absolute),
    sources: entries('inventory', settings.sources),
    feeds: entries('feed', settings.feeds),
    engines: entries('engine', settings.engines),
    metrics: entries('metrics', settings.metrics),
    loads: entries('load', settings.loads),
    silences: entries('silence', settings.silences),
    freezes: settings.freezes.map((freeze) =>
      'calendar' in freeze ? withPaths(freeze, { calendar: 'address or path' }, absolute) : freeze,
    ),
    priority: {
      ...settings.priority,
      table: isShippedTable(settings.priority.table) ? settings.priority.table : absolute(settings.priority.table),
    },
  }
}

function withPaths<Entry extends object>(
  entry: Entry,
  paths: Readonly<Record<string, PathSetting>>,
  absolute: (path: string) => string,
): Entry {
  const changed = Object.entries(entry).map(([key, value]) => {
    const setting = Object.hasOwn(paths, key) ? paths[key] : undefined
    return [key, setting === undefined || typeof value !== 'string' ? value : placed(value, setting, absolute)]
  })
  return { ...entry, ...Object.fromEntries(changed) }
}

function placed(written: string, setting: PathSetting, absolute: (path: string) => string): string {
  switch (setting) {
    case 'path':
      return absolute(written)
    case 'address or path':
      return /^[a-z]+:\/\//i.test(written) ? written : absolute(written)
    case 'program':
      return written.includes('/') ? absolute(written) : written
  }
}

function mapValues<T>(entries: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  const changed: Record<string, T> = {}
  for (const [name, value] of Object.entries(entries)) changed[name] = change(value)
  return changed
}
