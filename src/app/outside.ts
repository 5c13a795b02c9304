import { exampleFleet, shippedFleet } from '../config/default-config.ts'
import type { Environment } from '../config/environment.ts'
import type { Config } from '../config/schema.ts'
import type { LoadSource } from '../core/ports.ts'
import { prepareExample } from '../integrations/simulated/index.ts'
import { calendarChecks, type FreezeCalendar } from '../workflow/freeze-calendars.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import {
  buildEngines,
  buildFeeds,
  buildFreezeCalendars,
  buildHealth,
  buildLoads,
  buildMetrics,
  buildSilences,
  buildSources,
} from './build.ts'

/** What stands outside and is known without the database: everything but the chat platforms and groups of people. */
export interface Outside
  extends Pick<WorkflowParts, 'sources' | 'feeds' | 'engines' | 'health' | 'metrics' | 'silences'> {
  readonly loads: ReadonlyMap<string, LoadSource>
  readonly calendars: readonly FreezeCalendar[]
}

/** Built as the configuration names it; for the example, its fleet is laid out first. Connects nothing yet. */
export async function buildOutside(config: Config, environment: Environment, clock: () => Date): Promise<Outside> {
  if (config.example) await prepareExample({ from: shippedFleet, to: exampleFleet(config.dataDir) })
  return {
    sources: buildSources(config, clock),
    feeds: buildFeeds(config, clock),
    engines: buildEngines(config, environment.values, clock),
    health: buildHealth(config),
    metrics: buildMetrics(config, environment.values),
    silences: buildSilences(config, environment.values),
    loads: buildLoads(config, environment.values, clock),
    calendars: buildFreezeCalendars(config),
  }
}

/** What can be asked while the database must stay as it is. */
export async function askableWithoutDatabase(config: Config, environment: Environment) {
  const clock = () => new Date()
  const { sources, feeds, engines, metrics, loads, calendars } = await buildOutside(config, environment, clock)
  const checks = calendarChecks({ calendars, clock })
  return { sources, feeds, engines, metrics, loads, calendars: checks, connections: [] }
}
