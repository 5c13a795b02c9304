import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, filePath, optional } from '../../config/fields.ts'
import { type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { Keeping } from '../../core/ports.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import { obstacleOf, sourcesOf, teamsNamed } from '../delegating/configuration.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import {
  catalogOf,
  checkEngine,
  engineOf,
  engineSettings,
  inventoryOf,
  type Opened,
  type OpenServers,
  offices,
  ofManageEngine,
  openServers,
} from '../manageengine/kind.ts'
import { createSignIn } from '../manageengine/sign-in.ts'
import { paceOf } from '../simulated-system/pace.ts'
import { createStateFile } from '../simulated-system/store.ts'
import { ASKS_EVERY_HOURS } from './course.ts'
import { createSimulatedServer, SIMULATED_TOKEN, SIMULATED_URL } from './server.ts'
import { manageEngineSchema } from './state.ts'

const NAME = 'simulated-manageengine'

const connection = {
  state: filePath.describe('The JSON file in which the server is kept. It is changed in place.'),
  startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
  day: duration({ unit: 'hours', minimum: 60, maximum: DAY_SECONDS })
    .prefault('24 hours')
    .describe('How long a simulated day really takes. All its hours are as much shorter.'),
  ...ofManageEngine,
}
const paths = { state: 'path', startsAs: 'path' } as const

type Connection = z.output<z.ZodObject<typeof connection>>

function opened(
  { state, startsAs, day }: Connection,
  servers: OpenServers,
  kept: { readonly keeping: Keeping; readonly clock: () => Date },
): Opened {
  const reach = () => {
    const store = createStateFile(state, startsAs, manageEngineSchema, 'a simulated ManageEngine')
    return {
      fetch: createSimulatedServer(store, paceOf(day, ASKS_EVERY_HOURS), kept.clock),
      signIn: createSignIn({ kind: 'token', token: SIMULATED_TOKEN }, kept.clock),
      ...{ url: SIMULATED_URL, gapMs: 0, timeoutSeconds: 60, generation: null, hourSeconds: day / 24 },
      describe: 'a simulated ManageEngine that is kept in a file',
    }
  }
  return servers.open(state, reach, kept)
}

export const simulatedManageEngine = kind({
  name: NAME,
  page: 'integrations/manageengine.md',
  open: openServers,
  roles: {
    inventory: {
      summary: 'What the machines of a simulated ManageEngine last reported.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...offices }),
      paths,
      refersTo: teamsNamed,
      create: (source, given: Given<OpenServers>) =>
        inventoryOf(source, opened(source, given.connection, given), true, given),
    },
    engine: {
      summary: 'Has a simulated ManageEngine deploy patches, as a real one. No host is touched.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own server'),
      check: (own, place, notes) => checkEngine(own, place, NAME, notes),
      create(own, given: Given<OpenServers>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isOwn)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), true, given)
      },
    },
    feed: {
      summary: 'The Windows patches that a simulated ManageEngine knows.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, keeping = keptInMemory(), connection: servers = openServers() }) =>
        catalogOf(feed, opened(feed, servers, { keeping, clock }), name),
    },
  },
  system: {
    summary:
      'A simulated ManageEngine: machines that learn and report late, and each may have faults. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...offices }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isOwn(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
