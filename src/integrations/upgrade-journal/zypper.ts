import { readFileSync } from 'node:fs'
import type { TransactionStep } from '../../core/ports.ts'
import { compareRpm } from '../../core/versions/rpm.ts'
import { solvables, zypperText } from '../zypper/index.ts'
import type { PackageManager, Simulation } from './package-manager.ts'
import { type Failure, otherPackage, rpmFailure, rpmTellingLines } from './rpm-failure.ts'
import { actionOf, checkRpmPackage, rpmSystems } from './rpm-package.ts'

const failures: readonly Failure[] = [
  [/no repository was ever refreshed/, () => 'The host has no package lists yet: run "zypper refresh" on it'],
  [/No provider of '([^']+)' found/, ([, what]) => `${what} is not on offer there`],
  [
    /locked by the application with pid (\d+) \(([^)]*)\)/,
    ([, pid, name]) => `Another program is at work with zypper: ${name} (process ${pid})`,
  ],
  [
    /'?(\S+?)'? is locked and cannot be/,
    ([, name]) => `${name} is locked: unlock it (zypper removelock) or leave it out`,
  ],
  [/Package (\S+) \([^)]*\) seems to be corrupted/, ([, name]) => otherPackage(name ?? 'A package')],
  [
    /File '([^']+)' not found on medium '([^']+)'/,
    ([, file, medium]) => `A package could not be downloaded (${file} is not in ${medium})`,
  ],
  [
    /Download \(curl\) error for '([^']+)'/,
    ([, address]) => `A package could not be downloaded (${address} does not answer as it should)`,
  ],
  [/Problem: (.+)/, ([, what]) => `zypper cannot do it: ${what}`],
  [
    /No enabled repository|no enabled repositories|No repositories defined/i,
    () => 'The host has no package repositories',
  ],
  [
    /Repository '([^']+)' is invalid|Valid metadata not found/,
    ([, name]) => `The repository ${name ?? ''} cannot be read`,
  ],
]

let script: string | null = null

/** zypper, for openSUSE and SUSE Linux Enterprise. */
export const zypper: PackageManager = {
  name: 'zypper',
  systems: 'SUSE Linux Enterprise and openSUSE',
  suits: (platform) => rpmSystems.zypper.test(platform),
  database: 'rpm',
  repair: 'remove the older of the two versions on it (zypper remove name=version)',
  script() {
    script ??= ['./rpm.sh', './zypper.sh']
      .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
      .join('\n')
    return script
  },
  checkPackage: checkRpmPackage,
  /** `name.architecture=version-release` */
  argument({ name, architecture, to }) {
    checkRpmPackage(name, architecture, to)
    return `${name}.${architecture}=${to}`
  },
  compare: compareRpm,
  parseSimulation,
  failureReason: (log) => rpmFailure('zypper', failures, zypperText(log)),
  tellingLines: (log) => rpmTellingLines(zypperText(log)),
  isOutcome: (line) => /^<progress id="(?:install|remove)-resolvable" .*done="1"/.test(line),
}

/** Reads zypper's summary of what it would do. */
function parseSimulation(text: string): Simulation {
  const steps: TransactionStep[] = []
  const warnings: string[] = []
  for (const { action: word, name, architecture, edition, installed } of solvables(text)) {
    const action = actionOf(word.replace(/-change-.*$/, ''))
    if (action === null) warnings.push(`zypper would do something unknown: ${word} ${name}`)
    else if (action === 'remove') steps.push({ action, name, architecture, from: installed ?? edition, to: null })
    else steps.push({ action, name, architecture, from: installed, to: edition })
  }
  return { steps, warnings }
}
