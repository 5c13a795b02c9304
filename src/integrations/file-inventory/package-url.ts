import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { familyOf, platformOfDistro } from './distribution.ts'

export interface PackageUrl {
  readonly item: InstalledPackage
  /** The distribution that the package is made for, as it is written in platforms; `''`: the URL does not say. */
  readonly family: string
  /** `null`: the URL does not say the release. */
  readonly platform: Platform | null
}

/**
 * Reads a package of an operating system from its package URL, https://github.com/package-url/purl-spec. `null` for
 * libraries of programming languages, and when the text is not a package URL. `beside`: the version that stands beside
 * the URL, for URLs without one. Scanners put the source package into `upstream`.
 */
export function packageFromUrl(text: string, beside?: string): PackageUrl | 'no version' | null {
  const [, type, path, query = ''] = /^pkg:\/*(deb|rpm|apk)\/([^?#]+)(?:\?([^#]*))?/i.exec(text.trim()) ?? []
  if (type === undefined || path === undefined) return null
  // A version may contain "/", but names and namespaces cannot contain "@".
  const at = path.indexOf('@')
  const segments = (at === -1 ? path : path.slice(0, at)).split('/').filter((segment) => segment !== '')
  const written = decoded(segments.pop() ?? '')
  const name = type.toLowerCase() === 'rpm' ? written : written.toLowerCase()
  const bare = at === -1 ? (beside ?? '') : decoded(path.slice(at + 1))
  if (name === '') return null
  if (bare === '') return 'no version'
  const namespace = segments.map(decoded).join('/')
  const qualifiers = qualifiersOf(query)
  const epoch = qualifiers.get('epoch') ?? '0'
  const version = epoch === '0' || epoch === '' || /^\d+:/.test(bare) ? bare : `${epoch}:${bare}`
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
  // Docker writes the name and the version of the distribution apart.
  const [system, release] = [qualifiers.get('os_name') ?? namespace, qualifiers.get('os_version') ?? '']
  const distro = qualifiers.get('distro') ?? (release === '' ? '' : `${system}-${release}`)
  return { item, family: familyOf(namespace), platform: platformOfDistro(namespace, distro) }
}

/** Not as in web forms, where a plus means a blank: here it is a plus. */
function qualifiersOf(query: string): ReadonlyMap<string, string> {
  const qualifiers = new Map<string, string>()
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (equals > 0) qualifiers.set(pair.slice(0, equals).toLowerCase(), decoded(pair.slice(equals + 1)))
  }
  return qualifiers
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
  const [, rpm, rpmVersion] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(text) ?? []
  if (rpm !== undefined && rpmVersion !== undefined) {
    return { source: rpm, sourceVersion: `${/^\d+:/.exec(version)?.[0] ?? ''}${rpmVersion}` }
  }
  const [source = '', sourceVersion] = text.split('@')
  return { source: source === '' ? name : source, sourceVersion: sourceVersion ?? version }
}
