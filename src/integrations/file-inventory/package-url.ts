import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'

export interface PackageUrl {
  readonly item: InstalledPackage
  readonly platform: Platform | null
}

/**
 * Reads a package of an operating system from its package URL, https://github.com/package-url/purl-spec. `null` for
 * libraries of programming languages, and when the text is not a package URL. Scanners put the source package into
 * `upstream`.
 */
export function packageFromUrl(text: string): PackageUrl | null {
  const [, type, namespace, rawName, rawVersion, query] =
    /^pkg:(deb|rpm|apk)\/([^/@?]+)\/([^@?]+)(?:@([^?#]+))?(?:\?([^#]*))?/.exec(text) ?? []
  if (type === undefined || namespace === undefined || rawName === undefined || rawVersion === undefined) return null
  const name = decoded(rawName)
  const qualifiers = new URLSearchParams(query ?? '')
  const epoch = qualifiers.get('epoch')
  const bare = decoded(rawVersion)
  const version = epoch === null || epoch === '0' || /^\d+:/.test(bare) ? bare : `${epoch}:${bare}`
  const { source, sourceVersion } = upstream(qualifiers.get('upstream') ?? '', name, version)
  const module = /^([^:]+:[^:]+)/.exec(qualifiers.get('modularitylabel') ?? qualifiers.get('rpmmod') ?? '')?.[1]
  const item: InstalledPackage = {
    name,
    version,
    architecture: qualifiers.get('arch') ?? 'all',
    source,
    sourceVersion,
    ...(module === undefined ? {} : { module }),
  }
  return { item, platform: platformOf(namespace, qualifiers.get('distro') ?? '') }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Reads the source package from `curl`, `curl@7.88.1-10` or `bash-5.1.8-9.el9.src.rpm`. */
function upstream(text: string, name: string, version: string) {
  const [, rpm, rpmVersion] = /^(.+)-([^-]+-[^-]+)\.src\.rpm$/.exec(text) ?? []
  if (rpm !== undefined && rpmVersion !== undefined) {
    return { source: rpm, sourceVersion: `${/^\d+:/.exec(version)?.[0] ?? ''}${rpmVersion}` }
  }
  const [source = '', sourceVersion] = text.split('@')
  return { source: source === '' ? name : source, sourceVersion: sourceVersion ?? version }
}

/** Reads the platform from `debian-12`, `almalinux-9.4` or `bookworm`; of `12`, the namespace is the family. */
function platformOf(namespace: string, distro: string): Platform | null {
  if (distro === '') return null
  return canonicalPlatform(/^v?\d/.test(distro) ? `${namespace}:${distro}` : distro)
}
