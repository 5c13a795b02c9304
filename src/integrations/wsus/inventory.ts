/** Machines as they last reported to a WSUS server. */

import type { Asset, Listing, Observation } from '../../core/asset.ts'
import { fullName } from '../../core/identity.ts'
import type { InventorySource } from '../../core/ports.ts'
import { minuteOf } from '../../core/time/instant.ts'
import { equalSoftware, type Software } from '../windows/machine.ts'
import type { Wsus } from './ask.ts'
import type { WsusGroup, WsusInstallation, WsusMachine } from './calls.ts'
import type { Known, Machines } from './known.ts'
import { assetOfMachine, type MachineFacts, nameOf, softwareOf } from './machine.ts'
import { checkServer } from './probe-report.ts'

export interface WsusInventoryOptions extends MachineFacts {
  readonly name: string
  readonly wsus: Wsus
  readonly known: Known
  /** Groups that may be approved for as a whole. Left out: the server decides the groups. */
  readonly wholeGroups?: readonly string[] | null
  readonly clock: () => Date
}

/** What was read of a machine, and which report of it that was. */
interface Read {
  readonly reportedAt: string
  readonly software: Software
}

/** Machines whose states are asked for before the first of them is told. */
const SLICE = 400

export function createWsusInventory(options: WsusInventoryOptions): InventorySource {
  const { name, wsus, known } = options
  const read = new Map<string, Read>()
  const shared = equalSoftware()

  /** Only machines that reported since are asked about: nothing else can have changed. */
  async function readAll(machines: readonly WsusMachine[], signal: AbortSignal): Promise<void> {
    const updates = await known.updates(signal)
    const stale = machines.filter(
      ({ id, reportedAt }) => reportedAt !== null && read.get(id)?.reportedAt !== reportedAt,
    )
    const said = new Map<string, WsusInstallation[]>(stale.map(({ id }) => [id, []]))
    const ids = stale.map(({ id }) => id)
    for (const one of await wsus.installations(ids, null, signal)) said.get(one.machine)?.push(one)
    for (const machine of stale) {
      const software = shared(softwareOf(machine, said.get(machine.id) ?? [], updates))
      read.set(machine.id, { reportedAt: machine.reportedAt ?? '', software })
    }
  }

  return {
    name,
    manages: true,
    describe: `Machines as they last reported to ${wsus.describe}`,
    report: (signal) => checkServer(wsus, options.wholeGroups ?? null, options.clock, signal),
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      if (only?.length === 0) return
      const machines = await known.machines(signal, 'fresh')
      const groups = new Map((await wsus.ask('groups', {}, signal)).map((one) => [one.id, one]))
      const wanted = only === undefined ? null : new Set(only)
      const listed = new Set<string>()
      const rows = [...rowsOf(machines)].filter(({ asset }) => {
        const id = `${name}/${asset}`
        listed.add(id)
        return wanted === null || wanted.has(id)
      })
      for (let at = 0; at < rows.length; at += SLICE) {
        const slice = rows.slice(at, at + SLICE)
        await readAll(
          slice.map(({ machine }) => machine),
          signal,
        )
        for (const row of slice) yield observationOf(row, groups, read, options)
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

interface Row {
  /** The name of the asset. */
  readonly asset: string
  readonly machine: WsusMachine
  /** Why nobody can tell what this machine has, as a sentence; `null`: one can. */
  readonly problem: string | null
  readonly warnings: readonly string[]
}

/** One row for each name. */
function* rowsOf({ byName, sharedNames, byId }: Machines): Generator<Row> {
  const given = new Set<string>()
  for (const [id, names] of sharedNames) {
    const machine = byId.get(id)
    if (machine === undefined) continue
    for (const asset of names) {
      if (given.has(asset)) continue
      given.add(asset)
      yield { asset, machine: { ...machine, name: asset }, problem: sharedSentence(names), warnings: [] }
    }
  }
  for (const [asset, [machine, ...older]] of byName) {
    if (machine === undefined || given.has(asset)) continue
    const last = older.map(({ reportedAt }) => (reportedAt === null ? 'never' : `${minuteOf(reportedAt)} UTC`))
    const warning = `WSUS has ${older.length + 1} computers called ${asset}: the others last reported ${last.join(', ')}. Delete those that are gone`
    yield { asset, machine, problem: null, warnings: older.length === 0 ? [] : [warning] }
  }
}

export function sharedSentence(names: readonly string[]): string {
  return `${names.join(' and ')} share one id in WSUS (SusClientId), so nobody can tell whose words its reports are: give each copy an id of its own`
}

function observationOf(
  row: Row,
  groups: ReadonlyMap<string, WsusGroup>,
  read: ReadonlyMap<string, Read>,
  options: WsusInventoryOptions,
): Observation {
  const { machine, problem, warnings } = row
  const { asset, missing } = assetOfMachine(options.name, machine, groups, options)
  const at = options.clock().toISOString()
  const reason = problem ?? unreadable(machine, asset, missing)
  const software = read.get(machine.id)?.software
  if (reason !== null || machine.reportedAt === null || software === undefined)
    return { kind: 'unreachable', asset, reason: reason ?? neverReported(machine), at }
  const { packages, rebootPackages } = software
  const snapshot = {
    ...{ asset, packages, rebootPackages, rebootRequired: rebootPackages.length > 0 },
    ...{ pending: [], staleServices: [], runningKernel: null, bootId: null, listsRefreshedAt: null },
    observedAt: machine.reportedAt,
    // A short name alone recognises no machine.
    identity: { hardware: null, cloud: null, fqdn: fullName(machine.name) },
  }
  return { kind: 'seen', snapshot, warnings }
}

function unreadable(machine: WsusMachine, asset: Asset, missing: readonly string[]): string | null {
  if (missing.includes('platform'))
    return `WSUS calls the system of ${nameOf(machine)} "${machine.os}", version ${machine.version ?? 'not known'}: such a Windows is not known here`
  if (missing.length > 0)
    return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole source, or the team of one of its groups under teams`
  return machine.reportedAt === null ? neverReported(machine) : null
}

export function neverReported(machine: WsusMachine): string {
  const { contactedAt } = machine
  const contact = contactedAt === null ? 'it never asked either' : `it last asked on ${minuteOf(contactedAt)} UTC`
  return `${nameOf(machine)} has not reported to WSUS yet; ${contact}`
}
