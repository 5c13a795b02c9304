import { basename } from 'node:path'
import type { Command } from 'commander'
import { isShippedTable, priorityRule } from '../config/decision-tables.ts'
import { type Assessment, assess, joinAssessments } from '../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../core/assessment/catalog-view.ts'
import { type Finding, findings } from '../core/assessment/findings.ts'
import { thirdParty } from '../core/assessment/third-party.ts'
import { type Asset, type AssetSnapshot, onlyLooks } from '../core/asset.ts'
import { type AssetCoverage, allJudged, coverageOf, type FleetCoverage, fleetCoverage } from '../core/coverage.ts'
import { errorText } from '../core/error-text.ts'
import { canonicalPlatform } from '../core/platform/canonical.ts'
import { judge } from '../core/priority/facts.ts'
import { type Priority, priorities, priorityRank } from '../core/priority/priority.ts'
import type { PriorityRule } from '../core/priority/rule.ts'
import { readBoundedFile, unpackGzip } from '../integrations/bounded-file.ts'
import { settingsSchema } from '../integrations/configuration.ts'
import { type CatalogFolder, readCatalogFolder } from '../integrations/feeds/catalog-folder.ts'
import { createFileInventory, recogniseFormat } from '../integrations/file-inventory/index.ts'
import { inputLimits } from '../integrations/input-limits.ts'
import type { FleetSummary } from '../workflow/fleet.ts'
import { nothingLine, printCoverage, printNotJudged } from './assess-coverage.ts'
import { BadUse } from './failure.ts'
import { complain, print, printJson, printJsonLines } from './print.ts'
import { withService } from './with-service.ts'

interface Options {
  readonly inventory?: string
  readonly platform?: string
  readonly catalog?: string
  readonly name?: string
  readonly exposure?: string
  readonly criticality?: string
  readonly table: string
  readonly failOn?: string
  readonly allowUnassessed?: boolean
  readonly summary?: boolean
  readonly json?: boolean
}

export function assessCommand(program: Command, done: (code: number) => void): void {
  program
    .command('assess')
    .description(
      'what each server misses, most urgent first: from the store, or offline from an inventory and feed files',
    )
    .option('--inventory <file>', 'a machine: dpkg status, rpm list, apk, SBOM, systeminfo, JSON or CSV; may be gzip')
    .option('--platform <platform>', 'its platform, such as debian:12; needed where the file does not say')
    .option('--catalog <folder>', 'folder of feed files, recognised by what is in them')
    .option('--name <name>', 'name of the machine; default: what the file says, else the name of the file')
    .option('--exposure <exposure>', 'small, controlled or open; default: assumed open, and said so')
    .option('--criticality <criticality>', 'low, medium, high or very high; default: assumed medium, and said so')
    .option('--table <table>', 'decision table: ssvc-deployer, cisa-bod-26-04 or a CSV file', 'ssvc-deployer')
    .option('--summary', 'the whole fleet in counts, by what feeds say of its packages: for many thousands of servers')
    .option('--fail-on <priority>', `end with 1 where something is as urgent as this: ${priorities.join(', ')}`)
    .option(
      '--allow-unassessed',
      'end with 0 although a server or a feed file could not be judged; it is said all the same',
    )
    .option('--json', 'print JSON Lines: offline one object a finding, from the store one a patch')
    .action(async (options: Options) => {
      const failOn = options.failOn === undefined ? null : priorities.find((item) => item === options.failOn)
      if (failOn === undefined) throw new BadUse(`--fail-on takes ${priorities.join(', ')}.`)
      const { worst, coverage } =
        options.inventory === undefined ? await fromStore(program, options) : await offline(options)
      if (failOn !== null && worst !== null && priorityRank(worst) <= priorityRank(failOn)) done(1)
      if (!allJudged(coverage) && !options.allowUnassessed) done(1)
    })
}

/** What an assessment found: the most urgent priority, and what could be judged. */
interface Outcome {
  /** `null`: nothing is missing, as far as it could be judged. */
  readonly worst: Priority | null
  readonly coverage: FleetCoverage
}

async function fromStore(program: Command, { catalog, json = false, summary }: Options): Promise<Outcome> {
  if (catalog !== undefined) throw new BadUse('--catalog goes with --inventory: without it the store is assessed.')
  return withService(program, async ({ workflow }): Promise<Outcome> => {
    if (summary) {
      const counted = await workflow.fleetSummary()
      const coverage = await workflow.coverage()
      printSummary(counted, coverage, json)
      return { worst: counted.patches[0]?.priority ?? null, coverage }
    }
    const assessment = joinAssessments((await workflow.assessments()).values())
    const coverage = await workflow.coverage()
    printPatches(assessment, coverage, json)
    return { worst: assessment.patches[0]?.priority ?? null, coverage }
  })
}

function printSummary(
  { assets, packages, versions, findings, patches }: FleetSummary,
  coverage: FleetCoverage,
  json: boolean,
): void {
  if (json) {
    printJson({ assets, packages, versions, findings, patches, coverage })
    return
  }
  print(
    `${assets} servers, ${packages} installed packages in ${versions} distinct versions, ${findings} findings, ${patches.length} patches`,
  )
  for (const { priority, source, version, platform, assets: on, cves } of patches)
    print(`${priority.padEnd(12)} ${source} ${version} (${platform}) on ${on}, ${cves.length} CVEs`)
  printCoverage(coverage)
}

/** One row for each patch, however many CVEs it fixes. */
function printPatches({ patches, assets }: Assessment, coverage: FleetCoverage, json: boolean): void {
  const on = new Map<string, string[]>()
  for (const entry of assets) {
    for (const id of entry.patches) {
      const names = on.get(id) ?? []
      on.set(id, names)
      names.push(entry.asset.name)
    }
  }
  for (const patch of patches) {
    const names = on.get(patch.id) ?? []
    if (json) {
      printJson({ ...patch, assets: names })
      continue
    }
    const cves = patch.cves.length === 0 ? '' : `, ${patch.cves.length} ${patch.cves.length === 1 ? 'CVE' : 'CVEs'}`
    const due = patch.dueAt === null ? '' : `, due ${patch.dueAt.slice(0, 10)}`
    const where = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`
    print(
      `${patch.priority.padEnd(12)} ${patch.type.padEnd(8)} ${patch.source} ${patch.version} on ${names.length} (${where})${cves}${due}`,
    )
  }
  if (json) {
    printNotJudged(coverage)
    return
  }
  if (patches.length === 0) print(nothingLine(coverage))
  for (const { asset, notAssessed, held } of assets) {
    if (notAssessed.length > 0)
      print(
        `${asset.name}: ${notAssessed.length === 1 ? '1 package is not assessed, because others built it' : `${notAssessed.length} packages are not assessed, because others built them`}: ${shown(notAssessed.map((item) => `${item.name} (${item.builder})`))}`,
      )
    const paid = held.filter((item) => item.reason === 'needs a subscription')
    if (paid.length > 0)
      print(
        `${asset.name}: ${paid.length === 1 ? '1 fix needs' : `${paid.length} fixes need`} a subscription: ${shown(paid.map((item) => item.name))}`,
      )
  }
  printCoverage(coverage)
}

function shown(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}

async function offline(options: Options): Promise<Outcome> {
  const { inventory = '', catalog: folder } = options
  if (folder === undefined) throw new BadUse('--inventory needs --catalog, the folder with feed files.')
  const now = new Date().toISOString()
  const rule = ruleNamed(options.table)
  const { snapshots, unseen } = await readInventory(options, inventory)
  const platforms = [...new Set(snapshots.map((snapshot) => snapshot.asset.platform))]
  const read = await readCatalogFolder(folder, { platforms, today: now.slice(0, 10) }).catch((error: unknown) => {
    throw new BadUse(errorText(error))
  })
  for (const { where, reason } of read.rejected) complain(`${where} was skipped: ${reason}`)
  for (const { where, reason } of read.unusable) complain(`${where} cannot be used: ${reason}`)
  for (const name of read.unknown) complain(`${name} is not a known feed file and was left out`)
  if (read.kinds.size === 0) throw new BadUse(`${folder} holds no feed file that could be read.`)
  const catalog = catalogView(read.contents)
  const assessment = assess({ snapshots, catalog, rule, now, defaults })
  const coverage = coverageOfFiles(snapshots, unseen, read)
  if (options.json) {
    for (const snapshot of snapshots) printFindings(snapshot, catalog, rule)
    printNotJudged(coverage)
  } else printPatches(assessment, coverage, false)
  return { worst: assessment.patches[0]?.priority ?? null, coverage }
}

/** Who judged the machines of an inventory file, by a folder of feed files. */
function coverageOfFiles(
  snapshots: readonly AssetSnapshot[],
  unseen: readonly Unseen[],
  { voices, unusable }: CatalogFolder,
): FleetCoverage {
  const seen = snapshots.map((snapshot): AssetCoverage => {
    const foreign = snapshot.packages.flatMap((item) => {
      const builder = thirdParty(snapshot.asset.platform, item)
      return builder === null ? [] : [{ name: item.name, builder }]
    })
    return coverageOf(snapshot, voices, foreign)
  })
  const others = unseen.map(({ asset: { id, name, platform }, reason }): AssetCoverage => {
    return { asset: id, name, platform, feeds: [], packageManager: null, notAssessed: reason, packages: [] }
  })
  const files = unusable.map(({ where, reason }) => ({ feed: where, problem: reason, readAt: null }))
  return fleetCoverage([...seen, ...others], files)
}

const defaults = { exposure: 'open', criticality: 'medium' } as const

function ruleNamed(table: string): PriorityRule {
  try {
    return priorityRule({ priority: settingsSchema.parse({ priority: { table } }).priority })
  } catch (error) {
    throw new BadUse(isShippedTable(table) ? errorText(error) : `--table: ${errorText(error)}`)
  }
}

/** A machine that the inventory names and does not describe in full. */
interface Unseen {
  readonly asset: Asset
  readonly reason: string
}

interface InventoryRead {
  readonly snapshots: readonly AssetSnapshot[]
  readonly unseen: readonly Unseen[]
}

async function readInventory(options: Options, path: string): Promise<InventoryRead> {
  try {
    const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
    const head = (await unpackGzip(bytes, path, inputLimits.inventoryFileBytes)).subarray(0, 20_000)
    const format = recogniseFormat(head)
    if (format === null)
      throw new Error(
        `${path} is not a known inventory format; see docs/integrations/file-inventory.md for what is read`,
      )
    const tells =
      format === 'json' || format === 'csv' || format === 'cyclonedx' || format === 'spdx' || format === 'systeminfo'
    if (!tells && options.platform === undefined)
      throw new Error(`${path} (${format}) does not say its platform: add --platform, such as --platform debian:12`)
    const name = options.name ?? (format === 'systeminfo' ? undefined : basename(path).replace(/(?:\.\w{1,8})+$/, ''))
    const source = createFileInventory({
      name: 'inventory',
      path,
      format,
      defaults: { team: 'offline', ...facts(options), ...(name === undefined ? {} : { name }) },
      clock: () => new Date(),
    })
    const snapshots: AssetSnapshot[] = []
    const unseen: Unseen[] = []
    for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
      if (seen.kind === 'unreachable') {
        unseen.push(seen)
        continue
      }
      for (const warning of seen.warnings) complain(warning)
      snapshots.push(seen.snapshot)
    }
    const [first] = unseen
    if (snapshots.length === 0 && first !== undefined) throw new Error(first.reason)
    return { snapshots, unseen }
  } catch (error) {
    throw new BadUse(errorText(error))
  }
}

function facts({ platform, exposure, criticality }: Options) {
  const exposures = ['small', 'controlled', 'open'] as const
  const criticalities = ['low', 'medium', 'high', 'very high'] as const
  const known = exposures.find((item) => item === exposure)
  if (exposure !== undefined && known === undefined) throw new BadUse(`--exposure takes ${exposures.join(', ')}.`)
  const weight = criticalities.find((item) => item === criticality?.replace('-', ' '))
  if (criticality !== undefined && weight === undefined)
    throw new BadUse(`--criticality takes ${criticalities.join(', ')}.`)
  const canonical = platform === undefined ? null : canonicalPlatform(platform)
  if (platform !== undefined && canonical === null)
    throw new BadUse(`"${platform}" is not a platform; write one such as debian:12 or windows:server-2022.`)
  return {
    ...(canonical === null ? {} : { platform: canonical }),
    ...(known === undefined ? {} : { exposure: known }),
    ...(weight === undefined ? {} : { criticality: weight }),
  }
}

/** Prints one object for each CVE on each binary package. */
function printFindings(snapshot: AssetSnapshot, catalog: CatalogView, rule: PriorityRule): void {
  const priorityOf = new Map<string, Priority>()
  const found: object[] = []
  for (const finding of findings(snapshot, catalog)) {
    const { cve } = finding
    const priority = priorityOf.get(cve) ?? judge(snapshot.asset, catalog.about(cve), defaults, rule).priority
    priorityOf.set(cve, priority)
    const advisory = finding.advisory ?? advisoryFor(finding, snapshot.asset.platform, catalog)
    found.push({ ...finding, asset: snapshot.asset.name, advisory, priority })
  }
  printJsonLines(found)
}

/** The newest notice of the source package that fixes the CVE; `null`: there is none. */
function advisoryFor(finding: Finding, platform: string, catalog: CatalogView): string | null {
  let newest: { readonly id: string; readonly published: string | null } | null = null
  for (const notice of catalog.advisories(platform, finding.source)) {
    if (!notice.cves.includes(finding.cve)) continue
    if (newest === null || (notice.published ?? '') > (newest.published ?? '')) newest = notice
  }
  return newest?.id ?? null
}
