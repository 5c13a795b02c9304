/** Votes on a proposal of few assets and on one of many: how long each takes, and what is written. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sql } from 'drizzle-orm'
import { errorText } from '../../../src/core/error-text.ts'
import type { Db } from '../../../src/store/connection.ts'
import { connect, type Database } from '../../../src/store/database.ts'
import { percentile } from '../percentile.ts'
import { VOTERS } from '../voters.ts'
import { largeContent } from './content.ts'
import { floor, heading, megabytes, row } from './table.ts'
import { startVoting, type Voting } from './voting.ts'

export const parts = ['single', 'rows', 'openings', 'together'] as const
export type Part = (typeof parts)[number]

export function isPart(word: string): word is Part {
  return (parts as readonly string[]).includes(word)
}

export interface VotesOptions {
  /** Assets of the two proposals. */
  readonly small: number
  readonly large: number
  /** On each. */
  readonly votes: number
  /** Rows that the other connection inserts at a time. */
  readonly rows: number
  readonly parts: readonly Part[]
}

const mostSingle = { p99: 50, ratio: 1.2 }
const mostBesideRows = 150
const mostTogether = 200
/** Further large contents that are opened in turn. */
const SERIES = 2

interface Opened {
  readonly id: string
  readonly assets: number
}

export async function measureVotes({ db, url }: Database, options: VotesOptions): Promise<void> {
  const { small, large, votes } = options
  const fsync = await one(db, sql`show fsync`)
  const commits = await one(db, sql`show synchronous_commit`)
  console.log(`votes on ${many(small)} and on ${many(large)}; fsync ${fsync}, synchronous_commit ${commits}`)
  await db.execute(sql`create table bench_commits (id serial primary key, text text)`)
  memory('before')
  const voting = await startVoting(db)

  console.log('\nopening')
  const proposals: readonly Opened[] = [await opened(db, voting, small), await opened(db, voting, large)]
  memory('after opening')

  for (const { id } of proposals) for (let count = Math.ceil(votes / 20); count > 0; count--) await voting.vote(id)
  for (const part of options.parts) await measured(part, { db, url, voting, proposals, options })

  console.log('\nwritten')
  for (const proposal of proposals) await tellBytes(db, proposal)
  await tellContent(db)
  memory('after the votes')
  const peak = process.resourceUsage().maxRSS * 1_024
  console.log(`memory at its most: ${megabytes(peak)}`)
  await voting.end()
}

interface Given {
  readonly db: Db
  readonly url: string
  readonly voting: Voting
  readonly proposals: readonly Opened[]
  readonly options: VotesOptions
}

async function measured(part: Part, given: Given): Promise<void> {
  const { url, options } = given
  switch (part) {
    case 'single': {
      heading('one at a time, in turn')
      const [few = [], lots = []] = await inTurn(given)
      for (const [took, assets] of [
        [few, options.small],
        [lots, options.large],
      ] as const)
        floor(`p99, ${many(assets)}`, percentile(took, 0.99), mostSingle.p99, ' ms')
      floor(`ratio of the medians`, percentile(lots, 0.5) / percentile(few, 0.5), mostSingle.ratio, '')
      return
    }
    case 'rows': {
      heading(`beside inserts of ${options.rows.toLocaleString('en')} rows each`)
      const inserted = await beside(
        () => inTurn(given),
        (signal) => insertRows(url, options.rows, signal),
      )
      tellBeside(inserted.result, inserted.times, 'inserts', given)
      return
    }
    case 'openings': {
      heading(`beside openings of ${many(options.large)} each`)
      const contents = Array.from({ length: SERIES }, (_, index) => largeContent('elsewhere', options.large, index + 1))
      const done = await beside(
        () => inTurn(given),
        async (signal) => {
          let times = 0
          for (; !signal.aborted; times++) {
            const content = contents[times % SERIES]
            if (content?.subject.kind === 'patches')
              await given.voting.open('elsewhere', {
                ...content,
                subject: { ...content.subject, failureBudget: times },
              })
          }
          return times
        },
      )
      tellBeside(done.result, done.times, 'openings', given)
      return
    }
    case 'together':
      heading(`${VOTERS} at once on one proposal`)
      for (const { id, assets } of given.proposals) {
        const took: number[] = []
        const failed: string[] = []
        for (let round = Math.ceil(options.votes / 3 / VOTERS); round > 0; round--)
          await Promise.all(
            Array.from({ length: VOTERS }, async () => {
              const ms = await timed(() => given.voting.vote(id)).catch((error) => errorText(error))
              if (typeof ms === 'number') took.push(ms)
              else failed.push(ms)
            }),
          )
        if (failed.length > 0) console.log(`  ${failed.length} votes failed: ${failed[0]}`)
        row(many(assets), took)
        floor(`p99, ${many(assets)}`, percentile(took, 0.99), mostTogether, ' ms')
      }
  }
}

function tellBeside(result: readonly (readonly number[])[], times: number, what: string, { proposals }: Given): void {
  console.log(`  meanwhile ${times} ${what}`)
  for (const [index, { assets }] of proposals.entries())
    floor(`p99, ${many(assets)}`, percentile(result[index] ?? [], 0.99), mostBesideRows, ' ms')
}

/** One vote on each and one bare commit, again and again, so that what disturbs hits all of them. */
async function inTurn({ db, voting, proposals, options }: Given): Promise<readonly (readonly number[])[]> {
  const took = proposals.map((): number[] => [])
  const bare: number[] = []
  for (let count = 0; count < options.votes; count++) {
    for (const [index, { id }] of proposals.entries()) took[index]?.push(await timed(() => voting.vote(id)))
    const text = 'x'.repeat(500)
    bare.push(await timed(() => db.execute(sql`insert into bench_commits (text) values (${text})`)))
  }
  for (const [index, { assets }] of proposals.entries()) row(many(assets), took[index] ?? [])
  row('floor: a bare commit of one row', bare)
  return took
}

/** Does `work` while `other` goes on; it has at least begun before. */
async function beside<Result>(
  work: () => Promise<Result>,
  other: (signal: AbortSignal) => Promise<number>,
): Promise<{ readonly result: Result; readonly times: number }> {
  const stop = new AbortController()
  const going = other(stop.signal)
  const result = await work().finally(() => stop.abort())
  return { result, times: await going }
}

/** Of about 200 bytes each, on a connection of its own; how often they were inserted. */
async function insertRows(url: string, rows: number, signal: AbortSignal): Promise<number> {
  const { db, end } = connect(url, 1)
  await db.execute(sql`create table bench_rows (id bigserial primary key, asset text, result text)`)
  let times = 0
  for (; !signal.aborted; times++) {
    if (times % 10 === 9) await db.execute(sql`truncate bench_rows`)
    await db.execute(sql`insert into bench_rows (asset, result)
      select 'inventory/host-' || number || '.example.net', repeat(md5(number::text), 5)
      from generate_series(1, ${rows}::int) as number`)
  }
  await db.execute(sql`drop table bench_rows`)
  await end()
  return times
}

async function opened(db: Db, voting: Voting, assets: number): Promise<Opened> {
  const team = `team-${assets}`
  const content = largeContent(team, assets, 0)
  const before = await sizes(db)
  const loop = monitorEventLoopDelay({ resolution: 5 })
  loop.enable()
  const began = performance.now()
  const id = await voting.open(team, content)
  const seconds = (performance.now() - began) / 1_000
  loop.disable()
  const after = await sizes(db)
  console.log(
    `  ${many(assets)} as ${id}: ${seconds.toFixed(2)} s, the event loop held up for ${(loop.max / 1e6).toFixed(0)} ms at most; audit.content + ${after.rows - before.rows} rows of ${megabytes(after.textBytes - before.textBytes)}; the database + ${megabytes(after.database - before.database)}`,
  )
  return { id, assets }
}

async function sizes(db: Db): Promise<{ rows: number; textBytes: number; stored: number; database: number }> {
  const [found] = await db.execute(sql`select count(*) as rows, coalesce(sum(octet_length(text)), 0) as text_bytes,
    pg_total_relation_size('audit.content') as stored, pg_database_size(current_database()) as database
    from audit.content`)
  const number = (name: string) => Number(found?.[name] ?? 0)
  return {
    rows: number('rows'),
    textBytes: number('text_bytes'),
    stored: number('stored'),
    database: number('database'),
  }
}

async function tellBytes(db: Db, { id, assets }: Opened): Promise<void> {
  const [found] = await db.execute(sql`
    select pg_column_size(state) as stored, octet_length(state::text) as text,
      (select max(octet_length(entry)) from audit.entries where stream = ${id}) as largest,
      (select max(octet_length(entry)) from audit.entries where stream = ${id} and seq > 1) as vote,
      (select count(*) from audit.entries where stream = ${id}) as events
    from proposals where id = ${id}`)
  const bytes = (name: string) => Number(found?.[name] ?? 0).toLocaleString('en')
  console.log(
    `  ${many(assets)}: state ${bytes('text')} bytes as text, ${bytes('stored')} stored; ${bytes('events')} events, the largest ${bytes('largest')} bytes, of the votes ${bytes('vote')}`,
  )
}

async function tellContent(db: Db): Promise<void> {
  const content = await sizes(db)
  console.log(
    `  audit.content: ${content.rows} rows of ${megabytes(content.textBytes)}, ${megabytes(content.stored)} on disk`,
  )
}

function memory(when: string): void {
  console.log(`memory ${when}: ${megabytes(process.memoryUsage.rss())}`)
}

async function one(db: Db, question: ReturnType<typeof sql>): Promise<string> {
  const [row] = await db.execute(question)
  return String(Object.values(row ?? {})[0])
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}

function many(assets: number): string {
  return `${assets.toLocaleString('en')} assets`
}
