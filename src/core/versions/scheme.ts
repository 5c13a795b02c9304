import { compareDpkg, parseDpkgVersion } from './dpkg.ts'

/** How a platform orders versions. `compare` gives -1, 0 or 1; versions that are not valid compare as plain text. */
export interface VersionScheme {
  readonly name: string
  compare(a: string, b: string): -1 | 0 | 1
  valid(text: string): boolean
}

const dpkg: VersionScheme = {
  name: 'dpkg',
  compare: compareDpkg,
  valid: (text) => parseDpkgVersion(text) !== null,
}

export const versionSchemes: Readonly<Record<string, VersionScheme>> = { dpkg }

/** The scheme of a platform such as `debian:12`; platforms without one of their own use dpkg's. */
export function schemeFor(_platform: string): VersionScheme {
  return dpkg
}
