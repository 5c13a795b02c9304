/** Settings of a WSUS server, and what is made of them. The kinds of a real and of a simulated server share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, host, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, optional, reference, text } from '../../config/fields.ts'
import { type EntryNotes, type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import {
  checkSources,
  defaultsOf,
  installationNamed,
  obstacleOf,
  readOrDeploy,
  sourcesOf,
  teamsNamed,
} from '../delegating/configuration.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import { namedClasses } from '../windows/classifications.ts'
import { overSsh, scriptHostPaths, targetOf, windowsLogin } from '../windows-script/configuration.ts'
import { createWsus, type Wsus } from './ask.ts'
import type { WsusServer } from './calls.ts'
import { createWsusCatalog } from './catalog.ts'
import { createWsusEngine } from './engine.ts'
import { createWsusInventory } from './inventory.ts'
import { createKnown, type Known } from './known.ts'
import { teamNamed } from './machine.ts'
import { createNotes } from './note.ts'
import { createWsusServers, type WsusServers } from './remote.ts'

/** A client asks its server every 22 hours, less a random part. */
const CONTACT_HOURS = 22

/** What every entry for a WSUS says, beside how it is reached. */
export const ofWsus = {
  mode: readOrDeploy('approved in WSUS'),
  also: z
    .array(z.enum(namedClasses, { error: `Write some of ${namedClasses.join(', ')}.` }), {
      error: 'Write a list of classifications, such as [Upgrades].',
    })
    .default([])
    .describe(
      'Classifications that are taken beside security and critical updates, rollups, updates and service packs.',
    ),
  targeting: z
    .enum(['server', 'client'], { error: 'Write server or client.' })
    .default('server')
    .describe(
      'Who decides which groups a machine is in, as the server is set: `server`, and each start gets a group of its own; or `client`, where policies decide.',
    ),
  groups: z
    .array(text('Write the name of a group in WSUS.'), { error: 'Write a list of groups, such as [Wave 1, Wave 2].' })
    .default([])
    .describe(
      "With `targeting: client`: groups, filled by policies, that are Patchwarden's to approve for. Each is told as a whole.",
    ),
}

export const wsusEngine = z.strictObject({
  installation: optional(
    text('Write a name, such as Example Ltd.', 60).regex(/^[^()]+$/, { error: 'Write a name without brackets.' }),
  ).describe('Stands in the name of each group that is made in WSUS. Default: the name of the whole file.'),
  lead: duration({ unit: 'hours', minimum: 0, maximum: WEEK_SECONDS })
    .prefault('24 hours')
    .describe('How long before the window WSUS is told. Its machines ask every 22 hours.'),
  reportsWithin: duration({ unit: 'hours', minimum: HOUR_SECONDS, maximum: 4 * WEEK_SECONDS })
    .prefault('48 hours')
    .describe('So long after the window, each machine that works has reported.'),
  installs: z
    .string({ error: 'Write by deadline, or at and an hour, such as at 03:00.' })
    .regex(/^(?:by deadline|at (?:[01]\d|2[0-3]):[0-5]\d)$/, {
      error: 'Write by deadline, or at and an hour, such as at 03:00.',
    })
    .default('by deadline')
    .describe("What the policy of the machines does: `by deadline`, or `at HH:MM`, in each machine's own time."),
})

/** What the inventory of a WSUS says beside what every inventory says. */
export const wsusGroups = {
  teams: z
    .record(text('Write the name of a group in WSUS.'), reference('a team'), {
      error: 'Write teams by the names of groups in WSUS, such as { Web servers: web }.',
    })
    .default({})
    .describe('The team of the machines of a group in WSUS, by the name of the group. Of several, the first by name.'),
}

export type Groups = z.output<z.ZodObject<typeof wsusGroups>>

export const wsusFeed = z.strictObject(everyFeed)

type EngineSettings = z.output<typeof wsusEngine>
type Common = z.output<z.ZodObject<typeof ofWsus>>

/** The groups that may be approved for as a whole; `null`: the server decides the groups. */
function namedBy({ targeting, groups }: Common): readonly string[] | null {
  return targeting === 'client' ? groups : null
}

/** `targeting` and `groups` belong together. */
export function checkGroups({ targeting, groups }: Common, notes: EntryNotes): void {
  if (targeting === 'client' && groups.length === 0)
    notes.problem(
      ['targeting'],
      'is client, and no group is named that may be approved for',
      'Name them: groups: [Wave 1, Wave 2].',
    )
  if (targeting === 'server' && groups.length > 0)
    notes.problem(
      ['groups'],
      'are named, and targeting is server',
      'Write targeting: client, or leave them out: each start then gets a group of its own.',
    )
}

/** A server that the roles of a system share. */
export interface Opened {
  readonly wsus: Wsus
  readonly known: Known
  readonly hourSeconds: number
}

/** How the server of an entry is reached. */
export interface Reached {
  /** The same for all entries that mean the same server. */
  readonly login: string
  readonly server: WsusServer
  /** So many seconds stand for an hour. */
  readonly hourSeconds: number
}

/** The servers of all entries of a kind, each opened once. */
export interface OpenServers {
  open(reached: Reached, common: Common, kept: Kept): Opened
}

export function openServers(): OpenServers {
  const all = new Map<string, Opened>()
  return {
    open({ login, server, hourSeconds }, { also }, { keeping, clock }) {
      const key = JSON.stringify([login, [...also].sort()])
      const there = all.get(key)
      if (there !== undefined) return there
      const wsus = createWsus(server, login, keeping, clock)
      const opened = { wsus, known: createKnown(wsus, clock, also, hourSeconds), hourSeconds }
      all.set(key, opened)
      return opened
    },
  }
}

interface Kept {
  readonly keeping: Keeping
  readonly clock: () => Date
}

export function wsusInventory(
  source: SourceConfig & Common & Groups,
  { wsus, known }: Opened,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const defaults = defaultsOf(source, config)
  return createWsusInventory({
    name,
    wsus,
    known,
    wholeGroups: namedBy(source),
    defaults,
    teams: source.teams,
    simulated,
    clock,
  })
}

export function wsusCatalog({ also }: Common, { wsus, known }: Opened, name: string, clock: () => Date): CatalogFeed {
  return createWsusCatalog({ name, wsus, known, alsoTaken: also, clock })
}

export function wsusDeploying(
  own: EngineSettings,
  source: SourceConfig & Common & Groups,
  { wsus, known, hourSeconds }: Opened,
  simulated: boolean,
  { name, config, keeping, clock }: Given,
): DeployEngine {
  const scaled = (seconds: number) => Math.round((seconds * hourSeconds) / HOUR_SECONDS)
  return createWsusEngine({
    ...{ name, wsus, known, simulated, clock, hourSeconds },
    notes: createNotes(name, keeping),
    installation: installationNamed(own.installation, config.name),
    mayDeploy: source.mode === 'deploy',
    wholeGroups: namedBy(source),
    teamOf: (groups) => teamNamed(groups, source.teams) ?? source.team ?? null,
    installs: own.installs === 'by deadline' ? 'by deadline' : { at: own.installs.slice('at '.length) },
    contactSeconds: CONTACT_HOURS * hourSeconds,
    terms: { leadSeconds: scaled(own.lead), reportsWithinSeconds: scaled(own.reportsWithin) },
  })
}

const NAME = 'wsus'

const connection = {
  host: host.describe('The WSUS server, or a name from the SSH configuration.'),
  user: optional(windowsLogin).describe('Login there, also of a domain. Default: what the SSH configuration says.'),
  ...overSsh,
  ...ofWsus,
}
const paths = scriptHostPaths
type Connection = z.output<z.ZodObject<typeof connection>>

/** What the roles of a system share: the connections, and what is known of each server. */
interface Real {
  readonly servers: WsusServers
  readonly opened: OpenServers
}

function openReal(): Real {
  return { servers: createWsusServers(), opened: openServers() }
}

function reached(source: Connection, { servers, opened }: Real, kept: Kept): Opened {
  const { host, user, port } = source
  const server = servers.over(targetOf(source, { host, user }))
  return opened.open({ login: JSON.stringify([host, user, port]), server, hourSeconds: HOUR_SECONDS }, source, kept)
}

export const wsus = kind({
  name: NAME,
  page: 'integrations/wsus.md',
  open: openReal,
  roles: {
    inventory: {
      summary: 'Machines as they last reported to a WSUS server.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...wsusGroups }),
      paths,
      refersTo: teamsNamed,
      check: (source, _, notes) => checkGroups(source, notes),
      create: (source, given) => wsusInventory(source, reached(source, given.connection, given), false, given),
    },
    engine: {
      summary: 'Approves updates on a WSUS server, for groups of exactly the approved machines.',
      settings: wsusEngine,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own WSUS'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isReal)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return wsusDeploying(own, source, reached(source, given.connection, given), false, given)
      },
    },
    feed: {
      summary: 'The updates that a WSUS server holds.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, keeping = keptInMemory(), connection: real = openReal() }) =>
        wsusCatalog(feed, reached(feed, real, { keeping, clock }), name, clock),
    },
  },
  system: {
    summary:
      'A WSUS server, reached over SSH: its machines are watched, and with `mode: deploy` it approves what was approved.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...wsusGroups }),
    engine: wsusEngine,
    feed: wsusFeed,
  },
})

function isReal(source: SourceConfig): source is SourceConfig & Connection & Groups {
  return source.kind === NAME
}
