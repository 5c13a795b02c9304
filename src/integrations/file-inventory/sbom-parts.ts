/** Sorts the packages of a software bill of materials by distribution. One bill may hold several images. */

import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { firstNames } from '../../core/first-names.ts'
import type { PackageUrl } from './package-url.ts'
import { boundedWarnings, type SoftwareList } from './software-list.ts'

/** One entry of a bill. */
export type Part =
  /** `around`: the platform of the image that the entry belongs to, as far as the bill says it. */
  | { readonly kind: 'package'; readonly url: PackageUrl; readonly around: Platform | null }
  /** A library of a language. */
  | { readonly kind: 'library' }
  /** Without a package URL, or without a version. */
  | { readonly kind: 'unnamed'; readonly name: string }

/** `own`: the platform that the bill names for the whole of it; `null`: it names none. */
export function softwareOf(parts: readonly Part[], own: Platform | null, what: string): SoftwareList {
  const packages = parts.filter((part) => part.kind === 'package')
  if (packages.length === 0)
    throw new Error(
      `${what} names no package of an operating system (package URLs that begin with pkg:deb, rpm or apk)`,
    )
  const platforms = platformsOf(packages, own)
  const [main = null, ...beside] = platforms
  const lists = new Map<Platform | null, Map<string, InstalledPackage>>(platforms.map((one) => [one, new Map()]))
  const strangers: string[] = []
  for (const { url, around } of packages) {
    const home = url.platform ?? homeOf(url.family, around, platforms)
    const stranger = home === null && main !== null
    if (stranger) strangers.push(`${url.item.name} (${url.family})`)
    const item = stranger ? { ...url.item, origin: url.family } : url.item
    const list = lists.get(home ?? main) ?? new Map()
    lists.set(home ?? main, list)
    list.set(`${item.name} ${item.architecture} ${item.version}`, item)
  }
  const of = (platform: Platform | null) => ({ platform, packages: [...(lists.get(platform)?.values() ?? [])] })
  return {
    ...of(main),
    beside: beside.map((platform) => ({ ...of(platform), warnings: [] })),
    warnings: boundedWarnings(warningsOf(parts, strangers, platforms, what)),
  }
}

/** The one that the bill names for the whole of it comes first, then the one with the most packages. */
function platformsOf(
  packages: readonly Extract<Part, { readonly kind: 'package' }>[],
  own: Platform | null,
): readonly Platform[] {
  const counts = new Map<Platform, number>()
  for (const { url, around } of packages) {
    const platform = url.platform ?? (around !== null && fits(url.family, around) ? around : null)
    if (platform !== null) counts.set(platform, (counts.get(platform) ?? 0) + 1)
  }
  if (counts.size === 0) return own === null ? [] : [own]
  const first = (platform: Platform) => (platform === own ? 0 : 1)
  return [...counts.keys()].sort(
    (a, b) => first(a) - first(b) || (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1),
  )
}

/** The platform of a package whose URL names no release; `null`: it is not certain, or none is of its distribution. */
function homeOf(family: string, around: Platform | null, platforms: readonly Platform[]): Platform | null {
  if (around !== null && platforms.includes(around) && fits(family, around)) return around
  const fitting = platforms.filter((platform) => fits(family, platform))
  return fitting.length === 1 ? (fitting[0] ?? null) : null
}

/** A URL without a namespace fits everywhere. */
function fits(family: string, platform: Platform): boolean {
  return family === '' || platform.split(':')[0] === family
}

function warningsOf(
  parts: readonly Part[],
  strangers: readonly string[],
  platforms: readonly Platform[],
  what: string,
): readonly string[] {
  const warnings: string[] = []
  const libraries = parts.filter(({ kind }) => kind === 'library').length
  if (libraries > 0) warnings.push(`${counted(libraries)} of ${what}: libraries of languages are not assessed`)
  const unnamed = parts.flatMap((part) => (part.kind === 'unnamed' ? [part.name] : []))
  if (unnamed.length > 0)
    warnings.push(
      `${counted(unnamed.length)} of ${what} without a package URL or a version: not assessed: ${firstNames(unnamed)}`,
    )
  if (strangers.length > 0)
    warnings.push(
      `${counted(strangers.length)} of ${what} of another distribution, or of a release that it does not say: not assessed: ${firstNames(strangers)}`,
    )
  if (platforms.length > 1)
    warnings.push(`${what} holds packages of ${platforms.join(' and ')}: each is assessed as an asset of its own`)
  return warnings
}

function counted(count: number): string {
  return count === 1 ? '1 component' : `${count} components`
}
