/**
 * Assets of several sources that are the same machine become one asset, and what each source said of it is kept. The
 * decision is core/identity.ts's; here is what it is asked about, and what follows. Only assets that have an id in common
 * with the ones that a look brings something new about are read.
 */

import { eq, inArray, sql } from 'drizzle-orm'
import type { Asset } from '../core/asset.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { hasIds, type Identity, type IdKind, idKinds, knownIdentity, machinesOf } from '../core/identity.ts'
import {
  assetIds,
  type Claim,
  inOrder,
  lookingWord,
  type MachineRule,
  mergedAsset,
  type Word,
} from '../core/witnesses.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable, Tx } from './connection.ts'
import type { PreparedLook, Seen } from './prepared-looks.ts'
import { assetLooks, assets, atWork, witnesses } from './schema.ts'

/** What is to be stored of assets. */
export interface Together {
  /** Assets of one source, under the id that it has for them. */
  readonly single: readonly PreparedLook[]
  /** Assets whose words were brought together. Each replaces what is stored, whatever its age. */
  readonly merged: readonly PreparedLook[]
  /** Ids that are no asset any more, because their machine goes on under another id. */
  readonly left: readonly string[]
}

/** Takes part in, or keeps others from, bringing assets together until the transaction ends. Call it before all else. */
export async function lockMachines(tx: Tx, alone: boolean): Promise<void> {
  const lock = sql.raw(alone ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared')
  await tx.execute(sql`select ${lock}(hashtextextended('patchwarden:machines', 0))`)
}

interface Given {
  readonly looks: readonly PreparedLook[]
  /** ISO 8601 UTC. */
  readonly now: string
  readonly rule: MachineRule
  readonly alone: boolean
}

/**
 * Keeps the words of the looks' sources and says which assets they make. `null`: nothing was written, because this needs
 * `alone`: a look brings something new about who is who, or is about a machine of several sources.
 */
export async function bringTogether(tx: Tx, { looks, now, rule, alone }: Given): Promise<Together | null> {
  const own = looks.filter(({ ownFacts }) => ownFacts)
  const known = await rowsOfIds(
    tx,
    looks.map(({ id }) => id),
  )
  const declared = declaredIn(rule)
  const news = own.filter((look) => isNews(look, known.get(look.id), declared))
  const held = looks.flatMap(({ id }) => {
    const row = known.get(id)
    return row === undefined || row.asset === null ? [] : [row.machine]
  })
  if (news.length === 0 && held.length === 0) return { single: own, merged: [], left: [] }
  if (!alone) return null
  await writeIdentities(tx, news, known, declared, now)
  // What matched by the ids of before may not match any more.
  const before = news.flatMap(({ id }) => known.get(id) ?? [])
  const start = { ids: news.map(({ id }) => id), machines: before.map(({ machine }) => machine), known: before }
  const { machines, left } = await regroup(tx, start, rule)
  const merged = await merge(tx, [...machines, ...held], { looks, now, rule })
  return { single: own.filter(({ id }) => !merged.members.has(id)), merged: merged.looks, left }
}

/**
 * Forgets that a source knows these assets. Returns the ids of assets that no source knows any more (`gone`) and what
 * becomes of the others.
 */
export async function forgetWitnesses(
  tx: Tx,
  ids: readonly string[],
  { now, rule }: Pick<Given, 'now' | 'rule'>,
): Promise<Together & { readonly gone: readonly string[] }> {
  const forgotten = [...(await rowsOfIds(tx, ids)).values()]
  const alone = new Set(ids)
  for (const { id, asset } of forgotten) if (asset !== null) alone.delete(id)
  for (const some of slices(forgotten))
    await tx.delete(witnesses).where(
      inArray(
        witnesses.id,
        some.map(({ id }) => id),
      ),
    )
  const were = forgotten.flatMap(({ asset, machine }) => (asset === null ? [] : [machine]))
  const start = { ids: [], machines: were, known: forgotten }
  const { rows, machines, left } = await regroup(tx, start, rule)
  const stay = new Set(rows.map(({ machine }) => machine))
  const merged = await merge(tx, machines, { looks: [], now, rule })
  const gone = [...alone, ...were].filter((id) => !stay.has(id) && !left.includes(id))
  return { single: [], merged: merged.looks, left, gone: [...new Set(gone)] }
}

/** The ids that sources have for these assets. An asset that is known by its own id alone keeps it. */
export async function idsAtSources(db: Queryable, machines: readonly string[]): Promise<readonly string[]> {
  const ids = new Set(machines)
  for (const some of slices(machines)) {
    const rows = await db
      .select({ id: witnesses.id })
      .from(witnesses)
      .where(sql`${witnesses.machine} in (select unnest(${listOf(some)}::text::text[]))`)
    for (const { id } of rows) ids.add(id)
  }
  return [...ids]
}

/** The ids by which other sources know these assets than the ones of their looks. */
export async function otherWitnesses(
  db: Queryable,
  machines: readonly string[],
): Promise<readonly { readonly id: string; readonly source: string; readonly machine: string }[]> {
  const found: { readonly id: string; readonly source: string; readonly machine: string }[] = []
  for (const some of slices(machines))
    found.push(
      ...(await db
        .select({ id: witnesses.id, source: witnesses.source, machine: witnesses.machine })
        .from(witnesses)
        .innerJoin(assets, eq(assets.id, witnesses.machine))
        .where(
          sql`${witnesses.machine} in (select unnest(${listOf(some)}::text::text[])) and ${witnesses.source} <> ${assets.source}`,
        )),
    )
  return found
}

/** By what assets are recognised, by the ids that their sources have for them. */
export async function knownIdentities(db: Queryable): Promise<ReadonlyMap<string, Identity>> {
  const rows = await db.select({ id: witnesses.id, identity: witnesses.identity }).from(witnesses)
  return new Map(rows.map(({ id, identity }) => [id, identity]))
}

// ---------------------------------------------------------------- who is who

type Row = typeof witnesses.$inferSelect

async function rowsOfIds(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Row>> {
  const rows: Row[] = []
  for (const some of slices(ids))
    rows.push(
      ...(await db
        .select()
        .from(witnesses)
        .where(sql`${witnesses.id} in (select unnest(${listOf(some)}::text::text[]))`)),
    )
  return new Map(rows.map((row) => [row.id, row]))
}

/** What the configuration says about an id, as text; empty: nothing. */
type Said = (id: string) => string

function declaredIn({ same, apart }: MachineRule): Said {
  const said = new Map<string, string[]>()
  for (const [what, lists] of Object.entries({ same, apart }))
    for (const list of lists)
      for (const id of list) said.set(id, [...(said.get(id) ?? []), `${what} ${[...list].sort().join(' ')}`])
  return (id) => (said.get(id) ?? []).join('\n')
}

/** Whether the look may change which assets are one machine. */
function isNews({ id, identity }: PreparedLook, row: Row | undefined, said: Said): boolean {
  if (row === undefined) return said(id) !== '' || hasIds(identity ?? {})
  if (!row.settled || row.declared !== said(id)) return true
  return identity !== null && canonicalJson(knownIdentity(row.identity, identity)) !== canonicalJson(row.identity)
}

async function writeIdentities(
  tx: Tx,
  looks: readonly PreparedLook[],
  known: ReadonlyMap<string, Row>,
  said: Said,
  now: string,
): Promise<void> {
  const identityOf = ({ id, identity }: PreparedLook): Identity =>
    knownIdentity(known.get(id)?.identity ?? {}, identity ?? {})
  for (const some of slices(looks))
    await tx.execute(sql`
      insert into ${witnesses} (id, source, name, machine, identity, declared, settled, since)
      select id, source, name, id, identity::jsonb, declared, true,
        case when exists (select from ${assets} a where a.id = given.id) then null else ${now}::text::timestamptz end
      from unnest(
        ${listOf(some.map(({ id }) => id))}::text::text[], ${listOf(some.map(({ source }) => source))}::text::text[],
        ${listOf(some.map(({ name }) => name))}::text::text[],
        ${listOf(some.map((look) => JSON.stringify(identityOf(look))))}::text::text[],
        ${listOf(some.map(({ id }) => said(id)))}::text::text[]) as given (id, source, name, identity, declared)
      on conflict (id) do update set source = excluded.source, name = excluded.name, identity = excluded.identity,
        declared = excluded.declared, settled = true`)
}

interface Start {
  readonly ids: readonly string[]
  readonly machines: readonly string[]
  /** Witnesses whose ids count, too. */
  readonly known: readonly Pick<Row, 'identity'>[]
}

interface Regrouped {
  /** Every witness that was asked about, with the asset that it belongs to now. */
  readonly rows: readonly Row[]
  /** Assets whose words must be brought together anew. */
  readonly machines: readonly string[]
  readonly left: readonly string[]
}

/** Decides anew which witnesses are one machine, for all that are connected with the start. */
async function regroup(tx: Tx, start: Start, rule: MachineRule): Promise<Regrouped> {
  const rows = await connected(tx, start, rule)
  if (rows.length === 0) return { rows, machines: [], left: [] }
  const byId = new Map(rows.map((row) => [row.id, row]))
  const ids = [...byId.keys(), ...rows.map(({ machine }) => machine)]
  const existing = new Set<string>()
  const working = new Set<string>()
  for (const some of slices([...new Set(ids)])) {
    for (const { id } of await tx
      .select({ id: assets.id })
      .from(assets)
      .where(inArray(assets.id, [...some])))
      existing.add(id)
    for (const { id } of await tx
      .select({ id: atWork.asset })
      .from(atWork)
      .where(inArray(atWork.asset, [...some])))
      working.add(id)
  }
  const before = ({ machine }: Row) => (existing.has(machine) ? machine : null)
  const settled = new Map<string, boolean>()
  const claims = machinesOf(rows, rule).machines.flatMap(({ members }): readonly Claim[] => {
    const own = members.flatMap((id) => byId.get(id) ?? []).map((row) => ({ id: row.id, before: before(row) }))
    const parts = apartWhileAtWork(own, working)
    for (const { id } of own) settled.set(id, parts.length === 1)
    return parts
  })
  const place = new Map(
    inOrder(
      rows.map(({ id, source }) => ({ asset: { id, source } })),
      rule,
      'look',
    ).map(({ asset: { id } }, index) => [id, index]),
  )
  const ages = new Map<string, string>()
  for (const { machine, since } of rows) {
    const age = ages.get(machine)
    if (age === undefined || age > (since ?? '')) ages.set(machine, since ?? '')
  }
  const given = assetIds(claims, {
    rank: (id) => place.get(id) ?? rows.length,
    atWork: working,
    since: (id) => ages.get(id) ?? '',
  })
  const homes = new Map(
    claims.flatMap(({ members }, index) => members.map(({ id }) => [id, given[index] ?? id] as const)),
  )
  const now = rows.map((row) => ({
    ...row,
    machine: homes.get(row.id) ?? row.id,
    settled: settled.get(row.id) ?? true,
  }))
  await writeMachines(
    tx,
    now.filter(({ id, machine, settled: is }) => byId.get(id)?.machine !== machine || byId.get(id)?.settled !== is),
  )
  const stay = new Set(given)
  return {
    rows: now,
    machines: given,
    left: [...new Set(rows.flatMap((row) => before(row) ?? []))].filter((id) => !stay.has(id)),
  }
}

/** Two assets that are both at work stay two until one of them has ended. */
function apartWhileAtWork(members: Claim['members'], working: ReadonlySet<string>): readonly Claim[] {
  const busy = [...new Set(members.flatMap(({ before }) => (before !== null && working.has(before) ? [before] : [])))]
  const [first] = busy
  if (first === undefined || busy.length === 1) return [{ members }]
  return busy.map((asset) => ({
    members: members.filter(({ before }) => (before !== null && working.has(before) ? before : first) === asset),
  }))
}

/** All witnesses that have an id or an asset in common with the start, or with others of these. */
async function connected(tx: Tx, start: Start, { same }: MachineRule): Promise<readonly Row[]> {
  const found = new Map<string, Row>()
  const none = () => new Set<string>()
  const asked = { id: none(), machine: none(), cloud: none(), hardware: none(), fqdn: none() }
  let ids = new Set(start.ids)
  let machines = new Set([...start.machines, ...start.ids])
  let known: readonly Pick<Row, 'identity'>[] = start.known
  for (;;) {
    const next = { id: ids, machine: machines, ...idsIn(known) }
    const fresh: Row[] = []
    for (const column of ['id', 'machine', ...idKinds] as const) {
      const values = [...next[column]].filter((value) => !asked[column].has(value))
      for (const value of values) asked[column].add(value)
      for (const some of slices(values))
        for (const row of await tx
          .select()
          .from(witnesses)
          .where(sql`${witnesses[column]} in (select unnest(${listOf(some)}::text::text[]))`))
          if (!found.has(row.id)) {
            found.set(row.id, row)
            fresh.push(row)
          }
    }
    if (fresh.length === 0) return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    const together = same.filter((list) => list.some((id) => found.has(id))).flat()
    ids = new Set([...fresh.map(({ id }) => id), ...together])
    machines = new Set([...fresh.map(({ machine }) => machine), ...ids])
    known = fresh
  }
}

function idsIn(known: readonly Pick<Row, 'identity'>[]): Readonly<Record<IdKind, ReadonlySet<string>>> {
  const of = (kind: IdKind) => new Set(known.flatMap(({ identity }) => identity[kind] ?? []))
  return { cloud: of('cloud'), hardware: of('hardware'), fqdn: of('fqdn') }
}

async function writeMachines(tx: Tx, rows: readonly Row[]): Promise<void> {
  for (const some of slices(rows))
    await tx.execute(sql`
      update ${witnesses} as w set machine = given.machine, settled = given.settled from unnest(
        ${listOf(some.map(({ id }) => id))}::text::text[], ${listOf(some.map(({ machine }) => machine))}::text::text[],
        ${listOf(some.map(({ settled }) => String(settled)))}::text::boolean[]) as given (id, machine, settled)
      where w.id = given.id`)
}

// ---------------------------------------------------------------- what was said

/** The last word of a source, with everything that its look found. */
interface Held extends Word {
  readonly checkedAt: string
  readonly seen: Seen | null
}

/** Brings the words about these assets together. `members`: the witnesses whose looks are part of it. */
async function merge(
  tx: Tx,
  machines: readonly string[],
  { looks, now, rule }: Omit<Given, 'alone'>,
): Promise<{ readonly looks: readonly PreparedLook[]; readonly members: ReadonlySet<string> }> {
  const groups = new Map<string, Row[]>()
  for (const some of slices([...new Set(machines)]))
    for (const row of await tx
      .select()
      .from(witnesses)
      .where(sql`${witnesses.machine} in (select unnest(${listOf(some)}::text::text[]))`)
      .orderBy(witnesses.id))
      groups.set(row.machine, [...(groups.get(row.machine) ?? []), row])
  const chosen = [...groups].filter(([machine, rows]) => !isItself(machine, rows) || rows[0]?.asset !== null)
  const members = chosen.flatMap(([, rows]) => rows)
  const given = new Map(looks.map((look) => [look.id, look]))
  const stored = await wordsOfAssets(
    tx,
    members.flatMap(({ id, asset }) => (asset === null ? [id] : [])),
  )
  const words = new Map<string, Held>()
  for (const row of members) {
    const word = withLook(wordOf(row) ?? stored.get(row.id) ?? null, given.get(row.id), now)
    if (word !== null) words.set(row.id, word)
  }
  const merged: PreparedLook[] = []
  const kept = new Map<string, Held | null>()
  for (const [machine, rows] of chosen) {
    const own = rows.flatMap(({ id }) => words.get(id) ?? [])
    if (own.length === 0) continue
    for (const { id } of rows) kept.set(id, isItself(machine, rows) ? null : (words.get(id) ?? null))
    merged.push(lookOf(machine, own, isItself(machine, rows), rule))
  }
  await keepWords(tx, kept)
  return { looks: merged, members: new Set(members.map(({ id }) => id)) }
}

/** Whether one source alone knows the asset, under its own id. Then its word is the asset itself. */
function isItself(machine: string, rows: readonly Row[]): boolean {
  return rows.length === 1 && rows[0]?.id === machine
}

function lookOf(machine: string, words: readonly Held[], isSingle: boolean, rule: MachineRule): PreparedLook {
  const { checkedAt, problem, seen, asset: single } = lookingWord(words, rule)
  const asset = isSingle ? single : mergedAsset(machine, words, rule)
  const { source, team, name } = asset
  const row = { id: machine, source, team, name, asset: JSON.stringify(asset) }
  return { ...row, checkedAt, problem, seen, identity: null, ownFacts: true }
}

function wordOf(row: Row): Held | null {
  const { asset, softwareSet, pendingSet, look, observedAt, listsRefreshedAt, checkedAt, problem } = row
  if (asset === null || checkedAt === null) return null
  const seen =
    softwareSet === null || look === null || observedAt === null
      ? null
      : { software: softwareSet, pending: pendingSet, ...look, observedAt, listsRefreshedAt }
  return { asset, observedAt, checkedAt, problem, seen }
}

/** The words of witnesses that have been assets of their own. */
async function wordsOfAssets(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, Held>> {
  const words = new Map<string, Held>()
  for (const some of slices(ids)) {
    const rows = await tx
      .select({
        id: assets.id,
        asset: assets.asset,
        software: assets.softwareSet,
        pending: assets.pendingSet,
        runningKernel: assets.runningKernel,
        bootId: assets.bootId,
        rebootRequired: assets.rebootRequired,
        rebootPackages: sql<string>`${assets.rebootPackages}::text`,
        staleServices: sql<string>`${assets.staleServices}::text`,
        archives: sql<string | null>`${assets.archives}::text`,
        observedAt: assetLooks.observedAt,
        listsRefreshedAt: assetLooks.listsRefreshedAt,
        checkedAt: assetLooks.checkedAt,
        problem: assetLooks.problem,
      })
      .from(assets)
      .innerJoin(assetLooks, sql`${assetLooks.asset} = ${assets.id}`)
      .where(sql`${assets.id} in (select unnest(${listOf(some)}::text::text[]))`)
    for (const { id, asset, checkedAt, problem, software, observedAt, ...look } of rows) {
      // It has this id from a source that no longer knows it, and is the word of others.
      if (asset.own !== undefined) continue
      const seen = software === null || observedAt === null ? null : { ...look, software, observedAt }
      words.set(id, { asset, observedAt, checkedAt, problem, seen })
    }
  }
  return words
}

/** The word after a look. A look that is older changes nothing, unless the word claims to be later than `now`. */
function withLook(word: Held | null, look: PreparedLook | undefined, now: string): Held | null {
  if (look === undefined) return word
  const { seen, checkedAt, problem } = look
  if (word === null) {
    if (!look.ownFacts) return null
    return { asset: assetIn(look), observedAt: seen?.observedAt ?? null, checkedAt, problem, seen }
  }
  const later = (stored: string | null, given: string) =>
    stored !== null && Date.parse(stored) <= Date.parse(now) && Date.parse(stored) > Date.parse(given)
  if (seen === null ? later(word.checkedAt, checkedAt) : later(word.observedAt, seen.observedAt)) return word
  return {
    asset: look.ownFacts ? assetIn(look) : word.asset,
    observedAt: seen?.observedAt ?? word.observedAt,
    seen: seen ?? word.seen,
    ...(later(word.checkedAt, checkedAt)
      ? { checkedAt: word.checkedAt, problem: word.problem }
      : { checkedAt, problem }),
  }
}

function assetIn({ asset }: PreparedLook): Asset {
  return JSON.parse(asset) as Asset
}

/** Writes the words of witnesses; `null`: the asset itself holds it. */
async function keepWords(tx: Tx, words: ReadonlyMap<string, Held | null>): Promise<void> {
  for (const some of slices([...words].sort(([a], [b]) => (a < b ? -1 : 1)))) {
    const list = (value: (word: Held) => string | number | null | undefined) =>
      listOf(some.map(([, word]) => (word === null ? null : (value(word) ?? null))))
    await tx.execute(sql`
      update ${witnesses} as w set asset = given.asset::jsonb, software_set = given.software, pending_set = given.pending,
        look = given.look::jsonb, observed_at = given.observed, lists_refreshed_at = given.refreshed,
        checked_at = given.checked, problem = given.problem
      from unnest(${listOf(some.map(([id]) => id))}::text::text[],
        ${list(({ asset }) => JSON.stringify(asset))}::text::text[],
        ${list(({ seen }) => seen?.software)}::text::integer[], ${list(({ seen }) => seen?.pending)}::text::integer[],
        ${list(({ seen }) => (seen === null ? null : JSON.stringify(storedLook(seen))))}::text::text[],
        ${list(({ observedAt }) => observedAt)}::text::timestamptz[],
        ${list(({ seen }) => seen?.listsRefreshedAt)}::text::timestamptz[],
        ${list(({ checkedAt }) => checkedAt)}::text::timestamptz[], ${list(({ problem }) => problem)}::text::text[]
      ) as given (id, asset, software, pending, look, observed, refreshed, checked, problem)
      where w.id = given.id`)
  }
}

function storedLook({ runningKernel, bootId, rebootRequired, rebootPackages, staleServices, archives }: Seen) {
  return { runningKernel, bootId, rebootRequired, rebootPackages, staleServices, archives }
}
