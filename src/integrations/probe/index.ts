/** Looks at a Linux machine, whichever package manager it has: apt, dnf or zypper. */

import { readFileSync } from 'node:fs'
import type { Observation } from '../../core/asset.ts'
import { aptProbe, type ProbedAsset, parseProbe as parseAptProbe, readProbe as readAptProbe } from '../apt/index.ts'
import type { Section, Sections } from '../machine/sections.ts'
import { quoted, sectionFunctions, serviceFunctions } from '../machine/shell.ts'
import { parseRpmProbe, RPM_PROBE, readRpmProbe, rpmProbe } from '../rpm/probe.ts'

export type { ProbedAsset } from '../apt/index.ts'

export interface ProbeDepth {
  /** Let the machine fetch its package lists first; otherwise it only reads. */
  readonly refresh: boolean
  /** `installed`: only what is installed, the kernel, reboots and services, without pending updates. Default `full`. */
  readonly depth?: 'full' | 'installed' | undefined
  /** The login may be root by sudo: the services of others are looked into, too. Default false. */
  readonly sudo?: boolean
}

/** The POSIX sh script, for `sh -s`: a function for each family of package managers, and the choice between them. */
export function probeScript({ refresh, depth, sudo = false }: ProbeDepth): string {
  const settings = depth === 'installed' ? ['PW_INSTALLED=1'] : refresh ? ['PW_REFRESH=1'] : []
  if (sudo) settings.push('PW_SUDO=1')
  const probes = [`probe_with_apt() {\n${aptProbe()}\n}`, `probe_with_rpm() {\n${rpmProbe()}\n}`]
  return [...settings, services(), sectionFunctions, source('shared'), ...probes, source('choose')].join('\n')
}

/** What the script's output says of the machine: a snapshot, or in one sentence why there is none. */
export function parseProbe(output: string, probed: ProbedAsset): Observation {
  const isRpm = output.trimStart().startsWith(`@@ ${RPM_PROBE} `)
  return isRpm ? parseRpmProbe(output, probed) : parseAptProbe(output, probed)
}

/** Begins the name of each section of a look that is a part of another answer. */
const WITHIN = 'look-'

/** A look at what is installed, as a part of a script that root runs; to be evaluated in a shell of its own. */
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

/** What such a part says about the machine; `null` where the answer does not have the part. */
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
