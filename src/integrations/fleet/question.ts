/** What is asked of a host over osquery, and what its answer means. */

import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { packagingOf } from '../../core/platform/families.ts'
import { kernelsToBoot } from '../file-inventory/kernels.ts'
import { ApiProblem } from '../http/json-api.ts'
import type { Fleet } from './client.ts'
import { toldPackages, windowsPackages } from './software.ts'

/** Fleet waits 25 s for a host by itself. */
const SECONDS = 40
/** Hosts that are online sometimes answer at the second or third try only. */
const TRIES = 3

export type Answer =
  | { readonly kind: 'told'; readonly rows: readonly Readonly<Record<string, string>>[] }
  /** A clause. */
  | { readonly kind: 'silent'; readonly why: string }

/**
 * Asks a question that has at least one row, so that an answer without rows is none: a host that is offline answers
 * without rows and without an error. Throws what concerns Fleet itself.
 */
export async function askHost(fleet: Fleet, id: number, sql: string, signal: AbortSignal): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const { host_id, status, error, rows } = await fleet.live(id, sql, SECONDS, signal)
    if (host_id !== id) throw new ApiProblem(`${fleet.name} was asked about one host and answers for another.`, 200)
    if (status === 'offline') return { kind: 'silent', why: 'Fleet says that it is offline' }
    if (error !== null && error !== '') return { kind: 'silent', why: `osquery says: ${error.slice(0, 200)}` }
    if (rows.length > 0) return { kind: 'told', rows }
    if (tries === TRIES) return { kind: 'silent', why: 'it gave Fleet no answer' }
  }
}

/** How many rows a question of the operator has, as a question that always has one row. */
export function countingRows(sql: string): string {
  return `SELECT count(*) AS found FROM (${sql.trim().replace(/;+$/, '')})`
}

/** The question for what a host has; `null`: nothing is known to ask on this platform. */
export function softwareQuestion(platform: Platform): string | null {
  const kernel = "SELECT 'kernel' AS kind, '' AS name, version, '' AS arch, '' AS source, '' AS release, '' AS epoch"
  switch (packagingOf(platform)) {
    case 'dpkg':
      return `SELECT 'package' AS kind, name, version, arch, source, '' AS release, '' AS epoch, '' AS vendor FROM deb_packages WHERE status NOT LIKE '%config-files' AND status NOT LIKE '%not-installed' UNION ALL ${kernel}, '' AS vendor FROM kernel_info UNION ALL SELECT 'reboot', '', '', '', '', '', '', '' FROM file WHERE path = '/run/reboot-required'`
    case 'rpm':
      return `SELECT 'package' AS kind, name, version, arch, source, release, epoch, vendor FROM rpm_packages UNION ALL ${kernel}, '' AS vendor FROM kernel_info`
    case 'windows':
      return `SELECT 'build' AS kind, version AS name FROM os_version UNION ALL SELECT 'revision', data FROM registry WHERE path = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\UBR' UNION ALL SELECT 'reboot', name FROM registry WHERE key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update' AND name = 'RebootRequired'`
    default:
      return null
  }
}

/** What a host said of itself. */
export interface Told {
  readonly packages: readonly InstalledPackage[]
  readonly runningKernel: string | null
  readonly rebootRequired: boolean
  readonly rebootPackages: readonly string[]
}

/** `null`: it told of no software. */
export function toldBy(platform: Platform, rows: readonly Readonly<Record<string, string>>[]): Told | null {
  const of = (kind: string) => rows.filter((row) => row.kind === kind)
  const asks = of('reboot').length > 0
  if (packagingOf(platform) === 'windows') {
    const build = of('build')[0]?.name?.split('.').slice(0, 3).join('.') ?? ''
    const packages = windowsPackages([build, of('revision')[0]?.name ?? ''].filter((part) => part !== '').join('.'))
    return packages.length === 0 ? null : { packages, runningKernel: null, rebootRequired: asks, rebootPackages: [] }
  }
  const packages = distinct(toldPackages(platform, of('package')))
  if (packages.length === 0) return null
  const runningKernel = of('kernel')[0]?.version || null
  const rebootPackages = kernelsToBoot(platform, packages, runningKernel)
  return { packages, runningKernel, rebootRequired: asks || rebootPackages.length > 0, rebootPackages }
}

/** Each version of a package once. */
function distinct(packages: readonly InstalledPackage[]): readonly InstalledPackage[] {
  return [
    ...new Map(packages.map((item) => [`${item.name} ${item.architecture} ${item.version}`, item] as const)).values(),
  ]
}
