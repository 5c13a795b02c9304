/** Inventory from a file: a dpkg status file, a JSON or a CSV export. docs/integrations/file-inventory.md */

import { type Observation, observedAsset } from '../../core/asset.ts'
import type { InventorySource, ObserveOptions } from '../../core/ports.ts'
import { readBoundedFile, unpackGzip } from '../bounded-file.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml } from '../json-text.ts'
import { type AssetDefaults, assetOf } from './asset-defaults.ts'
import { observeCsv } from './csv-assets.ts'
import { parseDpkgStatus } from './dpkg-status.ts'
import { type FileTimes, observeJson } from './json-assets.ts'

export type { AssetDefaults } from './asset-defaults.ts'
export { type DpkgStatus, parseDpkgStatus } from './dpkg-status.ts'

export const fileFormats = ['dpkg-status', 'json', 'csv'] as const
export type FileFormat = (typeof fileFormats)[number]

export interface FileInventoryOptions {
  readonly name: string
  /** Path of the file; each may be packed with gzip. */
  readonly path: string
  readonly format: FileFormat
  readonly defaults: AssetDefaults
  readonly clock: () => Date
}

/**
 * An inventory source that reads one file at each look. The file's own time is when its assets were looked at, unless
 * it says otherwise; a simulated asset counts as looked at now. Throws when `defaults` cannot work with the format.
 */
export function createFileInventory(options: FileInventoryOptions): InventorySource {
  const { name, path, format, defaults } = options
  if (format === 'dpkg-status') requireDefaults(name, defaults)
  return {
    name,
    describe: `Assets listed in ${path} (${format})`,
    observe: (observeOptions) => observeFile(options, observeOptions),
  }
}

async function* observeFile(
  options: FileInventoryOptions,
  { only, signal }: ObserveOptions,
): AsyncGenerator<Observation> {
  signal.throwIfAborted()
  for (const observation of await readFileAssets(options)) {
    signal.throwIfAborted()
    if (only !== undefined && !only.includes(observedAsset(observation).id)) continue
    yield observation
  }
}

async function readFileAssets(options: FileInventoryOptions): Promise<readonly Observation[]> {
  const { path, format, name, defaults, clock } = options
  const file = await readBoundedFile(path, inputLimits.inventoryFileBytes)
  const limit = format === 'dpkg-status' ? inputLimits.dpkgStatusBytes : inputLimits.inventoryFileBytes
  const bytes = await unpackGzip(file.bytes, path, limit)
  if (bytes.length > limit) throw new Error(`${path} is ${bytes.length} bytes long, more than the limit of ${limit}`)
  if (looksLikeHtml(bytes.toString('utf8', 0, 1_000))) throw new Error(`${path} is an HTML page, not ${format}`)
  const times: FileTimes = { modifiedAt: file.modifiedAt.toISOString(), now: clock().toISOString() }
  switch (format) {
    case 'dpkg-status':
      return [observeDpkgStatus(bytes.toString('utf8'), path, name, defaults, times)]
    case 'json':
      return observeJson(bytes.toString('utf8'), path, name, defaults, times)
    case 'csv':
      return observeCsv(bytes, path, name, defaults, times)
  }
}

function observeDpkgStatus(
  text: string,
  path: string,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): Observation {
  const { packages, warnings } = parseDpkgStatus(text, path)
  const { asset } = assetOf(source, { name: defaults.name ?? source }, defaults)
  const snapshot = {
    asset,
    packages,
    pending: [],
    runningKernel: null,
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt: times.modifiedAt,
    listsRefreshedAt: null,
  }
  return { kind: 'seen', snapshot, warnings }
}

function requireDefaults(source: string, defaults: AssetDefaults): void {
  const missing = (['name', 'platform', 'team'] as const).filter((field) => defaults[field] === undefined)
  if (missing.length === 0) return
  throw new Error(
    `Inventory source "${source}": a dpkg status file does not say its ${missing.join(', ')}: name them in the defaults`,
  )
}
