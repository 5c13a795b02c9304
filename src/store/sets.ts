/**
 * How software and pending updates are stored: each package version, each update and each set of them once. A set is
 * found by a hash over its members, so that a look at an asset with known software reads none of them.
 */

import { sql } from 'drizzle-orm'
import { softwareOf as assessedOf } from '../core/assessment/missing.ts'
import type { AssetSnapshot, InstalledPackage, PendingUpdate } from '../core/asset.ts'
import { byBytes } from '../core/by-bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { sha256 } from '../core/sha256.ts'
import { storable, storableJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Tx } from './connection.ts'
import { inSlices } from './in-slices.ts'
import { packIds, packInOrder } from './packed-ids.ts'
import { inTransaction } from './transaction.ts'

/** Rows in one statement. */
const SETS_AT_ONCE = 500

/** Ids that are known already, so that a fleet's inventory does not ask for each set and package of each asset again. */
export interface Interned {
  readonly software: KnownIds
  readonly pending: KnownIds
}

interface KnownIds {
  /** Ids of sets, by hash. */
  readonly sets: Map<string, number>
  /** Ids of members, by text. */
  readonly members: Map<string, number>
}

export function newInterned(): Interned {
  return {
    software: { sets: new Map(), members: new Map() },
    pending: { sets: new Map(), members: new Map() },
  }
}

/** A set that has no id yet. */
interface NewSet {
  readonly hash: string
  /** JSON of its members, each once, in their order. */
  readonly members: readonly string[]
  readonly security: number
}

/** Ids of the sets that a look found. */
export interface SetIds {
  readonly software: number
  /** `null`: the look has nothing from a package manager. */
  readonly pending: number | null
}

/**
 * The sets of each look. Sets that are not known yet are stored. A set that no asset gets may be purged at any time.
 * Each write is committed at once, so that nobody waits while this computes.
 */
export async function internSets(
  db: Db,
  snapshots: readonly AssetSnapshot[],
  interned: Interned,
): Promise<ReadonlyMap<AssetSnapshot, SetIds>> {
  const hashed = await inSlices(hashes(snapshots, interned))
  await intern(db, hashed.software, interned.software, softwareKind)
  await intern(db, hashed.pending, interned.pending, pendingKind)
  const ids = new Map<AssetSnapshot, SetIds>()
  for (const [snapshot, { software, pending }] of hashed.looks)
    ids.set(snapshot, {
      software: idOf(interned.software, software),
      pending: pending === null ? null : idOf(interned.pending, pending),
    })
  return ids
}

function idOf({ sets }: KnownIds, hash: string): number {
  const id = sets.get(hash)
  if (id === undefined) throw new Error('PostgreSQL did not return a set that it stored.')
  return id
}

/** Hashes of the sets of each look, and the sets that are not known yet. */
function* hashes(snapshots: readonly AssetSnapshot[], interned: Interned) {
  const software = new Map<string, NewSet>()
  const pending = new Map<string, NewSet>()
  const looks = new Map<AssetSnapshot, { readonly software: string; readonly pending: string | null }>()
  for (const snapshot of snapshots) {
    const installed = softwareOf(snapshot.asset.platform, snapshot.packages)
    const { pending: offered } = assessedOf(snapshot)
    const listed = offered === null ? null : pendingOf(offered)
    if (!interned.software.sets.has(installed.hash)) software.set(installed.hash, installed)
    if (listed !== null && !interned.pending.sets.has(listed.hash)) pending.set(listed.hash, listed)
    looks.set(snapshot, { software: installed.hash, pending: listed?.hash ?? null })
    yield
  }
  return { software, pending, looks }
}

/** The software set of an asset. The platform is part of the hash, so that empty sets of two platforms differ. */
function softwareOf(platform: string, packages: readonly InstalledPackage[]): NewSet {
  const texts = packages.map(({ name, version, architecture, source, sourceVersion, origin, module }) =>
    storableJson(
      JSON.stringify([platform, name, version, architecture, source, sourceVersion, origin ?? '', module ?? '']),
    ),
  )
  const members = unique(texts.sort())
  return { hash: sha256(`${storable(platform)}\n${members.join('\n')}`), members, security: 0 }
}

/** The set of pending updates, in the order of name, architecture and version, byte by byte. */
function pendingOf(updates: readonly PendingUpdate[]): NewSet {
  const items = updates.map((update) => {
    const plain = canonicalJson(update)
    return plain.includes('\\u')
      ? { update: storable(update), text: canonicalJson(storable(update)) }
      : { update, text: plain }
  })
  items.sort(
    (a, b) =>
      byBytes(a.update.name, b.update.name) ||
      byBytes(a.update.architecture, b.update.architecture) ||
      byBytes(a.update.candidate, b.update.candidate) ||
      byBytes(a.text, b.text),
  )
  const members = unique(items.map(({ text }) => text))
  const security = new Set(items.flatMap(({ update, text }) => (update.security ? [text] : []))).size
  return { hash: sha256(members.join('\n')), members, security }
}

function unique(sorted: readonly string[]): readonly string[] {
  return sorted.filter((text, at) => text !== sorted[at - 1])
}

/** How one kind of sets is stored in its tables. */
interface Kind {
  readonly table: 'software_sets' | 'pending_sets'
  /**
   * Stores members that are not there yet, and returns all. A member that another process is storing at this moment may
   * be missing in the answer.
   */
  readonly store: (tx: Tx, texts: readonly string[]) => Promise<readonly Member[]>
  readonly pack: (set: NewSet, ids: readonly number[]) => PackedSet
  readonly storeSets: (tx: Tx, sets: readonly PackedSet[]) => Promise<readonly StoredSet[]>
}

interface Member extends Record<string, unknown> {
  readonly id: number
  readonly text: string
}

interface StoredSet extends Record<string, unknown> {
  readonly id: number
  readonly hash: string
}

interface PackedSet {
  readonly hash: string
  /** Hexadecimal. */
  readonly packed: string
  readonly size: number
  readonly security: number
  /** The hash over ids that an earlier version gave the set; `null`: it gave none. */
  readonly earlier: string | null
}

async function intern(db: Db, wanted: ReadonlyMap<string, NewSet>, known: KnownIds, kind: Kind): Promise<void> {
  for (const hashes of slices([...wanted.keys()], SETS_AT_ONCE))
    remember(known.sets, await inTransaction(db, findSets, { table: kind.table, hashes }))
  const unknown = [...wanted.values()].filter(({ hash }) => !known.sets.has(hash)).sort(inOrderOfHashes)
  for (const sets of slices(unknown, SETS_AT_ONCE)) {
    const texts = await inSlices(unknownMembers(sets, known.members))
    for (const some of slices(texts, SETS_AT_ONCE)) await storeMembers(db, some, known, kind)
    const packed = await inSlices(packedSets(sets, known.members, kind))
    remember(known.sets, await inTransaction(db, storeSets, { kind, packed }))
  }
}

async function findSets(
  tx: Tx,
  { table, hashes }: { readonly table: string; readonly hashes: readonly string[] },
): Promise<readonly StoredSet[]> {
  return tx.execute<StoredSet>(
    sql`select id, hash from ${sql.raw(table)} where hash = any(${listOf(hashes)}::text::text[])`,
  )
}

async function storeSets(tx: Tx, { kind, packed }: { readonly kind: Kind; readonly packed: readonly PackedSet[] }) {
  return kind.storeSets(tx, packed)
}

async function storeTexts(tx: Tx, { kind, texts }: { readonly kind: Kind; readonly texts: readonly string[] }) {
  return kind.store(tx, texts)
}

function inOrderOfHashes(a: NewSet, b: NewSet): number {
  return a.hash < b.hash ? -1 : 1
}

function remember(sets: Map<string, number>, rows: readonly StoredSet[]): void {
  for (const { id, hash } of rows) sets.set(hash, id)
}

function* unknownMembers(sets: readonly NewSet[], members: ReadonlyMap<string, number>) {
  const unknown = new Set<string>()
  for (const set of sets) {
    for (const text of set.members) if (!members.has(text)) unknown.add(text)
    yield
  }
  return [...unknown]
}

async function storeMembers(db: Db, texts: readonly string[], { members }: KnownIds, kind: Kind): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const missing = texts.filter((text) => !members.has(text))
    if (missing.length === 0) return
    if (attempt > 5) throw new Error('PostgreSQL did not return what it stored of the inventory.')
    for (const { id, text } of await inTransaction(db, storeTexts, { kind, texts: missing })) members.set(text, id)
  }
}

function* packedSets(sets: readonly NewSet[], members: ReadonlyMap<string, number>, { pack }: Kind) {
  const packed: PackedSet[] = []
  for (const set of sets) {
    packed.push(
      pack(
        set,
        set.members.map((text) => members.get(text) ?? 0),
      ),
    )
    yield
  }
  return packed
}

const columns = sql.raw('platform, name, version, architecture, source, source_version, origin, module')

// Each statement writes rows in sorted order, so that two that write the same rows never wait for each other.
const softwareKind: Kind = {
  table: 'software_sets',
  store: (tx, texts) =>
    tx.execute<Member>(sql`
      with given as (
        select line, e->>0 as platform, e->>1 as name, e->>2 as version, e->>3 as architecture, e->>4 as source,
          e->>5 as source_version, e->>6 as origin, e->>7 as module
        from unnest(${listOf(texts)}::text::text[]) as line cross join lateral (select line::jsonb as e) as parsed
      ), added as (
        insert into package_versions (${columns})
        select ${columns} from given order by line
        on conflict (${columns}) do nothing
        returning id, ${columns}
      )
      select id, line as text from added join given using (${columns})
      union all
      select id, line as text from package_versions join given using (${columns})`),
  pack: ({ hash, security }, ids) => {
    const sorted = [...ids].sort((a, b) => a - b)
    return { hash, packed: hex(packIds(sorted)), size: ids.length, security, earlier: sha256(sorted.join(',')) }
  },
  storeSets: async (tx, sets) => {
    const found = await tx.execute<StoredSet>(sql`
      with found as (
        select s.id, given.hash from software_sets s
          join unnest(${listOf(sets.map(({ hash }) => hash))}::text::text[],
            ${listOf(sets.map(({ earlier }) => earlier))}::text::text[]) as given (hash, earlier) on s.hash = given.earlier
        order by s.id for update of s
      )
      update software_sets as s set hash = found.hash from found where s.id = found.id returning s.id, s.hash`)
    const known = new Set(found.map(({ hash }) => hash))
    const added = sets.filter(({ hash }) => !known.has(hash))
    const rows = await tx.execute<StoredSet>(sql`
      insert into software_sets (hash, packages, size)
      select hash, decode(packed, 'hex'), size from unnest(${listOf(added.map(({ hash }) => hash))}::text::text[],
        ${listOf(added.map(({ packed }) => packed))}::text::text[],
        ${listOf(added.map(({ size }) => size))}::text::integer[]) as given (hash, packed, size)
      order by hash
      on conflict (hash) do update set hash = excluded.hash
      returning id, hash`)
    return [...found, ...rows]
  },
}

const pendingKind: Kind = {
  table: 'pending_sets',
  store: (tx, texts) =>
    tx.execute<Member>(sql`
      with given as (
        select hash, line from unnest(${listOf(texts.map(sha256))}::text::text[], ${listOf(texts)}::text::text[])
          as given (hash, line)
      ), added as (
        insert into pending_updates (hash, item) select hash, line::jsonb from given order by hash
        on conflict (hash) do nothing
        returning id, hash
      )
      select id, line as text from added join given using (hash)
      union all
      select id, line as text from pending_updates join given using (hash)`),
  pack: ({ hash, security }, ids) => ({
    hash,
    packed: hex(packInOrder(ids)),
    size: ids.length,
    security,
    earlier: null,
  }),
  storeSets: (tx, sets) =>
    tx.execute<StoredSet>(sql`
      insert into pending_sets (hash, updates, size, security)
      select hash, decode(packed, 'hex'), size, security from unnest(
        ${listOf(sets.map(({ hash }) => hash))}::text::text[], ${listOf(sets.map(({ packed }) => packed))}::text::text[],
        ${listOf(sets.map(({ size }) => size))}::text::integer[],
        ${listOf(sets.map(({ security }) => security))}::text::integer[]) as given (hash, packed, size, security)
      order by hash
      on conflict (hash) do update set hash = excluded.hash
      returning id, hash`),
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
