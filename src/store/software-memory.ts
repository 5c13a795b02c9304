/** Reads sets of software and of pending updates. Equal ones are one object in memory. */

import { sql } from 'drizzle-orm'
import type { InstalledPackage, PendingUpdate } from '../core/asset.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { inSlices } from './in-slices.ts'
import { unpackIds } from './packed-ids.ts'
import { packageVersions, pendingSets, pendingUpdates, softwareSets } from './schema.ts'

/** Sets, and members of sets, that are read by one statement. */
const AT_ONCE = 1_000

/** Most sets of each kind in memory. The sets of 100,000 assets that are all different would fill it. */
const SETS_KEPT = 10_000

/**
 * What was read before, by id. Members never change and are kept for good. Of the sets, those that were used last are
 * kept.
 */
export interface SoftwareMemory {
  readonly software: Remembered<InstalledPackage>
  readonly pending: Remembered<PendingUpdate>
}

interface Remembered<Item> {
  readonly items: Map<number, Item>
  /** The set that was not used for the longest time comes first. */
  readonly sets: Map<number, readonly Item[]>
  readonly most: number
}

/** `most`: sets of each kind that it keeps. */
export function createSoftwareMemory(most = SETS_KEPT): SoftwareMemory {
  return {
    software: { items: new Map(), sets: new Map(), most },
    pending: { items: new Map(), sets: new Map(), most },
  }
}

export interface Sets {
  readonly software: ReadonlyMap<number, readonly InstalledPackage[]>
  readonly pending: ReadonlyMap<number, readonly PendingUpdate[]>
}

/**
 * Sets by id. As long as the memory has a set, every call with this memory gets the same list for its id. Equal members
 * are the same object in all lists. A set that was purged since its id was read is left out.
 */
export async function readSets(
  db: Queryable,
  software: readonly number[],
  pending: readonly number[],
  memory: SoftwareMemory = createSoftwareMemory(),
): Promise<Sets> {
  return {
    software: await read(db, software, memory.software, softwareKind),
    pending: await read(db, pending, memory.pending, pendingKind),
  }
}

/** How sets of one kind and their members are read. */
interface Kind<Item> {
  readonly sets: (
    db: Queryable,
    ids: string,
  ) => Promise<readonly { readonly id: number; readonly packed: Uint8Array }[]>
  readonly items: (db: Queryable, ids: string) => Promise<readonly { readonly id: number; readonly item: Item }[]>
}

const softwareKind: Kind<InstalledPackage> = {
  sets: (db, ids) =>
    db
      .select({ id: softwareSets.id, packed: softwareSets.packages })
      .from(softwareSets)
      .where(sql`${softwareSets.id} = any(${ids}::text::integer[])`),
  items: async (db, ids) => {
    const rows = await db
      .select()
      .from(packageVersions)
      .where(sql`${packageVersions.id} = any(${ids}::text::integer[])`)
    return rows.map((row) => ({ id: row.id, item: installedPackage(row) }))
  },
}

const pendingKind: Kind<PendingUpdate> = {
  sets: (db, ids) =>
    db
      .select({ id: pendingSets.id, packed: pendingSets.updates })
      .from(pendingSets)
      .where(sql`${pendingSets.id} = any(${ids}::text::integer[])`),
  items: (db, ids) =>
    db
      .select({ id: pendingUpdates.id, item: pendingUpdates.item })
      .from(pendingUpdates)
      .where(sql`${pendingUpdates.id} = any(${ids}::text::integer[])`),
}

/** The package of a row, without the columns that only the database needs. */
export function installedPackage({
  name,
  version,
  architecture,
  source,
  sourceVersion,
  origin,
  module,
}: typeof packageVersions.$inferSelect): InstalledPackage {
  return {
    name,
    version,
    architecture,
    source,
    sourceVersion,
    ...(origin === '' ? {} : { origin }),
    ...(module === '' ? {} : { module }),
  }
}

async function read<Item>(
  db: Queryable,
  ids: readonly number[],
  memory: Remembered<Item>,
  kind: Kind<Item>,
): Promise<ReadonlyMap<number, readonly Item[]>> {
  const found = new Map<number, readonly Item[]>()
  const missing: number[] = []
  for (const id of new Set(ids)) {
    const known = memory.sets.get(id)
    if (known === undefined) missing.push(id)
    else keep(id, known, memory, found)
  }
  for (const ids of slices(missing, AT_ONCE)) {
    const packed = await kind.sets(db, listOf(ids))
    const unknown = await inSlices(unknownItems(packed, memory.items))
    // Another call may have read the same member meanwhile.
    for (const some of slices(unknown, AT_ONCE))
      for (const { id, item } of await kind.items(db, listOf(some)))
        if (!memory.items.has(id)) memory.items.set(id, item)
    await inSlices(unpacked(packed, memory, found))
  }
  return found
}

type Packed = readonly { readonly id: number; readonly packed: Uint8Array }[]

function* unknownItems(sets: Packed, items: ReadonlyMap<number, unknown>): Generator<void, readonly number[]> {
  const unknown = new Set<number>()
  for (const { packed } of sets) {
    unpackIds(packed, (id) => {
      if (!items.has(id)) unknown.add(id)
    })
    yield
  }
  return [...unknown]
}

function* unpacked<Item>(
  sets: Packed,
  memory: Remembered<Item>,
  found: Map<number, readonly Item[]>,
): Generator<void, void> {
  for (const { id, packed } of sets) {
    let set = memory.sets.get(id)
    if (set === undefined) {
      const members: Item[] = []
      unpackIds(packed, (member) => {
        const item = memory.items.get(member)
        if (item !== undefined) members.push(item)
      })
      set = members
    }
    keep(id, set, memory, found)
    yield
  }
}

function keep<Item>(
  id: number,
  set: readonly Item[],
  { sets, most }: Remembered<Item>,
  found: Map<number, readonly Item[]>,
): void {
  found.set(id, set)
  sets.delete(id)
  sets.set(id, set)
  if (sets.size <= most) return
  for (const oldest of sets.keys()) {
    sets.delete(oldest)
    break
  }
}
