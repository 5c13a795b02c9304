import type { HalfDone, InstalledPackage } from '../../core/asset.ts'

export interface DpkgAnswer {
  readonly packages: readonly InstalledPackage[]
  /** `name:architecture` of packages that are on hold. */
  readonly held: ReadonlySet<string>
  readonly halfDone: readonly HalfDone[]
  readonly warnings: readonly string[]
}

/** States in which the files of a package are on the disk, dpkg(1). */
const present = new Set(['installed', 'triggers-pending', 'triggers-awaited', 'half-configured', 'unpacked'])
const unfinished = new Set(['half-configured', 'unpacked', 'half-installed'])

/** Reads the tab-separated lines of dpkg-query in probe.sh. */
export function parseInstalled(lines: readonly string[]): DpkgAnswer {
  const packages: InstalledPackage[] = []
  const held = new Set<string>()
  const halfDone: HalfDone[] = []
  const warnings: string[] = []
  for (const line of lines) {
    const [name, version, architecture, source, sourceVersion, want, state] = line.split('\t')
    if (name === undefined || name === '' || architecture === undefined || state === undefined) {
      warnings.push(`dpkg printed a line that makes no sense: ${line.slice(0, 120)}`)
      continue
    }
    if (want === 'hold') held.add(`${name}:${architecture}`)
    if (unfinished.has(state)) {
      halfDone.push({ name, how: `is ${state}` })
      warnings.push(`${name} is ${state}: run "dpkg --configure -a" on the machine.`)
    }
    if (!present.has(state) || version === undefined || version === '') continue
    packages.push({
      name,
      version,
      architecture,
      source: source === undefined || source === '' ? name : source,
      sourceVersion: sourceVersion === undefined || sourceVersion === '' ? version : sourceVersion,
    })
  }
  return { packages, held, halfDone, warnings }
}
