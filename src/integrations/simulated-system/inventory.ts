/** What the machines of a simulated system last said of themselves. */

import type { Asset, AssetSnapshot, Listing, Observation, PendingUpdate } from '../../core/asset.ts'
import type { InventorySource } from '../../core/ports.ts'
import { schemeFor } from '../../core/versions/scheme.ts'
import { type AssetDefaults, assetOf } from '../file-inventory/asset-defaults.ts'
import { listedIdentity } from '../file-inventory/listed-identity.ts'
import { installedOn, isFor } from './course.ts'
import { callsTo } from './engine.ts'
import type { Pace } from './pace.ts'
import type { Machine, Offer, Word } from './state.ts'
import type { SystemStore } from './store.ts'

export interface SystemInventoryOptions {
  readonly name: string
  readonly store: SystemStore
  readonly pace: Pace
  readonly defaults: AssetDefaults
  readonly clock: () => Date
}

export function createSystemInventory(options: SystemInventoryOptions): InventorySource {
  const { name, store, pace, clock, defaults } = options
  const system = callsTo(store, pace, clock)
  return {
    name,
    manages: true,
    describe: 'Simulated: machines as they last reported to a management server that is kept in a file',
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      const now = clock()
      const { machines, offers } = await system.read(now)
      const listed = new Set<string>()
      for (const machine of machines) {
        const { asset, missing } = assetOf(name, { ...machine, simulated: true }, defaults)
        listed.add(asset.id)
        if (only === undefined || only.includes(asset.id)) yield observationOf(machine, asset, missing, offers, now)
      }
      if (only === undefined) yield { kind: 'all' }
      // The server lists every machine that it manages, so one that it does not list is gone.
      for (const asset of only ?? []) if (!listed.has(asset)) yield { kind: 'gone', asset }
    },
  }
}

function observationOf(
  machine: Machine,
  asset: Asset,
  missing: readonly string[],
  offers: readonly Offer[],
  now: Date,
): Observation {
  const at = now.toISOString()
  if (missing.length > 0) {
    const reason = `${machine.name} has no ${missing.join(' and no ')}: write it in the state file or for the whole system`
    return { kind: 'unreachable', asset, reason, at }
  }
  const { said } = machine
  if (said === null) {
    return { kind: 'unreachable', asset, reason: `${machine.name} has not reported to the simulated system yet`, at }
  }
  const { identity, warnings } = listedIdentity(machine.name, machine)
  const snapshot = snapshotOf({ ...machine, ...said, working: null }, asset, said, offers)
  return { kind: 'seen', snapshot: { ...snapshot, identity }, warnings }
}

function snapshotOf(machine: Machine, asset: Asset, said: Word, offers: readonly Offer[]): AssetSnapshot {
  const { bootId, runningKernel, rebootRequired, rebootPackages, at } = said
  return {
    asset,
    packages: installedOn(machine),
    pending: pendingOn(machine, asset, offers),
    ...{ runningKernel, bootId, rebootRequired, rebootPackages },
    staleServices: [],
    observedAt: at,
    listsRefreshedAt: asset.platform.startsWith('windows:') ? null : at,
  }
}

/** The packages that the server offers in a newer version. Updates of Windows are found by feeds. */
function pendingOn(machine: Machine, asset: Asset, offers: readonly Offer[]): readonly PendingUpdate[] {
  const { compare } = schemeFor(asset.platform)
  return offers.flatMap((offer): PendingUpdate[] => {
    if (offer.kind !== 'package' || !isFor(offer, machine)) return []
    const { name, architecture, version: candidate, security } = offer
    const there = machine.packages.find((one) => one.name === name && one.architecture === architecture)
    if (there === undefined || compare(there.version, candidate) >= 0) return []
    const source = offer.source ?? there.source ?? name
    return [{ name, architecture, installed: there.version, candidate, source, origins: [], security, held: null }]
  })
}
