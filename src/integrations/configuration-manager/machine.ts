/** A machine of Configuration Manager as an asset, and what it last said of itself. */

import type { Asset } from '../../core/asset.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { type Software, windowsPlatformOf, windowsSoftware } from '../windows/machine.ts'
import type { Said, Updates } from './known.ts'
import type { Machine } from './schema.ts'

/** What is said of machines beside what Configuration Manager says. */
export interface MachineFacts {
  readonly defaults: AssetDefaults
  /** Teams by the name of a collection. */
  readonly teams: Readonly<Record<string, string>>
  readonly simulated: boolean
}

/** Full names, in small letters. `collections`: names of those that it is in and that tell a team. */
export function assetOfMachine(
  source: string,
  { name, address, os, version }: Machine,
  collections: readonly string[],
  { defaults, teams, simulated }: MachineFacts,
): { readonly asset: Asset; readonly missing: readonly string[] } {
  const architecture = /arm64/i.test(os) ? 'ARM64' : /\bx86\b|32.?bit/i.test(os) ? 'x86' : 'AMD64'
  const platform = windowsPlatformOf({ os, version, architecture }) ?? undefined
  const team = [...collections]
    .sort()
    .map((one) => teams[one])
    .find((one) => one !== undefined)
  const tags = [...new Set([...(defaults.tags ?? []), ...collections])]
  const facts = { name: name.toLowerCase(), address: address ?? undefined, simulated, platform, team, tags }
  return assetOf(source, facts, defaults)
}

export function softwareOf({ id, version }: Pick<Machine, 'id' | 'version'>, said: Said, { byId }: Updates): Software {
  const [installed, waiting]: [string[], string[]] = [[], []]
  for (const [update, word] of said.all(id)) {
    const kb = byId.get(update)?.kb
    if (kb == null) continue
    if (word.waits) waiting.push(`KB${kb}`)
    if (word.waits || word.status === 'installed') installed.push(`KB${kb}`)
  }
  return windowsSoftware(version, installed, waiting)
}
