import type { Platform } from '../../core/asset.ts'
import { parseOsRelease } from '../machine/os-release.ts'

/** Ids in os-release that differ from the names in feeds. */
const families: Readonly<Record<string, string>> = {
  ol: 'oracle',
  amzn: 'amazon',
  'opensuse-leap': 'opensuse',
  sles_sap: 'sles',
}

/** Systems whose feeds distinguish only major releases. */
const majors = new Set(['rhel', 'rocky', 'almalinux', 'centos', 'oracle'])

/**
 * Returns `rocky:9` for Rocky Linux 9.4, `opensuse:15.6`, `sles:15.6`; `null` when os-release does not name the
 * platform.
 */
export function rpmPlatform(osRelease: readonly string[]): Platform | null {
  if (osRelease.some((line) => /^ID="?opensuse-tumbleweed"?$/.test(line))) return 'opensuse:tumbleweed'
  const [id = '', version = ''] = parseOsRelease(osRelease).platform?.split(':') ?? []
  if (version === '') return null
  const family = families[id] ?? id
  return `${family}:${majors.has(family) ? version.split('.')[0] : version}`
}
