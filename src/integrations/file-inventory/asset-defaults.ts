import type { Asset, Criticality, Exposure, Platform } from '../../core/asset.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'
import type { ListedIds } from './listed-identity.ts'

/** Values for assets where the file gives none. A list of packages takes all values from here. */
export interface AssetDefaults {
  /** Name of the asset, of a file about one machine. Default: what the file says, else the name of the source. */
  readonly name?: string
  readonly platform?: Platform
  readonly team?: string
  readonly tags?: readonly string[]
  readonly exposure?: Exposure | null
  readonly criticality?: Criticality | null
  /** IANA zone. Default `UTC`. */
  readonly timeZone?: string
  readonly address?: string
  /** Engine that may change the assets. Default `null`: the assets are only watched. */
  readonly engine?: string | null
  /** By what the machine of a file about one machine is recognised in other sources. */
  readonly ids?: ListedIds
}

/** The values that a file gives for one asset. */
export interface AssetFacts {
  readonly name: string
  readonly platform?: string | undefined
  readonly team?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly exposure?: Exposure | null | undefined
  readonly criticality?: Criticality | null | undefined
  readonly timeZone?: string | undefined
  readonly address?: string | undefined
  readonly simulated?: boolean | undefined
}

/**
 * Makes the asset from the values of its file and the defaults of the source. `missing`: the values that neither gives.
 */
export function assetOf(
  source: string,
  facts: AssetFacts,
  defaults: AssetDefaults,
): { readonly asset: Asset; readonly missing: readonly string[] } {
  const platform = facts.platform ?? defaults.platform
  const team = facts.team ?? defaults.team
  const asset: Asset = {
    id: `${source}/${facts.name}`,
    name: facts.name,
    platform: platform === undefined ? 'unknown' : (canonicalPlatform(platform) ?? platform),
    team: team ?? 'unassigned',
    tags: facts.tags ?? defaults.tags ?? [],
    exposure: facts.exposure ?? defaults.exposure ?? null,
    criticality: facts.criticality ?? defaults.criticality ?? null,
    timeZone: facts.timeZone ?? defaults.timeZone ?? 'UTC',
    source,
    engine: defaults.engine ?? null,
    address: facts.address ?? defaults.address ?? facts.name,
    simulated: facts.simulated ?? false,
  }
  const missing: string[] = []
  if (platform === undefined) missing.push('platform')
  if (team === undefined) missing.push('team')
  return { asset, missing }
}
