/** Hosts as Fleet knows them, and, where it is asked to verify, as they answer themselves. */

import pLimit from 'p-limit'
import type { AssetSnapshot, Listing, Observation } from '../../core/asset.ts'
import type { AssetAnswer, InventorySource } from '../../core/ports.ts'
import type { Fleet } from './client.ts'
import { createHostSoftware, type HostSoftware, type Row } from './host-software.ts'
import { type HostList, listHosts } from './hosts.ts'
import { assetOfHost, type HostFacts, identityOf, namedHosts, saidAt, unreadable } from './machine.ts'
import { checkFleet } from './probe-report.ts'
import { askHost, countingRows, type Told } from './question.ts'

export interface FleetInventoryOptions extends HostFacts {
  readonly name: string
  readonly fleet: Fleet
  /** Whether hosts may be asked themselves, over osquery. */
  readonly live: boolean
  readonly clock: () => Date
}

interface Given extends FleetInventoryOptions {
  readonly software: HostSoftware
  /** Ids of the hosts that the last whole list had. */
  readonly listed: Set<number>
}

/** Hosts that are asked at the same time. */
const ASKED_AT_ONCE = 4
/** Hosts that one verification asks. What Fleet holds of the others counts if it is new enough. */
const ASKED_TO_VERIFY = 100
/** For so long a list of hosts tells which host a question is for. */
const LIST_IS_RECENT_MS = 60_000

export function createFleetInventory(options: FleetInventoryOptions): InventorySource {
  const { name, fleet, live, clock } = options
  const given = { ...options, software: createHostSoftware(fleet), listed: new Set<number>() }
  return {
    name,
    describe: `Hosts as they report to ${fleet.name}`,
    report: (signal) => checkFleet(fleet, { live, clock }, signal),
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      if (only === undefined) yield* observeAll(given, signal)
      else if (only.length > 0) yield* observeSome(given, new Set(only), signal)
    },
    ask: asking(options),
  }
}

async function* observeAll(given: Given, signal: AbortSignal): AsyncGenerator<Observation | Listing> {
  const { fleet, live, software } = given
  const list = await listHosts(fleet, given.listed, signal)
  const rows = rowsOf(list, given)
  await software.read(list.hosts, rows, signal)
  if (live) await software.learn(rows, signal)
  let toSay = list.partial === null ? [] : [list.partial]
  for (const row of rows) {
    const look = listed(given, row)
    yield look.kind === 'seen' ? { ...look, warnings: [...look.warnings, ...toSay] } : look
    if (look.kind === 'seen') toSay = []
  }
  if (list.partial !== null) return
  software.only(list.hosts)
  given.listed.clear()
  for (const { id } of list.hosts) given.listed.add(id)
  yield { kind: 'all' }
}

async function* observeSome(
  given: Given,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): AsyncGenerator<Observation> {
  const { fleet, live, software } = given
  const list = await listHosts(fleet, [], signal)
  const rows = rowsOf(list, given).filter(({ asset }) => wanted.has(asset.id))
  const asked = rows.filter(({ missing, host }) => live && missing.length === 0 && host.status === 'online')
  const first = new Set(asked.slice(0, ASKED_TO_VERIFY))
  const others = rows.filter((row) => !first.has(row))
  await software.read(list.hosts, others, signal)
  for (const row of others) yield verifiedByList(given, row)
  const slots = pLimit(ASKED_AT_ONCE)
  const answers = [...first].map((row) => slots(() => asksItself(given, list, row, signal)))
  // Awaited one after another below. Until then this prevents unhandled rejections.
  for (const answer of answers) answer.catch(() => undefined)
  for (const answer of answers) yield await answer
}

/** What a host says now; where it does not answer, what Fleet last heard of it. */
async function asksItself(given: Given, { hosts }: HostList, row: Row, signal: AbortSignal): Promise<Observation> {
  const { software, clock } = given
  const told = await software.ask(row, signal)
  if (told !== null && told !== 'refused')
    return { kind: 'seen', snapshot: snapshotOf(row, told, clock().toISOString()), warnings: row.warnings }
  await software.read(hosts, [row], signal)
  return verifiedByList(given, row)
}

function rowsOf({ hosts }: HostList, options: FleetInventoryOptions): readonly Row[] {
  return namedHosts(hosts).map((named) => ({ ...named, ...assetOfHost(options.name, named, options) }))
}

function listed({ software, clock }: Given, row: Row): Observation {
  const { asset, host, missing } = row
  const packages = software.listed(row, false)
  const observedAt = saidAt(asset, host)
  const reason = unreadable(asset, host, missing) ?? (packages.length > 0 ? null : noSoftware(asset.name))
  if (reason !== null || observedAt === null)
    return {
      kind: 'unreachable',
      asset,
      reason: reason ?? noSoftware(asset.name),
      at: clock().toISOString(),
      identity: identityOf(host),
    }
  return { kind: 'seen', snapshot: snapshotOf(row, onlyPackages(packages), observedAt), warnings: row.warnings }
}

/** A version without its epoch says nothing about a change, so such packages are left out. */
function verifiedByList(given: Given, row: Row): Observation {
  const look = listed(given, row)
  if (look.kind === 'unreachable') return look
  return { ...look, snapshot: { ...look.snapshot, packages: given.software.listed(row, true) } }
}

function noSoftware(name: string): string {
  return `Fleet lists no software of ${name}: switch its software inventory on, or look there why the machine tells none`
}

function onlyPackages(packages: Told['packages']): Told {
  return { packages, runningKernel: null, rebootRequired: false, rebootPackages: [] }
}

function snapshotOf({ asset, host }: Row, told: Told, observedAt: string): AssetSnapshot {
  return {
    ...{ asset, identity: identityOf(host), ...told, observedAt },
    ...{ pending: [], staleServices: [], bootId: null, listsRefreshedAt: null },
  }
}

function asking(options: FleetInventoryOptions): NonNullable<InventorySource['ask']> {
  const { name, fleet, live, clock } = options
  let recent: { readonly at: number; readonly rows: readonly Row[] } | null = null

  /** Questions come for many hosts at once. */
  async function recentRows(signal: AbortSignal): Promise<readonly Row[]> {
    const now = clock().getTime()
    if (recent !== null && now - recent.at < LIST_IS_RECENT_MS) return recent.rows
    const rows = rowsOf(await listHosts(fleet, [], signal), options)
    recent = { at: now, rows }
    return rows
  }

  return async (asset, question, signal): Promise<AssetAnswer> => {
    if (!live) return { kind: 'nobody', why: `${name} may not ask machines (live: false)` }
    const row = (await recentRows(signal)).find((one) => one.asset.id === asset)
    if (row === undefined) return { kind: 'nobody', why: `${name} lists it no more` }
    const answer = await askHost(fleet, row.host.id, countingRows(question), signal)
    if (answer.kind === 'silent') return { kind: 'nobody', why: answer.why }
    return { kind: 'told', rows: Number(answer.rows[0]?.found ?? 0), at: clock().toISOString() }
  }
}
