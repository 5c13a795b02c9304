/** The one place that reads the environment of the process, and `.env`. */

import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { absolutePath } from './absolute-path.ts'
import { databaseUrlProblem } from './database-url.ts'
import { parseEnvFile } from './env-file.ts'
import { configLimits } from './limits.ts'
import { type ConfigProblem, quote } from './problem.ts'
import { suggest } from './suggest.ts'
import { readTextFile } from './text-file.ts'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const portMend = 'Write a port from 1 to 65535, or 0 for any free one.'

const databaseUrl = z.string().check((given) => {
  const problem = databaseUrlProblem(given.value)
  if (problem === null) return
  const form = 'Write postgres://user:password@host:5432/database, with special signs in the password as %40 and so on'
  given.issues.push({ code: 'custom', input: given.value, message: `${form}: ${problem}.` })
})

const apiUrl = z.string().refine((url) => /^https?:\/\//.test(url) && URL.canParse(url), {
  error: 'Write an address that begins with https://.',
})

/** Variables by name. Empty ones count as not set. Secrets may also come from a file: `NAME_FILE`. */
const variables = {
  PATCHWARDEN_CONFIG: z.string(),
  PATCHWARDEN_DATA: z.string(),
  PATCHWARDEN_HOST: z.string().regex(/^[A-Za-z0-9.:[\]-]+$/, { error: 'Write an address to listen on.' }),
  PATCHWARDEN_UPGRADE: z.enum(['without-copy'], { error: 'Write without-copy, or leave it out.' }),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: portMend })
    .transform(Number)
    .refine((port) => port <= 65_535, { error: portMend }),
  LOG_LEVEL: z.enum(logLevels, { error: `Write one of ${logLevels.join(', ')}.` }),
  DATABASE_URL: databaseUrl,
  SLACK_BOT_TOKEN: z.string().regex(/^xoxb-\S+$/, { error: 'Write the bot token of the app; it begins with xoxb-.' }),
  SLACK_APP_TOKEN: z.string().regex(/^xapp-\S+$/, { error: 'Write the app-level token; it begins with xapp-.' }),
  SLACK_SIGNING_SECRET: z.string().min(8, { error: 'Write the signing secret of the app ("Basic Information").' }),
  SLACK_CLIENT_ID: z.string().regex(/^[\w.-]+$/, { error: 'Write the client id of the app ("Basic Information").' }),
  SLACK_CLIENT_SECRET: z.string().min(8, { error: 'Write the client secret of the app ("Basic Information").' }),
  SLACK_API_URL: apiUrl,
  DISCORD_PUBLIC_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, { error: 'Write the public key of the app ("General Information"), 64 digits.' }),
  PAGERDUTY_TOKEN: z.string().min(8, { error: 'Write a read-only API key of PagerDuty.' }),
  PAGERDUTY_API_URL: apiUrl,
  PROMETHEUS_TOKEN: z.string().regex(/^[\x21-\x7e]+$/, { error: 'Write the token without blanks.' }),
  ALERTMANAGER_TOKEN: z.string().regex(/^\S+$/, { error: 'Write a bearer token, without spaces.' }),
  ALERTMANAGER_USER: z.string().regex(/^[^:]+$/, { error: 'Write the user name for Alertmanager, without a colon.' }),
  ALERTMANAGER_PASSWORD: z.string(),
  AWX_TOKEN: z.string().min(8, { error: 'Write a token of AWX with the scope write.' }),
  DISCORD_BOT_TOKEN: z.string().regex(/^[\w.-]{20,200}$/, { error: 'Write the token from the page "Bot" of the app.' }),
  DISCORD_API_URL: apiUrl,
} as const
type Variable = keyof typeof variables
const secrets: readonly Variable[] = [
  'DATABASE_URL',
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_CLIENT_SECRET',
  'DISCORD_BOT_TOKEN',
  'PAGERDUTY_TOKEN',
  'PROMETHEUS_TOKEN',
  'ALERTMANAGER_TOKEN',
  'ALERTMANAGER_PASSWORD',
  'AWX_TOKEN',
]

/** Every variable that is read, the `NAME_FILE` forms too. */
export const variableNames: readonly string[] = [...Object.keys(variables), ...secrets.map((name) => `${name}_FILE`)]

/** Over sockets, by requests, or by requests from every workspace that installs the app. */
export type SlackSecrets =
  | { readonly mode: 'socket'; readonly botToken: string; readonly appToken: string }
  | { readonly mode: 'http'; readonly botToken: string; readonly signingSecret: string }
  | {
      readonly mode: 'oauth'
      readonly clientId: string
      readonly clientSecret: string
      readonly signingSecret: string
      readonly stateSecret: string
    }

export type LogLevel = (typeof logLevels)[number]

export interface Environment {
  /** Folder that relative paths on the command line and in the environment count from. */
  readonly cwd: string
  /** PATCHWARDEN_CONFIG: the configuration file. */
  readonly configFile: string | null
  /** PATCHWARDEN_DATA: overrides `dataDir`. */
  readonly dataDir: string | null
  /** PATCHWARDEN_UPGRADE: the operator has a copy of the embedded database, so an upgrade makes none. */
  readonly upgradeWithoutCopy: boolean
  /** PATCHWARDEN_HOST and PORT: override `console`. Port 0 is any free one. */
  readonly host: string | null
  readonly port: number | null
  readonly logLevel: LogLevel
  /** Secret. `null`: an embedded database is started. */
  readonly databaseUrl: string | null
  /** Secrets. `null`: Slack is not used. */
  readonly slack: { readonly access: SlackSecrets; readonly apiUrl: string | null } | null
  /** Secret. `null`: Discord is not used. `publicKey`: clicks come by request; `null`: over the gateway. */
  readonly discord: {
    readonly botToken: string
    readonly publicKey: string | null
    readonly apiUrl: string | null
  } | null
  /** Secrets by variable: PROMETHEUS_TOKEN, and others that begin so and are named in the configuration. */
  readonly prometheus: Readonly<Record<string, string>>
  /** Secret. `null`: PagerDuty is not asked. */
  readonly pagerduty: { readonly token: string; readonly apiUrl: string | null } | null
  /** Secret. `null`: Alertmanager is asked without. */
  readonly alertmanager: HttpAccess | null
  /** Secret. `null`: engines of kind awx cannot work. */
  readonly awxToken: string | null
}

/** How a service over HTTP knows that it is us. */
export type HttpAccess =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }

export type ReadEnvironment =
  | { readonly ok: true; readonly environment: Environment; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

export interface EnvironmentOptions {
  /** Default: the environment of the process. It wins over `.env`. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Folder of `.env`. Default: the working directory. */
  readonly cwd?: string
}

/** Reads and checks what Patchwarden takes from the environment. No value of a secret is ever in what it says. */
export function readEnvironment(options: EnvironmentOptions = {}): ReadEnvironment {
  const cwd = options.cwd ?? process.cwd()
  const reading: Reading = { values: new Map(), problems: [], warnings: [] }
  readDotEnv(join(cwd, '.env'), reading)
  for (const [name, value] of Object.entries(options.variables ?? process.env)) {
    if (value !== undefined) reading.values.set(name, { value, file: 'environment', line: 0 })
  }
  const environment: Environment = {
    cwd,
    configFile: take(reading, 'PATCHWARDEN_CONFIG', variables.PATCHWARDEN_CONFIG, cwd),
    dataDir: take(reading, 'PATCHWARDEN_DATA', variables.PATCHWARDEN_DATA, cwd),
    upgradeWithoutCopy: take(reading, 'PATCHWARDEN_UPGRADE', variables.PATCHWARDEN_UPGRADE, cwd) !== null,
    host: take(reading, 'PATCHWARDEN_HOST', variables.PATCHWARDEN_HOST, cwd),
    port: take(reading, 'PORT', variables.PORT, cwd),
    logLevel: take(reading, 'LOG_LEVEL', variables.LOG_LEVEL, cwd) ?? 'info',
    databaseUrl: take(reading, 'DATABASE_URL', variables.DATABASE_URL, cwd),
    slack: slackAccess(reading, cwd),
    discord: discordAccess(reading, cwd),
    pagerduty: pagerdutyAccess(reading, cwd),
    prometheus: prometheusSecrets(reading, cwd),
    alertmanager: alertmanagerAccess(reading, cwd),
    awxToken: take(reading, 'AWX_TOKEN', variables.AWX_TOKEN, cwd),
  }
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems }
  return { ok: true, environment, warnings: reading.warnings }
}

function slackAccess(reading: Reading, cwd: string): Environment['slack'] {
  const botToken = take(reading, 'SLACK_BOT_TOKEN', variables.SLACK_BOT_TOKEN, cwd)
  const appToken = take(reading, 'SLACK_APP_TOKEN', variables.SLACK_APP_TOKEN, cwd)
  const signingSecret = take(reading, 'SLACK_SIGNING_SECRET', variables.SLACK_SIGNING_SECRET, cwd)
  const clientId = take(reading, 'SLACK_CLIENT_ID', variables.SLACK_CLIENT_ID, cwd)
  const clientSecret = take(reading, 'SLACK_CLIENT_SECRET', variables.SLACK_CLIENT_SECRET, cwd)
  const apiUrl = take(reading, 'SLACK_API_URL', variables.SLACK_API_URL, cwd)
  if (botToken !== null && appToken !== null) return { access: { mode: 'socket', botToken, appToken }, apiUrl }
  if (botToken !== null && signingSecret !== null) return { access: { mode: 'http', botToken, signingSecret }, apiUrl }
  if (clientId !== null && clientSecret !== null && signingSecret !== null) {
    const stateSecret = createHmac('sha256', clientSecret).update('patchwarden slack state').digest('hex')
    return { access: { mode: 'oauth', clientId, clientSecret, signingSecret, stateSecret }, apiUrl }
  }
  noteIncomplete(reading)
  return null
}

const slackNeeds = 'Slack needs SLACK_BOT_TOKEN with SLACK_APP_TOKEN or with SLACK_SIGNING_SECRET; see docs/slack.md.'

function noteIncomplete(reading: Reading): void {
  if (reading.problems.some((problem) => problem.path.startsWith('SLACK_'))) return
  const names = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET', 'SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET']
  for (const name of names) {
    const there = reading.values.get(name) ?? reading.values.get(`${name}_FILE`)
    if (there === undefined || there.value.trim() === '') continue
    note(reading, name, there, 'is set, but not what goes with it', slackNeeds)
    return
  }
}

function discordAccess(reading: Reading, cwd: string): Environment['discord'] {
  const botToken = take(reading, 'DISCORD_BOT_TOKEN', variables.DISCORD_BOT_TOKEN, cwd)
  const publicKey = take(reading, 'DISCORD_PUBLIC_KEY', variables.DISCORD_PUBLIC_KEY, cwd)
  const apiUrl = take(reading, 'DISCORD_API_URL', variables.DISCORD_API_URL, cwd)
  return botToken === null ? null : { botToken, publicKey, apiUrl }
}

function pagerdutyAccess(reading: Reading, cwd: string): Environment['pagerduty'] {
  const token = take(reading, 'PAGERDUTY_TOKEN', variables.PAGERDUTY_TOKEN, cwd)
  const apiUrl = take(reading, 'PAGERDUTY_API_URL', variables.PAGERDUTY_API_URL, cwd)
  return token === null ? null : { token, apiUrl }
}

function prometheusSecrets(reading: Reading, cwd: string): Environment['prometheus'] {
  const names = [...reading.values.keys()].filter((name) => name.startsWith('PROMETHEUS_'))
  const found: Record<string, string> = {}
  for (const name of new Set(names.map((each) => each.replace(/_FILE$/, '')))) {
    const value =
      name === 'PROMETHEUS_TOKEN'
        ? take(reading, name, variables.PROMETHEUS_TOKEN, cwd)
        : (secret(reading, name, cwd)?.value.trim() ?? '')
    if (value !== null && value !== '') found[name] = value
  }
  return found
}

function alertmanagerAccess(reading: Reading, cwd: string): HttpAccess | null {
  const token = take(reading, 'ALERTMANAGER_TOKEN', variables.ALERTMANAGER_TOKEN, cwd)
  const user = take(reading, 'ALERTMANAGER_USER', variables.ALERTMANAGER_USER, cwd)
  const password = take(reading, 'ALERTMANAGER_PASSWORD', variables.ALERTMANAGER_PASSWORD, cwd)
  const place = reading.values.get('ALERTMANAGER_USER')
  if (user !== null && place !== undefined && (token !== null || password === null)) {
    const what = token === null ? 'is set, but no ALERTMANAGER_PASSWORD' : 'is set, and ALERTMANAGER_TOKEN too'
    note(reading, 'ALERTMANAGER_USER', place, what, 'Write user and password, or the token alone.')
    return null
  }
  if (token !== null) return { kind: 'bearer', token }
  return user === null || password === null ? null : { kind: 'basic', user, password }
}

interface Setting {
  readonly value: string
  readonly file: string
  readonly line: number
}

interface Reading {
  readonly values: Map<string, Setting>
  readonly problems: ConfigProblem[]
  readonly warnings: ConfigProblem[]
}

function readDotEnv(path: string, reading: Reading): void {
  const file = readTextFile(path, configLimits.secretBytes)
  if (!file.ok) {
    if (!file.absent)
      reading.problems.push({ file: path, line: 0, column: 0, path: '', what: file.what, mend: file.mend })
    return
  }
  const { lines, mistakes } = parseEnvFile(file.text)
  for (const { line, what, mend } of mistakes) {
    reading.problems.push({ file: path, line, column: 1, path: 'the line', what, mend })
  }
  for (const { name, value, line } of lines) {
    reading.values.set(name, { value, file: path, line })
    const known = variableNames.includes(name) || name.startsWith('PROMETHEUS_')
    const guess = known ? null : suggest(name, variableNames)
    if (guess === null) continue
    const what = 'is not a variable that Patchwarden reads'
    reading.warnings.push({ file: path, line, column: 1, path: name, what, mend: `Did you mean ${guess}?` })
  }
}

function take<T extends z.ZodType>(reading: Reading, name: Variable, schema: T, cwd: string): z.output<T> | null {
  const setting = secrets.includes(name) ? secret(reading, name, cwd) : reading.values.get(name)
  if (setting === undefined || setting.value.trim() === '') return null
  const parsed = schema.safeParse(setting.value.trim())
  if (parsed.success) return parsed.data
  const what = secrets.includes(name) ? 'cannot be read' : `is ${quote(setting.value)}`
  note(reading, name, setting, what, parsed.error.issues[0]?.message ?? 'Look it up in docs/configuration.md.')
  return null
}

function secret(reading: Reading, name: string, cwd: string): Setting | undefined {
  const direct = reading.values.get(name)
  const place = reading.values.get(`${name}_FILE`)
  if (place === undefined || place.value.trim() === '') return direct
  if (direct !== undefined && direct.value.trim() !== '') {
    note(reading, name, direct, `is set, and ${name}_FILE too`, 'Keep one of them.')
    return undefined
  }
  const path = absolutePath(place.value.trim(), cwd)
  const file = readTextFile(path, configLimits.secretBytes)
  if (file.ok && file.text.trim() !== '') return { ...place, value: file.text.trim() }
  const what = `names ${quote(path)}, which ${file.ok ? 'is empty' : file.what}`
  note(
    reading,
    `${name}_FILE`,
    place,
    what,
    file.ok ? 'Put the secret in it.' : file.absent ? 'Check the path.' : file.mend,
  )
  return undefined
}

function note(reading: Reading, path: string, { file, line }: Setting, what: string, mend: string): void {
  reading.problems.push({ file, line, column: line === 0 ? 0 : 1, path, what, mend })
}
