import { basename } from 'node:path'
import type { Command } from 'commander'
import { isShippedTable, priorityRule } from '../config/decision-tables.ts'
import { type Assessment, createAssess, joinAssessments, missingAlike } from '../core/assessment/assess.ts'
import { withBuiltSources } from '../core/assessment/built-from.ts'
import { type CatalogView, catalogView } from '../core/assessment/catalog-view.ts'
import { countMissing } from '../core/assessment/counts.ts'
import { type Finding, findings } from '../core/assessment/findings.ts'
import { thirdParty } from '../core/assessment/third-party.ts'
import { withOwnWindows } from '../core/assessment/windows-releases.ts'
import { type Asset, type AssetSnapshot, onlyLooks } from '../core/asset.ts'
import { type AssetCoverage, allJudged, coverageOf, type FleetCoverage, fleetCoverage } from '../core/coverage.ts'
import { errorText } from '../core/error-text.ts'
import { saysPlatform } from '../core/inventory-formats.ts'
import { canonicalPlatform } from '../core/platform/canonical.ts'
import { judge } from '../core/priority/facts.ts'
import { type Priority, priorities, priorityRank } from '../core/priority/priority.ts'
import type { PriorityRule } from '../core/priority/rule.ts'
import { inOneGo } from '../core/steps.ts'
import { readBoundedFile, unpackText } from '../integrations/bounded-file.ts'
import { settingsSchema } from '../integrations/configuration.ts'
import { type CatalogFolder, readCatalogFolder } from '../integrations/feeds/catalog-folder.ts'
import { createFileInventory, recogniseFormat } from '../integrations/file-inventory/index.ts'
import { inputLimits } from '../integrations/input-limits.ts'
import { summaryOf } from '../workflow/fleet.ts'
import { printCoverage, printNotJudged } from './assess-coverage.ts'
import { notOfferedIn, printPatches, printReboot, printSummary, worstOf } from './assess-print.ts'
import { BadUse } from './failure.ts'
import { complain, printJsonLines } from './print.ts'
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
  readonly strict?: boolean
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
    .option('--strict', 'end with 1 where packages are not assessed, because others built them')
    .option(
      '--allow-unassessed',
      'end with 0 although a server or a feed file could not be judged; it is said all the same',
    )
    .option('--json', 'print JSON Lines: offline one object a finding, from the store one a patch')
    .action(async (options: Options) => {
      const failOn = options.failOn === undefined ? null : priorities.find((item) => item === options.failOn)
      if (failOn === undefined) throw new BadUse(`--fail-on takes ${priorities.join(', ')}.`)
      const { worst, foreign, coverage } =
        options.inventory === undefined ? await fromStore(program, options) : await offline(options)
      if (failOn !== null && worst !== null && priorityRank(worst) <= priorityRank(failOn)) done(1)
      if (options.strict && foreign) done(1)
      if (!allJudged(coverage) && !options.allowUnassessed) done(1)
    })
}

/** What decides how `assess` ends. */
interface Verdict {
  /** `null`: nothing is missing, as far as it could be judged. */
  readonly worst: Priority | null
  /** Whether others built some of the packages. */
  readonly foreign: boolean
  readonly coverage: FleetCoverage
}

async function fromStore(program: Command, { catalog, json = false, summary }: Options): Promise<Verdict> {
  if (catalog !== undefined) throw new BadUse('--catalog goes with --inventory: without it the store is assessed.')
  return withService(program, async ({ workflow }): Promise<Verdict> => {
    if (summary) {
      const counted = await workflow.fleetSummary()
      const coverage = await workflow.coverage()
      printSummary(counted, coverage, json)
      return { worst: worstOf(counted), foreign: counted.notAssessedPackages > 0, coverage }
    }
    const assessment = joinAssessments((await workflow.assessments()).values())
    const coverage = await workflow.coverage()
    printAll(assessment, coverage, json)
    return verdictOf(assessment, coverage)
  })
}

function printAll(assessment: Assessment, coverage: FleetCoverage, json: boolean, warned = false): void {
  printPatches(assessment, coverage, json, new Date().toISOString(), warned)
  if (json) printNotJudged(coverage)
  else printCoverage(coverage)
}

function verdictOf(assessment: Assessment, coverage: FleetCoverage): Verdict {
  const foreign = assessment.assets.some(({ notAssessed }) => notAssessed.length > 0)
  return { worst: worstOf(assessment), foreign, coverage }
}

async function offline(options: Options): Promise<Verdict> {
  const { inventory = '', catalog: folder } = options
  if (folder === undefined) throw new BadUse('--inventory needs --catalog, the folder with feed files.')
  const now = new Date().toISOString()
  const rule = ruleNamed(options.table)
  const { snapshots, unseen, warned } = await readInventory(options, inventory)
  const platforms = [...new Set(snapshots.map((snapshot) => snapshot.asset.platform))]
  const read = await readCatalogFolder(folder, { platforms, today: now.slice(0, 10) }).catch((error: unknown) => {
    throw new BadUse(errorText(error))
  })
  for (const { where, reason } of read.rejected) complain(`${where} was skipped: ${reason}`)
  for (const { where, reason } of read.unusable) complain(`${where} cannot be used: ${reason}`)
  for (const name of read.unknown) complain(`${name} is not a known feed file and was left out`)
  if (read.kinds.size === 0) throw new BadUse(`${folder} holds no feed file that could be read.`)
  const catalog = catalogView(read.contents)
  const alike = missingAlike(snapshots, catalog)
  const assessment = inOneGo(createAssess({ catalog, rule, now, defaults })(alike))
  const coverage = coverageOfFiles(snapshots, unseen, read)
  if (options.summary) {
    const summary = summaryOf(installedIn(snapshots), countMissing([alike]), assessment)
    printSummary(summary, coverage, options.json ?? false)
  } else if (options.json) {
    for (const snapshot of snapshots)
      printFindings(snapshot, catalog, rule, notOfferedIn(assessment, snapshot.asset.id, now))
    printNotJudged(coverage)
  } else {
    for (const snapshot of snapshots) printReboot(snapshot)
    printAll(assessment, coverage, false, warned)
  }
  return verdictOf(assessment, coverage)
}

function installedIn(snapshots: readonly AssetSnapshot[]) {
  const versions = new Set<string>()
  let packages = 0
  for (const { asset, packages: installed } of snapshots) {
    packages += installed.length
    for (const item of installed) versions.add(JSON.stringify([asset.platform, item]))
  }
  return { assets: snapshots.length, packages, versions: versions.size }
}

/** Who judged the machines of an inventory file, by a folder of feed files. */
function coverageOfFiles(
  snapshots: readonly AssetSnapshot[],
  unseen: readonly Unseen[],
  { voices, unusable, rejected }: CatalogFolder,
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
  return fleetCoverage([...seen, ...others], files, rejected.length)
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
  /** Whether something in the file was left out or is not as it should be. It was said. */
  readonly warned: boolean
}

async function readInventory(options: Options, path: string): Promise<InventoryRead> {
  try {
    const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
    const head = (await unpackText(bytes, path, inputLimits.inventoryFileBytes)).subarray(0, 20_000)
    const format = recogniseFormat(head)
    if (format === null)
      throw new Error(
        `${path} is not a known inventory format; see docs/integrations/file-inventory.md for what is read`,
      )
    if (!saysPlatform(format) && options.platform === undefined)
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
    let warned = false
    for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
      if (seen.kind === 'unreachable') {
        unseen.push(seen)
        continue
      }
      for (const warning of seen.warnings) complain(warning)
      warned ||= seen.warnings.length > 0
      snapshots.push(withBuiltSources(withOwnWindows(seen.snapshot)))
    }
    const [first] = unseen
    if (snapshots.length === 0 && first !== undefined) throw new Error(first.reason)
    return { snapshots, unseen, warned }
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
function printFindings(
  snapshot: AssetSnapshot,
  catalog: CatalogView,
  rule: PriorityRule,
  whyNot: (cve: string, name: string) => string | null,
): void {
  const priorityOf = new Map<string, Priority>()
  const found: object[] = []
  for (const finding of findings(snapshot, catalog)) {
    const { cve } = finding
    const priority = priorityOf.get(cve) ?? judge(snapshot.asset, catalog.about(cve), defaults, rule).priority
    priorityOf.set(cve, priority)
    const advisory = finding.advisory ?? advisoryFor(finding, snapshot.asset.platform, catalog)
    const notOffered = whyNot(cve, finding.package)
    found.push({
      ...finding,
      asset: snapshot.asset.name,
      advisory,
      priority,
      ...(notOffered === null ? {} : { notOffered }),
    })
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
