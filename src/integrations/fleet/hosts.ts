/** Reads the lists of hosts page by page, and says whether a list is whole. */

import type { Fleet } from './client.ts'
import type { FleetHost } from './schema.ts'

/** A host without its software. */
export type ListedHost = Omit<FleetHost, 'software'>

export interface HostList {
  /** In the order of their ids. */
  readonly hosts: readonly ListedHost[]
  /** Why it may lack hosts, as a sentence; `null`: it is whole. */
  readonly partial: string | null
}

/** Hosts in one page of the list without software. */
export const LIST_PAGE = 500
/** Missing hosts that are asked for. */
const ASKED_BY_THEMSELVES = 20

/** Hosts in one page with software: a host has about 1,000 rows of 200 bytes. */
export const SOFTWARE_PAGE = 50

/**
 * All hosts. A host that is deleted meanwhile moves the ones behind it to an earlier page, so one of them may be missed:
 * the number of hosts before and after tells, and hosts of the list before that are missing now are asked for by
 * themselves. Servers may give fewer rows than asked for, so a short page is not the end.
 */
export async function listHosts(fleet: Fleet, before: Iterable<number>, signal: AbortSignal): Promise<HostList> {
  const list = await listPages(fleet, signal)
  const listed = new Set(list.hosts.map(({ id }) => id))
  const missing = [...before].filter((id) => !listed.has(id)).slice(0, ASKED_BY_THEMSELVES)
  for (const id of missing) {
    if ((await fleet.host(id, signal)) === null) continue
    return { ...list, partial: `The list of ${fleet.name} lacks hosts that it has: nothing counts as gone.` }
  }
  return list
}

async function listPages(fleet: Fleet, signal: AbortSignal): Promise<HostList> {
  const found = new Map<number, ListedHost>()
  let unread = 0
  const count = await fleet.count(signal)
  for (let page = 0; ; page++) {
    const read = await fleet.page({ page, rows: LIST_PAGE, software: false }, signal)
    if (read.hosts.length + read.unread === 0) break
    unread += read.unread
    const size = found.size
    for (const host of read.hosts) found.set(host.id, withoutSoftware(host))
    if (found.size === size && read.hosts.length > 0)
      throw new Error(`${fleet.name} gives the same hosts on every page, so its list cannot be read.`)
    if (found.size + unread >= count && read.hosts.length + read.unread < LIST_PAGE) break
  }
  const after = await fleet.count(signal)
  const hosts = [...found.values()].sort((a, b) => a.id - b.id)
  if (unread > 0) return { hosts, partial: `${unread} hosts in the list of ${fleet.name} cannot be read.` }
  if (count !== after)
    return { hosts, partial: `The list of ${fleet.name} changed while it was read: nothing counts as gone.` }
  if (hosts.length === count) return { hosts, partial: null }
  return { hosts, partial: `${fleet.name} has ${count} hosts and listed ${hosts.length}: nothing counts as gone.` }
}

function withoutSoftware({ software: _, ...rest }: FleetHost): ListedHost {
  return rest
}

/** A page with fewer wanted hosts than this carries mostly what is known: a host has 100 kB and more. */
const WORTH_A_PAGE = 10

/**
 * The software of these hosts, a page or a host at a time: calls are spared, and bytes where few hosts of a page have told something
 * new. `all`: every host, in the order of their ids. A host that has gone meanwhile is left out.
 */
export async function* softwareOf(
  fleet: Fleet,
  all: readonly ListedHost[],
  wanted: ReadonlySet<number>,
  signal: AbortSignal,
): AsyncGenerator<FleetHost> {
  const left = new Set(wanted)
  const wantedOn = new Map<number, number>()
  for (const [at, { id }] of all.entries()) {
    const page = Math.floor(at / SOFTWARE_PAGE)
    if (wanted.has(id)) wantedOn.set(page, (wantedOn.get(page) ?? 0) + 1)
  }
  for (const [page, hosts] of wantedOn) {
    const last = Math.min(SOFTWARE_PAGE, all.length - page * SOFTWARE_PAGE)
    if (hosts < Math.min(WORTH_A_PAGE, last)) continue
    const read = await fleet.page({ page, rows: SOFTWARE_PAGE, software: true }, signal)
    for (const host of read.hosts) if (host.software !== undefined && left.delete(host.id)) yield host
  }
  for (const id of left) {
    const host = await fleet.host(id, signal)
    if (host !== null) yield host
  }
}
