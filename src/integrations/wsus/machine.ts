/** A machine of WSUS as an asset, and what it last said of itself. */

import type { Asset } from '../../core/asset.ts'
import { OURS } from '../delegating/marks.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { type Software, windowsPlatformOf, windowsSoftware } from '../windows/machine.ts'
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
  const platform = windowsPlatformOf(machine) ?? undefined
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

function isBuiltIn(group: string): boolean {
  return group === ALL_COMPUTERS || group === UNASSIGNED_COMPUTERS
}

export function nameOf({ name }: Pick<WsusMachine, 'name'>): string {
  return name.toLowerCase()
}

export function softwareOf(
  { version }: Pick<WsusMachine, 'version'>,
  said: readonly WsusInstallation[],
  { byId }: Updates,
): Software {
  const kbs = (states: readonly string[]) =>
    said.filter(({ state }) => states.includes(state)).flatMap((one) => namesOf(one, byId))
  return windowsSoftware(version, kbs(['Installed', 'InstalledPendingReboot']), kbs(['InstalledPendingReboot']))
}

function namesOf({ update }: WsusInstallation, byId: Updates['byId']): readonly string[] {
  const found = byId.get(update)
  return found === undefined || found.kbs.length === 0 ? [] : [kbOf(found)]
}
