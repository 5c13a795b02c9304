import { readFileSync } from 'node:fs'
import { compareDpkg } from '../../core/versions/dpkg.ts'
import { failureReason, tellingLines } from '../apt/failure.ts'
import { aptReads, parseSimulation } from '../apt/index.ts'
import type { PackageManager } from './package-manager.ts'

const NAME = /^[a-z0-9][a-z0-9+.-]*$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9+._:~-]*$/
const ARCHITECTURE = /^[a-z0-9][a-z0-9-]*$/

/** Checks a package before it is sent to a host: only characters that dpkg allows. Throws a sentence. */
function checkPackage(name: string, architecture: string, version: string | null): void {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name.slice(0, 80))} is not the name of a Debian package.`)
  if (!ARCHITECTURE.test(architecture)) {
    throw new Error(`${JSON.stringify(architecture.slice(0, 80))} is not an architecture (package ${name}).`)
  }
  if (version !== null && !VERSION.test(version)) {
    throw new Error(`${JSON.stringify(version.slice(0, 80))} is not a version (package ${name}).`)
  }
}

let script: string | null = null

/** apt and dpkg, for Debian, Ubuntu and their derivatives. */
export const apt: PackageManager = {
  name: 'apt',
  systems: 'Debian and Ubuntu',
  suits: (platform) => /^(debian|ubuntu):/.test(platform),
  database: 'dpkg',
  repair: 'run "dpkg --configure -a" on it',
  script() {
    script ??= `${aptReads()}\n${readFileSync(new URL('./apt.sh', import.meta.url), 'utf8')}`
    return script
  },
  checkPackage,
  /** For a package for all architectures, the argument names no architecture. */
  argument({ name, architecture, to }) {
    checkPackage(name, architecture, to)
    return architecture === 'all' ? `${name}=${to}` : `${name}:${architecture}=${to}`
  },
  compare: compareDpkg,
  parseSimulation: (text) => parseSimulation(text),
  failureReason,
  tellingLines,
  isOutcome: (line) => /^Setting up |^Removing |^W:/.test(line),
}
