/** Reads patchwarden.yaml. The result is the configuration, or everything that is wrong with it. */

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { errorText } from '../core/error-text.ts'
import { absolutePath } from './absolute-path.ts'
import { type CrossCheck, crossCheck } from './cross-check.ts'
import { priorityRule } from './decision-tables.ts'
import { defaultConfig } from './default-config.ts'
import type { Environment } from './environment.ts'
import { explainIssue, type KnownKeys } from './explain-issue.ts'
import { isWrongKind, withGuessedKinds } from './guess-kinds.ts'
import type { Kind } from './kind.ts'
import { configLimits } from './limits.ts'
import { missingVariables } from './missing-variables.ts'
import { nothingUnread } from './notes.ts'
import { withAbsolutePaths } from './paths.ts'
import { type ConfigProblem, type Finding, showPath } from './problem.ts'
import type { Config, Settings, SettingsSchema } from './schema.ts'
import { systemProblems, withSystems } from './systems.ts'
import { readTextFile } from './text-file.ts'
import { withoutBroken } from './without-broken.ts'
import { type Place, readYaml, type YamlText } from './yaml-text.ts'

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** The format of the file, which depends on the kinds. */
export interface FileFormat {
  readonly kinds: readonly Kind[]
  readonly schema: SettingsSchema
  readonly knownKeys: KnownKeys
}

export const configFileName = 'patchwarden.yaml'

/**
 * Reads the configuration at `path`. If `path` is `null`, reads PATCHWARDEN_CONFIG, else `patchwarden.yaml` in the
 * working directory, else the built-in example. Never throws. A file that was named must exist and be valid.
 */
export function loadConfig(format: FileFormat, path: string | null, environment: Environment): LoadedConfig {
  const { cwd } = environment
  const named = path ?? environment.configFile
  if (named === null && !existsSync(resolve(cwd, configFileName))) {
    const example = defaultConfig(format.schema, cwd, environment.dataDir)
    return { ok: true, config: applyEnvironment(example, environment), warnings: [] }
  }
  const shown = named ?? configFileName
  const file = absolutePath(shown, cwd)
  const text = readTextFile(file, configLimits.fileBytes)
  if (!text.ok) return refuse([{ file: shown, line: 0, column: 0, path: '', what: text.what, mend: text.mend }])
  const read = parseSettings(format, text.text, shown)
  if (!read.ok) return read
  const settings = withAbsolutePaths(read.settings, format.kinds, dirname(file))
  const problem = tableProblem(settings)
  if (problem !== null) return refuse([{ file: shown, line: 0, column: 0, path: 'priority.table', ...problem }])
  const config = applyEnvironment({ ...settings, file, example: false }, environment)
  const missing = missingVariables(settings, format.kinds, environment.values)
  return { ok: true, config, warnings: [...read.warnings, ...placed(shown, read.yaml, missing)] }
}

export type ParsedSettings =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly warnings: readonly ConfigProblem[]
      /** The text, to find the places of later findings. */
      readonly yaml: YamlText
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

function tableProblem(settings: Settings): { readonly what: string; readonly mend: string } | null {
  try {
    priorityRule(settings)
    return null
  } catch (error) {
    return { what: `cannot be used: ${errorText(error)}`, mend: 'See docs/priority.md.' }
  }
}

/** Checks the text of a configuration file. Paths stay as written. `file`: the name of the file in problems. */
export function parseSettings(format: FileFormat, text: string, file: string): ParsedSettings {
  const read = readYaml(text)
  if (!read.ok) {
    const { place, what, mend } = read
    return refuse([{ file, ...place, path: '', what, mend }])
  }
  const { yaml } = read
  if (yaml.value === null && yaml.findings.length === 0) {
    const mend = 'Run "patchwarden init", or start from patchwarden.example.yaml.'
    return refuse([{ file, line: 1, column: 1, path: '', what: 'is empty', mend }])
  }
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value)) {
    const mend = 'Start from patchwarden.example.yaml.'
    return refuse([{ file, line: 1, column: 1, path: '', what: 'holds no "key: value" lines', mend }])
  }
  const problems = yaml.findings.map((finding) => problemAt(file, finding, finding.place))
  const parsed = format.schema.safeParse(yaml.value)
  if (parsed.success) {
    const settings = withSystems(parsed.data)
    const checked = crossCheck(settings, format.kinds, nothingUnread)
    problems.push(...placed(file, yaml, [...systemProblems(parsed.data), ...checked.problems]))
    if (problems.length > 0) return refuse(problems)
    return { ok: true, settings, warnings: placed(file, yaml, checked.warnings), yaml }
  }
  const { issues, findings } = explainAll(format, yaml.value, parsed.error.issues)
  const clear = findings.filter(
    ({ path }) => !yaml.findings.some((odd) => startsWith(path, odd.path) || startsWith(odd.path, path)),
  )
  problems.push(...placed(file, yaml, clear), ...placed(file, yaml, checkTheRest(format, yaml.value, issues).problems))
  return refuse(problems)
}

type Issues = readonly z.core.$ZodIssue[]

function explainAll(
  { schema, knownKeys }: FileFormat,
  value: object,
  first: Issues,
): { readonly issues: Issues; readonly findings: readonly Finding[] } {
  const explained = (issues: Issues, root: object) => issues.flatMap((issue) => explainIssue(issue, root, knownKeys))
  const guessed = withGuessedKinds(value, first)
  if (guessed === null) return { issues: first, findings: explained(first, value) }
  const kinds = first.filter(isWrongKind)
  const second = schema.safeParse(guessed)
  const others = second.success ? [] : second.error.issues.filter((issue) => !isSame(issue, kinds))
  return { issues: [...kinds, ...others], findings: [...explained(kinds, value), ...explained(others, guessed)] }
}

function isSame(issue: z.core.$ZodIssue, known: Issues): boolean {
  return isWrongKind(issue) && known.some(({ path }) => showPath(path) === showPath(issue.path))
}

/** Checks the valid part of the file too, so a mistake in one key does not hide mistakes elsewhere. */
function checkTheRest({ schema, kinds }: FileFormat, value: object, issues: Issues): CrossCheck {
  const { rest, unread } = withoutBroken(schema, value, issues)
  const parsed = schema.safeParse(rest)
  if (!parsed.success) return { problems: [], warnings: [] }
  const { problems, warnings } = crossCheck(withSystems(parsed.data), kinds, unread)
  return { problems: [...systemProblems(parsed.data), ...problems], warnings }
}

function placed(file: string, yaml: YamlText, findings: readonly Finding[]): readonly ConfigProblem[] {
  return findings.map((finding) => problemAt(file, finding, yaml.locate(finding.path, finding.at)))
}

function problemAt(file: string, { path, what, mend }: Finding, { line, column }: Place): ConfigProblem {
  return { file, line, column, path: showPath(path), what, mend }
}

function startsWith(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.length > 0 && start.every((segment, index) => path[index] === segment)
}

/** The problems in the order of the file, each once. */
function refuse(problems: readonly ConfigProblem[]): {
  readonly ok: false
  readonly problems: readonly ConfigProblem[]
} {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const unique = new Map(sorted.map((problem) => [`${problem.path} ${problem.what}`, problem]))
  const shown = [...unique.values()].slice(0, configLimits.problems)
  const [first] = shown
  const left = unique.size - shown.length
  if (first === undefined || left === 0) return { ok: false, problems: shown }
  const more = { line: 0, column: 0, path: '', what: `has ${left} more problems`, mend: 'Mend these first.' }
  return { ok: false, problems: [...shown, { ...more, file: first.file }] }
}

function applyEnvironment(config: Config, { cwd, dataDir, host, port }: Environment): Config {
  return {
    ...config,
    dataDir: dataDir === null ? config.dataDir : absolutePath(dataDir, cwd),
    console: { ...config.console, host: host ?? config.console.host, port: port ?? config.console.port },
  }
}
