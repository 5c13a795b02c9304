import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { duration, filePath, optional, text } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { Settings, SourceConfig } from '../../config/schema.ts'
import { DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import { createSystemEngine } from './engine.ts'
import { createSystemInventory } from './inventory.ts'
import { paceOf, realSeconds } from './pace.ts'
import { createFileStore } from './store.ts'

const NAME = 'simulated-system'

const connection = {
  state: filePath.describe('The JSON file in which the system is kept. It is changed in place.'),
  startsAs: optional(filePath).describe('This file is copied to `state` when there is none yet. Default: none.'),
  day: duration({ unit: 'hours', minimum: 60, maximum: DAY_SECONDS })
    .prefault('24 hours')
    .describe('How long a simulated day really takes. All its hours are as much shorter.'),
}

const inventory = z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll })

const reboots = z.enum(['never', 'if required', 'as the system does'], {
  error: 'Write never, if required or as the system does.',
})

const engine = z.strictObject({
  installation: optional(
    text('Write a name, such as Example Ltd.', 60).regex(/^[^/]+$/, { error: 'Write a name without a slash.' }),
  ).describe('Stands in the name of all that Patchwarden makes there. Default: the name of the whole file.'),
  lead: duration({ unit: 'hours', minimum: 0, maximum: WEEK_SECONDS })
    .prefault('24 hours')
    .describe('How many simulated hours before the window the system is told.'),
  reportsWithin: duration({ unit: 'hours', minimum: HOUR_SECONDS, maximum: 4 * WEEK_SECONDS })
    .prefault('48 hours')
    .describe('So many simulated hours after the window, each machine that works has reported.'),
  reboots: z
    .array(reboots, { error: 'Write a list of never, if required and as the system does.' })
    .min(1, { error: 'Write at least one, such as [if required].' })
    .default(['if required', 'as the system does'])
    .describe('The rules for reboots that it says it can keep.'),
  licences: z
    .array(text('Write the name of a licence.', 100), { error: 'Write a list of names.' })
    .default([])
    .describe('Licences that are accepted by installing anything, beside those that the state names for an update.'),
})

type SystemSource = SourceConfig & z.output<typeof inventory>

export const simulatedSystem = kind({
  name: NAME,
  page: 'late-systems.md',
  roles: {
    inventory: {
      summary: 'What the machines of a simulated system last said of themselves.',
      looksAt: 'what machines report',
      settings: inventory,
      paths: { state: 'path', startsAs: 'path' },
      create(source, { name, config, clock }) {
        const { team, tags, exposure, criticality, engine } = source
        const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
        return createSystemInventory({
          name,
          store: createFileStore(source.state, source.startsAs),
          pace: paceOf(source.day),
          defaults: present({ team, tags, exposure, criticality, timeZone, engine }),
          clock,
        })
      },
    },
    engine: {
      summary: 'Tells a simulated system what to do: it learns and speaks late, and touches no host.',
      settings: engine,
      obstacle: (_, source) =>
        source.kind === NAME
          ? null
          : {
              what: `is of kind ${NAME}, which changes only the machines of its own state file`,
              mend: `Use it with a source of kind ${NAME}, or name a real engine.`,
            },
      check(_, { name, settings }, notes) {
        const states = new Set(systemsOf(settings, name).map(({ state }) => state))
        if (states.size === 1) return
        const what = states.size === 0 ? 'is the engine of no system' : 'is the engine of several systems'
        notes.problem(
          [],
          what,
          `Name it as the engine of one source of kind ${NAME}, or write it under systems.`,
          'key',
        )
      },
      create(own, { name, config, clock }) {
        const [source] = systemsOf(config, name)
        if (source === undefined) throw new Error(`The engine "${name}" has no source of kind ${NAME}.`)
        return createSystemEngine({
          name,
          store: createFileStore(source.state, source.startsAs),
          pace: paceOf(source.day),
          terms: {
            leadSeconds: realSeconds(own.lead, source.day),
            reportsWithinSeconds: realSeconds(own.reportsWithin, source.day),
            reboots: own.reboots,
            licences: own.licences,
          },
          installation: own.installation ?? config.name.replaceAll('/', ' '),
          clock,
        })
      },
    },
  },
  system: {
    summary: 'A simulated server that manages machines: they learn and speak late, and each may have faults.',
    connection: z.strictObject(connection),
    inventory: z.strictObject(everyInventory),
    engine,
  },
})

/** The sources that this engine changes. */
function systemsOf({ sources }: Settings, engine: string): readonly SystemSource[] {
  return Object.values(sources).filter(
    (source): source is SystemSource => source.kind === NAME && source.engine === engine,
  )
}
