import type { InstalledPackage, Platform } from '../../core/asset.ts'

/** What a file that describes one machine says of it. */
export interface SoftwareList {
  readonly packages: readonly InstalledPackage[]
  readonly warnings: readonly string[]
  /** Where the file itself tells. */
  readonly platform?: Platform | null
  /** Host name, where the file tells. */
  readonly name?: string | null
  readonly runningKernel?: string | null
}

/** Warnings about single lines that are kept; a damaged file must not flood the card. */
const MAX_WARNINGS = 50

export function boundedWarnings(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= MAX_WARNINGS) return warnings
  return [...warnings.slice(0, MAX_WARNINGS), `${warnings.length - MAX_WARNINGS} more warnings are left out`]
}
