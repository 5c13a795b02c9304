import type { InstalledPackage } from '../../core/asset.ts'
import { boundedWarnings, type SoftwareList } from './software-list.ts'

/** Reads /lib/apk/db/installed or the output of `apk list --installed`. Throws a sentence when the text is neither. */
export function parseApkInstalled(text: string, what: string): SoftwareList {
  const warnings: string[] = []
  const packages = /^P:/m.test(text) ? fromDatabase(text, what, warnings) : fromList(text, what, warnings)
  if (packages.length === 0) throw new Error(`${what} names no package: is it /lib/apk/db/installed?`)
  return { packages, warnings: boundedWarnings(warnings) }
}

/**
 * Reads paragraphs of one-letter fields: P name, V version, A architecture, o origin (the source). apk-tools,
 * `apk_db_write`.
 */
function fromDatabase(text: string, what: string, warnings: string[]): InstalledPackage[] {
  const packages: InstalledPackage[] = []
  for (const [index, paragraph] of text.split(/\r?\n\r?\n/).entries()) {
    if (paragraph.trim() === '') continue
    const field = (letter: string) => new RegExp(`^${letter}:(.+)$`, 'm').exec(paragraph)?.[1]?.trim()
    const name = field('P')
    const version = field('V')
    if (name === undefined || version === undefined) {
      warnings.push(`${what}, paragraph ${index + 1} has no name or no version and was skipped`)
      continue
    }
    packages.push({
      name,
      version,
      architecture: field('A') ?? 'noarch',
      source: field('o') ?? name,
      sourceVersion: version,
    })
  }
  return packages
}

/** `musl-1.2.3-r4 x86_64 {musl} (MIT) [installed]` */
function fromList(text: string, what: string, warnings: string[]): InstalledPackage[] {
  const packages: InstalledPackage[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [, name, version, architecture, source] = /^(\S+)-(\d\S*-r\d+) (\S+) \{([^}]+)\}/.exec(line) ?? []
    if (name === undefined || version === undefined || architecture === undefined) {
      warnings.push(`${what}, line ${index + 1}: "${line.slice(0, 60)}" is not an installed package and was skipped`)
      continue
    }
    packages.push({ name, version, architecture, source: source ?? name, sourceVersion: version })
  }
  return packages
}
