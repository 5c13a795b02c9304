import { exampleFleet, shippedFleet } from '../config/default-config.ts'
import type { Environment } from '../config/environment.ts'
import type { Config } from '../config/schema.ts'
import type { Keeping, LoadSource } from '../core/ports.ts'
import { keptInMemory } from '../integrations/kept-in-memory.ts'
import { prepareExample } from '../integrations/simulated/index.ts'
import { calendarChecks, type FreezeCalendar } from '../workflow/freeze-calendars.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import {
  buildEngines,
  buildFeeds,
  buildFreezeCalendars,
  buildHealth,
  buildLoads,
  buildMachineRule,
  buildMetrics,
  buildOnCall,
  buildSilences,
  buildSources,
} from './build.ts'
import { groupChecks } from './group-checks.ts'

/** The systems outside that can be built without the database: all but the chat platforms and the groups of people. */
export interface Outside
  extends Pick<WorkflowParts, 'sources' | 'machines' | 'feeds' | 'engines' | 'health' | 'metrics' | 'silences'> {
  readonly loads: ReadonlyMap<string, LoadSource>
  readonly calendars: readonly FreezeCalendar[]
}

/** Builds them from the configuration. For the example, it first writes the example's fleet. Nothing connects yet. */
export async function buildOutside(
  config: Config,
  environment: Environment,
  clock: () => Date,
  keeping: Keeping,
): Promise<Outside> {
  if (config.example) await prepareExample({ from: shippedFleet, to: exampleFleet(config.dataDir) })
  return {
    sources: buildSources(config, environment.values, clock, undefined, keeping),
    machines: buildMachineRule(config),
    feeds: buildFeeds(config, environment.values, clock, undefined, keeping),
    engines: buildEngines(config, environment.values, clock, undefined, keeping),
    health: buildHealth(config),
    metrics: buildMetrics(config, environment.values),
    silences: buildSilences(config, environment.values),
    loads: buildLoads(config, environment.values, clock),
    calendars: buildFreezeCalendars(config),
  }
}

/** What a command can ask without opening the database. */
export async function askableWithoutDatabase(config: Config, environment: Environment) {
  const clock = () => new Date()
  const outside = await buildOutside(config, environment, clock, keptInMemory())
  const { sources, machines, feeds, engines, metrics, loads, calendars } = outside
  const checks = calendarChecks({ calendars, clock })
  const groups = groupChecks(config, buildOnCall(config, environment.values, clock))
  return { sources, machines, feeds, engines, metrics, loads, calendars: checks, groups, connections: [] }
}
