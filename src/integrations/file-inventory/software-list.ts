import type { InstalledPackage, Platform } from '../../core/asset.ts'

/** The content of a file about one machine. */
export interface SoftwareList {
  readonly packages: readonly InstalledPackage[]
  readonly warnings: readonly string[]
  /** The platform; left out or `null` when the file does not name it. */
  readonly platform?: Platform | null
  /** Host name; left out or `null` when the file does not name it. */
  readonly name?: string | null
  readonly runningKernel?: string | null
  /** Further machines in the same file: a bill of materials may hold several images. */
  readonly beside?: readonly SoftwareList[]
}

/** The most warnings about single lines; more would flood the card. */
const MAX_WARNINGS = 50

export function boundedWarnings(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= MAX_WARNINGS) return warnings
  return [...warnings.slice(0, MAX_WARNINGS), `${warnings.length - MAX_WARNINGS} more warnings are left out`]
}
