import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, filePath, optional } from '../../config/fields.ts'
import { type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { Keeping } from '../../core/ports.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import {
  catalogOf,
  collections,
  engineOf,
  engineSettings,
  inventoryOf,
  type Opened,
  type OpenSites,
  ofSite,
  openSites,
} from '../configuration-manager/kind.ts'
import { checkSources, obstacleOf, sourcesOf, teamsNamed } from '../delegating/configuration.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import { paceOf } from '../simulated-system/pace.ts'
import { createStateFile } from '../simulated-system/store.ts'
import { ASKS_EVERY_HOURS } from './course.ts'
import { createSimulatedSite, SIMULATED_URL } from './server.ts'
import { siteSchema } from './state.ts'

const NAME = 'simulated-configuration-manager'

const connection = {
  state: filePath.describe('The JSON file in which the site is kept. It is changed in place.'),
  startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
  day: duration({ unit: 'hours', minimum: 60, maximum: DAY_SECONDS })
    .prefault('24 hours')
    .describe('How long a simulated day really takes. All its hours are as much shorter.'),
  ...ofSite,
}
const paths = { state: 'path', startsAs: 'path' } as const

type Connection = z.output<z.ZodObject<typeof connection>>

function opened(
  source: Connection,
  sites: OpenSites,
  kept: { readonly keeping: Keeping; readonly clock: () => Date },
): Opened {
  const { state, startsAs, day } = source
  const reach = () => {
    const store = createStateFile(state, startsAs, siteSchema, 'a simulated site of Configuration Manager')
    const { fetch, writer } = createSimulatedSite(store, paceOf(day, ASKS_EVERY_HOURS), kept.clock)
    return {
      ...{ url: SIMULATED_URL, fetch, writer, timeoutSeconds: 60, clock: kept.clock, hourSeconds: day / 24 },
      describe: 'a simulated Configuration Manager that is kept in a file',
    }
  }
  return sites.open(state, source, reach, kept)
}

export const simulatedConfigurationManager = kind({
  name: NAME,
  page: 'integrations/configuration-manager.md',
  open: openSites,
  roles: {
    inventory: {
      summary: 'What the machines of a simulated Configuration Manager last reported.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...collections }),
      paths,
      refersTo: teamsNamed,
      create: (source, given: Given<OpenSites>) =>
        inventoryOf(source, opened(source, given.connection, given), true, given),
    },
    engine: {
      summary: 'Has a simulated Configuration Manager deploy updates, as a real one. No host is touched.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own site'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given: Given<OpenSites>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isOwn)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), true, given)
      },
    },
    feed: {
      summary: 'The updates that machines of a simulated Configuration Manager need or have.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, keeping = keptInMemory(), connection: sites = openSites() }) =>
        catalogOf(feed, opened(feed, sites, { keeping, clock }), name),
    },
  },
  system: {
    summary:
      'A simulated Configuration Manager: machines that learn and report late, and each may have faults. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...collections }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isOwn(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
