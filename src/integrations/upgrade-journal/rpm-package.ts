import type { TransactionStep } from '../../core/ports.ts'

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_+.-]*$/
/** `[epoch:]version-release` */
const VERSION = /^(?:\d+:)?[A-Za-z0-9][A-Za-z0-9+._~^]*-[A-Za-z0-9][A-Za-z0-9+._~^]*$/
const ARCHITECTURE = /^[a-z0-9_]+$/

/** Checks a package before it is sent to a host: only characters that rpm allows. Throws a sentence. */
export function checkRpmPackage(name: string, architecture: string, version: string | null): void {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name.slice(0, 80))} is not the name of an RPM package.`)
  if (!ARCHITECTURE.test(architecture)) {
    throw new Error(`${JSON.stringify(architecture.slice(0, 80))} is not an architecture (package ${name}).`)
  }
  if (version !== null && !VERSION.test(version)) {
    throw new Error(
      `${JSON.stringify(version.slice(0, 80))} is not an RPM version with a release, such as 1.2-3 (package ${name}).`,
    )
  }
}

export const rpmSystems = {
  dnf: /^(?:rhel|rocky|almalinux|centos|fedora|oracle|amazon):/,
  zypper: /^(?:opensuse|sles|suse)[\w-]*:/,
} as const

/** Returns `null` when the word is not an action of a transaction. */
export function actionOf(word: string): TransactionStep['action'] | null {
  switch (word) {
    case 'install':
    case 'upgrade':
    case 'downgrade':
    case 'remove':
      return word
    case 'reinstall':
      return 'upgrade'
    default:
      return null
  }
}
