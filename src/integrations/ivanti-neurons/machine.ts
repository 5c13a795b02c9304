/** A device of Neurons as an asset, by what it is recognised, and what is known of its software. */

import type { Asset, InstalledPackage, Platform } from '../../core/asset.ts'
import { fullName, type Identity } from '../../core/identity.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'
import { familyOf, packagingOf } from '../../core/platform/families.ts'
import { NOT_MANAGED } from '../../core/unmanaged.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { windowsPlatformOf } from '../windows/machine.ts'
import type { NeuronsDevice } from './schema.ts'

/** What is said of devices beside what Neurons says. */
export interface DeviceFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of the patch policy that Neurons assigns. */
  readonly teams: Readonly<Record<string, string>>
  /** The full names of domains, by the short names that Neurons has, in small letters. */
  readonly domains: Readonly<Record<string, string>>
  readonly simulated: boolean
}

/** A device under the name of its asset. */
export interface Named {
  readonly name: string
  readonly device: NeuronsDevice
  readonly warnings: readonly string[]
}

/** Systems of which nothing here says what is fixed, and which nothing here patches. */
export function isLeftOut({ osName, platform }: Pick<NeuronsDevice, 'osName' | 'platform'>): boolean {
  return /\b(?:mac|macos|os x|darwin|ios|ipados|android|chrome)\b/i.test(`${platform} ${osName}`)
}

/**
 * Each device once, by its full name where its domain is known. Of a device that was found again, and so has a second id,
 * the one that was scanned last counts. Devices of one name in several domains are told apart by their domain.
 */
export function namedDevices(devices: readonly NeuronsDevice[], { domains }: DeviceFacts): readonly Named[] {
  const groups = new Map<string, NeuronsDevice[]>()
  for (const device of devices) {
    if (isLeftOut(device)) continue
    const key = `${shortOf(device)} ${domainOf(device, domains)}`
    groups.set(key, [...(groups.get(key) ?? []), device])
  }
  const shorts = new Map<string, number>()
  for (const key of groups.keys()) {
    const [short = ''] = key.split(' ')
    shorts.set(short, (shorts.get(short) ?? 0) + 1)
  }
  return [...groups].map(([key, same]) => {
    const [short = '', domain = ''] = key.split(' ')
    const [device, ...older] = same.toSorted((a, b) => (b.lastScannedDate ?? '').localeCompare(a.lastScannedDate ?? ''))
    if (device === undefined) throw new Error('A group of devices is empty.')
    const isShared = (shorts.get(short) ?? 0) > 1 && domain !== ''
    const name = domain.includes('.') ? `${short}.${domain}` : isShared ? `${short}-${domain}` : short
    const doubled = `Neurons lists ${name} ${older.length + 1} times, as when a device is found again: the one scanned last counts. Delete the others there`
    return { name, device, warnings: older.length > 0 ? [doubled] : [] }
  })
}

function shortOf({ machineName }: NeuronsDevice): string {
  return (machineName.toLowerCase().split('.')[0] ?? '').replaceAll(/\s+/g, '-')
}

/** In small letters: a full name where one is known, else as Neurons says it; empty: none. */
function domainOf({ machineName, domainName }: NeuronsDevice, domains: DeviceFacts['domains']): string {
  const own = machineName.toLowerCase().split('.').slice(1).join('.')
  const said = domainName.toLowerCase().replace(/\.$/, '').replaceAll(/\s+/g, '-')
  return own || (domains[said] ?? said)
}

export function assetOfDevice(source: string, { name, device }: Named, facts: DeviceFacts) {
  const { defaults, teams, simulated } = facts
  const tags = [
    ...(defaults.tags ?? []),
    ...(device.assignedPolicy === '' ? [] : [device.assignedPolicy]),
    ...(device.deviceStatus.managed === false ? [NOT_MANAGED] : []),
  ]
  const own = {
    ...{ name, simulated, address: device.ipAddress || name, platform: platformOf(device) ?? undefined },
    ...{ team: teams[device.assignedPolicy], tags: [...new Set(tags)] },
  }
  return assetOf(source, own, defaults)
}

/** `null`: a system that is not known here. */
export function platformOf({ osName, osVersion }: NeuronsDevice): Platform | null {
  if (/windows/i.test(osName))
    return windowsPlatformOf({ os: osName, version: numbersIn(osVersion) ?? numbersIn(osName), architecture: '' })
  for (const text of [`${osName} ${osVersion}`, osName]) {
    const known = canonicalPlatform(text)
    if (known?.includes(':') && packagingOf(familyOf(known)) !== null) return known
  }
  return null
}

/** `10.0.20348.2849`, or without the last number; `null`: there is none. */
function numbersIn(text: string): string | null {
  return /\b10\.0\.\d{4,6}(?:\.\d{1,6})?\b/.exec(text)?.[0] ?? null
}

/** Neurons says no hardware id, so only a name with its domain recognises a machine. */
export function identityOf({ name }: Named): Identity {
  return { fqdn: fullName(name) }
}

/**
 * What is known to be installed. A build of Windows with all four numbers tells of every cumulative update; otherwise the
 * updates that are said to be installed count alone, because what is not among them may be there all the same.
 */
export function packagesOf({ osName, osVersion, deviceStatus }: NeuronsDevice): readonly InstalledPackage[] {
  const build = /windows/i.test(osName) ? (numbersIn(osVersion) ?? numbersIn(osName)) : null
  if (build?.split('.').length === 4) return [packageOf(WINDOWS, build)]
  const installed = deviceStatus.patches.flatMap(({ patchStatus, kbNumber }) =>
    isInstalled(patchStatus) ? (kbOf(kbNumber) ?? []) : [],
  )
  if (installed.length > 0) return [...new Set(installed)].sort().map((kb) => packageOf(kb, '1'))
  return build === null ? [] : [packageOf(WINDOWS, build)]
}

/** Only words that are known say anything. */
function isInstalled(word: string): boolean {
  return /^(?:installed|found|foundpatch)$/i.test(word)
}

/** `KB5099999`, which Ivanti writes as `Q5099999`, too. */
function kbOf(text: string): string | null {
  const digits = /^(?:KB|Q)?(\d{6,8})$/i.exec(text)?.[1]
  return digits === undefined ? null : `KB${digits}`
}

function packageOf(name: string, version: string): InstalledPackage {
  return { name, version, architecture: 'all', source: name, sourceVersion: version }
}

/** Why nobody can tell what the device has, as a sentence; `null`: one can, as far as Neurons says it. */
export function unreadable(
  asset: Asset,
  { osName, lastScannedDate }: NeuronsDevice,
  missing: readonly string[],
): string | null {
  if (missing.includes('platform'))
    return `Neurons calls the system of ${asset.name} "${osName.slice(0, 80)}": such a system is not known here`
  if (missing.length > 0)
    return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole system, or the team of its patch policy under teams`
  return lastScannedDate === null ? `Neurons has not scanned ${asset.name} yet, so nobody knows what it has` : null
}
