/** What Patchwarden knows about the machines it patches. docs/words.md explains the words. */

import type { Identity } from './identity.ts'

/** Distribution and release, e.g. `debian:12`, `ubuntu:24.04`, `windows:server-2022`. */
export type Platform = string

/** How far an attacker can reach the asset: the three values of SSVC's System Exposure v1.0.1. */
export type Exposure = 'small' | 'controlled' | 'open'

/** How much harm a failure of the asset does. The values match those of SSVC's Human Impact v2.0.2 one to one. */
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
  /** True for hosts of the example fleet. Every view of the asset shows it. */
  readonly simulated: boolean
  /**
   * Of a machine that several sources know: the id that `source` has for it (`seen`), and the id at the source by which
   * `engine` finds it (`changed`). Left out: both are `id`.
   */
  readonly own?: { readonly seen: string; readonly changed: string }
}

/**
 * What a decision keeps of an asset: the data by which people judge it. The address is left out: a vote may be days old
 * when work begins, and the host may have moved, so the address is read from the inventory.
 */
export type FrozenAsset = Omit<Asset, 'address' | 'own'>

/** The asset as a decision keeps it, without the further members that earlier versions kept. */
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

/** A placeholder for code that needs an asset where there is no data about one. */
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
  /** Name and version of the source package. Debian's security data is looked up and compared by them. */
  readonly source: string
  readonly sourceVersion: string
  /** Who built the package, if that is known and is not the platform's vendor. Such a package is not assessed. */
  readonly origin?: string | null
  /** Stream of a modular RPM, e.g. `nodejs:18`. */
  readonly module?: string | null
}

/** Why a newer version that exists will not be installed now. */
export type HeldReason = 'hold' | 'kept back' | 'phased' | 'needs a subscription'

/** One package for which the asset's own package manager has a newer version. */
export interface PendingUpdate {
  readonly name: string
  readonly architecture: string
  /** `null`: the package is not installed yet; the update would pull it in. */
  readonly installed: string | null
  readonly candidate: string
  readonly source: string | null
  /** Version of the source package of `candidate`, as the archive says; left out: not said; `null`: cannot be known. */
  readonly sourceVersion?: string | null
  /** Archive origins as the package manager prints them, e.g. `Debian-Security:12/oldstable-security`. */
  readonly origins: readonly string[]
  /** True if one of the origins is a security archive. */
  readonly security: boolean
  readonly held: HeldReason | null
}

/** What a package manager says about the archives that it is configured with. */
export interface Archives {
  /** Whether a security archive of the distribution is among them; `null`: nothing says which archives there are. */
  readonly security: boolean | null
  /** Why the package lists could not be refreshed, in the words of the package manager; `null`: they could. */
  readonly problem: string | null
}

/** A package whose installation was interrupted. It may be listed with its new version all the same. */
export interface HalfDone {
  readonly name: string
  /** As the end of a sentence that begins with the name, such as `is half-configured`. */
  readonly how: string
}

/** One complete look at one asset. */
export interface AssetSnapshot {
  readonly asset: Asset
  /** By what the machine is recognised in other sources. Left out: this look did not ask. */
  readonly identity?: Identity
  readonly packages: readonly InstalledPackage[]
  readonly pending: readonly PendingUpdate[]
  readonly runningKernel: string | null
  /** Changes at each boot (`/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string | null
  readonly rebootRequired: boolean
  /** Packages that asked for the reboot. */
  readonly rebootPackages: readonly string[]
  /** Services that still run deleted libraries or binaries, if the source can tell. */
  readonly staleServices: readonly string[]
  /** What an interrupted installation left half done. Left out: nothing, or the source does not say. */
  readonly halfDone?: readonly HalfDone[]
  /** ISO 8601, UTC: when the asset was looked at. */
  readonly observedAt: string
  /** ISO 8601, UTC: when the asset last refreshed its package lists; `null`: not known. */
  readonly listsRefreshedAt: string | null
  /** Left out or `null`: the source does not say. */
  readonly archives?: Archives | null
}

/** What a source reports about one asset: a snapshot, or why there is none. */
export type Observation =
  | {
      readonly kind: 'seen'
      readonly snapshot: AssetSnapshot
      readonly warnings: readonly string[]
      /**
       * What only this machine says at this boot, so that one machine under two names is noticed. Left out: the source
       * cannot tell.
       */
      readonly machine?: string
    }
  | {
      readonly kind: 'unreachable'
      readonly asset: Asset
      readonly reason: string
      readonly at: string
      /** By what the machine is recognised, where that is known all the same. Left out: not known. */
      readonly identity?: Identity
    }

/** What a source reports apart from observations: an asset no longer exists, or all assets have been reported. */
export type Listing = { readonly kind: 'gone'; readonly asset: string } | { readonly kind: 'all' }

export function isLook(one: Observation | Listing): one is Observation {
  return one.kind === 'seen' || one.kind === 'unreachable'
}

/** Only the observations of a source's answer, without the listings. */
export async function* onlyLooks(answer: AsyncIterable<Observation | Listing>): AsyncGenerator<Observation> {
  for await (const one of answer) if (isLook(one)) yield one
}

/** The id that the asset's source has for it. */
export function seenAs({ id, own }: Pick<Asset, 'id' | 'own'>): string {
  return own?.seen ?? id
}

/** The id by which the asset's engine finds it. */
export function changedAs({ id, own }: Pick<Asset, 'id' | 'own'>): string {
  return own?.changed ?? id
}

/** The asset that was looked at, whether it was reached or not. */
export function observedAsset(observation: Observation): Asset {
  return observation.kind === 'seen' ? observation.snapshot.asset : observation.asset
}
