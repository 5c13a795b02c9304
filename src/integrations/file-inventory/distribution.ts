import type { Platform } from '../../core/asset.ts'
import { canonicalPlatform } from '../../core/platform/canonical.ts'
import { packagingOf } from '../../core/platform/families.ts'

/** Names of distributions in package URLs and in bills of Trivy and Syft, without what is not a letter. */
const families: Readonly<Record<string, string>> = {
  redhat: 'rhel',
  alma: 'almalinux',
  rockylinux: 'rocky',
  ol: 'oracle',
  oraclelinux: 'oracle',
  amzn: 'amazon',
  amazonamirelease: 'amazon',
  suse: 'sles',
  suselinuxenterpriseserver: 'sles',
  opensuseleap: 'opensuse',
  opensusetumbleweed: 'opensuse',
}

/** The family of a distribution, as it is written in platforms. */
export function familyOf(name: string): string {
  const plain = name.toLowerCase()
  return families[plain.replace(/[^a-z]/g, '')] ?? plain
}

/**
 * The platform in the `distro` of a package URL: `debian-12.5`, `alma-9.4`, `bookworm`, `amazon-2 (Karoo)`, or only
 * `3.18.4`, which is what Trivy writes for Alpine. `null`: it names no release.
 */
export function platformOfDistro(namespace: string, distro: string): Platform | null {
  // No distribution has a plus in its name. Old scanners wrote it for a blank.
  const given = distro
    .toLowerCase()
    .replace(/\(.*?\)|\+/g, ' ')
    .trim()
  if (given.includes('tumbleweed')) return 'opensuse:tumbleweed'
  const [, name = '', version] = /^(\D*?)[-_ ]*v?(\d.*)$/.exec(given) ?? []
  return version === undefined ? ofCodeName(given) : platformOf(familyOf(name === '' ? namespace : name), version)
}

function platformOf(family: string, version: string): Platform {
  return canonicalPlatform(`${family}:${version}`) ?? `${family}:${version.split(/[^\d.]/)[0] ?? ''}`
}

/** `noble`, `debian-bookworm`, `alpine-edge`; `null`: it is no release that is known by a name. */
function ofCodeName(text: string): Platform | null {
  const platform = canonicalPlatform(text)
  return platform !== null && packagingOf(platform) !== null && platform.includes(':') ? platform : null
}
