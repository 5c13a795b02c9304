/**
 * What is known of a site between two questions, shared by its catalog, inventory and engine. It lasts as long as the process: a new
 * one reads all once.
 */

import { HOUR_SECONDS, toIso } from '../../core/time/instant.ts'
import type { Api } from './api.ts'
import { typeOf } from './classes.ts'
import type { AutomaticRule, Deployment, Machine, ServiceWindow, StateRow, Update } from './schema.ts'

/** What was read is good for so many hours, for questions whose answers are only shown. */
const FRESH_HOURS = 1 / 2
/** Everything is read again so often, in hours: a machine whose clock is behind tells changes with earlier times. */
const WHOLE_HOURS = 24
/** Changes are asked for from so many hours before the last one: words of machines may arrive late. */
const OVERLAP_HOURS = 6

export interface Updates {
  readonly byId: ReadonlyMap<number, Update>
  /** By number, digits only. */
  readonly byKb: ReadonlyMap<string, readonly Update[]>
  /** The offered update that supersedes this one; `null`: none does. */
  replacedBy(id: number): Update | null
  /** Those that this one supersedes. */
  replaces(id: number): readonly Update[]
}

export interface Machines {
  readonly byId: ReadonlyMap<number, Machine>
  /** By name in small letters, without records of machines that are gone. Those with a client come first. */
  readonly byName: ReadonlyMap<string, readonly Machine[]>
}

export interface Word {
  readonly status: StateRow['status']
  /** It is installed, and waits for a restart. */
  readonly waits: boolean
}

/** What machines said of updates. */
export interface Said {
  of(machine: number, update: number): Word | null
  all(machine: number): Iterable<readonly [update: number, word: Word]>
  /** When it was last scanned; `null`: never, as far as anybody knows. */
  scannedAt(machine: number): string | null
}

/** What administrators set up that installs updates. */
export interface Arranged {
  readonly deployments: readonly Deployment[]
  readonly rules: readonly AutomaticRule[]
}

export interface Known {
  /** `fresh`: asks in any case. */
  updates(signal: AbortSignal, fresh?: 'fresh'): Promise<Updates>
  machines(signal: AbortSignal, fresh?: 'fresh'): Promise<Machines>
  /** Reads what changed since. `machines`: only the scans of these are asked for; `null`: those of all. */
  said(machines: readonly number[] | null, signal: AbortSignal): Promise<Said>
  arranged(signal: AbortSignal, fresh?: 'fresh'): Promise<Arranged>
  updatesIn(group: number, signal: AbortSignal, fresh?: 'fresh'): Promise<ReadonlySet<number>>
  members(collection: string, signal: AbortSignal, fresh?: 'fresh'): Promise<ReadonlyMap<number, string>>
  /** The maintenance windows of a machine, over all of its collections. */
  windows(signal: AbortSignal, fresh?: 'fresh'): Promise<(machine: number) => readonly ServiceWindow[]>
}

/** Installed, and waiting for a restart (topic 402 of state messages). */
const PENDING_RESTART = 9

/** `alsoTaken`: classes that are taken beside the usual ones. `hourSeconds`: so many seconds stand for an hour. */
export function createKnown(
  api: Api,
  clock: () => Date,
  alsoTaken: readonly string[],
  hourSeconds = HOUR_SECONDS,
): Known {
  const hours = (count: number) => Math.round(count * hourSeconds * 1_000)
  const kept = new Map<string, { readonly at: number; readonly value: unknown }>()

  async function read<T>(
    name: string,
    fresh: 'fresh' | undefined,
    goodHours: number,
    ask: () => Promise<T>,
  ): Promise<T> {
    const now = clock().getTime()
    const there = kept.get(name)
    if (fresh === undefined && there !== undefined && now - there.at < hours(goodHours)) return there.value as T
    const value = await ask()
    for (const [other, { at }] of kept) if (now - at >= hours(WHOLE_HOURS)) kept.delete(other)
    kept.set(name, { at: now, value })
    return value
  }

  const pairs = createSupersedence(api, clock, hours(WHOLE_HOURS))
  const updates = (signal: AbortSignal, fresh?: 'fresh') =>
    read('updates', fresh, FRESH_HOURS, async () => {
      const all = await api.updates(null, signal)
      return updatesOf(all, await pairs(all, signal), alsoTaken)
    })
  const words = createWords(api, clock, hours, (signal) => updates(signal), alsoTaken)
  const members = (collection: string, signal: AbortSignal, fresh?: 'fresh') =>
    read(`members ${collection}`, fresh, FRESH_HOURS, () => api.members(collection, signal))

  return {
    updates,
    machines: (signal, fresh) =>
      read('machines', fresh, FRESH_HOURS, async () => machinesOf(await api.machines(null, signal))),
    said: words,
    arranged: (signal, fresh) =>
      read('arranged', fresh, FRESH_HOURS, async () => ({
        deployments: await api.deployments(signal),
        rules: await api.automaticRules(signal),
      })),
    updatesIn: (group, signal, fresh) =>
      read(`group ${group}`, fresh, FRESH_HOURS, async () => new Set((await api.updatesIn(group, signal)) ?? [])),
    members,
    windows: (signal, fresh) =>
      read('windows', fresh, FRESH_HOURS, async () => {
        const found = new Map<number, ServiceWindow[]>()
        for (const { id } of await api.collectionsWithWindows(signal)) {
          const own = await api.serviceWindows(id, signal)
          if (own.length === 0) continue
          for (const machine of (await members(id, signal, fresh)).keys())
            found.set(machine, [...(found.get(machine) ?? []), ...own])
        }
        return (machine: number) => found.get(machine) ?? []
      }),
  }
}

type Pair = { readonly newer: number; readonly older: number }

/** All of it is read once a day, and in between that of updates which are new. */
function createSupersedence(api: Api, clock: () => Date, goodMs: number) {
  let whole: { readonly at: number; readonly asked: Set<number>; readonly pairs: Pair[] } | null = null
  return async (all: readonly Update[], signal: AbortSignal): Promise<readonly Pair[]> => {
    const now = clock().getTime()
    if (whole === null || now - whole.at >= goodMs) {
      const pairs = [...(await api.supersedence(null, signal))]
      whole = { at: now, asked: new Set(all.map(({ id }) => id)), pairs }
      return pairs
    }
    const asked = whole.asked
    const fresh = all.map(({ id }) => id).filter((id) => !asked.has(id))
    const found = fresh.length === 0 ? [] : await api.supersedence(fresh, signal)
    for (const one of fresh) asked.add(one)
    for (const one of found) whole.pairs.push(one)
    return whole.pairs
  }
}

export function updatesOf(all: readonly Update[], pairs: readonly Pair[], alsoTaken: readonly string[]): Updates {
  const byId = new Map(all.map((one) => [one.id, one]))
  const byKb = new Map<string, Update[]>()
  for (const update of all) if (update.kb !== null) byKb.set(update.kb, [...(byKb.get(update.kb) ?? []), update])
  const newer = new Map<number, Update>()
  const older = new Map<number, Update[]>()
  for (const pair of pairs) {
    const [one, other] = [byId.get(pair.newer), byId.get(pair.older)]
    if (one === undefined || other === undefined) continue
    older.set(one.id, [...(older.get(one.id) ?? []), other])
    // One that nobody may install replaces nothing.
    if (!one.expired && typeOf(one, alsoTaken) !== null && !newer.has(other.id)) newer.set(other.id, one)
  }
  return { byId, byKb, replacedBy: (id) => newer.get(id) ?? null, replaces: (id) => older.get(id) ?? [] }
}

function machinesOf(read: readonly Machine[]): Machines {
  const byName = new Map<string, Machine[]>()
  for (const machine of read) {
    if (machine.isObsolete) continue
    const name = machine.name.toLowerCase()
    byName.set(name, [...(byName.get(name) ?? []), machine])
  }
  // Of two records the newer one has the higher number.
  for (const rows of byName.values()) rows.sort((a, b) => Number(b.hasClient) - Number(a.hasClient) || b.id - a.id)
  return { byId: new Map(read.map((one) => [one.id, one])), byName }
}

const STATUSES = ['unknown', 'not required', 'missing', 'installed'] as const
const WAITS = 10

/** A number for each word: there may be a million of them. */
function packed({ status, enforcement }: StateRow): number {
  const waits = enforcement === PENDING_RESTART && status !== 'installed'
  return STATUSES.indexOf(status) + (waits ? WAITS : 0)
}

function wordOf(code: number | undefined): Word | null {
  if (code === undefined) return null
  return { status: STATUSES[code % WAITS] ?? 'unknown', waits: code >= WAITS }
}

function createWords(
  api: Api,
  clock: () => Date,
  hours: (count: number) => number,
  updates: (signal: AbortSignal) => Promise<Updates>,
  alsoTaken: readonly string[],
): Known['said'] {
  let rows = new Map<number, Map<number, number>>()
  let scans = new Map<number, string>()
  let wholeAt: number | null = null
  let last = 0

  function take(read: readonly StateRow[], now: number): void {
    for (const row of read) {
      const own = rows.get(row.machine) ?? new Map<number, number>()
      rows.set(row.machine, own.set(row.update, packed(row)))
      if (row.checkedAt !== null && row.checkedAt > (scans.get(row.machine) ?? ''))
        scans.set(row.machine, row.checkedAt)
      for (const at of [row.changedAt, row.enforcedAt]) {
        const changed = Date.parse(at ?? '')
        // A clock that is ahead must not hide what the others say meanwhile.
        if (changed > last) last = Math.min(changed, now)
      }
    }
  }

  const said: Said = {
    of: (machine, update) => wordOf(rows.get(machine)?.get(update)),
    *all(machine) {
      for (const [update, code] of rows.get(machine) ?? []) {
        const word = wordOf(code)
        if (word !== null) yield [update, word]
      }
    },
    scannedAt: (machine) => scans.get(machine) ?? null,
  }

  return async (machines, signal) => {
    const now = clock().getTime()
    const all = await updates(signal)
    const taken = [...all.byId.values()].filter((one) => one.kb !== null && typeOf(one, alsoTaken) !== null)
    if (wholeAt === null || now - wholeAt >= hours(WHOLE_HOURS)) {
      const read = await api.states(
        taken.map(({ id }) => id),
        signal,
      )
      rows = new Map()
      scans = new Map()
      ;[wholeAt, last] = [now, 0]
      take(read, now)
    } else take(await api.statesSince(toIso(last - hours(OVERLAP_HOURS)), null, signal), now)
    const reference = widest(taken)
    if (reference === null) return said
    for (const { machine, checkedAt } of await api.scans(reference.id, machines, signal))
      if (checkedAt !== null && checkedAt > (scans.get(machine) ?? '')) scans.set(machine, checkedAt)
    return said
  }
}

/** Each scan gives the time to all rows of a machine, so the rows of one update that most of them know tell all scans. */
function widest(taken: readonly Update[]): Update | null {
  let found: Update | null = null
  for (const one of taken) {
    if (one.superseded) continue
    if (found === null || one.missing + one.present > found.missing + found.present) found = one
  }
  return found
}
