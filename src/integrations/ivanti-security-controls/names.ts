/**
 * Which machine is meant. The console has no id of a machine in its scans and deployments, only a name and a domain, the same
 * domain is written short in one place and in full in another, and one name may be in several domains.
 */

import type { Machine } from './schema.ts'

/** A machine as a scan, a deployment or an agent names it. */
export interface NamedThere {
  readonly name: string
  readonly domain: string | null
}

export interface Machines {
  /** By the name of their asset; of several rows of one machine the last one first. */
  readonly byName: ReadonlyMap<string, readonly Machine[]>
  /** The name of the asset; `null`: the console does not list such a machine, or it may be one of several. */
  nameOf(there: NamedThere): string | null
}

export function machinesOf(read: readonly Machine[]): Machines {
  const domains = new Map<string, Set<string>>()
  for (const { name, domain } of read) {
    const short = shortOf(name)
    domains.set(short, (domains.get(short) ?? new Set()).add(domain?.toLowerCase() ?? ''))
  }
  const byName = new Map<string, Machine[]>()
  const byShort = new Map<string, { readonly name: string; readonly machine: Machine }[]>()
  for (const machine of read) {
    const short = shortOf(machine.name)
    const name = assetNameOf(machine, (domains.get(short)?.size ?? 0) > 1)
    byName.set(name, [machine, ...(byName.get(name) ?? [])])
    byShort.set(short, [...(byShort.get(short) ?? []), { name, machine }])
  }
  return {
    byName,
    nameOf({ name, domain }) {
      const same = byShort.get(shortOf(name)) ?? []
      const meant = same.filter(({ name: asset, machine }) => isIn(machine, asset, name, domain))
      const names = new Set(meant.map((one) => one.name))
      return names.size === 1 ? ([...names][0] ?? null) : null
    },
  }
}

function shortOf(name: string): string {
  return (name.toLowerCase().split('.')[0] ?? '').trim()
}

/** Its full name in small letters where the console knows it; else the short one, with the domain where others have it too. */
function assetNameOf({ name, dnsName, domain }: Machine, isShared: boolean): string {
  if (dnsName?.includes('.')) return dnsName.toLowerCase()
  const short = name.toLowerCase()
  if (short.includes('.')) return short
  if (domain?.includes('.')) return `${short}.${domain.toLowerCase()}`
  return isShared && domain !== null ? `${short}.${domain.toLowerCase()}` : short
}

function isIn({ domain }: Machine, asset: string, name: string, there: string | null): boolean {
  if (name.includes('.')) return name.toLowerCase() === asset
  const full = asset.includes('.') ? asset.slice(asset.indexOf('.') + 1) : null
  return there === null || sameDomain(domain, there) || sameDomain(full, there)
}

/** `CORP` and `corp.example` are the same one. */
function sameDomain(one: string | null, other: string | null): boolean {
  const [a, b] = [one?.toLowerCase() ?? '', other?.toLowerCase() ?? '']
  return a === b || (a !== '' && b !== '' && (a.startsWith(`${b}.`) || b.startsWith(`${a}.`)))
}
