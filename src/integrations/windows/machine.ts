/** What a system says of its Windows machines, in the form of an inventory. */

import { clientReleases } from '../../core/assessment/windows-releases.ts'
import { windowsPlatform } from '../../core/assessment/windows-updates.ts'
import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { WINDOWS } from '../../core/versions/windows.ts'

export interface WindowsNamed {
  /** As the machine's system calls it: `Windows Server 2022 Datacenter`. */
  readonly os: string
  /** `10.0.20348.2849`; `null`: not known. */
  readonly version: string | null
  /** Empty: not known, which counts as 64 bit. */
  readonly architecture: string
}

/** `null`: a Windows that is not known here. A server's name has its year; a client's is told by its build. */
export function windowsPlatformOf({ os, version, architecture }: WindowsNamed): Platform | null {
  const server = /Server\S{0,3}\s*(20\d\d(?:\s*R2)?)/i.exec(os)?.[1]
  if (server !== undefined) return windowsPlatform(`Windows Server ${server}`)
  const release = clientReleases[version?.split('.')[2] ?? '']
  if (!/Windows/i.test(os) || release === undefined) return null
  const bits = /^(?:x86|i386)$/i.test(architecture)
    ? '32-bit'
    : /arm64/i.test(architecture)
      ? 'ARM64-based'
      : 'x64-based'
  return windowsPlatform(`Windows ${release} for ${bits} Systems`)
}

/** What a machine has, as it last said. Machines with the same lists share them. */
export interface Software {
  readonly packages: readonly InstalledPackage[]
  /** Updates that wait for a restart. */
  readonly rebootPackages: readonly string[]
}

/** `installed`, `waiting`: names such as `KB5035857`; those that wait for a restart are among the installed ones. */
export function windowsSoftware(
  version: string | null,
  installed: readonly string[],
  waiting: readonly string[],
): Software {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort()
  const build = version === null ? null : buildIn(version)
  const packages = sorted(installed).map((kb) => packageOf(kb, '1'))
  return {
    packages: build === null ? packages : [packageOf(WINDOWS, build), ...packages],
    rebootPackages: sorted(waiting),
  }
}

function packageOf(name: string, version: string): InstalledPackage {
  return { name, version, architecture: 'all', source: name, sourceVersion: version }
}

/** A server that does not know the update revision writes 0, which no released Windows has. */
function buildIn(version: string): string | null {
  if (!/^\d+(?:\.\d+){2,3}$/.test(version)) return null
  return version.replace(/^(\d+\.\d+\.\d+)\.0$/, '$1')
}

/** Gives equal software as one object, because very many machines have the same. */
export function equalSoftware(): (software: Software) => Software {
  const kept = new Map<string, WeakRef<Software>>()
  return (software) => {
    const key = [
      ...software.packages.map(({ name, version }) => `${name} ${version}`),
      ...software.rebootPackages,
    ].join('\n')
    const there = kept.get(key)?.deref()
    if (there !== undefined) return there
    kept.set(key, new WeakRef(software))
    return software
  }
}
