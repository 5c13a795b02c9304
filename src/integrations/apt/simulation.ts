import type { InstalledPackage } from '../../core/asset.ts'
import type { TransactionStep } from '../../core/ports.ts'

/** A step of apt's simulation, with the archives that offer the version. */
export interface SimulatedStep extends TransactionStep {
  /** In apt's form: `Debian-Security:12/oldstable-security`. Empty for removals. */
  readonly origins: readonly string[]
}

export interface Simulation {
  /** In the order of apt. */
  readonly steps: readonly SimulatedStep[]
  /** Names under `kept back`; with `:architecture` when it is not the machine's own. */
  readonly keptBack: readonly string[]
  /** Names that Ubuntu's phased updates defer. */
  readonly phased: readonly string[]
  readonly warnings: readonly string[]
}

/** `Inst name [installed] (candidate origin, origin [architecture]) [...]` */
const INST = /^Inst (\S+)(?: \[([^\]\s]+)\])? \((\S+) (?:(.*?) ?)?\[([a-z0-9-]+)\]\)/
/** `Remv name [installed]`, `Purg name [installed]` */
const REMOVE = /^(?:Remv|Purg) (\S+)(?: \[([^\]\s]+)\])?/

/**
 * Reads the output of `apt-get -s` under LC_ALL=C. For packages that would be removed, apt prints no architecture;
 * `installed` supplies it.
 */
export function parseSimulation(text: string, installed: readonly InstalledPackage[] = []): Simulation {
  const downgraded = new Set(namesUnder(text, /^The following packages will be DOWNGRADED:$/))
  const steps: SimulatedStep[] = []
  const warnings: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('Inst ')) {
      const step = parseInst(line, downgraded)
      if (step === null) warnings.push(`apt printed a line that makes no sense: ${line.slice(0, 120)}`)
      else steps.push(step)
    } else if (line.startsWith('Remv ') || line.startsWith('Purg ')) {
      const [, given = '', from = null] = REMOVE.exec(line) ?? []
      const { name, architecture } = splitName(given)
      const known = installed.find(
        (one) => one.name === name && (architecture ?? one.architecture) === one.architecture,
      )
      steps.push({
        action: 'remove',
        name,
        architecture: architecture ?? known?.architecture ?? 'unknown',
        from: from ?? known?.version ?? null,
        to: null,
        origins: [],
      })
    }
  }
  return {
    steps,
    keptBack: namesUnder(text, /^The following packages have been kept back:$/),
    phased: namesUnder(text, /^The following upgrades have been deferred due to phasing:$/),
    warnings,
  }
}

function parseInst(line: string, downgraded: ReadonlySet<string>): SimulatedStep | null {
  const [, given, from = null, to, origins = '', architecture] = INST.exec(line) ?? []
  if (given === undefined || to === undefined || architecture === undefined) return null
  const action = from === null ? 'install' : downgraded.has(given) ? 'downgrade' : 'upgrade'
  return {
    action,
    name: splitName(given).name,
    architecture,
    from,
    to,
    origins: origins.split(', ').filter((origin) => origin !== ''),
  }
}

/**
 * Splits `libc6:i386` into `libc6` and `i386`. Without a colon the architecture is `null`: the machine's own or `all`.
 */
export function splitName(given: string): { readonly name: string; readonly architecture: string | null } {
  const colon = given.indexOf(':')
  if (colon < 1) return { name: given, architecture: null }
  return { name: given.slice(0, colon), architecture: given.slice(colon + 1) }
}

/** Returns the indented words under a heading. */
function namesUnder(text: string, heading: RegExp): string[] {
  const names: string[] = []
  let under = false
  for (const line of text.split('\n')) {
    if (!line.startsWith(' ')) under = heading.test(line)
    else if (under) names.push(...line.trim().split(/\s+/))
  }
  return names
}

/** True when one of the archives is a security archive, for any release. */
export function isSecurity(origins: readonly string[]): boolean {
  return origins.some((origin) => /security|^UbuntuESM/i.test(origin))
}
