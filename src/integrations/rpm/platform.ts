import type { Platform } from '../../core/asset.ts'
import { parseOsRelease } from '../machine/os-release.ts'

/** How os-release calls a system that feeds know by another name. */
const families: Readonly<Record<string, string>> = {
  ol: 'oracle',
  amzn: 'amazon',
  'opensuse-leap': 'opensuse',
  sles_sap: 'sles',
}

/** Systems whose feeds tell only major releases apart. */
const majors = new Set(['rhel', 'rocky', 'almalinux', 'centos', 'oracle'])

/** `rocky:9` of Rocky Linux 9.4, `opensuse:15.6`, `sles:15.6`; `null` where os-release does not say. */
export function rpmPlatform(osRelease: readonly string[]): Platform | null {
  if (osRelease.some((line) => /^ID="?opensuse-tumbleweed"?$/.test(line))) return 'opensuse:tumbleweed'
  const [id = '', version = ''] = parseOsRelease(osRelease).platform?.split(':') ?? []
  if (version === '') return null
  const family = families[id] ?? id
  return `${family}:${majors.has(family) ? version.split('.')[0] : version}`
}
