import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, filePath, optional } from '../../config/fields.ts'
import { type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { Keeping } from '../../core/ports.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import { checkSources, obstacleOf, sourcesOf, teamsNamed } from '../delegating/configuration.ts'
import {
  catalogOf,
  engineOf,
  engineSettings,
  groups,
  inventoryOf,
  type OpenConsoles,
  type Opened,
  ofConsole,
  openConsoles,
} from '../ivanti-security-controls/kind.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import { paceOf } from '../simulated-system/pace.ts'
import { createStateFile } from '../simulated-system/store.ts'
import { SIMULATED_URL } from './answers.ts'
import { SCANS_EVERY_HOURS } from './course.ts'
import { createSimulatedConsole } from './server.ts'
import { consoleSchema } from './state.ts'

const NAME = 'simulated-security-controls'

const connection = {
  state: filePath.describe('The JSON file in which the console is kept. It is changed in place.'),
  startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
  day: duration({ unit: 'hours', minimum: 60, maximum: DAY_SECONDS })
    .prefault('24 hours')
    .describe('How long a simulated day really takes. All its hours are as much shorter.'),
  ...ofConsole,
}
const paths = { state: 'path', startsAs: 'path' } as const

type Connection = z.output<z.ZodObject<typeof connection>>

function opened(
  { state, startsAs, day, scanDays }: Connection,
  consoles: OpenConsoles,
  kept: { readonly keeping: Keeping; readonly clock: () => Date },
): Opened {
  const reach = () => {
    const store = createStateFile(state, startsAs, consoleSchema, 'a simulated Security Controls')
    return {
      fetch: createSimulatedConsole(store, paceOf(day, SCANS_EVERY_HOURS), kept.clock),
      ...{ url: SIMULATED_URL, timeoutSeconds: 60, hourSeconds: day / 24, password: 'simulated' },
      describe: 'a simulated Security Controls that is kept in a file',
    }
  }
  return consoles.open(state, scanDays, reach, kept)
}

export const simulatedSecurityControls = kind({
  name: NAME,
  page: 'integrations/ivanti-security-controls.md',
  open: openConsoles,
  roles: {
    inventory: {
      summary: 'Machines as a simulated Security Controls last scanned them.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...groups }),
      paths,
      refersTo: teamsNamed,
      create: (source, given: Given<OpenConsoles>) =>
        inventoryOf(source, opened(source, given.connection, given), true, given),
    },
    engine: {
      summary: 'Has a simulated Security Controls deploy patches, as a real one. No host is touched.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own console'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given: Given<OpenConsoles>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isOwn)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), true, given)
      },
    },
    feed: {
      summary: 'The Windows patches that a simulated Security Controls has shown.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, keeping = keptInMemory(), connection: consoles = openConsoles() }) =>
        catalogOf(feed, opened(feed, consoles, { keeping, clock }), name),
    },
  },
  system: {
    summary:
      'A simulated Security Controls: machines that are scanned and deployed to, and each may have faults. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...groups }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isOwn(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
