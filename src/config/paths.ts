import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { isShippedTable } from './decision-tables.ts'
import type { FeedConfig, Settings, SourceConfig } from './schema.ts'

/** The settings with every path absolute: relative ones count from `base`, `~/` from the home of the user. */
export function withAbsolutePaths(settings: Settings, base: string): Settings {
  const absolute = (path: string) => absolutePath(path, base)
  return {
    ...settings,
    dataDir: absolute(settings.dataDir),
    sources: mapValues(settings.sources, (source) => absoluteSource(source, absolute)),
    feeds: mapValues(settings.feeds, (feed) => absoluteFeed(feed, absolute)),
    priority: {
      ...settings.priority,
      table: isShippedTable(settings.priority.table) ? settings.priority.table : absolute(settings.priority.table),
    },
    loads: mapValues(settings.loads, (load) => (load.kind === 'csv' ? { ...load, path: absolute(load.path) } : load)),
    engines: mapValues(settings.engines, (engine) =>
      engine.kind === 'simulated' ? { ...engine, state: absolute(engine.state) } : engine,
    ),
  }
}

/** `path` as it is when absolute, else below `base`. */
export function absolutePath(path: string, base: string): string {
  if (path === '~') return homedir()
  return path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(base, path)
}

function absoluteSource(source: SourceConfig, absolute: (path: string) => string): SourceConfig {
  switch (source.kind) {
    case 'local':
      return source
    case 'file':
      return { ...source, path: absolute(source.path) }
    case 'ssh':
      return {
        ...source,
        identityFile: source.identityFile === null ? null : absolute(source.identityFile),
        knownHostsFile: source.knownHostsFile === null ? null : absolute(source.knownHostsFile),
        sshConfig: source.sshConfig === null ? null : absolute(source.sshConfig),
      }
  }
}

function absoluteFeed(feed: FeedConfig, absolute: (path: string) => string): FeedConfig {
  if (feed.kind === 'file-catalog') return { ...feed, path: absolute(feed.path) }
  const { location } = feed
  return location === null || /^[a-z]+:\/\//i.test(location) ? feed : { ...feed, location: absolute(location) }
}

function mapValues<T>(entries: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  const changed: Record<string, T> = {}
  for (const [name, value] of Object.entries(entries)) changed[name] = change(value)
  return changed
}
