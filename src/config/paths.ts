import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { isShippedTable } from './decision-tables.ts'
import type { EngineConfig, FeedConfig, Settings, SourceConfig } from './schema.ts'

/** The settings with every path absolute: relative ones count from `base`, `~/` from the home of the user. */
export function withAbsolutePaths(settings: Settings, base: string): Settings {
  const absolute = (path: string) => absolutePath(path, base)
  const place = (written: string) => (/^[a-z]+:\/\//i.test(written) ? written : absolute(written))
  return {
    ...settings,
    dataDir: absolute(settings.dataDir),
    sources: mapValues(settings.sources, (source) => absoluteSource(source, absolute)),
    feeds: mapValues(settings.feeds, (feed) => absoluteFeed(feed, absolute)),
    freezes: settings.freezes.map((freeze) =>
      'calendar' in freeze ? { ...freeze, calendar: place(freeze.calendar) } : freeze,
    ),
    priority: {
      ...settings.priority,
      table: isShippedTable(settings.priority.table) ? settings.priority.table : absolute(settings.priority.table),
    },
    loads: mapValues(settings.loads, (load) => (load.kind === 'csv' ? { ...load, path: absolute(load.path) } : load)),
    engines: mapValues(settings.engines, (engine) => absoluteEngine(engine, absolute)),
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

function absoluteEngine(engine: EngineConfig, absolute: (path: string) => string): EngineConfig {
  switch (engine.kind) {
    case 'ssh':
    case 'ssh-apt':
    case 'awx':
    case 'aws-ssm':
      return engine
    case 'simulated':
      return { ...engine, state: absolute(engine.state) }
    case 'ansible':
      return {
        ...engine,
        playbook: absolute(engine.playbook),
        inventory: absolute(engine.inventory),
        config: engine.config === null ? null : absolute(engine.config),
        vaultPasswordFile: engine.vaultPasswordFile === null ? null : absolute(engine.vaultPasswordFile),
        command: engine.command.includes('/') ? absolute(engine.command) : engine.command,
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
