/** Looks at a Linux machine with apt, dnf or zypper. */

import { readFileSync } from 'node:fs'
import type { Observation } from '../../core/asset.ts'
import { aptProbe, type ProbedAsset, parseProbe as parseAptProbe, readProbe as readAptProbe } from '../apt/index.ts'
import type { Section, Sections } from '../machine/sections.ts'
import { quoted, sectionFunctions, serviceFunctions } from '../machine/shell.ts'
import { parseRpmProbe, RPM_PROBE, readRpmProbe, rpmProbe } from '../rpm/probe.ts'

export type { ProbedAsset } from '../apt/index.ts'

export interface ProbeDepth {
  /** True: the machine refreshes its package lists first. False: it only reads. */
  readonly refresh: boolean
  /** `installed`: only installed packages, kernel, reboots and services; no pending updates. Default `full`. */
  readonly depth?: 'full' | 'installed' | undefined
  /** The login may use sudo. Then services of other users are looked at, too. Default false. */
  readonly sudo?: boolean
}

/** Makes the POSIX sh script, for `sh -s`. It has a function for each family of package managers, and chooses one. */
export function probeScript({ refresh, depth, sudo = false }: ProbeDepth): string {
  const settings = depth === 'installed' ? ['PW_INSTALLED=1'] : refresh ? ['PW_REFRESH=1'] : []
  if (sudo) settings.push('PW_SUDO=1')
  const probes = [`probe_with_apt() {\n${aptProbe()}\n}`, `probe_with_rpm() {\n${rpmProbe()}\n}`]
  return [...settings, services(), sectionFunctions, source('shared'), ...probes, source('choose')].join('\n')
}

/** Reads the output of the script. Returns a snapshot, or one sentence that says why there is none. */
export function parseProbe(output: string, probed: ProbedAsset): Observation {
  // A login may print something of its own first.
  const isRpm = new RegExp(`^@@ ${RPM_PROBE} `, 'm').test(output)
  return isRpm ? parseRpmProbe(output, probed) : parseAptProbe(output, probed)
}

/** Prefix of the section names when a look is a part of another answer. */
const WITHIN = 'look-'

/**
 * Makes a look at the installed packages, for use inside a script that root runs. It must be evaluated in a subshell.
 */
export function probeWithin(manager: 'apt' | 'dnf' | 'zypper'): string {
  const probe = manager === 'apt' ? aptProbe() : rpmProbe()
  const settings = ['PW_INSTALLED=1', `PW_MANAGER=${manager}`, services()]
  return [
    ...settings,
    sectionFunctions,
    `mark() { printf '\\n@@ ${WITHIN}%s\\n' "$*"; }`,
    source('shared'),
    probe,
  ].join('\n')
}

/** Reads such a part of an answer; `null` when the answer does not have it. */
export function readProbeWithin(answer: Sections, probed: ProbedAsset): Observation | null {
  const own = [...answer].flatMap(([name, section]): [string, Section][] =>
    name.startsWith(WITHIN) ? [[name.slice(WITHIN.length), section]] : [],
  )
  const sections = new Map(own)
  if (!sections.has('end')) return null
  return sections.has(RPM_PROBE) ? readRpmProbe(sections, probed) : readAptProbe(sections, probed)
}

function services(): string {
  return `PW_SERVICES=${quoted(serviceFunctions)}`
}

function source(file: 'shared' | 'choose'): string {
  return readFileSync(new URL(`./${file}.sh`, import.meta.url), 'utf8')
}
