/** Devices as Ivanti Neurons last scanned them. */

import type { Asset, Listing, Observation } from '../../core/asset.ts'
import type { InventorySource } from '../../core/ports.ts'
import type { Neurons } from './client.ts'
import { listDevices } from './devices.ts'
import {
  assetOfDevice,
  type DeviceFacts,
  identityOf,
  type Named,
  namedDevices,
  packagesOf,
  unreadable,
} from './machine.ts'
import { checkNeurons } from './probe-report.ts'
import type { NeuronsDevice } from './schema.ts'

export interface NeuronsInventoryOptions extends DeviceFacts {
  readonly name: string
  readonly neurons: Neurons
  readonly clock: () => Date
}

export function createNeuronsInventory(options: NeuronsInventoryOptions): InventorySource {
  const { name, neurons, clock } = options
  return {
    name,
    // It installs what its own policies say, whatever is decided here.
    manages: true,
    describe: `Devices as ${neurons.name} last scanned them`,
    report: (signal) => checkNeurons(neurons, clock, signal),
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      if (only?.length === 0) return
      const wanted = only === undefined ? null : new Set(only)
      const { devices, partial } = await listDevices(neurons, signal)
      let toSay = partial === null ? [] : [partial]
      for (const named of namedDevices(devices, options)) {
        if (wanted !== null && !wanted.has(`${name}/${named.name}`)) continue
        const look = observationOf(options, named, toSay)
        if (look.kind === 'seen') toSay = []
        yield look
      }
      if (wanted === null && partial === null) yield { kind: 'all' }
    },
  }
}

function observationOf(options: NeuronsInventoryOptions, named: Named, partial: readonly string[]): Observation {
  const { device, warnings } = named
  const { asset, missing } = assetOfDevice(options.name, named, options)
  const identity = identityOf(named)
  const reason = unreadable(asset, device, missing)
  if (reason !== null || device.lastScannedDate === null)
    return { kind: 'unreachable', asset, reason: reason ?? '', at: options.clock().toISOString(), identity }
  return {
    kind: 'seen',
    snapshot: snapshotOf(asset, device, device.lastScannedDate, identity),
    warnings: [...warnings, ...partial],
  }
}

function snapshotOf(asset: Asset, device: NeuronsDevice, observedAt: string, identity: ReturnType<typeof identityOf>) {
  return {
    ...{ asset, identity, packages: packagesOf(device), observedAt, pending: [] },
    ...{ runningKernel: null, bootId: null, rebootRequired: false, rebootPackages: [], staleServices: [] },
    listsRefreshedAt: null,
  }
}
