import type { InstalledPackage } from '../../core/asset.ts'
import { compareDpkg } from '../../core/versions/dpkg.ts'

/** `amd64` of `6.1.0-38-amd64`, `cloud-amd64` of `6.1.0-38-cloud-amd64`, `generic` of `6.8.0-49-generic`. */
function flavourOf(release: string): string | null {
  return /(?:-[a-z][a-z0-9]*)+$/.exec(release)?.[0] ?? null
}

/**
 * Kernel packages newer than the running kernel, which is `uname -r` with `uname -v`. Most machines have nothing that
 * would set /run/reboot-required for a kernel. Empty where the running kernel is not from a package, as in containers.
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
  // Debian says in uname -v which build of the same release is running.
  const [, started] = /\bDebian (\d\S*)/.exec(build) ?? []
  if (started !== undefined && compareDpkg(running.version, started) > 0) newer.unshift(running)
  return newer.map((one) => one.name)
}

function releaseOf(name: string): string {
  return name.replace(/^linux-image-(unsigned-)?/, '')
}
