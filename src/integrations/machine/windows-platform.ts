import { clientReleases } from '../../core/assessment/windows-releases.ts'
import { windowsPlatform } from '../../core/assessment/windows-updates.ts'
import type { Platform } from '../../core/asset.ts'

export interface WindowsNamed {
  /** As the machine's system calls it: `Windows Server 2022 Datacenter`. */
  readonly os: string
  /** `10.0.20348.2849`; `null`: not known. */
  readonly version: string | null
  /** Empty: not known, which counts as 64 bit. */
  readonly architecture: string
}

/** `null`: a Windows that is not known here. A server's name has its year; a client's is told by its build. */
export function platformOf({ os, version, architecture }: WindowsNamed): Platform | null {
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
