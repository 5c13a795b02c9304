/** What people and exports write of a package in JSON and CSV. */

import type { Platform } from '../../core/asset.ts'
import { packagingOf } from '../../core/platform/families.ts'

/** `libssl3:amd64`, as dpkg prints it, and `bash.x86_64`, as dnf does. */
const withArchitecture = /^([^:]+?)(?::([a-z0-9-]+)|\.(x86_64|noarch|aarch64|i[3-6]86|ppc64le|s390x|armv7hl))$/

/** The name as security data writes it, and the architecture that stood behind it; `null`: none did. */
export function listedName(written: string): { readonly name: string; readonly architecture: string | null } {
  const [, name = written, ofDpkg, ofRpm] = withArchitecture.exec(written) ?? []
  return { name, architecture: ofDpkg ?? ofRpm ?? null }
}

/**
 * The test of whether a text can be a version on the platform. Versions of dpkg and apk begin with a digit: what does not
 * (`unknown`, `v5.2`) would be compared all the same, and mostly count as newer than every fix.
 */
export function versionTest(platform: Platform | undefined): (version: string) => boolean {
  const packaging = platform === undefined ? null : packagingOf(platform)
  return packaging === 'dpkg' || packaging === 'apk' ? (version) => /^(?:\d+:)?\d/.test(version) : () => true
}
