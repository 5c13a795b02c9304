/** What we know about the machines we patch. Words as in docs/words.md. */

/** Distribution and release, e.g. `debian:12`, `ubuntu:24.04`, `windows:server-2022`. */
export type Platform = string

/** How far an attacker can reach the asset: the three values of SSVC's System Exposure v1.0.1. */
export type Exposure = 'small' | 'controlled' | 'open'

/** How much it hurts when the asset fails; maps one to one to SSVC's Human Impact v2.0.2. */
export type Criticality = 'low' | 'medium' | 'high' | 'very high'

export interface Asset {
  /** Stable and unique over all sources: `<source>/<name>`. */
  readonly id: string
  /** Short name people use: `web01`. Untrusted text. */
  readonly name: string
  readonly platform: Platform
  readonly team: string
  readonly tags: readonly string[]
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  /** IANA zone of the place where the asset stands. */
  readonly timeZone: string
  /** Name of the inventory source that reports it. */
  readonly source: string
  /** Name of the engine that may change it; `null` means it is only watched. */
  readonly engine: string | null
  /** Host name or address that health checks and engines connect to. */
  readonly address: string
  /** True for hosts of the example fleet: shown wherever the asset is shown. */
  readonly simulated: boolean
}

/**
 * What a decision freezes of an asset: what people judge it by. The address is not part of that: a vote may be days old
 * when work begins, and a host may have moved by then, so the address is read from the inventory.
 */
export type FrozenAsset = Omit<Asset, 'address'>

/** The asset as a decision keeps it. What earlier versions froze besides is left out. */
export function frozen({
  id,
  name,
  platform,
  team,
  tags,
  exposure,
  criticality,
  timeZone,
  source,
  engine,
  simulated,
}: FrozenAsset): FrozenAsset {
  return { id, name, platform, team, tags, exposure, criticality, timeZone, source, engine, simulated }
}

/** Stands where an asset is asked for and none is meant: nothing is known of it. */
export function standInAsset(id: string, name: string, team: string): Asset {
  return {
    id,
    name,
    platform: '',
    team,
    tags: [],
    exposure: null,
    criticality: null,
    timeZone: 'UTC',
    source: '',
    engine: null,
    address: '',
    simulated: false,
  }
}

export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Source package and its version: the key and operand of Debian's security data. */
  readonly source: string
  readonly sourceVersion: string
  /** Who built it, where that is known and is not the platform's own vendor: such a package is not assessed. */
  readonly origin?: string | null
  /** Stream of a modular RPM: `nodejs:18`. */
  readonly module?: string | null
}

/** Why a newer version that exists will not be installed now. */
export type HeldReason = 'hold' | 'kept back' | 'phased' | 'needs a subscription'

/** One package for which the asset's own package manager has a newer version. */
export interface PendingUpdate {
  readonly name: string
  readonly architecture: string
  /** `null` for a package that the update would newly pull in. */
  readonly installed: string | null
  readonly candidate: string
  readonly source: string | null
  /** Archive origins as the package manager prints them, e.g. `Debian-Security:12/oldstable-security`. */
  readonly origins: readonly string[]
  /** True where an origin is a security archive. */
  readonly security: boolean
  readonly held: HeldReason | null
}

/** One complete look at one asset. */
export interface AssetSnapshot {
  readonly asset: Asset
  readonly packages: readonly InstalledPackage[]
  readonly pending: readonly PendingUpdate[]
  readonly runningKernel: string | null
  /** Changes at each boot (`/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string | null
  readonly rebootRequired: boolean
  /** Packages that asked for the reboot. */
  readonly rebootPackages: readonly string[]
  /** Services still running deleted libraries or binaries, where the source can tell. */
  readonly staleServices: readonly string[]
  /** ISO 8601, UTC: when the asset was looked at. */
  readonly observedAt: string
  /** ISO 8601, UTC: when the asset last refreshed its package lists; `null` unknown. */
  readonly listsRefreshedAt: string | null
}

/** What a source says of one asset: a snapshot, or why there is none. */
export type Observation =
  | { readonly kind: 'seen'; readonly snapshot: AssetSnapshot; readonly warnings: readonly string[] }
  | { readonly kind: 'unreachable'; readonly asset: Asset; readonly reason: string; readonly at: string }

/** What a source says besides its looks: that an asset is no more, or that it has yielded every asset there is. */
export type Listing = { readonly kind: 'gone'; readonly asset: string } | { readonly kind: 'all' }

export function isLook(one: Observation | Listing): one is Observation {
  return one.kind === 'seen' || one.kind === 'unreachable'
}

/** The looks of a source's answer, and nothing of what is listed. */
export async function* onlyLooks(answer: AsyncIterable<Observation | Listing>): AsyncGenerator<Observation> {
  for await (const one of answer) if (isLook(one)) yield one
}

/** The asset that was looked at, whatever came of it. */
export function observedAsset(observation: Observation): Asset {
  return observation.kind === 'seen' ? observation.snapshot.asset : observation.asset
}
