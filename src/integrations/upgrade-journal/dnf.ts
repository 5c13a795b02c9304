import { readFileSync } from 'node:fs'
import type { TransactionStep } from '../../core/ports.ts'
import { compareRpm, splitRpmVersion } from '../../core/versions/rpm.ts'
import { dnfPlugin } from '../dnf/index.ts'
import type { PackageManager, Simulation } from './package-manager.ts'
import { type Failure, otherPackage, rpmFailure, rpmTellingLines } from './rpm-failure.ts'
import { actionOf, checkRpmPackage, rpmSystems } from './rpm-package.ts'

const failures: readonly Failure[] = [
  [
    /Unable to find a match: (.+)|No match for argument: (.+)/,
    ([, these, one]) =>
      `${(these ?? one ?? '').trim().split(' ').join(', ')} is not on offer there, or is locked (dnf versionlock list)`,
  ],
  [
    /All matches were filtered out by exclude filtering for argument: (\S+)/,
    ([, name]) => `${name} is locked or excluded: unlock it (dnf versionlock delete) or leave it out`,
  ],
  [
    /Cache-only enabled but no cache for '([^']+)'/,
    ([, repository]) => `The host has no package list of ${repository} yet: run "dnf makecache" on it`,
  ],
  [
    /Failed to download metadata for repo '([^']+)'/,
    ([, repository]) => `The package list of ${repository} cannot be had`,
  ],
  [
    /(?:Error downloading packages|Cannot download) *:?\s*(.*)/,
    ([, why]) => `A package could not be downloaded${why ? ` (${why.trim()})` : ''}`,
  ],
  [
    /do not have any GPG public keys installed[\s\S]*?Problem repository: \[?([^\]\n]+)/,
    ([, repository]) =>
      `The host cannot check the signatures of ${repository}: it has no key for it (rpm --import, or gpgkey in its settings)`,
  ],
  [/Error opening (\S+\.rpm): (.+)/, ([, file, why]) => `A package could not be downloaded (${file}: ${why})`],
  [/incorrect checksum|checksum (?:doesn't|does not) match/i, () => otherPackage('A package')],
  [/No such command: install/, () => 'The host has no dnf 4'],
]

let script: string | null = null

/** dnf 4, for Red Hat Enterprise Linux 8 to 9 and its derivatives. */
export const dnf: PackageManager = {
  name: 'dnf',
  systems: 'Red Hat Enterprise Linux and its kin',
  suits: (platform) => rpmSystems.dnf.test(platform),
  database: 'rpm',
  repair: 'run "dnf remove --duplicates" on it',
  script() {
    script ??= [
      `dnf_plugin() {\ncat <<'END_OF_PLUGIN'\n${dnfPlugin()}END_OF_PLUGIN\n}`,
      readFileSync(new URL('./rpm.sh', import.meta.url), 'utf8'),
      readFileSync(new URL('./dnf.sh', import.meta.url), 'utf8'),
    ].join('\n')
    return script
  },
  checkPackage: checkRpmPackage,
  /** `name-epoch:version-release.architecture` */
  argument({ name, architecture, to }) {
    checkRpmPackage(name, architecture, to)
    const { epoch, version, release } = splitRpmVersion(to)
    return `${name}-${epoch}:${version}-${release ?? ''}.${architecture}`
  },
  compare: compareRpm,
  parseSimulation,
  failureReason: (log) => rpmFailure('dnf', failures, log),
  tellingLines: rpmTellingLines,
  isOutcome: (line) => /^ {2}(?:Installing|Upgrading|Downgrading|Erasing|Obsoleting) +: /.test(line),
}

/** Reads the lines of the plugin, and ignores dnf's own output. */
function parseSimulation(text: string): Simulation {
  const steps: TransactionStep[] = []
  const warnings: string[] = []
  for (const line of text.split('\n')) {
    if (!line.startsWith('step\t')) continue
    const [, word = '', name = '', architecture = '', from = '-', to = '-'] = line.split('\t')
    const action = actionOf(word)
    if (action === null || name === '')
      warnings.push(`dnf resolved something that makes no sense: ${line.slice(0, 120)}`)
    else steps.push({ action, name, architecture, from: known(from), to: known(to) })
  }
  return { steps, warnings }
}

function known(version: string): string | null {
  return version === '-' ? null : version
}
