import { type Packaging, packagingOf } from '../platform/families.ts'
import { compareApk, isApkVersion } from './apk.ts'
import { compareDpkg, parseDpkgVersion } from './dpkg.ts'
import type { Order } from './order.ts'
import { compareRpm, isRpmVersion } from './rpm.ts'
import { compareSemver, parseSemver } from './semver.ts'
import { compareWindows, isWindowsBuild } from './windows.ts'

/** How a platform orders versions. `compare` orders all texts, also invalid versions. */
export interface VersionScheme {
  readonly name: string
  compare(a: string, b: string): Order
  valid(text: string): boolean
}

const dpkg: VersionScheme = {
  name: 'dpkg',
  compare: compareDpkg,
  valid: (text) => parseDpkgVersion(text) !== null,
}
const rpm: VersionScheme = { name: 'rpm', compare: compareRpm, valid: isRpmVersion }
const apk: VersionScheme = { name: 'apk', compare: compareApk, valid: isApkVersion }
const semver: VersionScheme = { name: 'semver', compare: compareSemver, valid: (text) => parseSemver(text) !== null }
const windows: VersionScheme = { name: 'windows', compare: compareWindows, valid: isWindowsBuild }

export const versionSchemes: ReadonlyMap<string, VersionScheme> = new Map(
  [dpkg, rpm, apk, semver, windows].map((scheme) => [scheme.name, scheme]),
)

const ofPackaging: Readonly<Record<Packaging, VersionScheme>> = { dpkg, rpm, apk, windows }

/** The scheme of a platform such as `debian:12`. Unknown platforms use dpkg's scheme. */
export function schemeFor(platform: string): VersionScheme {
  return ofPackaging[packagingOf(platform) ?? 'dpkg']
}
