import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, filePath, optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { Keeping } from '../../core/ports.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import { checkSources, obstacleOf, sourcesOf, teamsNamed } from '../delegating/configuration.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import { paceOf } from '../simulated-system/pace.ts'
import { createStateFile } from '../simulated-system/store.ts'
import {
  checkGroups,
  type Groups,
  type Opened,
  type OpenServers,
  ofWsus,
  openServers,
  wsusCatalog,
  wsusDeploying,
  wsusEngine,
  wsusFeed,
  wsusGroups,
  wsusInventory,
} from '../wsus/kind.ts'
import { createSimulatedWsus } from './server.ts'
import { wsusSchema } from './state.ts'

const NAME = 'simulated-wsus'

const connection = {
  state: filePath.describe('The JSON file in which the server is kept. It is changed in place.'),
  startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
  day: duration({ unit: 'hours', minimum: 60, maximum: DAY_SECONDS })
    .prefault('24 hours')
    .describe('How long a simulated day really takes. All its hours are as much shorter.'),
  ...ofWsus,
}
const paths = { state: 'path', startsAs: 'path' } as const

type Connection = z.output<z.ZodObject<typeof connection>>

function opened(source: Connection, servers: OpenServers, keeping: Keeping, clock: () => Date): Opened {
  const { state, startsAs, day } = source
  const store = createStateFile(state, startsAs, wsusSchema, 'a simulated WSUS')
  const server = createSimulatedWsus(store, paceOf(day), clock)
  return servers.open({ login: state, server, hourSeconds: day / 24 }, source, { keeping, clock })
}

export const simulatedWsus = kind({
  name: NAME,
  page: 'integrations/wsus.md',
  open: openServers,
  roles: {
    inventory: {
      summary: 'What the machines of a simulated WSUS last reported.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...wsusGroups }),
      paths,
      refersTo: teamsNamed,
      check: (source, _, notes) => checkGroups(source, notes),
      create: (source, given) =>
        wsusInventory(source, opened(source, given.connection, given.keeping, given.clock), true, given),
    },
    engine: {
      summary: 'Approves updates on a simulated WSUS, as on a real one. No host is touched.',
      settings: wsusEngine,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own WSUS'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isOwn)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        const server = opened(source, given.connection, given.keeping, given.clock)
        return wsusDeploying(own, source, server, true, given)
      },
    },
    feed: {
      summary: 'The updates that a simulated WSUS holds.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, keeping = keptInMemory(), connection: servers = openServers() }) =>
        wsusCatalog(feed, opened(feed, servers, keeping, clock), name, clock),
    },
  },
  system: {
    summary: 'A simulated WSUS: machines that learn and report late, and each may have faults. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...wsusGroups }),
    engine: wsusEngine,
    feed: wsusFeed,
  },
})

function isOwn(source: SourceConfig): source is SourceConfig & Connection & Groups {
  return source.kind === NAME
}
