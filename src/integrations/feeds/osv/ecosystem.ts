import type { Platform } from '../../../core/asset.ts'

export interface Ecosystem {
  readonly platform: Platform
  /** Whether package names in the ecosystem are source or binary packages. */
  readonly by: 'source' | 'binary'
  readonly subscription: string | null
}

/**
 * Returns the platform of an OSV ecosystem, https://ossf.github.io/osv-schema/#defined-ecosystems. `null` for
 * ecosystems that are not a platform here: programming languages, and tracks that replace packages (Ubuntu's FIPS,
 * Realtime, BlueField).
 */
export function ecosystemOf(name: string): Ecosystem | null {
  const [first = '', ...rest] = name.split(':')
  const version = rest.join(':')
  const free = (platform: Platform, by: Ecosystem['by']): Ecosystem => ({ platform, by, subscription: null })
  switch (first) {
    case 'Debian':
      return /^\d+$/.test(version) ? free(`debian:${version}`, 'source') : null
    case 'Ubuntu': {
      const [, pro, release] = /^(Pro:)?(\d\d\.\d\d)(?::LTS)?$/.exec(version) ?? []
      if (release === undefined) return null
      return { ...free(`ubuntu:${release}`, 'source'), subscription: pro === undefined ? null : 'Ubuntu Pro' }
    }
    case 'AlmaLinux':
      return /^\d+$/.test(version) ? free(`almalinux:${version}`, 'binary') : null
    case 'Rocky Linux':
      return /^\d+$/.test(version) ? free(`rocky:${version}`, 'binary') : null
    case 'Red Hat': {
      const platform = rhelPlatform(version)
      return platform === null ? null : free(platform, 'binary')
    }
    case 'Alpine':
      return /^v\d+\.\d+$/.test(version) ? free(`alpine:${version.slice(1)}`, 'source') : null
    case 'Wolfi':
    case 'Chainguard':
      return free(first.toLowerCase(), 'source')
    case 'SUSE':
    case 'openSUSE': {
      const platform = susePlatform(version)
      return platform === null ? null : free(platform, 'binary')
    }
    default:
      return null
  }
}

/**
 * Returns `rhel:8` for the CPE part `enterprise_linux:8::baseos`, `rhel:8.6-eus` for `rhel_eus:8.6::baseos`; `null` for
 * other CPEs.
 */
export function rhelPlatform(cpe: string): Platform | null {
  const [, product, version] = /(enterprise_linux|rhel_(?:eus|aus|tus|e4s|els)[a-z_]*):(\d+(?:\.\d+)?)/.exec(cpe) ?? []
  if (product === undefined || version === undefined) return null
  // The CPEs of RHEL 10 name the minor release: 10.1 is still the main stream.
  if (product === 'enterprise_linux') return `rhel:${version.split('.')[0]}`
  return `rhel:${version}-${product.replace('rhel_', '').split('_')[0]}`
}

/**
 * Returns `sles:15.4` for `Linux Enterprise Module for Basesystem 15 SP4`, `opensuse:15.5` for `Leap 15.5`; `null` for
 * others.
 */
export function susePlatform(product: string): Platform | null {
  const [, leap] = /\bLeap (\d+\.\d+)/i.exec(product) ?? []
  if (leap !== undefined) return `opensuse:${leap}`
  if (/\bTumbleweed\b/i.test(product)) return 'opensuse:tumbleweed'
  const [, version, pack] =
    /\bLinux Enterprise (?:Server|Module|Desktop|High|Software|Live)\b.*?\b(\d{2}(?:\.\d)?)(?:[ -]SP(\d))?/i.exec(
      product,
    ) ?? []
  if (version === undefined) return null
  const extra = /\bLTSS\b/.test(product) ? '-ltss' : ''
  return `sles:${version}${pack === undefined ? '' : `.${pack}`}${extra}`
}
