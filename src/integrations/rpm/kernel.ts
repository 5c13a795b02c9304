import type { InstalledPackage } from '../../core/asset.ts'
import { compareRpm } from '../../core/versions/rpm.ts'

const KERNEL = /^kernel(?:-core|-rt-core|-uek|-uek-core|-default|-azure)?$/

/**
 * Returns the kernel packages that are newer than the running kernel. `release` is `uname -r`. On Red Hat it is
 * `version-release.architecture` of the package. On SUSE it ends in the flavour and lacks the last number of the
 * package's version. Empty when the running kernel does not come from a package, as in containers.
 */
export function newerRpmKernels(packages: readonly InstalledPackage[], release: string): readonly string[] {
  const kernels = packages.filter((one) => KERNEL.test(one.name))
  const running = kernels.filter((one) => runs(one, release))
  const [first] = running.filter((one) => one.name !== 'kernel').concat(running)
  if (first === undefined) return []
  const newer = kernels.filter((one) => one.name === first.name && compareRpm(one.version, first.version) > 0)
  return newer.map((one) => `${one.name}-${one.version}`)
}

function runs({ name, version, architecture }: InstalledPackage, release: string): boolean {
  const bare = version.replace(/^\d+:/, '')
  if (release === `${bare}.${architecture}`) return true
  const [, flavour] = /^kernel-(default|azure)$/.exec(name) ?? []
  if (flavour === undefined || !release.endsWith(`-${flavour}`)) return false
  const wanted = release.slice(0, -flavour.length - 1)
  return bare === wanted || bare.startsWith(`${wanted}.`)
}
