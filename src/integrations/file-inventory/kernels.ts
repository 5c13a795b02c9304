import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { schemeFor } from '../../core/versions/scheme.ts'
import { newerKernels } from '../apt/kernel.ts'
import { newerRpmKernels } from '../rpm/kernel.ts'

/** The installed kernels that are newer than the running one; none where the file does not say which one runs. */
export function kernelsToBoot(
  platform: Platform,
  packages: readonly InstalledPackage[],
  running: string | null,
): readonly string[] {
  if (running === null) return []
  const scheme = schemeFor(platform).name
  if (scheme === 'rpm') return newerRpmKernels(packages, running)
  return scheme === 'dpkg' ? newerKernels(packages, running, '') : []
}
