/** The hosts of a simulated Fleet: those of JSON inventories, as osquery would tell of them. */

import { createHash } from 'node:crypto'
import { packagingOf } from '../../core/platform/families.ts'
import { readBoundedFile } from '../bounded-file.ts'
import { type AssetRecord, assetSchema, inventoryFileSchema } from '../file-inventory/schema.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'

export interface FleetPackage {
  readonly source: 'deb' | 'rpm'
  readonly name: string
  readonly version: string
  /** Of RPM packages; else empty. */
  readonly release: string
  readonly arch: string
  readonly vendor: string
  /** What only osquery tells: the epoch, and the source as the package database writes it. */
  readonly epoch: string
  readonly builtFrom: string
}

export interface FleetHostState {
  readonly id: number
  readonly hostname: string
  readonly uuid: string
  readonly address: string
  /** As osquery calls it: `ubuntu`, `rhel`, `windows`, `darwin`. */
  readonly platform: string
  readonly osVersion: string
  /** Of Windows: all four numbers; else empty. */
  readonly build: string
  readonly team: string | null
  readonly online: boolean
  readonly seenAt: string
  readonly detailAt: string
  /** Fleet writes the year 2000 where a host never told its software. */
  readonly softwareAt: string
  /** The packages as Fleet last listed them, and as the host has them now. */
  readonly listed: readonly FleetPackage[]
  readonly packages: readonly FleetPackage[]
  readonly kernel: string
  readonly reboot: boolean
  /** Names of the processes that run on it. */
  readonly processes: readonly string[]
  /** The numbers of rows that questions find, by question. */
  readonly answers: Readonly<Record<string, number>>
}

/** What a Fleet may do instead. Left out: not. Each is a trap of the real one. */
export interface FleetFaults {
  /** Only the names before Fleet 4.82 (team), or only the new ones (fleet). */
  readonly names?: 'old' | 'new'
  /** Parameters of the query that are ignored, as a misspelled one is. */
  readonly ignores?: readonly string[]
  /** Fleet Free: there are no teams. */
  readonly free?: boolean
  /** Flaws stay listed after an upgrade. */
  readonly lingering?: boolean
  /** Hosts that answer live queries without rows so many times. */
  readonly silentTries?: number
  /** osquery cannot answer: an error without rows. */
  readonly osqueryError?: string
  /** The token may read only. */
  readonly observer?: boolean
  /** There is nothing at the path of live queries. */
  readonly noLiveQuery?: boolean
  /** So many requests are answered with 429, with this `Retry-After` in seconds. */
  readonly busy?: number
  readonly retryAfter?: number
  /** Rows that a page has at most, and rows that can be reached at all. */
  readonly mostRows?: number
  readonly ceiling?: number
  /** Hosts that are deleted, and enrolled, once so many requests were made. */
  readonly deletes?: readonly number[]
  readonly enrols?: readonly FleetHostState[]
  readonly changesAfter?: number
  /** A proxy answers with a page to sign in. */
  readonly loginPage?: boolean
  readonly version?: string
}

/** Names of distributions as osquery gives them in `os_version`. */
const titles: Readonly<Record<string, string>> = {
  debian: 'Debian GNU/Linux',
  ubuntu: 'Ubuntu',
  rhel: 'Red Hat Enterprise Linux',
  almalinux: 'AlmaLinux',
  rocky: 'Rocky Linux',
}

/** A host that has what the record of an inventory says. Host ids are places in the list, from 1. */
export function hostOfRecord(record: AssetRecord, id: number, listed: AssetRecord, at: { now: Date; listedAt: Date }) {
  const { name, fqdn, hardwareId, address = '', platform = '' } = record
  const [family = '', release = ''] = platform.split(':')
  const isUp = record.fault !== 'unreachable'
  const then = at.listedAt.toISOString()
  return {
    ...{ id, hostname: fqdn ?? name, uuid: hardwareId ?? inventedUuid(name), address, team: record.team ?? null },
    ...{ platform: family === 'almalinux' || family === 'rocky' ? 'rhel' : family, build: '', answers: {} },
    osVersion: `${titles[family] ?? family} ${release}`.trim(),
    ...{ online: isUp, seenAt: (isUp ? at.now : at.listedAt).toISOString(), detailAt: then, softwareAt: then },
    ...{ listed: packagesOf(listed), packages: packagesOf(record), kernel: record.runningKernel ?? '' },
    ...{ reboot: record.rebootRequired, processes: record.unhealthy === null ? ['sshd', 'nginx'] : ['sshd'] },
  } satisfies FleetHostState
}

function packagesOf({ platform = '', packages }: AssetRecord): readonly FleetPackage[] {
  const isRpm = packagingOf(platform) === 'rpm'
  return packages.map(({ name, version, architecture, source = name, sourceVersion = version }) => {
    const common = { name, arch: architecture, vendor: '' }
    if (!isRpm) {
      const builtFrom = sourceVersion === version ? (source === name ? '' : source) : `${source} (${sourceVersion})`
      return { ...common, source: 'deb' as const, version, release: '', epoch: '', builtFrom }
    }
    const [, epoch = '', upstream = version, release = ''] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(version) ?? []
    return { ...common, source: 'rpm' as const, version: upstream, release, epoch: epoch || '0', builtFrom: '' }
  })
}

/** An invented system UUID that stays the same for a name. */
function inventedUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/** The machines of a JSON inventory that can be read. */
export async function readRecords(path: string): Promise<readonly AssetRecord[]> {
  const { bytes } = await readBoundedFile(path, inputLimits.inventoryFileBytes)
  const parsed = inventoryFileSchema.safeParse(parseJson(bytes.toString('utf8'), path))
  if (!parsed.success) throw new Error(`${path} has no list "assets"`)
  return parsed.data.assets.flatMap((value) => {
    const record = assetSchema.safeParse(value)
    return record.success ? [record.data] : []
  })
}
