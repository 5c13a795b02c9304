/** Looks at a Linux machine, whichever package manager it has: apt, dnf or zypper. */

import { readFileSync } from 'node:fs'
import type { Observation } from '../../core/asset.ts'
import { aptProbe, type ProbedAsset, parseProbe as parseAptProbe } from '../apt/index.ts'
import { quoted, sectionFunctions, serviceFunctions } from '../machine/shell.ts'
import { parseRpmProbe, RPM_PROBE, rpmProbe } from '../rpm/probe.ts'

export type { ProbedAsset } from '../apt/index.ts'

export interface ProbeDepth {
  /** Let the machine fetch its package lists first; otherwise it only reads. */
  readonly refresh: boolean
  /** `installed`: only what is installed, the kernel, reboots and services; nothing of what is pending. Default `full`. */
  readonly depth?: 'full' | 'installed' | undefined
  /** The login may be root by sudo: the services of others are looked into, too. Default false. */
  readonly sudo?: boolean
}

/** The POSIX sh script, for `sh -s`: a function for each family of package managers, and the choice between them. */
export function probeScript({ refresh, depth, sudo = false }: ProbeDepth): string {
  const settings = depth === 'installed' ? ['PW_INSTALLED=1'] : refresh ? ['PW_REFRESH=1'] : []
  if (sudo) settings.push('PW_SUDO=1')
  settings.push(`PW_SERVICES=${quoted(serviceFunctions)}`)
  const probes = [`probe_with_apt() {\n${aptProbe()}\n}`, `probe_with_rpm() {\n${rpmProbe()}\n}`]
  const choice = readFileSync(new URL('./choose.sh', import.meta.url), 'utf8')
  return [...settings, sectionFunctions, ...probes, choice].join('\n')
}

/** What the script's output says of the machine: a snapshot, or in one sentence why there is none. */
export function parseProbe(output: string, probed: ProbedAsset): Observation {
  return output.trimStart().startsWith(`@@ ${RPM_PROBE} `)
    ? parseRpmProbe(output, probed)
    : parseAptProbe(output, probed)
}
