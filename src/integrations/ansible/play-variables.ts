import type { PackageChange } from '../../core/change.ts'
import type { PackageRequest } from '../package-engine.ts'

/** A word without characters that are special to Ansible, YAML or a shell. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9+._:~^-]*$/

/**
 * The variables of one asset for the play. Throws a sentence for text that may be more than a package name or version.
 */
export function assetVariables({ changes, reboot, notAfter }: Pick<PackageRequest, 'changes' | 'reboot' | 'notAfter'>) {
  for (const { name, architecture, to } of changes) {
    for (const word of [name, architecture, to]) {
      if (!WORD.test(word))
        throw new Error(`${JSON.stringify(word.slice(0, 80))} is not the name or version of a package.`)
    }
  }
  return {
    /** In the form that Ansible modules accept. */
    packages: changes.map(({ name, to }) => `${name}=${to}`),
    changes: changes.map(({ name, architecture, from, to }: PackageChange) => ({ name, architecture, from, to })),
    reboot: reboot === 'if required',
    /** Nothing begins after this time, in seconds since 1970; `null`: no end. */
    not_after: notAfter === null ? null : Math.floor(Date.parse(notAfter) / 1_000),
  }
}
