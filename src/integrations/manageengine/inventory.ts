/** Machines as they last reported to a ManageEngine server. */

import type { Asset, Listing, Observation } from '../../core/asset.ts'
import { fullName } from '../../core/identity.ts'
import type { InventorySource } from '../../core/ports.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { equalSoftware, type Software } from '../windows/machine.ts'
import type { Api, Machine, PatchState } from './api.ts'
import type { Known, Machines } from './known.ts'
import { assetOfMachine, type MachineFacts, type Said, softwareOf } from './machine.ts'

export interface InventoryOptions extends MachineFacts {
  readonly name: string
  readonly describe: string
  readonly api: Api
  readonly known: Known
  readonly clock: () => Date
  report(signal: AbortSignal): Promise<string>
}

/** What was read of a machine, and which scan of it that was. */
interface Read {
  readonly scannedAt: string
  readonly software: Software
}

/** Machines whose states are asked for before the first of them is told. */
const SLICE = 200
/** Where more machines than this have a new scan, all states are read at once: until it is known how many pages that takes. */
const FEW = 50

export function createInventory(options: InventoryOptions): InventorySource {
  const { name, api, known, report } = options
  const read = new Map<string, Read>()
  const shared = equalSoftware()
  /** So many requests were needed for all states. */
  let pagesOfAll = FEW

  async function note(machine: Machine, said: readonly Said[], signal: AbortSignal): Promise<void> {
    const software = shared(softwareOf(machine, said, await known.patches(signal)))
    read.set(machine.id, { scannedAt: machine.scannedAt ?? '', software })
  }

  /** Only machines that were scanned since are asked about: nothing else can have changed. */
  async function readStale(machines: readonly Machine[], signal: AbortSignal): Promise<void> {
    const stale = machines.filter(({ id, scannedAt }) => scannedAt !== null && read.get(id)?.scannedAt !== scannedAt)
    for (const machine of stale) await note(machine, await api.statesOfMachine(machine.id, signal), signal)
  }

  async function readTogether(machines: readonly Machine[], signal: AbortSignal): Promise<void> {
    const stale = machines.filter(({ id, scannedAt }) => scannedAt !== null && read.get(id)?.scannedAt !== scannedAt)
    const pages = stale.length > pagesOfAll ? await api.allStates(signal) : null
    if (pages === null) return
    const whole = await saidByMachine(pages)
    pagesOfAll = Math.max(FEW, whole.pages)
    for (const machine of stale) await note(machine, whole.said.get(machine.id) ?? [], signal)
  }

  return {
    name,
    manages: true,
    describe: `Machines as they last reported to ${options.describe}`,
    report,
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
      await readTogether(
        rows.map(({ machine }) => machine),
        signal,
      )
      for (let at = 0; at < rows.length; at += SLICE) {
        const slice = rows.slice(at, at + SLICE)
        await readStale(
          slice.map(({ machine }) => machine),
          signal,
        )
        for (const row of slice) yield observationOf(row, read, options)
      }
      if (wanted === null) {
        for (const id of read.keys()) if (!machines.byId.has(id)) read.delete(id)
        yield { kind: 'all' }
      }
      // The server lists every machine that it manages, so one that it does not list is gone.
      for (const asset of only ?? []) if (!listed.has(asset)) yield { kind: 'gone', asset }
    },
  }
}

/** Millions of rows say the same few things about patches: each of these is kept once. */
async function saidByMachine(pages: AsyncIterable<readonly PatchState[]>) {
  const said = new Map<string, Said[]>()
  const words = new Map<string, Said>()
  let count = 0
  for await (const page of pages) {
    count++
    for (const { machine, patch, state, waitsForReboot } of page) {
      const key = `${patch} ${state} ${waitsForReboot}`
      const word = words.get(key) ?? { patch, state, waitsForReboot }
      words.set(key, word)
      const own = said.get(machine)
      if (own === undefined) said.set(machine, [word])
      else own.push(word)
    }
  }
  return { said, pages: count }
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
    const last = older.map(({ scannedAt }) => (scannedAt === null ? 'never' : `${minuteOf(scannedAt)} UTC`))
    const warning = `ManageEngine has ${older.length + 1} computers called ${asset}: the others were last scanned ${last.join(', ')}. Remove those that are gone`
    yield { asset, machine, warnings: older.length === 0 ? [] : [warning] }
  }
}

function observationOf(
  { asset: named, machine, warnings }: Row,
  read: ReadonlyMap<string, Read>,
  options: InventoryOptions,
): Observation {
  const { asset, missing } = assetOfMachine(options.name, named, machine, options)
  const software = read.get(machine.id)?.software
  const reason = unreadable(machine, asset, missing)
  if (reason !== null || machine.scannedAt === null || software === undefined) {
    const at = options.clock().toISOString()
    return { kind: 'unreachable', asset, reason: reason ?? neverScanned(named, machine), at }
  }
  const { packages, rebootPackages } = software
  const snapshot = {
    ...{ asset, packages, rebootPackages, rebootRequired: rebootPackages.length > 0 },
    ...{ pending: [], staleServices: [], runningKernel: null, bootId: null, listsRefreshedAt: null },
    // What a machine has is what its last scan found. That its agent asked since says nothing about it.
    observedAt: machine.scannedAt,
    identity: { hardware: null, cloud: null, fqdn: fullName(machine.name) },
  }
  return { kind: 'seen', snapshot, warnings }
}

function unreadable(machine: Machine, asset: Asset, missing: readonly string[]): string | null {
  if (!machine.hasAgent) return `${asset.name} has no agent of ManageEngine yet, so nothing is known of it`
  if (missing.includes('platform'))
    return `ManageEngine calls the system of ${asset.name} "${machine.os}", version ${machine.version ?? 'not known'}: such a Windows is not known here`
  if (missing.length > 0)
    return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole source, or the team of its remote office under teams`
  return machine.scannedAt === null ? neverScanned(asset.name, machine) : null
}

export function neverScanned(name: string, { contactedAt }: Machine): string {
  const contact =
    contactedAt === null ? 'its agent never asked either' : `its agent last asked on ${minuteOf(contactedAt)} UTC`
  return `${name} was never scanned for patches by ManageEngine; ${contact}`
}
