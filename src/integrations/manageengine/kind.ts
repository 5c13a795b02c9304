import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { count, duration, hasLogin, optional, text } from '../../config/fields.ts'
import { type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import type { Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { formed, type Values } from '../../core/variables.ts'
import { unverifiedFetch } from '../http/unverified-fetch.ts'
import { keptInMemory } from '../kept-in-memory.ts'
import {
  catalogOf,
  checkEngine,
  engineOf,
  engineSettings,
  inventoryOf,
  type Opened,
  type OpenServers,
  obstacleOf,
  offices,
  ofManageEngine,
  openServers,
  type Reached,
  sourcesOf,
  teamsNamed,
} from './settings.ts'
import { createSignIn, type Secrets } from './sign-in.ts'

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
      obstacle: (_, source) => obstacleOf(NAME, source),
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
