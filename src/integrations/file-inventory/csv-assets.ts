import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { z } from 'zod'
import type { InstalledPackage, Observation } from '../../core/asset.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'
import { csvProblem } from '../csv-problem.ts'
import { csvSeparator } from '../csv-separator.ts'
import { createTurns } from '../turns.ts'
import { type AssetDefaults, assetOf } from './asset-defaults.ts'
import { type FileTimes, listOfHosts } from './json-assets.ts'
import { type ListedIds, listedIdentity } from './listed-identity.ts'
import { listedName, versionTest } from './listed-package.ts'

const required = ['asset', 'package', 'version', 'architecture', 'source', 'sourceversion'] as const

const rowSchema = z.object({
  asset: z.string().min(1).max(500),
  package: z.string().min(1).max(500),
  version: z.string().min(1).max(500),
  architecture: z.string().min(1).max(100),
  source: z.string().max(500),
  sourceversion: z.string().max(500),
  platform: z.string().max(100).optional(),
  team: z.string().max(500).optional(),
  hardwareid: z.string().max(500).optional(),
  cloudid: z.string().max(500).optional(),
  fqdn: z.string().max(500).optional(),
})
type Row = z.infer<typeof rowSchema>

/** The most warnings that are kept for one file. */
const MAX_WARNINGS = 50

interface CsvAsset {
  readonly name: string
  readonly platform: string | undefined
  readonly team: string | undefined
  readonly ids: ListedIds
  readonly packages: InstalledPackage[]
  readonly isVersion: (version: string) => boolean
}

/**
 * Reads a CSV file with the header line `asset,package,version,architecture,source,sourceVersion` and optionally
 * `platform`, `team`, `hardwareId`, `cloudId` and `fqdn`; of these, the first row of an asset counts. A bad row becomes a warning on the first asset. Throws a sentence when the header is wrong or
 * the file is cut off.
 */
export async function observeCsv(
  bytes: Buffer,
  path: string,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): Promise<readonly Observation[]> {
  if (bytes.length === 0) throw new Error(`${path} is empty: its first line must be ${required.join(',')}`)
  if (bytes[bytes.length - 1] !== 0x0a) throw new Error(`${path} is cut off: its last line has no end`)
  const assets = new Map<string, CsvAsset>()
  const warnings: string[] = []
  for await (const { row, line, problem } of rowsOf(bytes, path)) {
    if (row === null) {
      warnings.push(`${path}, line ${line}: ${problem}; the row was skipped`)
      continue
    }
    let asset = assets.get(row.asset)
    if (asset === undefined) {
      const ids = { hardwareId: row.hardwareid, cloudId: row.cloudid, fqdn: row.fqdn }
      const platform = row.platform ? (canonicalPlatform(row.platform) ?? row.platform) : undefined
      const isVersion = versionTest(platform ?? defaults.platform)
      asset = { name: row.asset, platform, team: row.team || undefined, ids, packages: [], isVersion }
      assets.set(row.asset, asset)
    }
    if (row.team && asset.team !== undefined && row.team !== asset.team) {
      const teams = `${asset.team} and of ${row.team}`
      warnings.push(
        `${path}, line ${line}: ${row.asset} is of the team ${teams}; a server has one team, so the first counts`,
      )
    }
    const { name, architecture } = listedName(row.package)
    const sourceVersion = row.sourceversion || row.version
    const { isVersion } = asset
    const wrong = [row.version, sourceVersion].find((one) => !isVersion(one))
    if (wrong !== undefined) {
      warnings.push(`${path}, line ${line}: "${wrong}" is no version on this platform; the row was skipped`)
      continue
    }
    asset.packages.push({
      name,
      version: row.version,
      architecture: architecture ?? row.architecture,
      source: row.source || name,
      sourceVersion,
    })
  }
  if (assets.size === 0) {
    throw new Error(`${path} names no asset${warnings[0] === undefined ? '' : ` (${warnings[0]})`}`)
  }
  const observations: Observation[] = []
  const turns = createTurns()
  for (const entry of assets.values()) {
    if (turns.over()) await turns.next()
    const told = observations.length === 0 ? bounded(warnings) : []
    observations.push(observeAsset(entry, path, source, defaults, times, told))
  }
  return observations
}

function observeAsset(
  entry: CsvAsset,
  path: string,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
  warnings: readonly string[],
): Observation {
  const { name, platform, team } = entry
  const { asset, missing } = assetOf(source, { name, platform, team }, defaults)
  if (missing.length > 0) {
    const reason = `${path} (${name}): no ${missing.join(' and ')}: add the column or name it in the defaults`
    return { kind: 'unreachable', asset, reason, at: times.now }
  }
  const { identity, warnings: unusable } = listedIdentity(name, entry.ids)
  const snapshot = {
    asset,
    identity,
    packages: entry.packages,
    pending: [],
    runningKernel: null,
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt: times.modifiedAt,
    listsRefreshedAt: null,
  }
  return { kind: 'seen', snapshot, warnings: [...warnings, ...unusable] }
}

interface ReadRow {
  readonly row: Row | null
  readonly line: number
  readonly problem: string
}

async function* rowsOf(bytes: Buffer, path: string): AsyncGenerator<ReadRow> {
  const { delimiter, skip } = csvSeparator(bytes.toString('utf8', 0, 1_000))
  const parser = Readable.from(slices(bytes.subarray(skip))).pipe(
    parse({
      delimiter,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      max_record_size: 65_536,
    }),
  )
  let columns: readonly string[] | null = null
  try {
    for await (const value of parser) {
      const { info, record } = recordSchema.parse(value)
      if (columns === null) {
        columns = headerOf(record, path)
        continue
      }
      yield readRow(columns, record, info.lines)
    }
  } catch (error) {
    throw new Error(`${path} ${csvProblem(error)}`, { cause: error })
  }
  if (columns === null) throw new Error(`${path} is empty: its first line must be ${required.join(',')}`)
}

const recordSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) })

function headerOf(record: readonly string[], path: string): readonly string[] {
  const columns = record.map((name) => name.toLowerCase())
  const missing = required.filter((name) => !columns.includes(name))
  if (missing.length === 0) return columns
  throw new Error(
    `${path} has no column ${missing.join(', ')} in its first line: it must name asset,package,version,architecture,source,sourceVersion. ${listOfHosts}`,
  )
}

function readRow(columns: readonly string[], record: readonly string[], line: number): ReadRow {
  if (record.length !== columns.length) {
    return { row: null, line, problem: `${record.length} values where the header has ${columns.length}` }
  }
  const parsed = rowSchema.safeParse(Object.fromEntries(columns.map((name, index) => [name, record[index]])))
  if (parsed.success) return { row: parsed.data, line, problem: '' }
  const issue = parsed.error.issues[0]
  return { row: null, line, problem: `${String(issue?.path[0] ?? 'the row')} is empty or too long` }
}

function bounded(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= MAX_WARNINGS) return warnings
  return [...warnings.slice(0, MAX_WARNINGS), `${warnings.length - MAX_WARNINGS} more rows were skipped`]
}

/**
 * Gives the parser the file in small pieces. Between two pieces other work can run, because the parser would process a
 * large piece without a pause.
 */
async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  const turns = createTurns()
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    if (turns.over()) await turns.next()
    yield bytes.subarray(start, start + SLICE_BYTES)
  }
}

const SLICE_BYTES = 16_384
