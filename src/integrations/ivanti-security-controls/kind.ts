/** Settings of a console of Security Controls, and what is made of them. The kinds of a real and of a simulated one share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { everyFeed } from '../../config/feed-settings.ts'
import { count, duration, optional, reference, text } from '../../config/fields.ts'
import { type Given, kind } from '../../config/kind.ts'
import type { SourceConfig } from '../../config/schema.ts'
import { serverAddress } from '../../config/server-address.ts'
import type { CatalogFeed, DeployEngine, InventorySource, Keeping } from '../../core/ports.ts'
import { HOUR_SECONDS, WEEK_SECONDS } from '../../core/time/instant.ts'
import type { Values } from '../../core/variables.ts'
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
import { windowsFetchOptions, windowsSignIn, windowsSignInPaths } from '../windows-sign-in/configuration.ts'
import { windowsFetch } from '../windows-sign-in/index.ts'
import { type Api, createApi } from './api.ts'
import { createCatalog } from './catalog.ts'
import { namedClasses } from './classes.ts'
import { type ConsoleOptions, createConsole } from './client.ts'
import { createEngine } from './engine.ts'
import { createInventory } from './inventory.ts'
import { createKnown, type Known } from './known.ts'
import { createNotes } from './note.ts'
import { consoleReport } from './probe-report.ts'

const MINUTE = 60

/** What every entry says, beside how the console is reached. */
export const ofConsole = {
  mode: readOrDeploy('deployed by Security Controls'),
  also: z
    .array(z.enum(namedClasses, { error: `Write some of ${namedClasses.join(', ')}.` }), {
      error: 'Write a list of classes, such as [SecurityTools].',
    })
    .default([])
    .describe('Classes that are taken beside SecurityPatch and NonSecurityPatch.'),
  scanDays: count(1, 365, 'Write a number of days.')
    .default(30)
    .describe('Scans of so many days are looked at. A machine without a whole one in that time counts as unreachable.'),
}

const templateName = (rule: string) =>
  optional(text('Write the name of a deployment template in Security Controls.')).describe(
    `The deployment template for policies with \`reboot: ${rule}\`, by its name in Security Controls.`,
  )

export const engineSettings = z.strictObject({
  installation: optional(
    text('Write a name, such as Example Ltd.', 60).regex(/^[^()]+$/, { error: 'Write a name without brackets.' }),
  ).describe('Stands in the names of all that is made there. Default: the name of the whole file.'),
  templates: z
    .strictObject({ never: templateName('never'), 'if required': templateName('if required') })
    .prefault({})
    .describe('The deployment template for each rule about restarts. What it does about restarts is read back.'),
  credential: optional(text('Write the name of a credential in Security Controls.')).describe(
    'A credential in Security Controls by which all machines are reached. Default: the one that each machine has there.',
  ),
  lead: duration({ unit: 'min', minimum: MINUTE, maximum: WEEK_SECONDS })
    .prefault('30 min')
    .describe('How long before the window machines are scanned. The scan should be over when the window opens.'),
  reportsWithin: duration({ unit: 'hours', minimum: HOUR_SECONDS, maximum: 4 * WEEK_SECONDS })
    .prefault('12 hours')
    .describe('So long after the window, each machine that works is through, and was looked at again.'),
  shownWithin: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('10 min')
    .describe(
      'So long after it was asked for, a deployment stands in the list of the console. It is never asked for again.',
    ),
})

/** What the inventory says beside what every inventory says. */
export const groups = {
  teams: z
    .record(text('Write the name of a group.'), reference('a team'), {
      error: 'Write teams by the groups that machines are assigned to, such as { Servers: web }.',
    })
    .default({})
    .describe('The team of machines by the group that they are assigned to in Security Controls.'),
}

type Groups = z.output<z.ZodObject<typeof groups>>
type EngineSettings = z.output<typeof engineSettings>
type Common = z.output<z.ZodObject<typeof ofConsole>>

/** How the console of an entry is reached. */
export interface Reached extends Omit<ConsoleOptions, 'alone'> {
  /** Password of the account; `null`: it is not known. */
  readonly password: string | null
  /** So many seconds stand for an hour. */
  readonly hourSeconds: number
  readonly describe: string
}

/** A console that the roles of a system share. */
export interface Opened {
  /** `credential`: by which its machines are reached; `null`: each has its own. */
  api(credential: string | null): Api
  readonly known: Known
  readonly hourSeconds: number
  /** For people. */
  readonly describe: string
}

/** The consoles of all entries of a kind, each opened once. */
export interface OpenConsoles {
  open(key: string, scanDays: number, reach: () => Reached, kept: Kept): Opened
}

interface Kept {
  readonly keeping: Keeping
  readonly clock: () => Date
}

export function openConsoles(): OpenConsoles {
  const all = new Map<string, Opened>()
  return {
    open(key, scanDays, reach, { keeping, clock }) {
      const there = all.get(key)
      if (there !== undefined) return there
      const reached = reach()
      const { hourSeconds, describe, password } = reached
      // One request at a time, by all processes.
      const alone: ConsoleOptions['alone'] = (signal, work) =>
        keeping.inTurn(`security controls ${reached.url}`, signal, work)
      const console = createConsole({ ...reached, alone })
      const api = (credential: string | null) => createApi(console, { password, credential })
      const opened = { api, known: createKnown(api(null), clock, scanDays, hourSeconds), hourSeconds, describe }
      all.set(key, opened)
      return opened
    },
  }
}

export function inventoryOf(
  source: SourceConfig & Common & Groups,
  { api, known, describe }: Opened,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const defaults = defaultsOf(source, config)
  const report = (signal: AbortSignal) => consoleReport(api(null), known, clock, signal)
  return createInventory({ name, describe, known, defaults, teams: source.teams, simulated, clock, report })
}

export function catalogOf({ also }: Common, { api, known, describe }: Opened, name: string): CatalogFeed {
  return createCatalog({ name, describe, api: api(null), known, alsoTaken: also })
}

export function engineOf(
  own: EngineSettings,
  source: Common,
  { api, known, hourSeconds, describe }: Opened,
  simulated: boolean,
  { name, config, keeping, clock }: Given,
): DeployEngine {
  const scaled = scaledBy(hourSeconds)
  const { never, 'if required': ifRequired } = own.templates
  return createEngine({
    ...{ name, api: api(own.credential), known, describe, simulated, clock, hourSeconds },
    templates: {
      ...(never === null ? {} : { never }),
      ...(ifRequired === null ? {} : { 'if required': ifRequired }),
    },
    notes: createNotes(name, keeping),
    installation: installationNamed(own.installation, config.name),
    mayDeploy: source.mode === 'deploy',
    shownWithinSeconds: scaled(own.shownWithin),
    terms: { leadSeconds: scaled(own.lead), reportsWithinSeconds: scaled(own.reportsWithin) },
  })
}

const NAME = 'ivanti-security-controls'
const PREFIX = 'SECURITY_CONTROLS_'

const connection = {
  url: serverAddress('the console', 'https://isec01.corp.example:3121').describe(
    'The address of the console, with its port: as its certificate names it.',
  ),
  ...windowsSignIn,
  secret: optional(
    z
      .string({ error: 'Write the name of a variable, such as SECURITY_CONTROLS_PASSWORD_BERLIN.' })
      .regex(/^SECURITY_CONTROLS_[A-Z0-9_]{1,80}$/, {
        error: 'Write the name of a variable that begins with SECURITY_CONTROLS_.',
      }),
  ).describe('Variable with the password of the account. Default: SECURITY_CONTROLS_PASSWORD.'),
  timeout: duration({ unit: 's', minimum: 5, maximum: 600 }).prefault('60 s').describe('How long one answer may take.'),
  ...ofConsole,
}
const paths = windowsSignInPaths

type Connection = z.output<z.ZodObject<typeof connection>>

interface Outer extends Kept {
  readonly values: Values
}

function opened(source: Connection, consoles: OpenConsoles, outer: Outer): Opened {
  const { url, scanDays, timeout, certificate } = source
  const variable = source.secret ?? 'SECURITY_CONTROLS_PASSWORD'
  const key = JSON.stringify([url, source.signIn, source.user, source.keytab, variable, certificate, scanDays])
  const reach = (): Reached => ({
    ...{ url, timeoutSeconds: timeout, hourSeconds: HOUR_SECONDS, password: outer.values[variable] ?? null },
    fetch: windowsFetch(windowsFetchOptions(source, outer.values, variable)),
    describe: `${new URL(url).host}${certificate === 'verified' ? '' : ' (ITS CERTIFICATE IS NOT VERIFIED)'}`,
  })
  return consoles.open(key, scanDays, reach, outer)
}

export const ivantiSecurityControls = kind({
  name: NAME,
  page: 'integrations/ivanti-security-controls.md',
  open: openConsoles,
  variables: {
    about:
      'Ivanti Security Controls (docs/integrations/ivanti-security-controls.md): the password of the account. Another one is named in "secret".',
    named: {
      SECURITY_CONTROLS_PASSWORD: {
        meaning:
          'systems of kind `ivanti-security-controls`: the password of the account, for NTLM and for its session; `secret` may name others that begin with `SECURITY_CONTROLS_`',
        example: '...',
        secret: true,
      },
    },
    prefix: PREFIX,
  },
  roles: {
    inventory: {
      summary: 'Windows machines as a console of Ivanti Security Controls last scanned them.',
      looksAt: 'what machines report',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...groups }),
      paths,
      refersTo: teamsNamed,
      create: (source, given: Given<OpenConsoles>) =>
        inventoryOf(source, opened(source, given.connection, given), false, given),
    },
    engine: {
      summary: 'Has Ivanti Security Controls deploy patches to exactly the approved machines.',
      settings: engineSettings,
      obstacle: (_, source) => obstacleOf(NAME, source, 'its own console'),
      check: (_, { name, settings }, notes) => checkSources(sourcesOf(settings, NAME, name), NAME, notes),
      create(own, given: Given<OpenConsoles>) {
        const [source] = sourcesOf(given.config, NAME, given.name).filter(isReal)
        if (source === undefined) throw new Error(`The engine "${given.name}" has no source of kind ${NAME}.`)
        return engineOf(own, source, opened(source, given.connection, given), false, given)
      },
    },
    feed: {
      summary: 'The Windows patches that scans of a console of Ivanti Security Controls have shown.',
      settings: z.strictObject({ ...connection, ...everyFeed }),
      paths,
      create: (feed, { name, clock, values = {}, keeping = keptInMemory(), connection: consoles = openConsoles() }) =>
        catalogOf(feed, opened(feed, consoles, { keeping, clock, values }), name),
    },
  },
  system: {
    summary:
      'A console of Ivanti Security Controls: its Windows machines are watched, and with `mode: deploy` it deploys what was approved.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...groups }),
    engine: engineSettings,
    feed: z.strictObject(everyFeed),
  },
})

function isReal(source: SourceConfig): source is SourceConfig & Connection {
  return source.kind === NAME
}
