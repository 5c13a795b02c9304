import { operators, teamsOfChannel } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import type { ConsoleParts } from '../web/backend/parts.ts'
import type { Directory } from '../workflow/directory.ts'
import type { WorkflowParts } from '../workflow/ports.ts'

/** What the console's pages show of the configuration. */
export function consoleOf(
  config: Config,
  { sources, feeds, engines }: Pick<WorkflowParts, 'sources' | 'feeds' | 'engines'>,
  { inGroup }: Pick<Directory, 'inGroup'>,
): Pick<ConsoleParts, 'people' | 'channels' | 'sources'> {
  return {
    people: {
      all: Object.entries(config.people).map(([id, person]) => ({
        id,
        name: person.name,
        timeZone: person.timeZone ?? null,
      })),
      timeZone: config.timeZone,
      operators: () => operators(config, inGroup),
      example: config.example,
    },
    channels: Object.entries(config.channels)
      .filter(([, channel]) => channel.console)
      .map(([id, channel]) => ({ id, title: channel.title ?? id, teams: teamsOfChannel(config, id) })),
    sources: [
      ...sources.map(({ name, describe }) => ({ name, kind: 'inventory' as const, describe })),
      ...feeds.map(({ name, describe }) => ({ name, kind: 'catalog' as const, describe })),
      ...[...engines.values()].map(({ name, describe }) => ({ name, kind: 'engine' as const, describe })),
    ],
  }
}
