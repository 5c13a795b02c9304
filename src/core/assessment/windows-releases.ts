/** Releases of Windows by build, with Microsoft's names: https://learn.microsoft.com/windows/release-health/. */

import type { AssetSnapshot, Platform } from '../asset.ts'
import { sameWindowsRelease, windowsReleaseOf } from '../versions/windows.ts'

export const clientReleases: Readonly<Record<string, string>> = {
  10240: '10',
  10586: '10 Version 1511',
  14393: '10 Version 1607',
  15063: '10 Version 1703',
  16299: '10 Version 1709',
  17134: '10 Version 1803',
  17763: '10 Version 1809',
  18362: '10 Version 1903',
  18363: '10 Version 1909',
  19041: '10 Version 2004',
  19042: '10 Version 20H2',
  19043: '10 Version 21H1',
  19044: '10 Version 21H2',
  19045: '10 Version 22H2',
  22000: '11 Version 21H2',
  22621: '11 Version 22H2',
  22631: '11 Version 23H2',
  26100: '11 Version 24H2',
  26200: '11 Version 25H2',
}

/** Servers whose name has no year: `Windows Server, version 20H2`. They exist as Server Core only. */
export const semiAnnualServers: Readonly<Record<string, string>> = {
  16299: '1709',
  17134: '1803',
  17763: '1809',
  18362: '1903',
  18363: '1909',
  19041: '2004',
  19042: '20H2',
}

const servers: Readonly<Record<string, string>> = {
  14393: 'server-2016',
  17763: 'server-2019',
  20348: 'server-2022',
  25398: 'server-2022-23h2',
  26100: 'server-2025',
}

const buildOfPlatform: ReadonlyMap<Platform, string> = new Map([
  ...Object.entries(clientReleases).map(
    ([build, name]) => [`windows:${name.replace(' Version ', '-').toLowerCase()}`, `10.0.${build}`] as const,
  ),
  ...Object.entries(servers).map(([build, name]) => [`windows:${name}`, `10.0.${build}`] as const),
  ...Object.entries(semiAnnualServers).map(
    ([build, name]) => [`windows:server-${name.toLowerCase()}`, `10.0.${build}`] as const,
  ),
])

/** Whether updates of the build's release are for the platform; `null`: the builds of the platform are not known. */
export function isBuildFor(platform: Platform, build: string): boolean | null {
  const own = buildOfPlatform.get(platform.replace(/-(?:core|x86|arm64)$/, ''))
  return own === undefined ? null : sameWindowsRelease(own, build)
}

/**
 * The snapshot with the platform that its build of Windows is of, where the inventory names only `windows:10`. Where the build is of no
 * release of the platform that it names, the platform is `windows:10.0.26120`: updates of the named one are not for this machine,
 * so that none would ever be missing. Otherwise the same object.
 */
export function withOwnWindows(snapshot: AssetSnapshot): AssetSnapshot {
  const { asset, packages } = snapshot
  if (!asset.platform.startsWith('windows:')) return snapshot
  const release = windowsReleaseOf(packages)
  if (release === null) return snapshot
  const platform = clientOf(asset.platform, release) ?? asset.platform
  if (isBuildFor(platform, release) === false)
    return { ...snapshot, asset: { ...asset, platform: `windows:${release}` } }
  return platform === asset.platform ? snapshot : { ...snapshot, asset: { ...asset, platform } }
}

/** `windows:10-22h2` for `windows:10` and the release `10.0.19045`; `null`: the platform names its release. */
function clientOf(platform: Platform, release: string): Platform | null {
  const [, number, arch = ''] = /^windows:(1[01])(-x86|-arm64)?$/.exec(platform) ?? []
  const name = clientReleases[release.split('.').at(-1) ?? '']
  if (number === undefined || name?.startsWith(number) !== true) return null
  return `windows:${name.replace(' Version ', '-').toLowerCase()}${arch}`
}
