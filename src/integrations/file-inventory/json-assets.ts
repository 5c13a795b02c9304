import {
  type Asset,
  type AssetSnapshot,
  type InstalledPackage,
  type Observation,
  observedAsset,
  type PendingUpdate,
} from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { parseJsonDocument } from '../json-document.ts'
import { wordsOfIssue } from '../schema-words.ts'
import { createTurns } from '../turns.ts'
import { type AssetDefaults, assetOf } from './asset-defaults.ts'
import { kernelsToBoot } from './kernels.ts'
import { listedIdentity } from './listed-identity.ts'
import { listedName, versionTest } from './listed-package.ts'
import { type AssetRecord, assetSchema, inventoryFileSchema } from './schema.ts'

export interface FileTimes {
  /** When the file was written, ISO 8601 UTC. */
  readonly modifiedAt: string
  /** The present time, ISO 8601 UTC. */
  readonly now: string
}

/**
 * Reads a JSON inventory file. An invalid asset becomes `unreachable` with the reason; the other assets are kept.
 * Throws a sentence when the file is not JSON or has no list of assets.
 */
export async function observeJson(
  bytes: Buffer,
  path: string,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): Promise<readonly Observation[]> {
  const file = inventoryFileSchema.safeParse(await parseJsonDocument(bytes, path).catch(withHint))
  if (!file.success) withHint(new Error(`${path} has no list "assets": write { "assets": [ ... ] }`))
  const seen = new Set<string>()
  const observations: Observation[] = []
  const turns = createTurns()
  for (const [index, value] of file.data.assets.entries()) {
    if (turns.over()) await turns.next()
    const where = `${path}, asset ${index + 1}`
    const observation = observeAsset(value, where, index, source, defaults, times)
    const asset = observedAsset(observation)
    if (seen.has(asset.id)) {
      const name = `${asset.name} (asset ${index + 1})`
      const second: Asset = { ...asset, id: `${source}/${name}`, name }
      observations.push(unreachable(second, `${where}: the name "${asset.name}" is taken: give each its own`, times))
      continue
    }
    seen.add(asset.id)
    observations.push(observation)
  }
  return observations
}

/** Whoever has a list of hosts without their packages finds another way. */
export const listOfHosts =
  'A list of hosts without packages (an Ansible inventory, a CSV of a configuration database) is for hostsFrom of a source of kind ssh: docs/bring-what-you-have.md'

function withHint(error: unknown): never {
  throw new Error(`${errorText(error).replace(/\.?$/, '.')} ${listOfHosts}`, { cause: error })
}

function observeAsset(
  value: unknown,
  where: string,
  index: number,
  source: string,
  defaults: AssetDefaults,
  times: FileTimes,
): Observation {
  const parsed = assetSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const problem = `${issue === undefined ? 'the asset' : pathText(issue.path)} ${issue === undefined ? 'makes no sense' : wordsOfIssue(issue)}`
    const { asset } = assetOf(source, { name: nameOf(value) ?? `asset ${index + 1}` }, defaults)
    return unreachable(asset, `${where}: ${problem}`, times)
  }
  const record = parsed.data
  const { asset, missing } = assetOf(source, record, defaults)
  if (missing.length > 0) {
    const fields = missing.join(' and ')
    return unreachable(asset, `${where} (${record.name}): no ${fields}: name it there or in the defaults`, times)
  }
  if (record.simulated && record.fault === 'unreachable') {
    return unreachable(asset, `${record.name} does not answer (scripted fault of a simulated asset)`, times)
  }
  const problem = problemOf(record, asset, times)
  if (problem !== null) return unreachable(asset, `${where} (${record.name}): ${problem}`, times)
  const { identity, warnings } = listedIdentity(asset.name, record)
  return { kind: 'seen', snapshot: { ...snapshotOf(record, asset, times), identity }, warnings }
}

/** What the asset says of itself and cannot be so, as a clause; `null`: nothing. */
function problemOf({ packages, observedAt }: AssetRecord, { platform }: Asset, { now }: FileTimes): string | null {
  // A clock may be wrong by hours, and by its zone.
  if (observedAt !== undefined && Date.parse(observedAt) > Date.parse(now) + DAY_MS)
    return `observedAt ${observedAt} is in the future`
  const isVersion = versionTest(platform)
  for (const [index, { version, sourceVersion = version }] of packages.entries()) {
    const wrong = [version, sourceVersion].find((one) => !isVersion(one))
    if (wrong !== undefined) return `packages[${index}]: "${wrong}" is no version on ${platform}`
  }
  return null
}

function snapshotOf(record: AssetRecord, asset: Asset, times: FileTimes): AssetSnapshot {
  const observedAt = record.observedAt === undefined ? null : new Date(record.observedAt).toISOString()
  const refreshed = record.listsRefreshedAt
  const packages = record.packages.map(installedPackage)
  // A simulated asset says itself when it wants a reboot.
  const kernels = record.simulated ? [] : kernelsToBoot(asset.platform, packages, record.runningKernel)
  return {
    asset,
    packages,
    pending: record.pending.map(pendingUpdate),
    runningKernel: record.runningKernel,
    bootId: record.bootId,
    rebootRequired: record.rebootRequired || kernels.length > 0,
    rebootPackages: [...new Set([...record.rebootPackages, ...kernels])],
    staleServices: record.staleServices,
    observedAt: observedAt ?? (record.simulated ? times.now : times.modifiedAt),
    listsRefreshedAt: refreshed === null ? (record.simulated ? times.now : null) : new Date(refreshed).toISOString(),
    ...(record.archives === null ? {} : { archives: record.archives }),
  }
}

function installedPackage(record: AssetRecord['packages'][number]): InstalledPackage {
  const { name, architecture } = listedName(record.name)
  return {
    name,
    version: record.version,
    architecture: architecture ?? record.architecture,
    source: record.source ?? name,
    sourceVersion: record.sourceVersion ?? record.version,
  }
}

function pendingUpdate(record: AssetRecord['pending'][number]): PendingUpdate {
  const { installed, candidate, source, sourceVersion, origins, security, held } = record
  const { name, architecture } = listedName(record.name)
  const offered = {
    name,
    architecture: architecture ?? record.architecture,
    installed,
    candidate,
    source,
    origins,
    security,
    held,
  }
  return sourceVersion === undefined ? offered : { ...offered, sourceVersion }
}

function unreachable(asset: Asset, reason: string, times: FileTimes): Observation {
  return { kind: 'unreachable', asset, reason, at: times.now }
}

function nameOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('name' in value)) return null
  return typeof value.name === 'string' && value.name.trim() !== '' ? value.name.trim().slice(0, 200) : null
}

/** Returns a path as people write it: `packages[3].version`. */
function pathText(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`
  return text === '' ? 'the asset' : text
}
