/** A host of Fleet as an asset, and by what it is recognised. */

import type { Asset, Platform } from '../../core/asset.ts'
import { fullName, hardwareId, type Identity } from '../../core/identity.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'
import { familyOf, packagingOf } from '../../core/platform/families.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { windowsPlatformOf } from '../windows/machine.ts'
import type { ListedHost } from './hosts.ts'

/** What is said of hosts beside what Fleet says. */
export interface HostFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of a team (fleet) in Fleet. */
  readonly teams: Readonly<Record<string, string>>
  readonly simulated: boolean
}

/** A host under the name of its asset. */
export interface Named {
  readonly name: string
  readonly host: ListedHost
  readonly warnings: readonly string[]
}

/** Systems of which nothing here says what is fixed, and which nothing here patches. */
const LEFT_OUT: ReadonlySet<string> = new Set(['darwin', 'chrome', 'ios', 'ipados', 'android'])

export function isLeftOut({ platform }: Pick<ListedHost, 'platform'>): boolean {
  return LEFT_OUT.has(platform)
}

/**
 * Each machine once. A machine that was enrolled again stands in Fleet twice, with one name and one hardware id: the one
 * that was seen last counts. Machines of one name with different hardware ids are different ones, so each is called by
 * its id, too.
 */
export function namedHosts(hosts: readonly ListedHost[]): readonly Named[] {
  const byName = new Map<string, ListedHost[]>()
  for (const host of hosts) {
    if (isLeftOut(host)) continue
    const name = nameOf(host)
    byName.set(name, [...(byName.get(name) ?? []), host])
  }
  return [...byName].flatMap(([name, all]) => {
    const machines = new Map<string, ListedHost[]>()
    for (const host of all) {
      const id = hardwareId(host.uuid) ?? ''
      machines.set(id, [...(machines.get(id) ?? []), host])
    }
    const isAlone = machines.size === 1
    return [...machines].map(([id, same]) => {
      const [host, ...older] = same.toSorted((a, b) => (b.seen_time ?? '').localeCompare(a.seen_time ?? ''))
      if (host === undefined) throw new Error('A group of hosts is empty.')
      const doubled = `Fleet lists ${name} ${older.length + 1} times, as when a machine is enrolled again: the one seen last counts, ${seen(host)}. Delete the others there`
      const shared = `Fleet lists ${machines.size} machines called ${name}: each is named by its hardware id, too`
      return {
        name: isAlone || id === '' ? name : `${name}-${id.slice(0, 8)}`,
        host,
        warnings: [...(older.length > 0 ? [doubled] : []), ...(isAlone ? [] : [shared])],
      }
    })
  })
}

function nameOf({ hostname, computer_name, id }: ListedHost): string {
  const name = (hostname || computer_name).trim().toLowerCase()
  return name === '' || /\s/.test(name) ? `host-${id}` : name
}

function seen({ seen_time }: ListedHost): string {
  return seen_time === null ? 'at an unknown time' : `on ${minuteOf(seen_time)} UTC`
}

export function assetOfHost(source: string, { name, host }: Named, { defaults, teams, simulated }: HostFacts) {
  const own = host.team === '' ? [] : [host.team]
  const facts = {
    ...{ name, simulated, address: host.primary_ip || host.hostname || name },
    platform: platformOf(host) ?? undefined,
    team: teams[host.team],
    tags: [...new Set([...(defaults.tags ?? []), ...own])],
  }
  return assetOf(source, facts, defaults)
}

/** `null`: a system that is not known here. */
export function platformOf({ platform, os_version, cpu_type }: ListedHost): Platform | null {
  if (platform === 'windows') {
    const version = /\b\d+\.\d+\.\d{4,6}(?:\.\d+)?\b/.exec(os_version)?.[0] ?? null
    const architecture = /arm/i.test(cpu_type) ? 'arm64' : ''
    return windowsPlatformOf({ os: os_version, version, architecture })
  }
  const known = canonicalPlatform(os_version)
  if (known === null || packagingOf(familyOf(known)) === null) return null
  return known.includes(':') ? known : null
}

export function identityOf({ uuid, hostname }: ListedHost): Identity {
  // A short name alone recognises no machine. Fleet does not say the instance in a cloud.
  return { hardware: hardwareId(uuid), fqdn: fullName(hostname) }
}

/** When the host itself said what Fleet's lists hold of it; `null`: it never did. */
export function saidAt(asset: Pick<Asset, 'platform'>, host: ListedHost): string | null {
  // The build of Windows comes with the details of the host, packages with its software.
  return packagingOf(asset.platform) === 'windows' ? host.detail_updated_at : host.software_updated_at
}

/** Why nobody can tell what the host has, as a sentence; `null`: one can. */
export function unreadable(asset: Asset, host: ListedHost, missing: readonly string[]): string | null {
  if (missing.includes('platform'))
    return `Fleet calls the system of ${asset.name} "${host.os_version.slice(0, 80)}": such a system is not known here`
  if (missing.length > 0)
    return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole system, or the team of its team in Fleet under teams`
  if (saidAt(asset, host) !== null) return null
  return `${asset.name} has not told Fleet its software yet; it was last seen ${seen(host)}`
}
