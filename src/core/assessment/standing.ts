/** How an asset stands to one flaw or one package, where no patch is asked for: the true reason, in words. */

import type { AssetSnapshot, InstalledPackage } from '../asset.ts'
import type { Fix, WindowsUpdate } from '../catalog.ts'
import { isApplied } from '../change.ts'
import { whyNotAssessed } from '../coverage.ts'
import { firstNames } from '../first-names.ts'
import { withoutOlderKernels } from '../kernels.ts'
import { platformsOf } from '../streams.ts'
import { schemeFor } from '../versions/scheme.ts'
import type { CatalogView } from './catalog-view.ts'
import type { OpenFix } from './compiled.ts'
import { softwareOf } from './missing.ts'
import { thirdParty } from './third-party.ts'
import { whyNotOffered } from './why-not-offered.ts'
import { updateChange } from './windows-updates.ts'

export type Standing = 'affected' | 'no fix yet' | 'not assessed' | 'not affected' | 'absent'

export interface AssetStanding {
  readonly standing: Standing
  /** A clause that goes on from the name of the asset. */
  readonly why: string
}

type SaidFix = Pick<Fix, 'platform' | 'package' | 'by' | 'fixedVersion' | 'cves'>
type SaidUpdate = Pick<WindowsUpdate, 'platform' | 'kb' | 'fixedBuild'>

/** What was asked for, and what is known of it. */
export interface Asked {
  /** A flaw (CVE, advisory or KB), or the name of a source or binary package. */
  readonly name: string
  readonly kind: 'flaw' | 'package'
  /** What feeds say of it. For a package, what they say of the package. */
  readonly fixes: readonly SaidFix[]
  readonly updates: readonly SaidUpdate[]
  readonly catalog: CatalogView
  /** Platforms of which some feed says what is fixed. */
  readonly spoken: ReadonlySet<string>
  /** ISO 8601 UTC. */
  readonly now: string
  /** Since when flaws are known, ISO date, as far as feeds say. */
  readonly knownSince: ReadonlyMap<string, string>
}

export function standingOf(asked: Asked, snapshot: AssetSnapshot): AssetStanding {
  const unjudged = notJudged(asked, snapshot)
  if (unjudged !== null) return { standing: 'not assessed', why: unjudged }
  if (asked.kind === 'package') return ofPackage(asked, snapshot)
  return snapshot.asset.platform.startsWith('windows:') ? ofWindows(asked, snapshot) : ofFlaw(asked, snapshot)
}

/** A package manager names no flaws, so that only feeds can judge here. */
function notJudged({ spoken }: Asked, { asset: { platform }, packages }: AssetSnapshot): string | null {
  const has = spoken.has(platform)
  return whyNotAssessed({ platform, spoken: has, asked: false, packages: packages.length, foreign: 0 })
}

function ofFlaw(asked: Asked, snapshot: AssetSnapshot): AssetStanding {
  const { name, fixes, catalog } = asked
  const { platform } = snapshot.asset
  const { matcher } = catalog
  const packages = withoutOlderKernels(platform, snapshot.packages)
  for (const item of packages) {
    const open = matcher.open(platform, item).find((one) => one.cve === name || one.advisory === name)
    if (open !== undefined) return { standing: 'affected', why: affected(asked, item, open, snapshot) }
  }
  const unfixed = packages.find((item) => matcher.unfixed(platform, item).includes(name))
  if (unfixed !== undefined) return noFixYet(asked, unfixed, name)
  const own = fixes.filter((fix) => platformsOf(platform).includes(fix.platform))
  for (const fix of own) {
    const item = packages.find((one) => (fix.by === 'source' ? one.source : one.name) === fix.package)
    if (item === undefined) continue
    if (catalog.isRejected(name) && thirdParty(platform, item) === null) return rejected(item, name)
    return installed(item, fix, platform)
  }
  const named = [...new Set(own.map((fix) => fix.package))]
  const why =
    named.length === 0
      ? `feeds name no software of ${platform} for it`
      : `has none of the software that feeds name for it: ${firstNames(named)}`
  return { standing: 'absent', why }
}

function affected(
  { now }: Asked,
  item: InstalledPackage,
  { subscription, fixedVersion }: OpenFix,
  snapshot: AssetSnapshot,
): string {
  const has = `${item.name} ${item.version} is affected`
  if (subscription !== null) return `${has}; the fix needs ${subscription}`
  const offered = softwareOf(snapshot).pending
  if (offered === null) return `${has}; ${fixedVersion} has the fix`
  const held = offered.find((one) => one.name === item.name)?.held ?? null
  return `${has}, and its package manager does not offer ${fixedVersion}: ${whyNotOffered(held, snapshot, now)}`
}

function noFixYet({ knownSince }: Asked, item: InstalledPackage, flaw: string): AssetStanding {
  const since = knownSince.get(flaw)
  const why = `${item.name} ${item.version} is affected, and there is no fix yet${since === undefined ? '' : `, since ${since}`}`
  return { standing: 'no fix yet', why }
}

function rejected(item: InstalledPackage, flaw: string): AssetStanding {
  return {
    standing: 'not affected',
    why: `${item.name} ${item.version}: ${flaw} was rejected, so it is no flaw`,
  }
}

/** The asset has the software, and its version has the fix or is not one that is affected. */
function installed(item: InstalledPackage, { by, fixedVersion }: SaidFix, platform: string): AssetStanding {
  const has = `${item.name} ${item.version}`
  const builder = thirdParty(platform, item)
  if (builder !== null) return { standing: 'not assessed', why: `${has} was built by ${builder}: not assessed` }
  if (fixedVersion === '0') return { standing: 'not affected', why: `${has}: the vendor says it was never affected` }
  const version = by === 'source' ? item.sourceVersion : item.version
  const isFixed = fixedVersion !== null && schemeFor(platform).compare(version, fixedVersion) >= 0
  return {
    standing: 'not affected',
    why: isFixed
      ? `${has} has it mended (since ${fixedVersion})`
      : `${has} is of another stream or version than the ones affected`,
  }
}

function ofPackage(asked: Asked, snapshot: AssetSnapshot): AssetStanding {
  const { name, catalog } = asked
  const { platform } = snapshot.asset
  const items = snapshot.packages.filter((item) => item.name === name || item.source === name)
  const [first] = items
  if (first === undefined) return { standing: 'absent', why: `does not have ${name}` }
  for (const item of items) {
    const open = catalog.matcher.open(platform, item)
    const [highest] = open
    if (highest === undefined) continue
    const flaws = new Set(open.map((one) => one.cve ?? one.advisory ?? 'a flaw'))
    return { standing: 'affected', why: `${affected(asked, item, highest, snapshot)} (${firstNames([...flaws])})` }
  }
  for (const item of items) {
    const [flaw, ...more] = catalog.matcher.unfixed(platform, item)
    if (flaw === undefined) continue
    const { standing, why } = noFixYet(asked, item, flaw)
    return { standing, why: `${why} (${firstNames([flaw, ...more])})` }
  }
  const builder = thirdParty(platform, first)
  const has = `${first.name} ${first.version}`
  if (builder !== null) return { standing: 'not assessed', why: `${has} was built by ${builder}: not assessed` }
  return { standing: 'not affected', why: `${has} has none of the flaws that feeds name for it` }
}

function ofWindows({ updates }: Asked, { asset, packages }: AssetSnapshot): AssetStanding {
  const own = updates.filter(({ platform }) => platform === asset.platform)
  const [first] = own
  if (first === undefined) return { standing: 'absent', why: `feeds name no update of ${asset.platform} for it` }
  const there = own.find((update) => isApplied(updateChange(update), { packages, asset: update }).applied === 'yes')
  if (there !== undefined) return { standing: 'not affected', why: `has ${there.kb}, or an update that contains it` }
  return {
    standing: 'not affected',
    why: `does not need ${first.kb}: an update that it has replaces it, or it is for another build`,
  }
}
