import type { InstalledPackage } from '../../core/asset.ts'
import { boundedWarnings, type SoftwareList } from './software-list.ts'

/** States (last word of `Status:`) in which a package's files are on the disk, dpkg(1). */
const presentStates = new Set([
  'installed',
  'triggers-pending',
  'triggers-awaited',
  'half-configured',
  'unpacked',
  'half-installed',
])

/**
 * Reads /var/lib/dpkg/status. Returns the packages whose files are on the disk. An invalid paragraph becomes a warning.
 * Throws a sentence when the text is not a dpkg status file or is cut off.
 */
export function parseDpkgStatus(text: string, what: string): SoftwareList {
  if (text.trim() === '') throw new Error(`${what} is empty: a dpkg status file lists at least dpkg itself`)
  if (!text.endsWith('\n')) throw new Error(`${what} is cut off: its last line has no end`)
  const found = new Map<string, InstalledPackage>()
  const warnings: string[] = []
  let paragraphs = 0
  for (const { line, fields, problem } of paragraphsOf(text)) {
    paragraphs++
    const name = fields.get('package')
    if (problem !== null || name === undefined) {
      warnings.push(`${what}, line ${line}: ${problem ?? 'a paragraph without "Package:"'} was skipped`)
      continue
    }
    const state = fields.get('status')?.split(/\s+/).at(-1)
    if (state === undefined) {
      warnings.push(`${what}, line ${line}: ${name} has no "Status:" and was skipped`)
      continue
    }
    if (!presentStates.has(state)) continue
    const installed = installedPackage(name, fields)
    if (installed === null) {
      warnings.push(`${what}, line ${line}: ${name} has no "Version:" or "Architecture:" and was skipped`)
      continue
    }
    if (state === 'half-configured' || state === 'unpacked')
      warnings.push(`${name} is ${state}: run dpkg --configure -a`)
    if (state === 'half-installed') warnings.push(`${name} is half-installed: install it again`)
    const key = `${name}:${installed.architecture}`
    if (found.has(key)) warnings.push(`${what}, line ${line}: ${name} is there twice: is it the text of two machines?`)
    found.set(found.has(key) ? `${key} ${installed.version}` : key, installed)
  }
  if (found.size === 0) {
    throw new Error(`${what} names no installed package in ${paragraphs} paragraphs: is it /var/lib/dpkg/status?`)
  }
  return { packages: [...found.values()], warnings: boundedWarnings(warnings) }
}

/**
 * Reads the source from `Source: glibc` or `Source: glibc (2.36-9)`. Without this field, the package is its own source.
 */
function installedPackage(name: string, fields: ReadonlyMap<string, string>): InstalledPackage | null {
  const version = fields.get('version')
  const architecture = fields.get('architecture')
  if (version === undefined || version === '' || architecture === undefined) return null
  const [, source, sourceVersion] = /^(\S+)(?:\s+\((\S+)\))?$/.exec(fields.get('source') ?? '') ?? []
  return { name, version, architecture, source: source ?? name, sourceVersion: sourceVersion ?? version }
}

interface Paragraph {
  /** The number of the first line, from 1. */
  readonly line: number
  /** Keys in lower case. Values contain only their first line. */
  readonly fields: ReadonlyMap<string, string>
  readonly problem: string | null
}

function* paragraphsOf(text: string): Generator<Paragraph> {
  let fields = new Map<string, string>()
  let first = 1
  let problem: string | null = null
  let number = 0
  for (const line of text.split('\n')) {
    number++
    if (line.trim() === '') {
      if (fields.size > 0 || problem !== null) yield { line: first, fields, problem }
      fields = new Map()
      problem = null
      first = number + 1
      continue
    }
    if (line.startsWith(' ') || line.startsWith('\t')) continue
    const colon = line.indexOf(':')
    if (colon < 1) {
      problem ??= `"${line.slice(0, 60)}", which is not "Field: value",`
      continue
    }
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
}
