/** How `assess` prints what is missing. */

import type { AssessedAsset, Assessment } from '../core/assessment/assess.ts'
import { weaknessOf, whyNotOffered } from '../core/assessment/why-not-offered.ts'
import type { AssetSnapshot } from '../core/asset.ts'
import type { Patch } from '../core/catalog.ts'
import { allJudged, type FleetCoverage } from '../core/coverage.ts'
import { firstNames } from '../core/first-names.ts'
import { type Priority, priorityRank } from '../core/priority/priority.ts'
import { DAY_MS } from '../core/time/instant.ts'
import type { FleetSummary } from '../workflow/fleet.ts'
import { nothingLine, printCoverage } from './assess-coverage.ts'
import { print, printJson } from './print.ts'

/** The most urgent priority of what is missing, whether it is offered or not; `null`: nothing is. */
export function worstOf({ patches, withheld }: Pick<Assessment, 'patches' | 'withheld'>): Priority | null {
  const [worst] = [...patches.slice(0, 1), ...withheld.slice(0, 1)]
    .map(({ priority }) => priority)
    .sort((a, b) => priorityRank(a) - priorityRank(b))
  return worst ?? null
}

export function printSummary(summary: FleetSummary, coverage: FleetCoverage, json: boolean): void {
  if (json) {
    printJson({ ...summary, coverage })
    return
  }
  const { assets, packages, versions, findings, patches, withheld, heldPackages, notAssessedPackages } = summary
  const counts = [
    `${assets} servers`,
    `${packages} installed packages in ${versions} distinct versions`,
    `${findings} findings`,
    `${patches.length} patches`,
    ...(withheld.length === 0 ? [] : [`${withheld.length} that are not offered everywhere`]),
    ...(heldPackages === 0 ? [] : [`${heldPackages} packages held back`]),
    ...(notAssessedPackages === 0 ? [] : [`${notAssessedPackages} packages not assessed, because others built them`]),
  ]
  print(counts.join(', '))
  for (const { priority, source, version, platform, assets: on, cves } of patches)
    print(`${priority.padEnd(12)} ${source} ${version} (${platform}) on ${on}, ${cves.length} CVEs`)
  for (const { priority, source, version, platform, assets: on, cves } of withheld)
    print(`${priority.padEnd(12)} ${source} ${version} (${platform}) not offered to ${on}, ${cves.length} CVEs`)
  if (coverage.platforms.length === 0) print(nothingLine(coverage))
  printCoverage(coverage)
}

/**
 * One row for each patch, however many CVEs it fixes. `now`: ISO 8601 UTC. `warned`: something in the inventory could not be read in
 * full, and that was said.
 */
export function printPatches(
  assessment: Assessment,
  coverage: FleetCoverage,
  json: boolean,
  now: string,
  warned: boolean,
): void {
  const { patches, withheld, assets } = assessment
  const on = new Map<string, string[]>()
  for (const entry of assets)
    for (const id of entry.patches) {
      const names = on.get(id) ?? []
      on.set(id, names)
      names.push(entry.asset.name)
    }
  for (const patch of patches) {
    const names = on.get(patch.id) ?? []
    if (json) printJson({ ...patch, assets: names })
    else print(`${rowOf(patch)} on ${names.length} (${few(names)})${detailOf(patch)}`)
  }
  printWithheld(assessment, json, now)
  if (json) return
  if (patches.length === 0 && withheld.length === 0) print(nothing(assets, coverage, now, warned))
  for (const entry of assets) printNotes(entry, now)
}

/** The line where no patch is missing. It says so without more only if everything could be judged. */
function nothing(assets: readonly AssessedAsset[], coverage: FleetCoverage, now: string, warned: boolean): string {
  if (!allJudged(coverage)) return nothingLine(coverage)
  const isSure =
    !warned &&
    coverage.platforms.every(({ feeds }) => feeds.length > 0) &&
    assets.every(
      (entry) =>
        entry.notAssessed.length === 0 && weaknessOf(listsOf(entry), now) === null && oldLook(entry, now) === null,
    )
  if (!isSure || coverage.skippedRecords > 0) return 'Nothing is missing of what could be judged.'
  return assets.some(({ held }) => held.length > 0)
    ? 'Nothing that can be installed is missing.'
    : 'Nothing is missing.'
}

function printWithheld({ withheld, assets }: Assessment, json: boolean, now: string): void {
  if (withheld.length === 0) return
  const reasons = new Map<string, { readonly asset: string; readonly why: string }[]>()
  for (const entry of assets)
    for (const { patch, held } of entry.withheld) {
      const those = reasons.get(patch) ?? []
      reasons.set(patch, those)
      those.push({ asset: entry.asset.name, why: whyNotOffered(held, listsOf(entry), now) })
    }
  for (const patch of withheld) {
    const those = reasons.get(patch.id) ?? []
    if (json) {
      printJson({ ...patch, notOffered: those })
      continue
    }
    const fixedOn = patch.fixedOn === undefined ? '' : `, fixed by the vendor on ${patch.fixedOn}`
    const byReason = new Map<string, string[]>()
    for (const { asset, why } of those) byReason.set(why, [...(byReason.get(why) ?? []), asset])
    for (const [why, names] of byReason)
      print(`${rowOf(patch)} not offered to ${names.length} (${few(names)})${detailOf(patch)}${fixedOn}: ${why}`)
  }
}

/** The day of the last look, where it is more than a week ago; else `null`. In the store, such an asset is not assessed. */
function oldLook({ observedAt }: AssessedAsset, now: string): string | null {
  return Date.parse(now) - Date.parse(observedAt) > OLD_LOOK_DAYS * DAY_MS ? observedAt.slice(0, 10) : null
}

const OLD_LOOK_DAYS = 7

/** What is known about the lists of an assessed asset. */
function listsOf({ asset, listsRefreshedAt = null, archives = null }: AssessedAsset) {
  return { asset, listsRefreshedAt, archives }
}

/** Why each finding of an asset cannot be ended now, by CVE and package, as far as its fix is not offered. */
export function notOfferedIn(
  { withheld, assets }: Assessment,
  asset: string,
  now: string,
): (cve: string, name: string) => string | null {
  const entry = assets.find((one) => one.asset.id === asset)
  const reasons = new Map<string, string>()
  for (const { patch: id, held } of entry?.withheld ?? []) {
    const patch = withheld.find((one) => one.id === id)
    const why = entry === undefined ? '' : whyNotOffered(held, listsOf(entry), now)
    for (const cve of patch?.cves ?? [])
      for (const { name } of patch?.packages ?? []) reasons.set(`${cve} ${name}`, why)
  }
  return (cve, name) => reasons.get(`${cve} ${name}`) ?? null
}

function rowOf({ priority, type, source, version }: Patch): string {
  return `${priority.padEnd(12)} ${type.padEnd(8)} ${source} ${version}`
}

function detailOf({ cves, dueAt }: Patch): string {
  const flaws = cves.length === 0 ? '' : `, ${cves.length} ${cves.length === 1 ? 'CVE' : 'CVEs'}`
  return `${flaws}${dueAt === null ? '' : `, due ${dueAt.slice(0, 10)}`}`
}

function few(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`
}

/** What is said of an asset beside its patches: what weakens the answer, and packages that are left out of it. */
function printNotes(entry: AssessedAsset, now: string): void {
  const { asset, notAssessed, held } = entry
  const looked = oldLook(entry, now)
  if (looked !== null) print(`${asset.name}: what it misses may be more by now: its inventory is of ${looked}`)
  const weakness = weaknessOf(listsOf(entry), now)
  if (weakness !== null) print(`${asset.name}: what it is offered may not be all: ${weakness}`)
  const foreign = notAssessed.filter(({ why }) => why === undefined)
  if (foreign.length > 0)
    print(
      `${asset.name}: ${foreign.length === 1 ? '1 package is not assessed, because others built it' : `${foreign.length} packages are not assessed, because others built them`}: ${namesOf(foreign.map((item) => `${item.name} (${item.builder})`))}`,
    )
  const products = notAssessed.filter(({ why }) => why === 'product')
  if (products.length > 0)
    print(
      `${asset.name}: ${products.length === 1 ? '1 update is' : `${products.length} updates are`} not assessed, because nothing says whether the product is installed: ${namesOf(products.map((item) => `${item.name} (${item.builder})`))}`,
    )
  const back = held.filter((item) => item.reason !== 'needs a subscription')
  if (back.length > 0)
    print(
      `${asset.name}: ${back.length === 1 ? '1 package has' : `${back.length} packages have`} a newer version that will not be installed: ${namesOf(back.map((item) => `${item.name} (${whyNotOffered(item.reason, listsOf(entry))})`))}`,
    )
  const paid = held.filter((item) => item.reason === 'needs a subscription')
  if (paid.length > 0)
    print(
      `${asset.name}: ${paid.length === 1 ? '1 package has a fix that needs' : `${paid.length} packages have fixes that need`} a subscription: ${namesOf(paid.map((item) => item.name))}`,
    )
}

/** What is installed protects only after the reboot. */
export function printReboot({ asset, rebootRequired, rebootPackages, runningKernel }: AssetSnapshot): void {
  if (!rebootRequired) return
  const runs = runningKernel === null ? '' : `: it runs ${runningKernel}`
  const newer = rebootPackages.length === 0 ? '' : ` (installed, not in use: ${namesOf(rebootPackages)})`
  print(`${asset.name}: needs a reboot${runs}${newer}`)
}

/** Names in one line. */
function namesOf(names: readonly string[]): string {
  return firstNames(names, 20)
}
