/** A machine of ManageEngine as an asset, and what it last said of itself. */

import type { Asset } from '../../core/asset.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { type Software, windowsPlatformOf, windowsSoftware } from '../windows/machine.ts'
import type { Machine, PatchState } from './api.ts'
import type { Patches } from './known.ts'

/** What is said of machines beside what ManageEngine says. */
export interface MachineFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of a remote office. */
  readonly teams: Readonly<Record<string, string>>
  readonly simulated: boolean
}

export function assetOfMachine(
  source: string,
  name: string,
  machine: Machine,
  { defaults, teams, simulated }: MachineFacts,
): { readonly asset: Asset; readonly missing: readonly string[] } {
  const { office, address, os, version } = machine
  const architecture = /arm64/i.test(os) ? 'ARM64' : /\bx86\b|32.?bit/i.test(os) ? 'x86' : 'AMD64'
  const platform = windowsPlatformOf({ os, version, architecture }) ?? undefined
  const team = office === null ? undefined : teams[office]
  const tags = [...new Set([...(defaults.tags ?? []), ...(office === null ? [] : [office])])]
  return assetOf(source, { name, address: address ?? undefined, simulated, platform, team, tags }, defaults)
}

/** What a machine said of a patch, as far as it says what the machine has. */
export type Said = Pick<PatchState, 'patch' | 'state' | 'waitsForReboot'>

export function softwareOf({ version }: Pick<Machine, 'version'>, said: readonly Said[], { byId }: Patches): Software {
  const names = (some: readonly Said[]) =>
    some.flatMap(({ patch }) => {
      const kb = byId.get(patch)?.kb
      return kb == null ? [] : [`KB${kb}`]
    })
  const waiting = said.filter((one) => one.waitsForReboot && one.state !== 'failed')
  const installed = said.filter(({ state }) => state === 'installed')
  return windowsSoftware(version, names([...installed, ...waiting]), names(waiting))
}
