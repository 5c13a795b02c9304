/**
 * Who speaks of an asset: the feeds that say what is fixed on its platform, and its own package manager. Where nobody
 * does, the asset is not assessed. That is never the same as missing nothing.
 */

import type { Missing } from './assessment/missing.ts'
import type { AssetSnapshot, Platform } from './asset.ts'
import { familyOf, packagingOf } from './platform/families.ts'
import { earliest } from './time/instant.ts'

/** A feed that says what is fixed on a platform. */
export interface FeedVoice {
  readonly feed: string
  /** When it was last read without problems, ISO 8601 UTC; `null`: it is read just now. */
  readonly readAt: string | null
}

/** The feeds that speak of each platform. A platform without an entry has none. */
export type Voices = ReadonlyMap<Platform, readonly FeedVoice[]>

export interface AssetCoverage {
  /** Id. */
  readonly asset: string
  readonly name: string
  readonly platform: Platform
  readonly feeds: readonly FeedVoice[]
  /** The asset's own package manager, if it was asked. `refreshedAt`: since when its lists are so, ISO 8601 UTC. */
  readonly packageManager: { readonly name: string; readonly refreshedAt: string | null } | null
  /** Why nobody can judge the asset, as a clause: `no feed speaks of oracle:9`; `null`: it is assessed. */
  readonly notAssessed: string | null
  /** Single packages that the platform's vendor did not build, so that nobody here can judge them. */
  readonly packages: Missing['notAssessed']
}

/** Who speaks of an asset, and why it is not assessed, if it is not. `foreign`: the packages that others built. */
export function coverageOf(
  { asset, packages, pending, listsRefreshedAt }: AssetSnapshot,
  voices: Voices,
  foreign: Missing['notAssessed'],
): AssetCoverage {
  const { id, name, platform } = asset
  const feeds = voices.get(platform) ?? []
  const asked = pending.length > 0 || listsRefreshedAt !== null
  return {
    asset: id,
    name,
    platform,
    feeds,
    packageManager: asked ? { name: packageManagerOf(platform), refreshedAt: listsRefreshedAt } : null,
    notAssessed: whyNotAssessed({
      platform,
      spoken: feeds.length > 0,
      asked,
      packages: packages.length,
      foreign: foreign.length,
    }),
    packages: foreign,
  }
}

export interface Judgeable {
  readonly platform: Platform
  /** Whether any feed says what is fixed on the platform. */
  readonly spoken: boolean
  /** Whether the asset's package manager was asked. */
  readonly asked: boolean
  /** How many packages the inventory lists, and how many of them others built. */
  readonly packages: number
  readonly foreign: number
}

/** Why nobody can judge an asset, as a clause; `null`: it can be judged. */
export function whyNotAssessed({ platform, spoken, asked, packages, foreign }: Judgeable): string | null {
  if (packages === 0) return 'its inventory lists no package'
  if (asked) return null
  if (platform === 'unknown') return 'its inventory does not say its platform'
  if (!spoken) return `no feed speaks of ${platform}`
  return foreign === packages ? `nothing says that the vendor of ${platform} built any of its packages` : null
}

/** The package manager of a platform, for people. */
export function packageManagerOf(platform: Platform): string {
  switch (packagingOf(platform)) {
    case 'rpm':
      return ['sles', 'opensuse'].includes(familyOf(platform)) ? 'zypper' : 'dnf'
    case 'apk':
      return 'apk'
    case 'windows':
      return 'Windows Update'
    case 'dpkg':
      return 'apt'
    default:
      return 'its package manager'
  }
}

/** Assets that nobody can judge for the same reason. */
export interface NotAssessed {
  readonly why: string
  readonly platform: Platform
  readonly count: number
  /** The names of the first ones. */
  readonly names: readonly string[]
}

/** How many names are kept of a group. Texts show fewer. */
export const NAMES_OF_GROUP = 100

/** Assets that are not assessed, by platform and reason, the largest group first. */
export function notAssessedGroups(
  coverage: Iterable<Pick<AssetCoverage, 'name' | 'platform' | 'notAssessed'>>,
): readonly NotAssessed[] {
  const groups = new Map<string, { why: string; platform: Platform; count: number; names: string[] }>()
  for (const { name, platform, notAssessed: why } of coverage) {
    if (why === null) continue
    const key = `${platform} ${why}`
    const group = groups.get(key) ?? { why, platform, count: 0, names: [] }
    groups.set(key, group)
    group.count++
    if (group.names.length < NAMES_OF_GROUP) group.names.push(name)
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.platform < b.platform ? -1 : 1))
}

/** What nobody can judge, and who judges the rest, of a fleet. */
export interface FleetCoverage {
  /** Platforms of assets, each with who speaks of it, in alphabetical order. */
  readonly platforms: readonly PlatformCoverage[]
  readonly notAssessed: readonly NotAssessed[]
  /** Feeds, or feed files, that could not be read. What they said before may still count. */
  readonly feeds: readonly FeedProblem[]
  /** How many single records of feeds could not be read and are left out. */
  readonly skippedRecords: number
}

export interface PlatformCoverage {
  readonly platform: Platform
  readonly assets: number
  readonly feeds: readonly FeedVoice[]
  /**
   * The package managers of its assets: how many were asked, and since when the oldest lists are so; `null`: none was
   * asked.
   */
  readonly packageManager: {
    readonly name: string
    readonly assets: number
    readonly refreshedAt: string | null
  } | null
}

export interface FeedProblem {
  readonly feed: string
  readonly problem: string
  /** When it was last read without problems, ISO 8601 UTC; `null`: never. */
  readonly readAt: string | null
}

/** Whether everything could be judged. Where no asset is known, nothing could. */
export function allJudged({ platforms, notAssessed, feeds }: FleetCoverage): boolean {
  return platforms.length > 0 && notAssessed.length === 0 && feeds.length === 0
}

/** The coverage of assets that are all in memory. */
export function fleetCoverage(
  assets: readonly AssetCoverage[],
  feeds: readonly FeedProblem[],
  skippedRecords: number,
): FleetCoverage {
  const platforms = new Map<Platform, PlatformCoverage>()
  for (const one of assets) platforms.set(one.platform, withAsset(platforms.get(one.platform), one))
  return {
    platforms: [...platforms.values()].sort((a, b) => (a.platform < b.platform ? -1 : 1)),
    notAssessed: notAssessedGroups(assets),
    feeds,
    skippedRecords,
  }
}

function withAsset(known: PlatformCoverage | undefined, { platform, feeds, packageManager }: AssetCoverage) {
  const before = known?.packageManager ?? null
  const oldest = earliest([before?.refreshedAt ?? null, packageManager?.refreshedAt ?? null])
  const assets = (before?.assets ?? 0) + (packageManager === null ? 0 : 1)
  return {
    platform,
    assets: (known?.assets ?? 0) + 1,
    feeds,
    packageManager: assets === 0 ? null : { name: packageManagerOf(platform), assets, refreshedAt: oldest },
  }
}
