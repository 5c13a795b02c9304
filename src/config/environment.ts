/** The only place that reads the environment of the process and `.env`. */

import { join } from 'node:path'
import { suggest } from '../core/suggest.ts'
import type { Values, Variable, Variables } from '../core/variables.ts'
import { absolutePath } from './absolute-path.ts'
import { parseEnvFile } from './env-file.ts'
import { configLimits } from './limits.ts'
import { isLogLevel, type LogLevel, metricsAddress, type OwnVariable, ownVariables } from './own-variables.ts'
import { type ConfigProblem, quote } from './problem.ts'
import { readTextFile } from './text-file.ts'
import { exampleEnvironment, variableReference } from './variable-reference.ts'

export interface Environment {
  /** The folder from which relative paths on the command line and in the environment count. */
  readonly cwd: string
  /** PATCHWARDEN_CONFIG: the configuration file. */
  readonly configFile: string | null
  /** PATCHWARDEN_DATA: overrides `dataDir`. */
  readonly dataDir: string | null
  /** PATCHWARDEN_UPGRADE: the operator has a copy of the embedded database, so an upgrade makes no copy. */
  readonly upgradeWithoutCopy: boolean
  /** PATCHWARDEN_HOST and PORT: override `console`. Port 0 means any free port. */
  readonly host: string | null
  readonly port: number | null
  readonly logLevel: LogLevel
  /** Where /metrics is served beside the console; `null`: there, if there is a token. */
  readonly metricsAt: { readonly host: string; readonly port: number } | null
  /** Secret. */
  readonly metricsToken: string | null
  /** Secret. `null`: no heartbeat is sent. */
  readonly heartbeatUrl: string | null
  /** Secret. `null`: Patchwarden starts an embedded database. */
  readonly databaseUrl: string | null
  /** Variables of integrations and chat platforms. Secret. */
  readonly values: Values
}

export type ReadEnvironment =
  | { readonly ok: true; readonly environment: Environment; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

export interface EnvironmentOptions {
  /** Default: the environment of the process. These variables win over `.env`. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Folder of `.env`. Default: the working directory. */
  readonly cwd?: string
}

/** Everything that reads or describes the environment, for the variables of kinds and chat platforms. */
export interface EnvironmentReader {
  /** Every variable that is read, including the `NAME_FILE` forms. */
  readonly variableNames: readonly string[]
  readEnvironment(options?: EnvironmentOptions): ReadEnvironment
  /** All variables, as a part of docs/configuration.md. */
  variableReference(): string
  /** The content of .env.example. */
  exampleEnvironment(): string
}

export function environmentOf(others: readonly Variables[]): EnvironmentReader {
  const all: readonly Variables[] = [...ownVariables, ...others]
  return {
    variableNames: namesOf(all),
    readEnvironment: (options = {}) => readEnvironment(others, options),
    variableReference: () => variableReference(all),
    exampleEnvironment: () => exampleEnvironment(all),
  }
}

function namesOf(groups: readonly Variables[]): readonly string[] {
  return groups.flatMap(({ named }) =>
    Object.entries(named).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name])),
  )
}

/** Reads and checks Patchwarden's variables. Problems and warnings never contain a secret. */
function readEnvironment(others: readonly Variables[], options: EnvironmentOptions): ReadEnvironment {
  const cwd = options.cwd ?? process.cwd()
  const reading: Reading = { cwd, settings: new Map(), problems: [], warnings: [] }
  readDotEnv(join(cwd, '.env'), [...ownVariables, ...others], reading)
  for (const [name, value] of Object.entries(options.variables ?? process.env)) {
    if (value !== undefined) reading.settings.set(name, { value, file: 'environment', line: 0 })
  }
  const own: Partial<Record<OwnVariable, string>> = valuesOf(ownVariables, reading)
  const environment: Environment = {
    cwd,
    configFile: own.PATCHWARDEN_CONFIG ?? null,
    dataDir: own.PATCHWARDEN_DATA ?? null,
    upgradeWithoutCopy: own.PATCHWARDEN_UPGRADE !== undefined,
    host: own.PATCHWARDEN_HOST ?? null,
    port: own.PORT === undefined ? null : Number(own.PORT),
    logLevel: isLogLevel(own.LOG_LEVEL) ? own.LOG_LEVEL : 'info',
    metricsAt: metricsAddress(own.PATCHWARDEN_METRICS_LISTEN ?? ''),
    metricsToken: own.PATCHWARDEN_METRICS_TOKEN ?? null,
    heartbeatUrl: own.PATCHWARDEN_HEARTBEAT_URL ?? null,
    databaseUrl: own.DATABASE_URL ?? null,
    values: valuesOf(others, reading),
  }
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems }
  return { ok: true, environment, warnings: reading.warnings }
}

interface Setting {
  readonly value: string
  readonly file: string
  readonly line: number
}

interface Reading {
  readonly cwd: string
  readonly settings: Map<string, Setting>
  readonly problems: ConfigProblem[]
  readonly warnings: ConfigProblem[]
}

function readDotEnv(path: string, all: readonly Variables[], reading: Reading): void {
  const file = readTextFile(path, configLimits.secretBytes)
  if (!file.ok) {
    if (!file.absent)
      reading.problems.push({ file: path, line: 0, column: 0, path: '', what: file.what, mend: file.mend })
    return
  }
  if (file.othersWrite) warnOfWriters(reading, { file: path, line: 0 }, '', '')
  const { lines, mistakes } = parseEnvFile(file.text)
  for (const { line, what, mend } of mistakes) {
    reading.problems.push({ file: path, line, column: 1, path: 'the line', what, mend })
  }
  const known = namesOf(all)
  const isOfSome = (name: string) => all.some(({ prefix }) => prefix !== undefined && name.startsWith(prefix))
  for (const { name, value, line } of lines) {
    reading.settings.set(name, { value, file: path, line })
    const guess = known.includes(name) || isOfSome(name) ? null : suggest(name, known)
    if (guess === null) continue
    const what = 'is not a variable that Patchwarden reads'
    reading.warnings.push({ file: path, line, column: 1, path: name, what, mend: `Did you mean ${guess}?` })
  }
}

function valuesOf(groups: readonly Variables[], reading: Reading): Values {
  return Object.assign({}, ...groups.map((group) => valuesOfGroup(group, reading)))
}

function valuesOfGroup(group: Variables, reading: Reading): Values {
  const before = reading.problems.length
  const values: Record<string, string> = {}
  for (const [name, variable] of [...Object.entries(group.named), ...namedByPrefix(group, reading)]) {
    const value = take(name, variable, reading)
    if (value !== null) values[name] = value
  }
  const problem = reading.problems.length > before ? null : group.check?.(values)
  if (!problem) return values
  const { variable, what, mend } = problem
  const place = reading.settings.get(variable) ?? reading.settings.get(`${variable}_FILE`)
  if (place !== undefined) note(reading, variable, place, what, mend)
  return values
}

/** Variables with the prefix that are not in `named`. Only the configuration names them. */
function namedByPrefix({ named, prefix }: Variables, reading: Reading): readonly (readonly [string, OfPrefix])[] {
  if (prefix === undefined) return []
  const names = [...reading.settings.keys()].filter((name) => name.startsWith(prefix))
  const others = new Set(names.map((name) => name.replace(/_FILE$/, '')))
  return [...others].filter((name) => !Object.hasOwn(named, name)).map((name) => [name, { secret: true }])
}

type OfPrefix = Pick<Variable, 'secret' | 'mistake'>

function take(name: string, variable: OfPrefix, reading: Reading): string | null {
  const setting = variable.secret ? secret(reading, name) : reading.settings.get(name)
  const value = setting?.value.trim() ?? ''
  if (setting === undefined || value === '') return null
  const mend = variable.mistake?.(value) ?? null
  if (mend === null) return value
  note(reading, name, setting, variable.secret ? 'cannot be read' : `is ${quote(setting.value)}`, mend)
  return null
}

function secret(reading: Reading, name: string): Setting | undefined {
  const direct = reading.settings.get(name)
  const place = reading.settings.get(`${name}_FILE`)
  if (place === undefined || place.value.trim() === '') return direct
  if (direct !== undefined && direct.value.trim() !== '') {
    note(reading, name, direct, `is set, and ${name}_FILE too`, 'Keep one of them.')
    return undefined
  }
  const path = absolutePath(place.value.trim(), reading.cwd)
  const file = readTextFile(path, configLimits.secretBytes)
  if (file.ok && file.othersWrite) warnOfWriters(reading, place, `${name}_FILE`, quote(path))
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

/** Who may change a secret may lead us to another database or another workspace. */
function warnOfWriters(reading: Reading, { file, line }: Omit<Setting, 'value'>, path: string, what: string): void {
  const column = line === 0 ? 0 : 1
  const said =
    path === ''
      ? 'may be changed by other accounts of this machine'
      : `names ${what}, which other accounts of this machine may change`
  reading.warnings.push({ file, line, column, path, what: said, mend: 'Take that away: chmod go-w.' })
}

function note(reading: Reading, path: string, { file, line }: Setting, what: string, mend: string): void {
  reading.problems.push({ file, line, column: line === 0 ? 0 : 1, path, what, mend })
}
