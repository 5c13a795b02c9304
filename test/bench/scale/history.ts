/**
 * A past: closed proposals with entries, states and results, as many as there are after years. Some are made by the
 * product itself, of what it would ask for today; the server copies these.
 */

import { sql } from 'drizzle-orm'
import type { Db } from '../../../src/store/connection.ts'
import type { Database } from '../../../src/store/database.ts'
import { type Figures, inSeconds, tell } from './figures.ts'
import { timed } from './fixture.ts'
import type { Scale } from './hosts.ts'
import { createProduct, type Product } from './product.ts'
import { openProposals } from './work.ts'

export interface History {
  /** Closed proposals. */
  readonly proposals: number
  /** Results of assets in them. */
  readonly results: number
}

export const usualHistory: History = { proposals: 20_000, results: 5_000_000 }

/** Assets of a proposal that is copied, at most: 20,000 of them have 5 million results. */
const ASSETS = 250
/** Copies in one statement. */
const SLICE = 500
/** The past begins and ends so many days ago. */
const FROM_DAYS = 700
const TO_DAYS = 8
/** Of a content that is copied. */
const CONTENT_CHARACTERS = 2_000
/** Assets that are gone by now, which is why old proposals have them and the inventory does not. */
const GONE = 100_000

type Wanted = Pick<Figures, 'historyProposals' | 'resultsHistory'>

/** `drafts`: a database of the same fleet in which everything is proposed; from there it is known what that is. */
export async function makeHistory(
  database: Database,
  drafts: Database,
  scale: Scale,
  { proposals, results }: History,
): Promise<Wanted> {
  const said = (what: string, seconds: number) => tell(`  ${what}`, inSeconds(seconds))
  const { db } = database
  const product = createProduct(database, scale.teams)
  const source = createProduct(drafts, scale.teams)
  const made = await timed('proposals of the product, closed in every way', said, () =>
    closeSome(product, source, drafts.db),
  )
  await product.deliver()
  await timed(`${proposals} proposals like these`, said, () => copyAll(db, made, proposals))
  await timed(`${results} results`, said, () => addResults(db, proposals, results))
  await timed('vacuum and analyze', said, () => db.execute(sql`vacuum analyze`))
  const [row] = await db.execute<{ [Key in keyof Wanted]: number }>(sql`
    select (select count(*)::int from proposals where closed_at is not null) as "historyProposals", (select count(*)::int from results) as "resultsHistory"`)
  return row ?? { historyProposals: 0, resultsHistory: 0 }
}

/** Three of four are rolled out; how many there are. */
async function closeSome(product: Product, source: Product, drafts: Db): Promise<number> {
  await source.propose()
  const open = await openProposals(drafts)
  const ofTeam = new Map<string, number>()
  for (const [index, { id, team }] of open.entries()) {
    const nth = ofTeam.get(team) ?? 0
    ofTeam.set(team, nth + 1)
    const like = await product.openLike(await source.state(id), { from: nth * ASSETS, most: ASSETS })
    if (nth % 4 !== 3) {
      await product.approve(like)
      await product.rollOut(like, { collected: false })
    } else if (index % 2 === 0) await product.reject(like)
    else await product.supersede(like, 'PW-1')
  }
  return open.length
}

/** The proposals with these numbers: each as one that the product made, of a time of its own. */
interface Copies {
  readonly from: number
  readonly to: number
  /** So many did the product make; they have the first numbers. */
  readonly made: number
  readonly all: number
}

function copies({ from, to, made, all }: Copies) {
  return sql`(select n as number, 'PW-' || n as id, t.id as original, ${openedAt(sql`n`, all)} as opened_at,
      t.closed_at - t.opened_at as took, ${openedAt(sql`n`, all)} - t.opened_at as later
    from generate_series(${from}::int, ${to}::int) as n join proposals t on t.number = (n - 1) % ${made}::int + 1) as copy`
}

function openedAt(number: ReturnType<typeof sql>, all: number) {
  return sql`(now() - (${FROM_DAYS}::float8 - ${FROM_DAYS - TO_DAYS}::float8 * ${number} / ${all}::float8) * interval '1 day')`
}

/** An instant as states have it. */
function written(instant: ReturnType<typeof sql>) {
  return sql`to_char((${instant}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** Of a rejection: it holds no more. */
function deferral(opened: ReturnType<typeof sql>) {
  return sql`case when jsonb_typeof(state -> 'deferral') = 'object' then state -> 'deferral'
    || jsonb_build_object('until', ${written(sql`${opened} + interval '${sql.raw(String(TO_DAYS - 2))} days'`)}) else 'null'::jsonb end`
}

/** The ids in a text, of a copy in place of its original. */
function renamed(text: ReturnType<typeof sql>) {
  return sql`replace(${text}, '"' || copy.original || '"', '"' || copy.id || '"')`
}

/** What the product made becomes the oldest, and copies follow, of each in turn. */
async function copyAll(db: Db, made: number, all: number): Promise<void> {
  await db.execute(sql`create table bench_contents as
    select distinct p.number, c.hash from proposals p join audit.entries e on e.stream = p.id
      cross join lateral jsonb_path_query(e.entry::jsonb, '$.facts.** ? (@.type() == "string")') as said
      join audit.content c on c.hash = decode(said #>> '{}', 'hex')
    where (said #>> '{}') ~ '^[0-9a-f]{64}$' and c.kind <> 13`)
  for (let from = made + 1; from <= all; from += SLICE)
    await copySome(db, { from, to: Math.min(all, from + SLICE - 1), made, all })
  await db.execute(sql`drop table bench_contents`)
  const opened = openedAt(sql`number`, all)
  await db.execute(sql`update proposals set opened_at = ${opened}, closed_at = ${opened} + (closed_at - opened_at),
      state = state || jsonb_build_object('openedAt', ${written(opened)}, 'closedAt', ${written(opened)},
        'deferral', ${deferral(opened)})
    where number <= ${made}::int`)
}

async function copySome(db: Db, some: Copies): Promise<void> {
  const copy = copies(some)
  const closedAt = sql`(copy.opened_at + copy.took)`
  await db.execute(sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, closed_at, format, state)
    select copy.id, copy.number, team, status, seq, encode(sha256(convert_to(copy.id, 'UTF8')), 'hex'), copy.opened_at,
      ${closedAt}, format,
      ${renamed(sql`state::text`)}::jsonb || jsonb_build_object('number', copy.number,
        'openedAt', ${written(sql`copy.opened_at`)}, 'closedAt', ${written(closedAt)},
        'deferral', ${deferral(sql`copy.opened_at`)})
    from ${copy} join proposals p on p.id = copy.original`)
  await db.execute(sql`insert into votes (proposal, person, choice, at, via, reason)
    select copy.id, person, choice, at + copy.later, via, reason from ${copy} join votes v on v.proposal = copy.original`)
  await db.execute(sql`insert into results (proposal, part, asset, ring, started_at, done_at, end_state, facts)
    select copy.id, part, asset, ring, started_at + copy.later, done_at + copy.later, end_state, facts
    from ${copy} join results r on r.proposal = copy.original`)
  await db.execute(sql`insert into audit.entries (stream, seq, entry, hash, salt, beside)
    select copy.id, seq, ${renamed(sql`entry`)}, encode(sha256(convert_to(copy.id || ' ' || seq, 'UTF8')), 'hex'), salt, beside
    from ${copy} join audit.entries e on e.stream = copy.original order by copy.number, seq`)
  await db.execute(sql`insert into console_messages (id, channel, proposal, at, entry)
    select nextval(pg_get_serial_sequence('outbox', 'id')), channel, copy.id, at + copy.later, entry
    from ${copy} join console_messages m on m.proposal = copy.original order by copy.number, m.id`)
  // What was delivered is forgotten after 30 days.
  await db.execute(sql`insert into outbox (platform, channel, proposal, kind, at, entry, delivered_at)
    select platform, channel, copy.id, kind, at + copy.later, entry, delivered_at + copy.later
    from ${copy} join outbox o on o.proposal = copy.original where copy.opened_at > now() - interval '30 days'`)
  // Nothing reads these: they make the table as large as it would be, but for the length of their texts.
  await db.execute(sql`insert into audit.content (hash, kind, format, text, made_at, expires_at, kept)
    select sha256(c.hash || convert_to(copy.id, 'UTF8')), c.kind, c.format, left(c.text, ${CONTENT_CHARACTERS}), copy.opened_at,
      c.expires_at + copy.later, c.kept
    from ${copy} join proposals p on p.id = copy.original join bench_contents b on b.number = p.number
      join audit.content c on c.hash = b.hash`)
}

/** What is left to the number that is wanted belongs to the older half of the proposals. */
async function addResults(db: Db, proposals: number, wanted: number): Promise<void> {
  const [row] = await db.execute<{ there: number }>(sql`select count(*)::int as there from results`)
  const old = Math.floor(proposals / 2)
  const each = Math.min(GONE, Math.ceil(Math.max(0, wanted - (row?.there ?? 0)) / Math.max(1, old)))
  if (each === 0) return
  for (let from = 1; from <= old; from += SLICE)
    await db.execute(sql`insert into results (proposal, part, asset, ring, started_at, done_at, end_state, facts)
      select p.id, like_it.part, 'bench/gone-' || lpad(((p.number * 7919 + n) % ${GONE}::int)::text, 6, '0'), like_it.ring,
        p.opened_at, p.opened_at + interval '5 minutes', like_it.end_state, like_it.facts
      from proposals p cross join (select * from results where part = 1 and done_at is not null limit 1) as like_it
        cross join generate_series(1, ${each}::int) as n
      where p.number between ${from}::int and ${Math.min(old, from + SLICE - 1)}::int`)
}
