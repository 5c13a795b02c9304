/** Looks at a Linux machine, whichever package manager it has: apt, dnf or zypper. */

import { readFileSync } from 'node:fs'
import type { Observation } from '../../core/asset.ts'
import { probeScript as aptProbeScript, type ProbedAsset, parseProbe as parseAptProbe } from '../apt/index.ts'
import { parseRpmProbe, RPM_PROBE, rpmProbeScript } from '../rpm/probe.ts'

export type { ProbedAsset } from '../apt/index.ts'

/**
 * The POSIX sh script, for `sh -s`. `refresh`: let the machine fetch its package lists first; otherwise it only reads. It
 * is a function for each family of package managers, so one that is cut off does nothing.
 */
export function probeScript(wanted: Parameters<typeof aptProbeScript>[0]): string {
  const choice = readFileSync(new URL('./choose.sh', import.meta.url), 'utf8')
  const settings = wanted.depth === 'installed' ? 'PW_INSTALLED=1\n' : wanted.refresh ? 'PW_REFRESH=1\n' : ''
  return `probe_with_apt() {\n${aptProbeScript(wanted)}\n}\nprobe_with_rpm() {\n${settings}${rpmProbeScript()}\n}\n${choice}`
}

/** What the script's output says of the machine: a snapshot, or in one sentence why there is none. */
export function parseProbe(output: string, probed: ProbedAsset): Observation {
  return output.trimStart().startsWith(`@@ ${RPM_PROBE} `)
    ? parseRpmProbe(output, probed)
    : parseAptProbe(output, probed)
}
