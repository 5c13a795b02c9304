/** A machine of Security Controls as an asset, and what its scans say that it has. */

import { targetOf } from '../../core/assessment/windows-updates.ts'
import type { Asset, Platform } from '../../core/asset.ts'
import { isBefore } from '../../core/time/instant.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { type Software, windowsPlatformOf, windowsSoftware } from '../windows/machine.ts'
import type { Deploying } from './known.ts'
import type { Machines } from './names.ts'
import type { Machine } from './schema.ts'
import type { Word } from './words.ts'

/** What is said of machines beside what the console says. */
export interface MachineFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of the group that a machine is assigned to. */
  readonly teams: Readonly<Record<string, string>>
  readonly simulated: boolean
}

/** The console does not say which Windows a machine has: the products in its scans do. */
export function platformOf({ products }: Pick<Word, 'products'>): Platform | null {
  for (const os of products) {
    const found = windowsPlatformOf({ os, version: null, architecture: '' }) ?? targetOf(os)
    if (found !== null) return typeof found === 'string' ? found : found.platform
  }
  return null
}

export function assetOfMachine(
  source: string,
  name: string,
  { address, group }: Machine,
  word: Word | undefined,
  { defaults, teams, simulated }: MachineFacts,
): { readonly asset: Asset; readonly missing: readonly string[] } {
  const platform = word === undefined ? undefined : (platformOf(word) ?? undefined)
  const team = group !== null && Object.hasOwn(teams, group) ? teams[group] : undefined
  const tags = [...new Set([...(defaults.tags ?? []), ...(group === null ? [] : [group])])]
  return assetOf(source, { name, address: address ?? undefined, simulated, platform, team, tags }, defaults)
}

/** The end code of a patch that is installed and wants a restart. */
export const WANTS_RESTART = 3010

/** The patches that a deployment left waiting for a restart, by the name of the asset and the number: when that was. */
export function waitingFrom(
  deployments: readonly Deploying[],
  machines: Machines,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const waiting = new Map<string, Map<string, string>>()
  for (const { machines: rows } of deployments) {
    for (const row of rows) {
      const name = machines.nameOf(row)
      if (name === null) continue
      for (const { kb, code, hasRun, finishedAt } of row.patches ?? []) {
        if (kb === null || !hasRun || code !== WANTS_RESTART || finishedAt === null) continue
        const own = waiting.get(name) ?? new Map()
        waiting.set(name, own.set(kb, finishedAt))
      }
    }
  }
  return waiting
}

/** A patch that waits for a restart is there, and waits until a later scan finds it installed. */
export function softwareOf({ states }: Word, waiting: ReadonlyMap<string, string>): Software {
  const named = (kb: string) => `KB${kb}`
  const installed = [...states].filter(([, { state }]) => state === 'installed')
  const open = [...waiting].filter(([kb, at]) => {
    const known = states.get(kb)
    return known === undefined || known.state !== 'installed' || isBefore(known.at, at)
  })
  const wait = open.map(([kb]) => named(kb))
  return windowsSoftware(null, [...installed.map(([kb]) => named(kb)), ...wait], wait)
}
