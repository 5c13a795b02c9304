import type { HeldReason, PendingUpdate } from '../../core/asset.ts'
import type { DpkgAnswer } from './installed.ts'
import { isSecurity, type Simulation } from './simulation.ts'

/** A line of `apt list --upgradable`. */
export interface Upgradable {
  readonly name: string
  readonly suites: readonly string[]
  readonly candidate: string
  readonly architecture: string
  readonly installed: string
}

/** `openssl/oldstable-security,now 3.0.22 amd64 [upgradable from: 3.0.20]` */
const UPGRADABLE = /^([^/\s]+)\/(\S*) (\S+) (\S+) \[upgradable from: ([^\]\s]+)\]/

export function parseUpgradable(lines: readonly string[]): readonly Upgradable[] {
  const found: Upgradable[] = []
  for (const line of lines) {
    const [, name, suites = '', candidate, architecture, installed] = UPGRADABLE.exec(line) ?? []
    if (name === undefined || candidate === undefined || architecture === undefined || installed === undefined) continue
    const named = suites.split(',').filter((suite) => suite !== '' && suite !== 'now')
    found.push({ name, suites: named, candidate, architecture, installed })
  }
  return found
}

export interface SourceOf {
  readonly source: string
  readonly sourceVersion: string
}

/**
 * The source of each `name=version` that is on offer, from `apt-cache show`. Its stanzas may be in any order. `Source:
 * samba (2:4.17.12+dfsg-0+deb12u2)` has a version only where it differs from the one of the package.
 */
export function parseSources(lines: readonly string[]): ReadonlyMap<string, SourceOf> {
  const sources = new Map<string, SourceOf>()
  let stanza: Record<string, string> = {}
  function close(): void {
    const { Package: name, Version: version, Source: named } = stanza
    if (name === undefined || version === undefined) return
    const [, source = name, sourceVersion = version] = /^(\S+)(?: \((\S+)\))?$/.exec(named ?? '') ?? []
    sources.set(`${name}=${version}`, { source, sourceVersion })
  }
  for (const line of lines) {
    const [, field, value] = /^(Package|Version|Source): (.*\S)/.exec(line) ?? []
    if (field === undefined || value === undefined) continue
    if (field === 'Package') {
      close()
      stanza = {}
    }
    stanza[field] = value
  }
  close()
  return sources
}

/**
 * All newer versions that the machine's package manager knows: those that an upgrade would install now, and those that
 * it would not install, with the reason.
 */
export function pendingUpdates(
  dpkg: DpkgAnswer,
  simulation: Simulation,
  upgradable: readonly Upgradable[],
  offered: ReadonlyMap<string, SourceOf>,
): readonly PendingUpdate[] {
  const sources = new Map(dpkg.packages.map((one) => [`${one.name}:${one.architecture}`, one.source]))
  const sourceByName = new Map(dpkg.packages.map((one) => [one.name, one.source]))
  const sourceOf = (name: string, version: string, known: string | undefined) => {
    const said = offered.get(`${name}=${version}`)
    return said ?? { source: known ?? null }
  }
  const pending: PendingUpdate[] = []
  const taken = new Set<string>()
  for (const { action, name, architecture, from, to, origins } of simulation.steps) {
    if (to === null || (action !== 'install' && action !== 'upgrade')) continue
    taken.add(`${name}:${architecture}`)
    const known = sources.get(`${name}:${architecture}`) ?? (from === null ? undefined : sourceByName.get(name))
    pending.push({
      name,
      architecture,
      installed: from,
      candidate: to,
      ...sourceOf(name, to, known),
      origins,
      security: isSecurity(origins),
      held: null,
    })
  }
  const phased = new Set(simulation.phased)
  for (const { name, suites, candidate, architecture, installed } of upgradable) {
    const id = `${name}:${architecture}`
    if (taken.has(id)) continue
    pending.push({
      name,
      architecture,
      installed,
      candidate,
      ...sourceOf(name, candidate, sources.get(id) ?? sourceByName.get(name)),
      origins: suites,
      security: isSecurity(suites),
      held: heldReason(id, name, dpkg.held, phased),
    })
  }
  return pending
}

function heldReason(id: string, name: string, held: ReadonlySet<string>, phased: ReadonlySet<string>): HeldReason {
  if (held.has(id)) return 'hold'
  return phased.has(id) || phased.has(name) ? 'phased' : 'kept back'
}
