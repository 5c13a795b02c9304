/** The kinds of rows that feeds bring: how each kind is stored, told apart, and named in a change. */

import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Advisory, CveFacts, Fix, KevEntry, Lifecycle, WindowsUpdate } from '../core/catalog.ts'
import type { PackageNamed } from '../core/feed-change.ts'
import { advisories, cveFacts, fixes, kev, lifecycles, windowsUpdates } from './schema.ts'

/** The names in the lists of a change. */
export interface Named {
  readonly packages: PackageNamed
  readonly cves: string
  readonly platforms: string
}

export interface RowKind<Row, List extends keyof Named> {
  readonly table:
    | typeof advisories
    | typeof cveFacts
    | typeof fixes
    | typeof kev
    | typeof lifecycles
    | typeof windowsUpdates
  /** The record that the row comes from, or another column by which it is found. It has an index, unlike the hash. */
  readonly record: AnyPgColumn
  recordOf(row: Row): string
  /**
   * True: an answer that brings only changes names the changed records of this kind. False: such an answer brings all
   * rows of this kind, or none.
   */
  readonly changesByRecord: boolean
  /** Of rows with the same key only one is kept; `null`: only of rows that are equal in everything. */
  readonly keyOf: ((row: Row) => string) | null
  readonly kept: 'first' | 'last'
  readonly list: List
  /** The names of what a row is about. `about`: the same for a stored row, as JSON. */
  aboutOf(row: Row): readonly Named[List][]
  readonly about: SQL
  /** Inserts rows from JSON, each with its `hash` in it. */
  insert(feed: string, json: string): SQL
}

/** The first affected version, and after a blank the last one, if it is known. Versions contain no blanks. */
const affectedText = sql`case when f."lastAffected" is null then f.introduced
  else coalesce(f.introduced, '') || ' ' || f."lastAffected" end`

/** Reads what `affectedText` writes. */
export function affectedIn(text: string | null): Pick<Fix, 'introduced' | 'lastAffected'> {
  const [introduced = '', lastAffected] = text?.split(' ') ?? []
  return { introduced: introduced === '' ? null : introduced, ...(lastAffected === undefined ? {} : { lastAffected }) }
}

const fixKind: RowKind<Fix, 'packages'> = {
  table: fixes,
  record: fixes.record,
  recordOf: ({ record, advisory, cves, package: name }) => record ?? advisory ?? cves[0] ?? name,
  changesByRecord: true,
  keyOf: null,
  kept: 'first',
  list: 'packages',
  aboutOf: (row) => [[row.platform, row.package, row.by]],
  about: sql`jsonb_build_array(jsonb_build_array(${fixes.platform}, ${fixes.package}, ${fixes.by}))`,
  insert: (feed, json) => sql`
    insert into fixes (feed, record, platform, package, by, cves, fixed_version, introduced, advisory, type, module,
      subscription, also_fixed, hash)
    select ${feed}, coalesce(f.record, f.advisory, f.cves[1], f.package), f.platform, f.package, f.by, f.cves,
      f."fixedVersion", ${affectedText}, f.advisory, coalesce(f.type, 'security'), f.module, f.subscription, f."alsoFixed",
      f.hash
    from jsonb_to_recordset(${json}::text::jsonb) as f(record text, platform text, package text, by text, cves text[],
      "fixedVersion" text, introduced text, "lastAffected" text, advisory text, type text, module text, subscription text,
      "alsoFixed" text[], hash bigint)`,
}

const advisoryKind: RowKind<Advisory, 'packages'> = {
  table: advisories,
  record: advisories.id,
  recordOf: ({ id }) => id,
  changesByRecord: true,
  keyOf: ({ id }) => id,
  kept: 'first',
  list: 'packages',
  // An advisory does not say whether its names are source or binary packages.
  aboutOf: (row) =>
    row.fixes.flatMap(({ platform, source }): PackageNamed[] => [
      [platform, source, 'source'],
      [platform, source, 'binary'],
    ]),
  about: sql`(select coalesce(jsonb_agg(distinct jsonb_build_array(f ->> 'platform', f ->> 'source', by)), '[]')
    from jsonb_array_elements(${advisories.fixes}) f, unnest(array['source', 'binary']) by)`,
  insert: (feed, json) => sql`
    insert into advisories (feed, id, title, published, cves, fixes, packages, type, severity, hash)
    select ${feed}, a.id, a.title, a.published, a.cves, a.fixes,
      array(select distinct f ->> 'source' from jsonb_array_elements(a.fixes) f), coalesce(a.type, 'security'),
      a.severity, a.hash
    from jsonb_to_recordset(${json}::text::jsonb)
      as a(id text, title text, published text, cves text[], fixes jsonb, type text, severity text, hash bigint)`,
}

const updateKind: RowKind<WindowsUpdate, 'packages'> = {
  table: windowsUpdates,
  record: windowsUpdates.record,
  recordOf: ({ record, kb }) => record ?? kb,
  changesByRecord: true,
  keyOf: ({ platform, kb, record }) => JSON.stringify([platform, kb, record ?? kb]),
  kept: 'first',
  list: 'packages',
  aboutOf: (row) => [[row.platform, row.kb, 'binary']],
  about: sql`jsonb_build_array(jsonb_build_array(${windowsUpdates.platform}, ${windowsUpdates.kb}, 'binary'))`,
  insert: (feed, json) => sql`
    insert into windows_updates (feed, record, platform, kb, title, cves, supersedes, fixed_build, type, severity,
      restart, published, hash)
    select ${feed}, coalesce(u.record, u.kb), u.platform, u.kb, u.title, u.cves, u.supersedes, u."fixedBuild", u.type,
      u.severity, u.restart, u.published, u.hash
    from jsonb_to_recordset(${json}::text::jsonb) as u(record text, platform text, kb text, title text, cves text[],
      supersedes text[], "fixedBuild" text, type text, severity text, restart boolean, published text, hash bigint)`,
}

const factsKind: RowKind<CveFacts, 'cves'> = {
  table: cveFacts,
  record: cveFacts.cve,
  recordOf: ({ cve }) => cve,
  changesByRecord: true,
  keyOf: ({ cve }) => cve,
  kept: 'last',
  list: 'cves',
  aboutOf: (row) => [row.cve],
  about: sql`jsonb_build_array(${cveFacts.cve})`,
  insert: (feed, json) => sql`
    insert into cve_facts (feed, cve, facts, hash)
    select ${feed}, c ->> 'cve', c - 'hash', (c ->> 'hash')::bigint from jsonb_array_elements(${json}::text::jsonb) c`,
}

const lifecycleKind: RowKind<Lifecycle, 'platforms'> = {
  table: lifecycles,
  record: lifecycles.platform,
  recordOf: ({ platform }) => platform,
  changesByRecord: false,
  keyOf: ({ platform }) => platform,
  kept: 'first',
  list: 'platforms',
  aboutOf: (row) => [row.platform],
  about: sql`jsonb_build_array(${lifecycles.platform})`,
  insert: (feed, json) => sql`
    insert into lifecycles (feed, platform, lifecycle, hash)
    select ${feed}, c ->> 'platform', c - 'hash', (c ->> 'hash')::bigint
    from jsonb_array_elements(${json}::text::jsonb) c`,
}

const kevKind: RowKind<KevEntry, 'cves'> = {
  table: kev,
  record: kev.cve,
  recordOf: ({ cve }) => cve,
  changesByRecord: false,
  keyOf: ({ cve }) => cve,
  kept: 'first',
  list: 'cves',
  aboutOf: (row) => [row.cve],
  about: sql`jsonb_build_array(${kev.cve})`,
  insert: (feed, json) => sql`
    insert into kev (feed, cve, date_added, due_date, ransomware, name, hash)
    select ${feed}, k.cve, k."dateAdded", k."dueDate", k.ransomware, k.name, k.hash
    from jsonb_to_recordset(${json}::text::jsonb)
      as k(cve text, "dateAdded" text, "dueDate" text, ransomware boolean, name text, hash bigint)`,
}

/** All kinds, by their names in `FeedContent`. */
export const rowKinds = {
  fixes: fixKind,
  advisories: advisoryKind,
  updates: updateKind,
  cves: factsKind,
  lifecycles: lifecycleKind,
  kev: kevKind,
}
