/** Machines as they last reported to a site of Configuration Manager. */

import type { Asset, Listing, Observation } from '../../core/asset.ts'
import { fullName } from '../../core/identity.ts'
import type { InventorySource } from '../../core/ports.ts'
import { equalSoftware } from '../windows/machine.ts'
import type { Api } from './api.ts'
import type { Known, Machines, Said, Updates } from './known.ts'
import { assetOfMachine, type MachineFacts, softwareOf } from './machine.ts'
import type { Machine } from './schema.ts'

export interface InventoryOptions extends MachineFacts {
  readonly name: string
  readonly describe: string
  readonly api: Api
  readonly known: Known
  readonly clock: () => Date
  report(signal: AbortSignal): Promise<string>
}

/** Of so many machines the scans are asked for by themselves; of more, those of all. */
const FEW = 100

export function createInventory(options: InventoryOptions): InventorySource {
  const { name, known } = options
  const shared = equalSoftware()

  return {
    name,
    manages: true,
    describe: `Machines as they last reported to ${options.describe}`,
    report: (signal) => options.report(signal),
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      if (only?.length === 0) return
      const machines = await known.machines(signal, 'fresh')
      const wanted = only === undefined ? null : new Set(only)
      const listed = new Set<string>()
      const rows = [...rowsOf(machines)].filter(({ asset }) => {
        const id = `${name}/${asset}`
        listed.add(id)
        return wanted === null || wanted.has(id)
      })
      const few = wanted !== null && rows.length <= FEW ? rows.map(({ machine }) => machine.id) : null
      const said = await known.said(few, signal)
      const updates = await known.updates(signal)
      const collections = await collectionsOf(options, signal)
      for (const row of rows) yield observationOf(row, { said, updates, collections, shared }, options)
      if (wanted === null) yield { kind: 'all' }
      // The site lists every machine that it knows, so one that it does not list is gone.
      for (const asset of only ?? []) if (!listed.has(asset)) yield { kind: 'gone', asset }
    },
  }
}

/** The collections that tell a team, by the machines in them. */
async function collectionsOf({ api, known, teams }: InventoryOptions, signal: AbortSignal) {
  const found = new Map<number, string[]>()
  for (const wanted of Object.keys(teams)) {
    const there = (await api.collections(wanted, signal)).filter(({ name }) => name === wanted)
    const [only] = there
    if (only === undefined) throw new Error(`${api.server} has no collection "${wanted}", which "teams" names`)
    for (const id of (await known.members(only.id, signal, 'fresh')).keys())
      found.set(id, [...(found.get(id) ?? []), wanted])
  }
  return found
}

interface Row {
  /** The name of the asset. */
  readonly asset: string
  readonly machine: Machine
  readonly warnings: readonly string[]
}

function* rowsOf({ byName }: Machines): Generator<Row> {
  for (const [asset, [machine, ...older]] of byName) {
    if (machine === undefined) continue
    const warning = `Configuration Manager has ${older.length + 1} records of ${asset}, and the one with the highest number counts (${machine.id}): delete those of machines that are gone`
    yield { asset, machine, warnings: older.length === 0 ? [] : [warning] }
  }
}

interface Read {
  readonly said: Said
  readonly updates: Updates
  readonly collections: ReadonlyMap<number, readonly string[]>
  readonly shared: ReturnType<typeof equalSoftware>
}

function observationOf({ machine, warnings }: Row, read: Read, options: InventoryOptions): Observation {
  const { asset, missing } = assetOfMachine(options.name, machine, read.collections.get(machine.id) ?? [], options)
  const scannedAt = read.said.scannedAt(machine.id)
  const reason = unreadable(machine, asset, missing)
  if (reason !== null || scannedAt === null)
    return { kind: 'unreachable', asset, reason: reason ?? neverScanned(asset.name), at: options.clock().toISOString() }
  const { packages, rebootPackages } = read.shared(softwareOf(machine, read.said, read.updates))
  const snapshot = {
    ...{ asset, packages, rebootPackages, rebootRequired: rebootPackages.length > 0 },
    ...{ pending: [], staleServices: [], runningKernel: null, bootId: null, listsRefreshedAt: null },
    // What it has is what its last scan for updates found. That it asked for its policy since says nothing about it.
    observedAt: scannedAt,
    identity: { hardware: null, cloud: null, fqdn: fullName(machine.name) },
  }
  return { kind: 'seen', snapshot, warnings }
}

function unreadable(machine: Machine, asset: Asset, missing: readonly string[]): string | null {
  if (!machine.hasClient) return `${asset.name} has no client of Configuration Manager, so nothing is known of it`
  if (missing.includes('platform'))
    return `Configuration Manager calls the system of ${asset.name} "${machine.os}", version ${machine.version ?? 'not known'}: such a Windows is not known here`
  if (missing.length > 0)
    return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole source, or the team of one of its collections under teams`
  return null
}

export function neverScanned(name: string): string {
  return `${name} was never scanned for updates, as far as Configuration Manager knows: does its client reach the software update point?`
}
