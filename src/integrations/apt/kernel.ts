import type { InstalledPackage } from '../../core/asset.ts'
import { compareDpkg } from '../../core/versions/dpkg.ts'

/**
 * Returns `-amd64` for `6.1.0-38-amd64`, `-cloud-amd64` for `6.1.0-38-cloud-amd64`, `-generic` for `6.8.0-49-generic`.
 * `null`: there is none.
 */
function flavourOf(release: string): string | null {
  return /(?:-[a-z][a-z0-9]*)+$/.exec(release)?.[0] ?? null
}

/**
 * Returns the kernel packages that are newer than the running kernel. `release` is `uname -r`, `build` is `uname -v`.
 * This is needed because on most machines nothing sets /run/reboot-required for a kernel. Empty when the running kernel
 * does not come from a package, as in containers.
 */
export function newerKernels(packages: readonly InstalledPackage[], release: string, build: string): readonly string[] {
  const images = packages.filter((one) => /^linux-image-(unsigned-)?\d/.test(one.name))
  const running = images.find((one) => releaseOf(one.name) === release)
  const flavour = flavourOf(release)
  if (running === undefined || flavour === null) return []
  const newer = images.filter((one) => {
    const other = releaseOf(one.name)
    return flavourOf(other) === flavour && compareDpkg(other, release) > 0
  })
  // On Debian, `uname -v` names the running build of the release.
  const [, started] = /\bDebian (\d\S*)/.exec(build) ?? []
  if (started !== undefined && compareDpkg(running.version, started) > 0) newer.unshift(running)
  return newer.map((one) => one.name)
}

function releaseOf(name: string): string {
  return name.replace(/^linux-image-(unsigned-)?/, '')
}
