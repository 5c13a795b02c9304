import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { isRpmVersion } from '../../core/versions/rpm.ts'
import { boundedWarnings, type SoftwareList } from './software-list.ts'

/** The command whose output contains everything that is needed. The columns after the third are optional. */
export const rpmQuery =
  "rpm -qa --qf '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{MODULARITYLABEL}\\t%{VENDOR}\\n'"

/** The vendor in the packages of each family, as it names itself. */
const vendors: Readonly<Record<string, RegExp>> = {
  rhel: /red hat/i,
  almalinux: /alma/i,
  rocky: /rocky/i,
  centos: /centos/i,
  oracle: /oracle/i,
  fedora: /fedora/i,
  amazon: /amazon/i,
  sles: /suse/i,
  opensuse: /suse/i,
}

/** Reads the output of `rpmQuery`, or the plain names of `rpm -qa`. Throws a sentence when the text is neither. */
export function parseRpmList(text: string, what: string, platform: Platform | null): SoftwareList {
  const own = vendors[platform?.split(':')[0] ?? '']
  const packages: InstalledPackage[] = []
  const warnings: string[] = []
  let plain = 0
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('gpg-pubkey')) continue
    const item = line.includes('\t') ? fromColumns(line, own) : fromName(line.trim())
    if (item === null) {
      warnings.push(
        `${what}, line ${index + 1}: "${line.slice(0, 60)}" is not a package of "${rpmQuery}" and was skipped`,
      )
      continue
    }
    if (!line.includes('\t')) plain++
    packages.push(item)
  }
  if (packages.length === 0) throw new Error(`${what} names no package; list them with ${rpmQuery}`)
  if (plain > 0)
    warnings.unshift(
      `${what} has plain names without epoch, source and module: some answers will be wrong. List packages with ${rpmQuery}`,
    )
  return { packages, warnings: boundedWarnings(warnings) }
}

function fromColumns(line: string, own: RegExp | undefined): InstalledPackage | null {
  const [name = '', given = '', architecture = '', sourceRpm = '', label = '', vendor = ''] = line.split('\t')
  const version = given.replace(/^\(none\):/, '').replace(/^0:/, '')
  if (name === '' || architecture === '' || !isRpmVersion(version)) return null
  const { source, sourceVersion } = sourceOf(sourceRpm, name, version)
  const [, module] = /^([^:()\s]+:[^:]+)/.exec(label) ?? []
  const foreign = own !== undefined && said(vendor) && !own.test(vendor)
  return {
    name,
    version,
    architecture,
    source,
    sourceVersion,
    ...(module === undefined ? {} : { module }),
    ...(foreign ? { origin: vendor.trim() } : {}),
  }
}

function said(value: string): boolean {
  return value.trim() !== '' && value.trim() !== '(none)'
}

/** Reads the source package from `bash-5.1.8-9.el9.src.rpm`. The epoch is the one of the package. */
function sourceOf(sourceRpm: string, name: string, version: string) {
  const [, source, sourceVersion] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(sourceRpm.trim()) ?? []
  if (source === undefined || sourceVersion === undefined) return { source: name, sourceVersion: version }
  const epoch = /^(\d+:)/.exec(version)?.[1] ?? ''
  return { source, sourceVersion: `${epoch}${sourceVersion}` }
}

/** `bash-5.1.8-9.el9.x86_64` */
function fromName(text: string): InstalledPackage | null {
  const [, name, version, architecture] = /^([\w.+-]+)-([^-\s]+-[^-\s]+)\.([a-z0-9_]+)$/.exec(text) ?? []
  if (name === undefined || version === undefined || architecture === undefined) return null
  return { name, version, architecture, source: name, sourceVersion: version }
}
