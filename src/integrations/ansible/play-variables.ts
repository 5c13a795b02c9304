import type { PackageChange } from '../../core/change.ts'
import type { PackageRequest } from '../package-engine.ts'

/** A word without anything that Ansible, YAML or a shell reads as its own. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9+._:~^-]*$/

/**
 * What a play is told about one asset. Throws a sentence for what could be more than the name or version of a package.
 */
export function assetVariables({ changes, reboot, notAfter }: Pick<PackageRequest, 'changes' | 'reboot' | 'notAfter'>) {
  for (const { name, architecture, to } of changes) {
    for (const word of [name, architecture, to]) {
      if (!WORD.test(word))
        throw new Error(`${JSON.stringify(word.slice(0, 80))} is not the name or version of a package.`)
    }
  }
  return {
    /** In the form that the modules of Ansible take. */
    packages: changes.map(({ name, to }) => `${name}=${to}`),
    changes: changes.map(({ name, architecture, from, to }: PackageChange) => ({ name, architecture, from, to })),
    reboot: reboot === 'if required',
    /** The second of the epoch after which nothing begins; `null`: there is no end. */
    not_after: notAfter === null ? null : Math.floor(Date.parse(notAfter) / 1_000),
  }
}
