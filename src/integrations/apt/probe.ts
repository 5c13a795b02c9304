/** Looks at a Debian or Ubuntu machine: makes the script and reads its output. */

import { readFileSync } from 'node:fs'
import type { Asset, AssetSnapshot, Observation } from '../../core/asset.ts'
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
import { hasSecurityArchive, packageOrigins, withOrigins } from './archives.ts'
import { parseInstalled } from './installed.ts'
import { newerKernels } from './kernel.ts'
import { parseSources, parseUpgradable, pendingUpdates } from './pending.ts'
import { parseSimulation } from './simulation.ts'

/** The script that ../probe runs on a machine with apt. */
export function aptProbe(): string {
  return `${aptReads()}\n${readFileSync(new URL('./probe.sh', import.meta.url), 'utf8')}`
}

/** The shell function `apt_reads` and the lines before it. */
export function aptReads(): string {
  return readFileSync(new URL('./reads.sh', import.meta.url), 'utf8')
}

export interface ProbedAsset {
  /** The asset as configured. Its platform is replaced by the platform that the machine reports. */
  readonly asset: Asset
  readonly now: Date
}

/** Reads the output of the script. Returns a snapshot, or one sentence that says why there is none. */
export function parseProbe(output: string, probed: ProbedAsset): Observation {
  return readProbe(splitSections(output, 'patchwarden-probe'), probed)
}

/** Like `parseProbe`, but takes the sections; `null`: the output was cut off. */
export function readProbe(sections: Sections | null, { asset: configured, now }: ProbedAsset): Observation {
  const at = now.toISOString()
  const { name } = configured
  function unreachable(reason: string, platform = configured.platform): Observation {
    return { kind: 'unreachable', asset: { ...configured, platform }, reason, at }
  }
  if (sections === null) return unreachable(`The answer of ${name} was cut off; it is not used.`)
  const os = parseOsRelease(linesOf(sections, 'os-release'))
  if (sections.has('no-apt')) {
    return unreachable(
      `${name} runs ${os.title || markedValue(sections, 'system') || 'an unknown system'} and has none of the package managers that are supported (apt, dnf 4, zypper).`,
      os.platform ?? undefined,
    )
  }
  if (os.platform === null) {
    return unreachable(`${name} does not say in /etc/os-release which system it runs (ID and VERSION_ID).`)
  }
  const dpkg = reported(sections, 'dpkg')
  const installed = parseInstalled(dpkg?.lines ?? [])
  if (dpkg === null || !dpkg.ok || installed.packages.length === 0) {
    return unreachable(`dpkg on ${name} does not list its packages${said(dpkg)}.`, os.platform)
  }
  const simulated = reported(sections, 'simulation')
  const listing = reported(sections, 'upgradable')
  const trusted = simulated?.ok === true || sections.has('installed-only')
  if (!trusted && listing?.ok !== true) {
    return unreachable(`apt on ${name} cannot tell what is pending${said(simulated)}.`, os.platform)
  }
  const simulation = parseSimulation(trusted ? (simulated?.lines ?? []).join('\n') : '', installed.packages)
  const refreshed = reported(sections, 'refresh')
  const asked = linesOf(sections, 'reboot')
  const kernels = newerKernels(
    installed.packages,
    markedValue(sections, 'kernel') ?? '',
    markedValue(sections, 'kernel-build') ?? '',
  )
  const identity = identityIn(sections)
  const snapshot: AssetSnapshot = {
    asset: { ...configured, platform: os.platform },
    ...(identity === null ? {} : { identity }),
    packages: withOrigins(
      installed.packages,
      packageOrigins(linesOf(sections, 'archives'), linesOf(sections, 'versions')),
    ),
    pending: pendingUpdates(
      installed,
      simulation,
      parseUpgradable(listing?.lines ?? []),
      parseSources(linesOf(sections, 'sources')),
    ),
    runningKernel: markedValue(sections, 'kernel'),
    bootId: markedValue(sections, 'boot-id'),
    rebootRequired: asked.length > 0 || kernels.length > 0,
    rebootPackages: [...new Set([...asked.slice(1), ...kernels])],
    staleServices: linesOf(sections, 'stale'),
    ...(installed.halfDone.length === 0 ? {} : { halfDone: installed.halfDone }),
    observedAt: at,
    listsRefreshedAt: refreshed?.ok === true ? at : listsChangedAt(sections, now),
    archives: {
      security: hasSecurityArchive(linesOf(sections, 'archives')),
      problem: refreshed?.ok === false ? whyNotRefreshed(refreshed) : null,
    },
  }
  const warnings = [...installed.warnings, ...simulation.warnings]
  if (refreshed?.ok === false) {
    warnings.push(`Its package lists could not be refreshed, so newer versions may be missing${said(refreshed)}.`)
  }
  if (!trusted) warnings.push(`apt cannot plan an upgrade there${said(simulated)}.`)
  return { kind: 'seen', snapshot, warnings, ...machineOf(sections) }
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

/** In the words of apt, without what differs each time: (invalid since 3d 4h 5min 6s). */
function whyNotRefreshed(refreshed: Reported): string {
  const words = said(refreshed).replace(/^ \(|\)$/g, '')
  return words.replace(/ \(invalid (?:since|for another) [^)]*\)/, '') || 'apt says no more'
}

/** What went wrong, in brackets and in the words of the machine; empty when it said nothing. */
function said(command: Reported | null): string {
  const lines = [...(command?.errors ?? []), ...(command?.lines ?? [])]
  const line = lines.find((one) => /^(E:|Err:|sudo:|dpkg-query:|W:)/.test(one)) ?? command?.errors[0]
  return line === undefined ? '' : ` (${line.trim().replace(/\.$/, '').slice(0, 200)})`
}
