/** Looks at a machine that installs RPM packages with dnf or zypper: makes the script and reads its output. */

import { readFileSync } from 'node:fs'
import type { Asset, AssetSnapshot, HalfDone, InstalledPackage, Observation } from '../../core/asset.ts'
import { dnfPending, dnfPlugin } from '../dnf/index.ts'
import { parseRpmList, rpmQuery } from '../file-inventory/rpm-list.ts'
import { identityIn } from '../machine/identity.ts'
import { parseOsRelease } from '../machine/os-release.ts'
import {
  linesOf,
  machineOf,
  markedValue,
  type Reported,
  reported,
  type Sections,
  splitSections,
} from '../machine/sections.ts'
import { zypperPending } from '../zypper/index.ts'
import { newerRpmKernels } from './kernel.ts'
import { type PendingAnswer, pendingUpdates } from './pending.ts'
import { streamOf } from './platform.ts'

/** The first word in the output of the script. */
export const RPM_PROBE = 'patchwarden-rpm'

/** The script that ../probe runs on such a machine. */
export function rpmProbe(): string {
  const script = readFileSync(new URL('./probe.sh', import.meta.url), 'utf8')
  const query = `PW_RPM_QUERY='${rpmQuery.replaceAll("'", `'\\''`)}'`
  return `${query}\ndnf_plugin() {\ncat <<'END_OF_PLUGIN'\n${dnfPlugin()}END_OF_PLUGIN\n}\n${script}`
}

export interface ProbedAsset {
  /** The asset as configured. Its platform is replaced by the platform that the machine reports. */
  readonly asset: Asset
  readonly now: Date
}

/** Reads the output of the script. Returns a snapshot, or one sentence that says why there is none. */
export function parseRpmProbe(output: string, probed: ProbedAsset): Observation {
  return readRpmProbe(splitSections(output, RPM_PROBE), probed)
}

/** Like `parseRpmProbe`, but takes the sections; `null`: the output was cut off. */
export function readRpmProbe(sections: Sections | null, { asset: configured, now }: ProbedAsset): Observation {
  const at = now.toISOString()
  const { name } = configured
  function unreachable(reason: string, platform = configured.platform): Observation {
    return { kind: 'unreachable', asset: { ...configured, platform }, reason, at }
  }
  if (sections === null) return unreachable(`The answer of ${name} was cut off; it is not used.`)
  const os = parseOsRelease(linesOf(sections, 'os-release'))
  const platform = streamOf(os.platform, linesOf(sections, 'os-release'), linesOf(sections, 'repositories'))
  const manager = markedValue(sections, 'manager') ?? 'dnf'
  if (sections.has('no-manager')) {
    const wanted = manager === 'dnf' ? 'dnf 4 (dnf 5 and yum are not supported yet)' : 'zypper'
    return unreachable(`${name} runs ${os.title || 'an unknown system'} and has no ${wanted}.`, platform ?? undefined)
  }
  if (platform === null) {
    return unreachable(`${name} does not say in /etc/os-release which system it runs (ID and VERSION_ID).`)
  }
  const rpm = reported(sections, 'rpm')
  const list = attempt(() => parseRpmList(rpm?.lines.join('\n') ?? '', name, platform))
  if (rpm?.ok !== true || list === null) {
    return unreachable(`rpm on ${name} does not list its packages${said(rpm)}.`, platform)
  }
  const warnings = [...list.warnings]
  const answer = sections.has('dnf') ? fromDnf(sections) : fromZypper(sections, list.packages)
  warnings.push(...answer.warnings)
  const refreshed = reported(sections, 'refresh')
  if (refreshed?.ok === false) {
    warnings.push(`Its package lists could not be refreshed, so newer versions may be missing${said(refreshed)}.`)
  }
  const kernel = markedValue(sections, 'kernel')
  const halfDone = installedTwice(list.packages)
  const kernels = newerRpmKernels(list.packages, kernel ?? '')
  const identity = identityIn(sections)
  const snapshot: AssetSnapshot = {
    asset: { ...configured, platform },
    ...(identity === null ? {} : { identity }),
    packages: list.packages,
    pending: pendingUpdates(list.packages, answer),
    runningKernel: kernel,
    bootId: markedValue(sections, 'boot-id'),
    rebootRequired: linesOf(sections, 'reboot').length > 0 || kernels.length > 0,
    rebootPackages: kernels,
    staleServices: linesOf(sections, 'stale'),
    ...(halfDone.length === 0 ? {} : { halfDone }),
    observedAt: at,
    listsRefreshedAt: refreshed?.ok === true ? at : listsChangedAt(sections, now),
    ...(refreshed?.ok === false
      ? { archives: { security: null, problem: said(refreshed).replace(/^ \(|\)$/g, '') || `${manager} says no more` } }
      : {}),
  }
  return { kind: 'seen', snapshot, warnings, ...machineOf(sections) }
}

/** rpm installs the new version of a package before it takes the old one away. Kernels stand beside each other on purpose. */
function installedTwice(packages: readonly InstalledPackage[]): readonly HalfDone[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { name, architecture } of packages) {
    const key = `${name}.${architecture}`
    if (seen.has(key) && !name.startsWith('kernel')) twice.add(name)
    seen.add(key)
  }
  return [...twice].map((name) => ({ name, how: 'is installed in two versions' }))
}

const NOTHING: PendingAnswer = { newer: [], planned: null, locked: () => false, warnings: [] }

/**
 * dnf ends with 1 when the plan is refused at the prompt (`--assumeno`), and with 100 when it was only asked for newer
 * versions.
 */
function fromDnf(sections: Sections): PendingAnswer {
  const dnf = reported(sections, 'dnf')
  const status = markedValue(sections, 'dnf-status')
  const planned = status === '0' || dnf?.errors.some((line) => line.startsWith('Operation aborted')) === true
  const answer = dnfPending(dnf?.lines ?? [], planned && status !== '100')
  if (planned || status === '100') return answer
  return { ...answer, warnings: [`dnf cannot plan an upgrade there${said(dnf)}.`] }
}

function fromZypper(sections: Sections, packages: Parameters<typeof zypperPending>[1]): PendingAnswer {
  const updates = reported(sections, 'updates')
  if (updates === null) return NOTHING
  const plan = reported(sections, 'plan')
  const fine = ['0', '100', '101', '102', '103', '106']
  const planned = fine.includes(markedValue(sections, 'plan-status') ?? '')
  const answer = zypperPending(
    {
      updates: updates.lines.join('\n'),
      plan: planned ? (plan?.lines.join('\n') ?? '') : null,
      conflicts: linesOf(sections, 'conflicts').join('\n'),
      locks: linesOf(sections, 'locks').join('\n'),
    },
    packages,
  )
  if (planned) return answer
  return { ...answer, warnings: [`zypper cannot plan an upgrade there${said(plan)}.`] }
}

/**
 * When the package lists last changed, ISO 8601; `null`: not known. The machine reports the age of its lists, because
 * its clock may be wrong.
 */
function listsChangedAt(sections: Sections, now: Date): string | null {
  const age = markedValue(sections, 'lists-age')
  if (age === null || !/^-?\d{1,12}$/.test(age)) return null
  return new Date(now.getTime() - Math.max(0, Number(age)) * 1_000).toISOString()
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** What went wrong, in brackets and in the words of the machine; empty when it said nothing. */
function said(command: Reported | null): string {
  const lines = [...(command?.errors ?? []), ...(command?.lines ?? [])].map((line) => line.replace(/<[^>]*>/g, ''))
  const line = lines.find((one) => /^(?:error|sudo:)/i.test(one)) ?? lines.find((one) => one.trim() !== '')
  return line === undefined ? '' : ` (${line.trim().replace(/\.$/, '').slice(0, 200)})`
}
