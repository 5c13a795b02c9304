/** A machine of WSUS as an asset, and what it last said of itself. */

import { clientReleases } from '../../core/assessment/windows-releases.ts'
import { windowsPlatform } from '../../core/assessment/windows-updates.ts'
import type { Asset, InstalledPackage, Platform } from '../../core/asset.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import {
  ALL_COMPUTERS,
  UNASSIGNED_COMPUTERS,
  type WsusGroup,
  type WsusInstallation,
  type WsusMachine,
} from './calls.ts'
import { kbOf } from './classes.ts'
import type { Updates } from './known.ts'

/** Full names, in small letters: two machines of two domains may have one short name. */
export function assetOfMachine(
  source: string,
  machine: WsusMachine,
  groups: ReadonlyMap<string, WsusGroup>,
  { defaults, teams, simulated }: MachineFacts,
): { readonly asset: Asset; readonly missing: readonly string[] } {
  const named = machine.groups.flatMap((id) => (isBuiltIn(id) ? [] : (groups.get(id)?.name ?? [])))
  // Our own groups last as long as a start, so they say nothing about the machine.
  const own = named.filter((name) => !name.startsWith(OURS)).sort()
  const platform = platformOf(machine) ?? undefined
  const team = teamNamed(own, teams)
  const tags = [...new Set([...(defaults.tags ?? []), ...own])]
  const facts = { name: nameOf(machine), address: machine.address ?? undefined, simulated, platform, team, tags }
  return assetOf(source, facts, defaults)
}

/** The team of a machine in the groups of these names; of several, that of the first by name. */
export function teamNamed(groups: readonly string[], teams: Readonly<Record<string, string>>): string | undefined {
  return [...groups]
    .sort()
    .map((name) => teams[name])
    .find((one) => one !== undefined)
}

/** What is said of machines beside what WSUS says. */
export interface MachineFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of a group in WSUS. */
  readonly teams: Readonly<Record<string, string>>
  readonly simulated: boolean
}

/** Beginning of the names of the groups that installations of Patchwarden make. */
export const OURS = 'Patchwarden ('

function isBuiltIn(group: string): boolean {
  return group === ALL_COMPUTERS || group === UNASSIGNED_COMPUTERS
}

export function nameOf({ name }: Pick<WsusMachine, 'name'>): string {
  return name.toLowerCase()
}

/** `null`: a Windows that is not known here. A server's name has its year; a client's is told by its build. */
export function platformOf({ os, version, architecture }: WsusMachine): Platform | null {
  const server = /Server\S{0,3}\s*(20\d\d(?:\s*R2)?)/i.exec(os)?.[1]
  if (server !== undefined) return windowsPlatform(`Windows Server ${server}`)
  const release = clientReleases[version?.split('.')[2] ?? '']
  if (!/Windows/i.test(os) || release === undefined) return null
  const bits = /^(?:x86|i386)$/i.test(architecture)
    ? '32-bit'
    : /arm64/i.test(architecture)
      ? 'ARM64-based'
      : 'x64-based'
  return windowsPlatform(`Windows ${release} for ${bits} Systems`)
}

/** What a machine has, as it last said. Machines with the same lists share them. */
export interface Software {
  readonly packages: readonly InstalledPackage[]
  /** Updates that wait for a restart. */
  readonly rebootPackages: readonly string[]
}

export function softwareOf(
  { version }: Pick<WsusMachine, 'version'>,
  said: readonly WsusInstallation[],
  { byId }: Updates,
): Software {
  const kbs = (states: readonly string[]) =>
    [...new Set(said.filter(({ state }) => states.includes(state)).flatMap((one) => namesOf(one, byId)))].sort()
  const pending = kbs(['InstalledPendingReboot'])
  const build = version === null ? null : buildIn(version)
  const installed = kbs(['Installed', 'InstalledPendingReboot']).map((kb) => packageOf(kb, '1'))
  return { packages: build === null ? installed : [packageOf(WINDOWS, build), ...installed], rebootPackages: pending }
}

function namesOf({ update }: WsusInstallation, byId: Updates['byId']): readonly string[] {
  const found = byId.get(update)
  return found === undefined || found.kbs.length === 0 ? [] : [kbOf(found)]
}

function packageOf(name: string, version: string): InstalledPackage {
  return { name, version, architecture: 'all', source: name, sourceVersion: version }
}

/** A server that does not know the update revision writes 0, which no released Windows has. */
function buildIn(version: string): string | null {
  if (!/^\d+(?:\.\d+){2,3}$/.test(version)) return null
  return version.replace(/^(\d+\.\d+\.\d+)\.0$/, '$1')
}
