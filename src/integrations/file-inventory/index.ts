/**
 * Inventory from a file: a machine's package list, a software bill of materials, or a JSON or CSV export.
 * docs/integrations/file-inventory.md
 */

import { type Listing, type Observation, observedAsset, type Platform } from '../../core/asset.ts'
import { type FileFormat, isOfOneMachine, type MachineFormat, saysPlatform } from '../../core/inventory-formats.ts'
import { type Packaging, packagingOf } from '../../core/platform/families.ts'
import type { InventorySource, ObserveOptions } from '../../core/ports.ts'
import { readBoundedFile, unpackText } from '../bounded-file.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml } from '../json-text.ts'
import { parseApkInstalled } from './apk-installed.ts'
import { type AssetDefaults, assetOf } from './asset-defaults.ts'
import { completeText } from './complete-text.ts'
import { observeCsv } from './csv-assets.ts'
import { parseCycloneDx } from './cyclonedx.ts'
import { parseDpkgStatus } from './dpkg-status.ts'
import { type FileTimes, observeJson } from './json-assets.ts'
import { listedIdentity } from './listed-identity.ts'
import { parseRpmList } from './rpm-list.ts'
import type { SoftwareList } from './software-list.ts'
import { parseSpdx } from './spdx.ts'
import { parseSystemInfo } from './systeminfo.ts'

export type { AssetDefaults } from './asset-defaults.ts'
export { parseDpkgStatus } from './dpkg-status.ts'
export { recogniseFormat } from './recognise.ts'

export interface FileInventoryOptions {
  readonly name: string
  /** Path of the file, which may be packed with gzip. */
  readonly path: string
  readonly format: FileFormat
  readonly defaults: AssetDefaults
  readonly clock: () => Date
  /** Accept a file that lists less than half of the known assets. Default false. */
  readonly allowShrinking?: boolean
}

/**
 * Makes an inventory source that reads one file at each look. The assets count as looked at when the file was written,
 * unless the file gives a time; a simulated asset counts as looked at now. Throws when `defaults` lack what the format
 * needs.
 */
export function createFileInventory(options: FileInventoryOptions): InventorySource {
  const { name, path, format, defaults } = options
  if (isOfOneMachine(format)) requireDefaults(name, format, defaults)
  return {
    name,
    describe: `Assets listed in ${path} (${format})`,
    ...(options.allowShrinking === true ? {} : { shrinking: 'held back' as const }),
    observe: (observeOptions) => observeFile(options, observeOptions),
  }
}

async function* observeFile(
  options: FileInventoryOptions,
  { only, signal }: ObserveOptions,
): AsyncGenerator<Observation | Listing> {
  signal.throwIfAborted()
  const chosen = only === undefined ? null : new Set(only)
  for (const observation of await readFileAssets(options)) {
    signal.throwIfAborted()
    if (chosen?.has(observedAsset(observation).id) ?? true) yield observation
  }
  if (chosen === null) yield { kind: 'all' }
}

async function readFileAssets(options: FileInventoryOptions): Promise<readonly Observation[]> {
  const { path, format, name, defaults, clock } = options
  const file = await readBoundedFile(path, inputLimits.inventoryFileBytes)
  const limit = isOfOneMachine(format) ? inputLimits.softwareListBytes : inputLimits.inventoryFileBytes
  const bytes = await unpackText(file.bytes, path, limit)
  if (bytes.length > limit) throw new Error(`${path} is ${bytes.length} bytes long, more than the limit of ${limit}`)
  if (looksLikeHtml(bytes.toString('utf8', 0, 1_000))) throw new Error(`${path} is an HTML page, not ${format}`)
  const now = clock()
  // A file was written before it is read, whatever the clock of its writer said.
  const modifiedAt = file.modifiedAt > now ? now : file.modifiedAt
  const times: FileTimes = { modifiedAt: modifiedAt.toISOString(), now: now.toISOString() }
  switch (format) {
    case 'json':
      return observeJson(bytes, path, name, defaults, times)
    case 'csv':
      return observeCsv(bytes, path, name, defaults, times)
    default:
      return observeLists(await softwareIn(format, bytes, path, defaults), path, format, name, defaults, times)
  }
}

async function softwareIn(
  format: MachineFormat,
  bytes: Buffer,
  path: string,
  { platform }: AssetDefaults,
): Promise<SoftwareList> {
  switch (format) {
    case 'dpkg-status':
      return parseDpkgStatus(bytes.toString(), path)
    case 'rpm-list':
      return parseRpmList(completeText(bytes, path), path, platform ?? null)
    case 'apk-installed':
      return parseApkInstalled(completeText(bytes, path), path)
    case 'cyclonedx':
      return parseCycloneDx(bytes, path)
    case 'spdx':
      return parseSpdx(bytes, path)
    case 'systeminfo':
      return parseSystemInfo(bytes.toString(), path)
  }
}

/** The second machine in a file is not what the source's name, address and engine are about. */
function observeLists(
  list: SoftwareList,
  path: string,
  format: FileFormat,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): readonly Observation[] {
  const first = observeList(list, path, format, source, defaults, times)
  const { address: _address, platform: _platform, ids: _ids, ...rest } = defaults
  const { name } = observedAsset(first)
  const others = (list.beside ?? []).map((other) => {
    const own = { ...rest, name: `${name} (${other.platform})`, engine: null }
    return observeList(other, path, format, source, own, times)
  })
  return [first, ...others]
}

/** What installs the packages that a format lists. A bill of materials may list packages of any kind. */
const packagingIn: Readonly<Partial<Record<FileFormat, Packaging>>> = {
  'dpkg-status': 'dpkg',
  'rpm-list': 'rpm',
  'apk-installed': 'apk',
  systeminfo: 'windows',
}

/** Throws a sentence when the platform cannot have such packages: their versions would be compared in a wrong order. */
function requireSuiting(path: string, format: FileFormat, platform: Platform): void {
  const [listed, wanted] = [packagingIn[format], packagingOf(platform)]
  if (listed === undefined || wanted === null || listed === wanted) return
  throw new Error(
    `${path} lists ${listed} packages, and ${platform} has ${wanted} packages: name the platform of this machine`,
  )
}

/** Throws a sentence when most packages were built for another release, `.el8` on `almalinux:9`: the platform is not theirs. */
function requireRelease(path: string, platform: Platform, { packages }: SoftwareList): void {
  const [, own] = /^(?:rhel|almalinux|rocky|centos|oracle):(\d+)/.exec(platform) ?? []
  if (own === undefined) return
  const releases = packages.flatMap(({ version }) => /\.el(\d+)(?![\d.])/.exec(version)?.[1] ?? [])
  const others = releases.filter((release) => release !== own)
  if (others.length * 2 > releases.length)
    throw new Error(
      `${path} lists packages of el${others[0]}, and not of ${platform}: name the platform of this machine`,
    )
}

function observeList(
  list: SoftwareList,
  path: string,
  format: FileFormat,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): Observation {
  const said = list.platform ?? defaults.platform
  const given = defaults.platform ?? said
  // Who writes rhel:9.4-eus or windows:server-2022-core says more than the file can.
  const saysMore = said !== undefined && given?.startsWith(said) === true && !/^\d/.test(given.slice(said.length))
  const platform = saysMore ? given : said
  if (platform === undefined) throw new Error(`${path} does not say its platform: name it, such as debian:12`)
  requireSuiting(path, format, platform)
  requireRelease(path, platform, list)
  const { asset } = assetOf(source, { name: defaults.name ?? list.name ?? source, platform }, defaults)
  const { identity, warnings: unusable } = listedIdentity(asset.name, defaults.ids ?? {})
  const snapshot = {
    asset,
    identity,
    packages: list.packages,
    pending: [],
    runningKernel: list.runningKernel ?? null,
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt: times.modifiedAt,
    listsRefreshedAt: null,
  }
  const other = given === platform ? [] : [`${path} says that its platform is ${platform}, so ${given} does not count`]
  const warnings = [...other, ...list.warnings, ...unusable]
  return { kind: 'seen', snapshot, warnings }
}

function requireDefaults(source: string, format: MachineFormat, defaults: AssetDefaults): void {
  const needed = saysPlatform(format) ? (['team'] as const) : (['platform', 'team'] as const)
  const missing = needed.filter((field) => defaults[field] === undefined)
  if (missing.length === 0) return
  throw new Error(
    `Inventory source "${source}": a file of the format ${format} does not say its ${missing.join(', ')}: name them in the defaults`,
  )
}
