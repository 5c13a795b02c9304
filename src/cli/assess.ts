import { basename } from 'node:path'
import type { Command } from 'commander'
import { isShippedTable, priorityRule } from '../config/decision-tables.ts'
import { type Assessment, assess, joinAssessments } from '../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../core/assessment/catalog-view.ts'
import { type Finding, findings } from '../core/assessment/findings.ts'
import { type AssetSnapshot, onlyLooks } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import { saysPlatform } from '../core/inventory-formats.ts'
import { judge } from '../core/priority/facts.ts'
import { type Priority, priorities, priorityRank } from '../core/priority/priority.ts'
import type { PriorityRule } from '../core/priority/rule.ts'
import { readBoundedFile, unpackText } from '../integrations/bounded-file.ts'
import { settingsSchema } from '../integrations/configuration.ts'
import { readCatalogFolder } from '../integrations/feeds/catalog-folder.ts'
import { createFileInventory, recogniseFormat } from '../integrations/file-inventory/index.ts'
import { inputLimits } from '../integrations/input-limits.ts'
import type { FleetSummary } from '../workflow/fleet.ts'
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
    .option('--json', 'print JSON Lines: offline one object a finding, from the store one a patch')
    .action(async (options: Options) => {
      const failOn = options.failOn === undefined ? null : priorities.find((item) => item === options.failOn)
      if (failOn === undefined) throw new BadUse(`--fail-on takes ${priorities.join(', ')}.`)
      const worst = options.inventory === undefined ? await fromStore(program, options) : await offline(options)
      if (failOn !== null && worst !== null && priorityRank(worst) <= priorityRank(failOn)) done(1)
    })
}

async function fromStore(program: Command, { catalog, json, summary }: Options): Promise<Priority | null> {
  if (catalog !== undefined) throw new BadUse('--catalog goes with --inventory: without it the store is assessed.')
  let worst: Priority | null = null
  await withService(program, async ({ workflow }) => {
    if (summary) {
      const counted = await workflow.fleetSummary()
      worst = counted.patches[0]?.priority ?? null
      return printSummary(counted, json ?? false)
    }
    const assessment = joinAssessments((await workflow.assessments()).values())
    worst = assessment.patches[0]?.priority ?? null
    printPatches(assessment, json ?? false)
  })
  return worst
}

function printSummary({ assets, packages, versions, findings, patches }: FleetSummary, json: boolean): void {
  if (json) {
    printJson({ assets, packages, versions, findings, patches })
    return
  }
  print(
    `${assets} servers, ${packages} installed packages in ${versions} distinct versions, ${findings} findings, ${patches.length} patches`,
  )
  for (const { priority, source, version, platform, assets: on, cves } of patches)
    print(`${priority.padEnd(12)} ${source} ${version} (${platform}) on ${on}, ${cves.length} CVEs`)
}

/** One row for each patch, however many CVEs it fixes. */
function printPatches({ patches, assets }: Assessment, json: boolean): void {
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
  if (patches.length === 0 && !json) print('Nothing is missing.')
  if (json) return
  for (const { asset, notAssessed, held } of assets) {
    const foreign = notAssessed.filter(({ why }) => why === undefined)
    if (foreign.length > 0)
      print(
        `${asset.name}: ${foreign.length === 1 ? '1 package is not assessed, because others built it' : `${foreign.length} packages are not assessed, because others built them`}: ${shown(foreign.map((item) => `${item.name} (${item.builder})`))}`,
      )
    const products = notAssessed.filter(({ why }) => why === 'product')
    if (products.length > 0)
      print(
        `${asset.name}: ${products.length === 1 ? '1 update is' : `${products.length} updates are`} not assessed, because nothing says whether the product is installed: ${shown(products.map((item) => `${item.name} (${item.builder})`))}`,
      )
    const paid = held.filter((item) => item.reason === 'needs a subscription')
    if (paid.length > 0)
      print(
        `${asset.name}: ${paid.length === 1 ? '1 fix needs' : `${paid.length} fixes need`} a subscription: ${shown(paid.map((item) => item.name))}`,
      )
  }
}

function shown(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}

async function offline(options: Options): Promise<Priority | null> {
  const { inventory = '', catalog: folder } = options
  if (folder === undefined) throw new BadUse('--inventory needs --catalog, the folder with feed files.')
  const now = new Date().toISOString()
  const rule = ruleNamed(options.table)
  const snapshots = await readInventory(options, inventory)
  const contents = []
  for (const platform of new Set(snapshots.map((snapshot) => snapshot.asset.platform))) {
    const read = await readCatalogFolder(folder, { platform, today: now.slice(0, 10) }).catch((error: unknown) => {
      throw new BadUse(errorText(error))
    })
    for (const { where, reason } of read.rejected) complain(`${where} was skipped: ${reason}`)
    for (const name of read.unknown) complain(`${name} is not a known feed file and was left out`)
    if (read.kinds.size === 0) throw new BadUse(`${folder} holds no feed file that could be read.`)
    contents.push(...read.contents)
  }
  const catalog = catalogView(contents)
  const assessment = assess({ snapshots, catalog, rule, now, defaults })
  if (options.json) for (const snapshot of snapshots) printFindings(snapshot, catalog, rule)
  else {
    printPatches(assessment, false)
    for (const snapshot of snapshots) printReboot(snapshot)
  }
  return assessment.patches[0]?.priority ?? null
}

/** What is installed protects only after the reboot. */
function printReboot({ asset, rebootRequired, rebootPackages, runningKernel }: AssetSnapshot): void {
  if (!rebootRequired) return
  const runs = runningKernel === null ? '' : `: it runs ${runningKernel}`
  const newer = rebootPackages.length === 0 ? '' : ` (installed, not in use: ${shown(rebootPackages)})`
  print(`${asset.name}: needs a reboot${runs}${newer}`)
}

const defaults = { exposure: 'open', criticality: 'medium' } as const

function ruleNamed(table: string): PriorityRule {
  try {
    return priorityRule({ priority: settingsSchema.parse({ priority: { table } }).priority })
  } catch (error) {
    throw new BadUse(isShippedTable(table) ? errorText(error) : `--table: ${errorText(error)}`)
  }
}

async function readInventory(options: Options, path: string): Promise<readonly AssetSnapshot[]> {
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
    for await (const seen of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
      if (seen.kind === 'unreachable') throw new Error(seen.reason)
      for (const warning of seen.warnings) complain(warning)
      snapshots.push(seen.snapshot)
    }
    return snapshots
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
  if (platform !== undefined && !/^[a-z][a-z0-9-]*(?::[a-z0-9][a-z0-9._-]*)?$/.test(platform))
    throw new BadUse(`"${platform}" is not a platform; write one such as debian:12 or windows:server-2022.`)
  return {
    ...(platform === undefined ? {} : { platform }),
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
