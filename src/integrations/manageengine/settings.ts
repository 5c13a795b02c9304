/** Settings of a ManageEngine server, and what is made of them. The kinds of a real and of a simulated server share them. */

import { z } from 'zod'
import { duration, optional, reference, text } from '../../config/fields.ts'
import type { EntryNotes, EntryPlace, Given, Reference } from '../../config/kind.ts'
import { named } from '../../config/named.ts'
import { present } from '../../config/present.ts'
import { assetWindowsFor, timeZoneFor, windowFor as windowOfTeam } from '../../config/resolve.ts'
import type { Config, Settings, SourceConfig } from '../../config/schema.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import { windowFor } from '../../core/window-of-asset.ts'
import { type Api, createApi, type Generation } from './api.ts'
import { createCatalog } from './catalog.ts'
import { namedClasses } from './classes.ts'
import { type ClientOptions, createClient } from './client.ts'
import type { Context } from './context.ts'
import { createEngine } from './engine.ts'
import { createInventory } from './inventory.ts'
import { createKnown, type Known } from './known.ts'
import { createNotes } from './note.ts'
import { manageEngineReport } from './probe-report.ts'

const MINUTE = 60

/** What every entry says, beside how the server is reached. */
export const ofManageEngine = {
  mode: z
    .enum(['read', 'deploy'], { error: 'Write read or deploy.' })
    .default('read')
    .describe('`read`: machines are only watched. `deploy`: what was approved is deployed by ManageEngine.'),
  also: z
    .array(z.enum(namedClasses, { error: `Write some of ${namedClasses.join(', ')}.` }), {
      error: 'Write a list of classes, such as [Drivers].',
    })
    .default([])
    .describe('Classes that are taken beside security and critical updates, updates, rollups and service packs.'),
}

const policyRule = z.strictObject({
  name: text('Write the name of a deployment policy in ManageEngine.').describe('Its name in ManageEngine.'),
  reboot: z
    .enum(['never', 'if required'], { error: 'Write never or if required.' })
    .describe('What it does about restarts, as it is set up there: `never` or `if required`.'),
})

export const engineSettings = z.strictObject({
  installation: optional(
    text('Write a name, such as Example Ltd.', 60).regex(/^[^()]+$/, { error: 'Write a name without brackets.' }),
  ).describe('Stands in the name of each configuration that is made. Default: the name of the whole file.'),
  policies: z
    .record(text('Write the name of a window.'), policyRule, {
      error:
        'Write deployment policies by the names of windows, such as { nights: { name: Servers nightly, reboot: if required } }.',
    })
    .default({})
    .describe('The deployment policy of ManageEngine for each window, by the name of the window.'),
  lead: duration({ unit: 'min', minimum: MINUTE, maximum: WEEK_SECONDS })
    .prefault('1 min')
    .describe(
      'How long before the window it is told. Its agents ask every 90 minutes; before the window, only the deployment policy keeps them from installing.',
    ),
  reportsWithin: duration({ unit: 'hours', minimum: HOUR_SECONDS, maximum: 4 * WEEK_SECONDS })
    .prefault('24 hours')
    .describe('So long after the window, each machine that works has been scanned.'),
  asksEvery: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('90 min')
    .describe('How often agents ask the server.'),
  shownWithin: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('10 min')
    .describe('So long after it was sent, a configuration stands in the list of the server. It is never sent again.'),
})

/** What the inventory says beside what every inventory says. */
export const offices = {
  teams: z
    .record(text('Write the name of a remote office.'), reference('a team'), {
      error: 'Write teams by the names of remote offices, such as { Berlin: web }.',
    })
    .default({})
    .describe('The team of the machines of a remote office, by its name in ManageEngine.'),
}

type Offices = z.output<z.ZodObject<typeof offices>>
type EngineSettings = z.output<typeof engineSettings>
interface Common {
  readonly mode: 'read' | 'deploy'
  readonly also: readonly string[]
}

/** The teams that the entry names. */
export function teamsNamed({ teams }: Offices): readonly Reference[] {
  return Object.entries(teams).map(([office, name]) => ({ path: ['teams', office], section: 'teams', name }))
}

/** A server that the roles of a system share. */
export interface Opened {
  readonly api: Api
  readonly known: Known
  readonly hourSeconds: number
  /** For people. */
  readonly describe: string
}

/** How the server of an entry is reached. */
export interface Reached extends Omit<ClientOptions, 'alone'> {
  readonly generation: Generation | null
  /** So many seconds stand for an hour. */
  readonly hourSeconds: number
  readonly describe: string
}

/** The servers of all entries of a kind, each opened once. */
export interface OpenServers {
  open(key: string, reach: () => Reached, kept: { readonly keeping: Keeping; readonly clock: () => Date }): Opened
}

export function openServers(): OpenServers {
  const all = new Map<string, Opened>()
  return {
    open(key, reach, { keeping, clock }) {
      const there = all.get(key)
      if (there !== undefined) return there
      const reached = reach()
      // One request at a time, by all processes.
      const alone: ClientOptions['alone'] = (signal, work) =>
        keeping.inTurn(`manageengine ${reached.url}`, signal, work)
      const api = createApi(createClient({ ...reached, alone }), reached.generation)
      const { hourSeconds, describe } = reached
      const opened = { api, known: createKnown(api, clock, hourSeconds), hourSeconds, describe }
      all.set(key, opened)
      return opened
    },
  }
}

export function inventoryOf(
  source: SourceConfig & Common & Offices,
  { api, known, describe }: Opened,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const { team, tags, exposure, criticality, mode, teams } = source
  const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
  // What may only be read has no engine, so nobody is asked to vote on it.
  const engine = mode === 'deploy' ? source.engine : null
  const defaults = present({ team, tags, exposure, criticality, timeZone, engine })
  const report = (signal: AbortSignal) => manageEngineReport(api, known, clock, signal)
  return createInventory({ name, describe, api, known, defaults, teams, simulated, clock, report })
}

export function catalogOf({ also }: Common, { api, known, describe }: Opened, name: string): CatalogFeed {
  return createCatalog({ name, describe, api, known, alsoTaken: also })
}

export function engineOf(
  own: EngineSettings,
  source: Common,
  { api, known, hourSeconds, describe }: Opened,
  simulated: boolean,
  { name, config, keeping, clock }: Given,
): DeployEngine {
  const scaled = (seconds: number) => Math.max(1, Math.round((seconds * hourSeconds) / HOUR_SECONDS))
  return createEngine({
    ...{ name, api, known, describe, simulated, clock, hourSeconds, policies: own.policies },
    notes: createNotes(name, keeping),
    installation: own.installation ?? config.name.replaceAll(/[()]/g, ' ').trim().slice(0, 60),
    mayDeploy: source.mode === 'deploy',
    windowOf: (asset) => windowNameOf(config, asset),
    contactSeconds: scaled(own.asksEvery),
    shownWithinSeconds: scaled(own.shownWithin),
    terms: { leadSeconds: scaled(own.lead), reportsWithinSeconds: scaled(own.reportsWithin) },
  })
}

function windowNameOf(config: Config, asset: Parameters<Context['windowOf']>[0]): string | null {
  const window = windowOfTeam(config, asset.team)
  if (window === null) return null
  return windowFor({ window, assetWindows: assetWindowsFor(config, asset.team) }, asset).name
}

/** The sources of this kind whose assets the engine changes. */
export function sourcesOf({ sources }: Settings, kind: string, engine: string): readonly SourceConfig[] {
  return Object.values(sources).filter((source) => source.kind === kind && source.engine === engine)
}

export function checkEngine(
  own: EngineSettings,
  { name, settings }: EntryPlace,
  kind: string,
  notes: EntryNotes,
): void {
  const sources = sourcesOf(settings, kind, name)
  if (sources.length !== 1) {
    const what = sources.length === 0 ? 'is the engine of no system' : 'is the engine of several systems'
    notes.problem([], what, `Name it as the engine of one source of kind ${kind}, or write it under systems.`, 'key')
  }
  for (const window of Object.keys(own.policies)) {
    if (named(settings.windows, window) !== null) continue
    notes.problem(['policies', window], 'is the name of no window', 'Write the name of one of the windows.', 'key')
  }
}

export function obstacleOf(kind: string, source: SourceConfig) {
  if (source.kind === kind) return null
  return {
    what: `is of kind ${kind}, which changes only machines of its own server`,
    mend: `Use it with a source of kind ${kind}, or name another engine.`,
  }
}
