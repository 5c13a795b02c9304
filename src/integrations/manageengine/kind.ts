/** Settings of a ManageEngine server, and what is made of them. The kinds of a real and of a simulated server share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { count, duration, hasLogin, optional, reference, text } from '../../config/fields.ts'
import { type EntryNotes, type EntryPlace, type Given, kind } from '../../config/kind.ts'
import { named } from '../../config/named.ts'
import { assetWindowsFor, windowFor as windowOfTeam } from '../../config/resolve.ts'
import type { Config, SourceConfig } from '../../config/schema.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import { formed, type Values } from '../../core/variables.ts'
import { windowFor } from '../../core/window-of-asset.ts'
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
import { unverifiedFetch } from '../http/fetch-by.ts'
import { keptInMemory } from '../kept-in-memory.ts'
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
import { createSignIn, type Secrets } from './sign-in.ts'

const MINUTE = 60

/** What every entry says, beside how the server is reached. */
export const ofManageEngine = {
  mode: readOrDeploy('deployed by ManageEngine'),
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
  const defaults = defaultsOf(source, config)
  const report = (signal: AbortSignal) => manageEngineReport(api, known, clock, signal)
  return createInventory({ name, describe, api, known, defaults, teams: source.teams, simulated, clock, report })
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
  const scaled = scaledBy(hourSeconds)
  return createEngine({
    ...{ name, api, known, describe, simulated, clock, hourSeconds, policies: own.policies },
    notes: createNotes(name, keeping),
    installation: installationNamed(own.installation, config.name),
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

export function checkEngine(
  own: EngineSettings,
  { name, settings }: EntryPlace,
  kind: string,
  notes: EntryNotes,
): void {
  checkSources(sourcesOf(settings, kind, name), kind, notes)
  for (const window of Object.keys(own.policies)) {
    if (named(settings.windows, window) !== null) continue
    notes.problem(['policies', window], 'is the name of no window', 'Write the name of one of the windows.', 'key')
  }
}

const NAME = 'manageengine'
const PREFIX = 'MANAGEENGINE_'

const addressMend =
  'Write an address such as https://patch.corp.example:8383; a token goes over http only to this machine.'
const address = z
  .string({ error: addressMend })
  .refine((url) => /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/]?)/.test(url) && URL.canParse(url), {
    error: addressMend,
  })
  .refine((url) => !hasLogin(url), {
    error: 'Write it without user and password: variables of the environment hold the secrets.',
    params: { what: 'holds a user name or a password' },
  })

const connection = {
  url: address.describe('Its address: of a server on premises, with its port, or of the product in the cloud.'),
  accounts: optional(address).describe(
    'Of the product in the cloud: the address that gives its tokens, such as https://accounts.zoho.eu. Default: the server is on premises.',
  ),
  secrets: text('Write the beginning of the names of its variables, such as MANAGEENGINE_BERLIN.', 60)
    .regex(/^MANAGEENGINE(?:_[A-Z0-9]+)*$/, {
      error: 'Write a name that begins with MANAGEENGINE, such as MANAGEENGINE_BERLIN.',
    })
    .default('MANAGEENGINE')
    .describe(
      'How the names of its variables begin: `_TOKEN`, or for the cloud `_CLIENT_ID`, `_CLIENT_SECRET` and `_REFRESH_TOKEN`.',
    ),
  certificate: z
    .enum(['verified', 'not verified'], { error: 'Write verified or not verified.' })
    .default('verified')
    .describe(
      '`not verified`: whoever stands between can read and change everything. Better: name its authority under `ca`.',
    ),
  api: z
    .enum(['detect', 'dcapi', 'legacy'], { error: 'Write detect, dcapi or legacy.' })
    .default('detect')
    .describe('Which generation of its API is asked: `detect` finds it out, `legacy` is the older one (/api/1.4).'),
  requestsPerSecond: count(1, 20, 'Write a number from 1 to 20.').default(4).describe('It is asked at most so often.'),
  timeout: duration({ unit: 's', minimum: 5, maximum: 600 }).prefault('60 s').describe('How long one answer may take.'),
  ...ofManageEngine,
}
type Connection = z.output<z.ZodObject<typeof connection>>

const withoutBlanks = formed(/^[\x21-\x7e]+$/, 'Write it without blanks.')

function reachedBy(source: Connection, values: Values, clock: () => Date): Reached {
  const { url, certificate, api, requestsPerSecond, timeout } = source
  const isOpen = certificate === 'not verified'
  const signIn = createSignIn(secretsOf(source, values), clock)
  return {
    ...{ url, signIn, timeoutSeconds: timeout, gapMs: Math.ceil(1_000 / requestsPerSecond) },
    ...(isOpen ? { fetch: unverifiedFetch } : {}),
    generation: api === 'detect' ? null : api,
    hourSeconds: HOUR_SECONDS,
    describe: `${new URL(url).host}${isOpen ? ' (ITS CERTIFICATE IS NOT VERIFIED)' : ''}`,
  }
}

/** What is missing is told when the server is to be asked, so that other systems work without it. */
function secretsOf({ accounts, secrets }: Connection, values: Values): Secrets {
  const value = (end: string) => values[`${secrets}_${end}`] ?? null
  const missing = (names: readonly string[]): Secrets => ({
    kind: 'missing',
    problem: `${names.map((name) => `${secrets}_${name}`).join(', ')} ${names.length === 1 ? 'is' : 'are'} not set: put the secrets into the environment or into .env, or name files that hold them (…_FILE)`,
  })
  if (accounts === null) {
    const token = value('TOKEN')
    return token === null ? missing(['TOKEN']) : { kind: 'token', token }
  }
  const [clientId, clientSecret, refreshToken] = [value('CLIENT_ID'), value('CLIENT_SECRET'), value('REFRESH_TOKEN')]
  if (clientId === null || clientSecret === null || refreshToken === null)
    return missing(['CLIENT_ID', 'CLIENT_SECRET', 'REFRESH_TOKEN'].filter((end) => value(end) === null))
  return { kind: 'zoho', accounts, clientId, clientSecret, refreshToken }
}

interface Outer {
  readonly keeping: Keeping
  readonly clock: () => Date
  readonly values: Values
}

function opened(source: Connection, servers: OpenServers, outer: Outer): Opened {
  const { url, secrets, certificate, api } = source
  return servers.open(
    JSON.stringify([url, secrets, certificate, api]),
    () => reachedBy(source, outer.values, outer.clock),
    outer,
  )
}

export const manageEngine = kind({
  name: NAME,
  page: 'integrations/manageengine.md',
  open: openServers,
  variables: {
    about:
      'ManageEngine (docs/integrations/manageengine.md): the token of a server on premises, or three values for the cloud. Other servers have variables\nof their own, whose beginning their "secrets" names.',
    named: {
      MANAGEENGINE_TOKEN: {
        meaning:
          'systems of kind `manageengine` on premises: the token of the API. `secrets` may name others that begin with `MANAGEENGINE_`',
        example: '...',
        secret: true,
        mistake: withoutBlanks,
      },
      MANAGEENGINE_CLIENT_ID: {
        meaning: 'the same in the cloud: the id of a self client of Zoho',
        example: '1000....',
        secret: true,
        mistake: withoutBlanks,
      },
      MANAGEENGINE_CLIENT_SECRET: { meaning: 'its secret', example: '...', secret: true, mistake: withoutBlanks },
      MANAGEENGINE_REFRESH_TOKEN: {
        meaning: 'a refresh token of that client',
        example: '1000....',
        secret: true,
        mistake: withoutBlanks,
      },
    },
    prefix: PREFIX,
  },
  roles: {
    inventory: {
      summary:
        'Windows machines as they last reported to a ManageEngine server (Patch Manager Plus, Endpoint Central).',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...offices }),
      refersTo: teamsNamed,
      create: (source, given: Given<OpenServers>) =>
        inventoryOf(source, opened(source, given.connection, given), false, given),
    },
    engine: {
      summary: 'Has a ManageEngine server deploy patches to exactly the approved machines.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own server'),
      check: (own, place, notes) => checkEngine(own, place, NAME, notes),
      create(own, given: Given<OpenServers>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isReal)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), false, given)
      },
    },
    feed: {
      summary: 'The Windows patches that a ManageEngine server knows.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      create: (feed, { name, clock, values = {}, keeping = keptInMemory(), connection: servers = openServers() }) =>
        catalogOf(feed, opened(feed, servers, { keeping, clock, values }), name),
    },
  },
  system: {
    summary:
      'Patch Manager Plus or Endpoint Central of ManageEngine: its Windows machines are watched, and with `mode: deploy` it deploys what was approved.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...offices }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isReal(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
