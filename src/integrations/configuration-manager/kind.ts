/** Settings of a site of Configuration Manager, and what is made of them. The kinds of a real and of a simulated site share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { duration, optional, reference, text, yesOrNo } from '../../config/fields.ts'
import { type EntryNotes, type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import { formed, type Values } from '../../core/variables.ts'
import {
  checkSources,
  defaultsOf,
  installationNamed,
  obstacleOf,
  readOrDeploy,
  scaledBy,
  sourcesOf,
  teamsNamed,
} from '../delegating/configuration.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import { namedClasses } from '../windows/classifications.ts'
import { scriptHost, scriptHostPaths, scriptTarget } from '../windows-script/configuration.ts'
import { windowsFetchOptions, windowsSignIn, windowsSignInPaths } from '../windows-sign-in/configuration.ts'
import { windowsFetch } from '../windows-sign-in/index.ts'
import { type Api, createApi } from './api.ts'
import type { Writer } from './calls.ts'
import { createCatalog } from './catalog.ts'
import { type ClientOptions, createClient } from './client.ts'
import { createEngine } from './engine.ts'
import { createInventory } from './inventory.ts'
import { createKnown, type Known } from './known.ts'
import { createNotes } from './note.ts'
import { siteReport } from './probe-report.ts'
import { createSiteServers, type SiteServers } from './remote.ts'

const MINUTE = 60

/** What every entry says, beside how the site is reached. */
export const ofSite = {
  mode: readOrDeploy('deployed by Configuration Manager'),
  also: z
    .array(z.enum(namedClasses, { error: `Write some of ${namedClasses.join(', ')}.` }), {
      error: 'Write a list of classes, such as [Upgrades].',
    })
    .default([])
    .describe('Classes that are taken beside security and critical updates, rollups, updates and service packs.'),
}

const collectionMend = 'Write the id of a collection, such as SMS00001.'
export const engineSettings = z.strictObject({
  installation: optional(
    text('Write a name, such as Example Ltd.', 60).regex(/^[^()[\]*?]+$/, {
      error: 'Write a name without brackets, * and ?.',
    }),
  ).describe('Stands in the name of all that is made in the site. Default: the name of the whole file.'),
  limiting: text(collectionMend, 8)
    .regex(/^[A-Z0-9]{8}$/, { error: collectionMend })
    .default('SMS00001')
    .describe('Id of the collection that limits those that are made. Default: All Systems.'),
  withoutPackage: yesOrNo
    .default(false)
    .describe('`true`: machines fetch updates from Microsoft, so their content need not be on distribution points.'),
  lead: duration({ unit: 'hours', minimum: MINUTE, maximum: WEEK_SECONDS })
    .prefault('4 hours')
    .describe('How long before the window the site is told. Its clients ask every hour, and then fetch the updates.'),
  reportsWithin: duration({ unit: 'hours', minimum: HOUR_SECONDS, maximum: 4 * WEEK_SECONDS })
    .prefault('26 hours')
    .describe('So long after the window, each machine that works has reported.'),
  asksEvery: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('60 min')
    .describe('How often clients ask for their policy, as the client settings of the site say.'),
  evaluatedWithin: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('30 min')
    .describe('So long after a machine was added, it is a member of its collection.'),
})

/** What the inventory says beside what every inventory says. */
export const collections = {
  teams: z
    .record(text('Write the name of a collection.'), reference('a team'), {
      error: 'Write teams by the names of collections, such as { Web servers: web }.',
    })
    .default({})
    .describe('The team of the machines of a collection, by its name. Of several, the first by name.'),
}

type Collections = z.output<z.ZodObject<typeof collections>>
type EngineSettings = z.output<typeof engineSettings>
interface Common {
  readonly mode: 'read' | 'deploy'
  readonly also: readonly string[]
}

/** A site that the roles of a system share. */
export interface Opened {
  readonly api: Api
  readonly known: Known
  /** `null`: nothing says how it is to be changed. */
  readonly writer: Writer | null
  readonly hourSeconds: number
  /** For people. */
  readonly describe: string
}

/** How the site of an entry is reached. */
export interface Reached extends Omit<ClientOptions, 'alone'> {
  readonly writer: Writer | null
  /** So many seconds stand for an hour. */
  readonly hourSeconds: number
  readonly describe: string
}

/** The sites of all entries of a kind, each opened once. */
export interface OpenSites {
  open(key: string, common: Common, reach: () => Reached, kept: Kept): Opened
}

interface Kept {
  readonly keeping: Keeping
  readonly clock: () => Date
}

export function openSites(): OpenSites {
  const all = new Map<string, Opened>()
  return {
    open(login, { also }, reach, { keeping, clock }) {
      const key = JSON.stringify([login, [...also].sort()])
      const there = all.get(key)
      if (there !== undefined) return there
      const reached = reach()
      // One request at a time, by all processes.
      const alone: ClientOptions['alone'] = (signal, work) =>
        keeping.inTurn(`configuration-manager ${reached.url}`, signal, work)
      const api = createApi(createClient({ ...reached, alone }))
      const { hourSeconds, describe, writer } = reached
      const opened = {
        api,
        known: createKnown(api, clock, also, hourSeconds),
        writer: inTurn(writer, login, keeping),
        hourSeconds,
        describe,
      }
      all.set(key, opened)
      return opened
    },
  }
}

/** One change at a time, by all processes. */
function inTurn(writer: Writer | null, login: string, keeping: Keeping): Writer | null {
  if (writer === null) return null
  return {
    describe: writer.describe,
    call: (op, data, signal) =>
      keeping.inTurn(`configuration-manager script ${login}`, signal, (mine) => writer.call(op, data, mine)),
  }
}

export function inventoryOf(
  source: SourceConfig & Common & Collections,
  { api, known, describe }: Opened,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const defaults = defaultsOf(source, config)
  const report = (signal: AbortSignal) => siteReport(api, known, clock, signal)
  return createInventory({ name, describe, api, known, defaults, teams: source.teams, simulated, clock, report })
}

export function catalogOf({ also }: Common, { api, known, describe }: Opened, name: string): CatalogFeed {
  return createCatalog({ name, describe, api, known, alsoTaken: also })
}

export function engineOf(
  own: EngineSettings,
  source: Common,
  { api, known, writer, hourSeconds, describe }: Opened,
  simulated: boolean,
  { name, config, keeping, clock }: Given,
): DeployEngine {
  const scaled = scaledBy(hourSeconds)
  return createEngine({
    ...{ name, api, known, writer, describe, simulated, clock, hourSeconds },
    ...{ limiting: own.limiting, withoutPackage: own.withoutPackage },
    notes: createNotes(name, keeping),
    // Brackets, * and ? are wildcards to the cmdlets.
    installation: installationNamed(own.installation, config.name.replaceAll(/[[\]*?]/g, ' ')),
    mayDeploy: source.mode === 'deploy',
    contactSeconds: scaled(own.asksEvery),
    evaluatedWithinSeconds: scaled(own.evaluatedWithin),
    terms: { leadSeconds: scaled(own.lead), reportsWithinSeconds: scaled(own.reportsWithin) },
  })
}

const NAME = 'configuration-manager'
const PASSWORD = 'CONFIGURATION_MANAGER_PASSWORD'

const addressMend =
  'Write an address such as https://cm01.corp.example: the full name of the server with the SMS provider.'

const connection = {
  url: z
    .string({ error: addressMend })
    .refine((url) => /^https:\/\/[^/@]+\/?$/.test(url) && URL.canParse(url), { error: addressMend })
    .describe('The server with the SMS provider, by its full name. Its AdminService is asked.'),
  ...windowsSignIn,
  timeout: duration({ unit: 's', minimum: 5, maximum: 600 })
    .prefault('120 s')
    .describe('How long one answer may take.'),
  site: optional(
    text('Write the code of the site, such as P01.', 3).regex(/^[A-Z0-9]{3}$/, {
      error: 'Write the code of the site, such as P01.',
    }),
  ).describe('The code of the site. Only `mode: deploy` needs it, and `host`.'),
  ...scriptHost('The site server, which is changed over SSH, or a name from the SSH configuration.'),
  ...ofSite,
}
const paths = { ...windowsSignInPaths, ...scriptHostPaths } as const
type Connection = z.output<z.ZodObject<typeof connection>>

/** What the roles of a system share. */
interface Real {
  readonly servers: SiteServers
  readonly sites: OpenSites
}

function openReal(): Real {
  return { servers: createSiteServers(), sites: openSites() }
}

interface Outer extends Kept {
  readonly values: Values
}

function opened(source: Connection, { servers, sites }: Real, outer: Outer): Opened {
  const { url, certificate, site, timeout } = source
  const reach = (): Reached => {
    const target = scriptTarget(source)
    const isOpen = certificate === 'not verified'
    const provider = new URL(url).hostname
    return {
      ...{ url, timeoutSeconds: timeout, clock: outer.clock, hourSeconds: HOUR_SECONDS },
      fetch: windowsFetch(windowsFetchOptions(source, outer.values, PASSWORD)),
      writer: target === null || site === null ? null : servers.over({ ...target, site, provider }),
      describe: `${new URL(url).host}${isOpen ? ' (ITS CERTIFICATE IS NOT VERIFIED)' : ''}`,
    }
  }
  return sites.open(JSON.stringify([url, source.signIn, source.user, source.keytab, source.host]), source, reach, outer)
}

/** To deploy, it must be known how the site is changed. */
function checkConnection({ mode, host, site }: Connection, notes: EntryNotes): void {
  if (mode !== 'deploy') return
  if (host === null)
    notes.problem(
      ['mode'],
      'is deploy, and nothing says how the site is changed',
      'Write "host": the site server, which is reached over SSH.',
    )
  else if (site === null)
    notes.problem(['mode'], 'is deploy, and the code of the site is not named', 'Write it, such as site: P01.')
}

export const configurationManager = kind({
  name: NAME,
  page: 'integrations/configuration-manager.md',
  open: openReal,
  variables: {
    about: 'Configuration Manager (docs/integrations/configuration-manager.md): only with "signIn: ntlm".',
    named: {
      [PASSWORD]: {
        meaning: 'systems of kind `configuration-manager` with `signIn: ntlm`: the password of `user`',
        example: '...',
        secret: true,
        mistake: formed(/^[^\r\n]+$/, 'Write it in one line.'),
      },
    },
  },
  roles: {
    inventory: {
      summary: 'Windows machines as they last reported to a site of Configuration Manager.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...collections }),
      paths,
      refersTo: teamsNamed,
      check: (source, _, notes) => checkConnection(source, notes),
      create: (source, given: Given<Real>) =>
        inventoryOf(source, opened(source, given.connection, given), false, given),
    },
    engine: {
      summary: 'Has Configuration Manager deploy updates, to collections of exactly the approved machines.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own site'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given: Given<Real>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isReal)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), false, given)
      },
    },
    feed: {
      summary: 'The updates that machines of a site of Configuration Manager need or have.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, values = {}, keeping = keptInMemory(), connection: real = openReal() }) =>
        catalogOf(feed, opened(feed, real, { keeping, clock, values }), name),
    },
  },
  system: {
    summary:
      'A site of Microsoft Configuration Manager: its Windows machines are watched, and with `mode: deploy` it deploys what was approved.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...collections }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isReal(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
