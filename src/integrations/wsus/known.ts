/**
 * What is known of a server between two questions, shared by its catalog, inventory and engine. It lasts as long as the
 * process: a new one reads all once.
 */

import { HOUR_SECONDS, toIso } from '../../core/time/instant.ts'
import type { Wsus } from './ask.ts'
import type { WsusMachine, WsusUpdate } from './calls.ts'
import { typeOf } from './classes.ts'

/** What was read is good for so many hours, for questions whose answers are only shown. */
const FRESH_HOURS = 1 / 6
/** Everything is read again so often, in hours: what was declined, revised or deleted shows in no span. */
const WHOLE_HOURS = 24
/** Spans overlap by so many hours, in case the server wrote something down late. */
const OVERLAP_HOURS = 1 / 6

export interface Updates {
  readonly byId: ReadonlyMap<string, WsusUpdate>
  /** By number, digits only. */
  readonly byKb: ReadonlyMap<string, readonly WsusUpdate[]>
  /** The offered update that supersedes this one; `null`: none does. One that nobody may install replaces nothing. */
  replacedBy(id: string): WsusUpdate | null
}

export interface Machines {
  readonly byId: ReadonlyMap<string, WsusMachine>
  /** By name in small letters, the one that reported last first. */
  readonly byName: ReadonlyMap<string, readonly WsusMachine[]>
  /** The names of a row that went back to an earlier one: machines that were copied share an id, and take turns. */
  readonly sharedNames: ReadonlyMap<string, readonly string[]>
}

export interface Known {
  updates(signal: AbortSignal): Promise<Updates>
  /** `fresh`: asks in any case. */
  machines(signal: AbortSignal, fresh?: 'fresh'): Promise<Machines>
}

interface Kept<T> {
  readonly at: number
  readonly wholeAt: number
  readonly value: T
}

/**
 * `alsoTaken`: classifications that are taken beside the usual ones. `hourSeconds`: so many seconds stand for an hour.
 */
export function createKnown(
  wsus: Wsus,
  clock: () => Date,
  alsoTaken: readonly string[],
  hourSeconds = HOUR_SECONDS,
): Known {
  const hours = (count: number) => Math.round(count * hourSeconds * 1_000)
  const overlapping = (at: string | null) => (at === null ? null : toIso(Date.parse(at) - hours(OVERLAP_HOURS)))
  let updates: Kept<Updates> | null = null
  let machines: Kept<Machines> | null = null
  const names = new Map<string, string[]>()

  return {
    async updates(signal) {
      const now = clock().getTime()
      if (updates !== null && now - updates.at < hours(FRESH_HOURS)) return updates.value
      const before = updates !== null && now - updates.wholeAt < hours(WHOLE_HOURS) ? updates : null
      const since = before === null ? null : overlapping(latestOf(before.value.byId.values(), 'arrivedAt'))
      const read = await wsus.updatesSince(since, signal)
      const value = read.length === 0 && before !== null ? before.value : updatesOf(before?.value.byId, read, alsoTaken)
      updates = { at: now, wholeAt: before?.wholeAt ?? now, value }
      return value
    },

    async machines(signal, fresh) {
      const now = clock().getTime()
      if (fresh === undefined && machines !== null && now - machines.at < hours(FRESH_HOURS)) return machines.value
      let before = machines !== null && now - machines.wholeAt < hours(WHOLE_HOURS) ? machines : null
      const since = before === null ? null : overlapping(latestOf(before.value.byId.values(), 'reportedAt'))
      let read = await wsus.machinesSince(since, signal)
      // One that was deleted, or that is new and has not reported, shows in no span: the number tells.
      if (before !== null && since !== null) {
        const all = new Set([...before.value.byId.keys(), ...read.map(({ id }) => id)])
        if (all.size !== (await wsus.ask('probe', { brief: true }, signal)).machines) {
          before = null
          read = await wsus.machinesSince(null, signal)
        }
      }
      for (const { id, name } of read) {
        const seen = names.get(id) ?? []
        if (seen.at(-1) !== name.toLowerCase()) names.set(id, [...seen, name.toLowerCase()].slice(-10))
      }
      machines = { at: now, wholeAt: before?.wholeAt ?? now, value: machinesOf(before?.value.byId, read, names) }
      return machines.value
    },
  }
}

function latestOf<Key extends string>(rows: Iterable<Readonly<Record<Key, string | null>>>, key: Key): string | null {
  let last: string | null = null
  for (const { [key]: at } of rows) if (at !== null && (last === null || at > last)) last = at
  return last
}

function updatesOf(
  before: ReadonlyMap<string, WsusUpdate> | undefined,
  read: readonly WsusUpdate[],
  alsoTaken: readonly string[],
): Updates {
  const byId = new Map(before)
  for (const update of read) byId.set(update.id, update)
  const byKb = new Map<string, WsusUpdate[]>()
  const newer = new Map<string, WsusUpdate>()
  for (const update of byId.values()) {
    for (const kb of update.kbs) byKb.set(kb, [...(byKb.get(kb) ?? []), update])
    if (update.declined || update.expired || typeOf(update, alsoTaken) === null) continue
    for (const old of update.supersedes) if (!newer.has(old)) newer.set(old, update)
  }
  return { byId, byKb, replacedBy: (id) => newer.get(id) ?? null }
}

function machinesOf(
  before: ReadonlyMap<string, WsusMachine> | undefined,
  read: readonly WsusMachine[],
  names: ReadonlyMap<string, readonly string[]>,
): Machines {
  const byId = new Map(before)
  for (const machine of read) byId.set(machine.id, machine)
  const byName = new Map<string, WsusMachine[]>()
  for (const machine of byId.values()) {
    const name = machine.name.toLowerCase()
    byName.set(name, [...(byName.get(name) ?? []), machine])
  }
  for (const rows of byName.values()) rows.sort((a, b) => ((a.reportedAt ?? '') < (b.reportedAt ?? '') ? 1 : -1))
  const sharedNames = new Map<string, readonly string[]>()
  for (const [id, seen] of names) {
    const different = [...new Set(seen)].sort()
    if (different.length < seen.length && byId.has(id)) sharedNames.set(id, different)
  }
  return { byId, byName, sharedNames }
}
