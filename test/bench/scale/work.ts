/** What is measured in one process of the product: from the first look at a fleet to what becomes of its hosts. */

import { sql } from 'drizzle-orm'
import type { Db } from '../../../src/store/connection.ts'
import type { Database } from '../../../src/store/database.ts'
import { changedAdvisory, epssDay } from './feeds.ts'
import { type Figures, inBytes, inMs, inSeconds, type Part, type Spread, tell } from './figures.ts'
import { createUniverses } from './fixture.ts'
import type { Scale } from './hosts.ts'
import { createProduct, type Product, storeFeed } from './product.ts'
import { rounded, rowsWritten, spread, timedMs, type Watched, watched } from './watch.ts'

const VOTES = 300
/** Before votes are measured. */
const WARM_VOTES = 20
/** People vote on so many proposals, on a third of them at most. */
const VOTED = 8
/** Commits that record outcomes. */
const COMMITS = 200
/** No part goes on for longer, where there is a choice. */
const MOST_SECONDS = 120

export interface WorkGiven {
  readonly scale: Scale
  /** ISO 8601 UTC: when the feeds were read. */
  readonly now: string
  readonly only: readonly Part[]
  /** Rows of a day of EPSS. */
  readonly scores: number
}

export interface OpenProposal extends Record<string, unknown> {
  readonly id: string
  readonly team: string
  readonly priority: string
}

export async function measureWork(database: Database, given: WorkGiven): Promise<Partial<Figures>> {
  const { db } = database
  const { scale, now, only, scores } = given
  const wants = (part: Part) => only.includes(part)
  const universes = createUniverses()
  const product = createProduct(database, scale.teams)
  let turnMs = 0
  let figures: Partial<Figures> = {}
  const told = async <T>(what: string, work: () => Promise<T>): Promise<Watched<T>> => {
    const seen = await watched(work)
    turnMs = Math.max(turnMs, seen.turnMs)
    tell(what, `${inSeconds(seen.seconds)}, longest turn ${seen.turnMs.toFixed(0)} ms`)
    return seen
  }
  const day = (number: number) => ({ name: 'epss', ...epssDay(universes, now, number, scores) })
  /** A feed brings something, and all that follows from it is proposed. */
  const follow = async (feed: Parameters<typeof storeFeed>[1]) => {
    await storeFeed(db, feed, new Date().toISOString())
    await product.propose()
  }

  const first = await told('first: from stored feeds and inventory to open proposals', () => product.propose())
  await product.deliver()
  await told('  what was found is written into the record, beside it', () => product.recordFindings())
  const open = await openProposals(db)
  figures = { ...figures, ...(await opened(db, open)), firstSeconds: rounded(first.seconds) }
  tell('  proposals open, and tiers that each team has', `${open.length}, ${figures.tiers}`)

  if (wants('again')) {
    const before = await rowsWritten(db)
    const again = await told('again: nothing has changed', () => product.propose())
    await product.deliver()
    const rowsWrittenAgain = (await rowsWritten(db)) - before
    tell('  rows written', String(rowsWrittenAgain))
    figures = { ...figures, againSeconds: rounded(again.seconds), rowsWrittenAgain }
  }
  if (wants('advisory')) {
    const before = await recorded(db)
    const advisory = changedAdvisory(universes, now, 1)
    const { seconds } = await told('advisory: from the changed record to the last revised proposal', () =>
      follow(advisory),
    )
    const after = await recorded(db)
    const revisions = after.revisions - before.revisions
    const bytes = revisions === 0 ? null : Math.round((after.bytes - before.bytes) / revisions)
    tell(
      '  proposals revised, and what the record took for each',
      `${revisions}, ${bytes === null ? '-' : inBytes(bytes)}`,
    )
    figures = { ...figures, advisorySeconds: rounded(seconds), recordBytesPerRevision: bytes }
  }
  if (wants('epss')) {
    const scoresOfDay = day(1)
    const { seconds } = await told('epss: a day of new scores, to the end of proposing', () => follow(scoresOfDay))
    figures = { ...figures, epssSeconds: rounded(seconds) }
  }
  await product.deliver()

  const ids = open.map(({ id }) => id)
  const voted = ids.slice(0, Math.min(VOTED, Math.ceil(ids.length / 3)))
  let turn = 0
  const vote = () => timedMs(() => product.vote(voted[turn++ % voted.length] ?? ''))
  if (wants('votes') || wants('beside')) for (let count = 0; count < WARM_VOTES; count++) await vote()
  if (wants('votes')) {
    const took: number[] = []
    await told(`votes: ${VOTES}, one after the other`, async () => {
      while (took.length < VOTES) took.push(await vote())
    })
    figures = { ...figures, voteMs: toldSpread(took) }
  }
  if (wants('beside')) {
    // Made before: the bench's own work is not to hold a vote up.
    const changes = [day(2), ...Array.from({ length: 50 }, (_, at) => changedAdvisory(universes, now, 2 + at))]
    const took: number[] = []
    let times = 0
    await told('votes beside proposing, as feeds bring something', async () => {
      const began = performance.now()
      let over = false
      const proposing = (async () => {
        for (const change of changes) {
          if (times > 1 && (took.length >= VOTES || performance.now() - began > 1_000 * MOST_SECONDS)) break
          await follow(change)
          times++
        }
        over = true
      })()
      const voting = (async () => {
        while (!over) took.push(await vote())
      })()
      await Promise.all([proposing, voting])
    })
    tell('  meanwhile it was proposed so many times; votes', `${times}; ${took.length}`)
    figures = { ...figures, voteBesideMs: toldSpread(took) }
  }
  if (wants('outcomes')) {
    const took = await outcomes(product, ids.slice(voted.length, Math.ceil((2 * ids.length) / 3)), told)
    if (took.length > 0) figures = { ...figures, outcomeMs: toldSpread(took) }
  }
  await product.deliver()
  const peakBytes = process.resourceUsage().maxRSS * 1_024
  return { ...figures, ...(await largest(db)), eventLoopMaxMs: rounded(turnMs), peakBytes }
}

function toldSpread(took: readonly number[]): Spread {
  const found = spread(took)
  tell('  each took, at the median, of 99 in 100, at most', inMs(found, Math.max(...took)))
  return found
}

/** Rolls out one proposal after the other; how long the commits took that record what became of hosts. */
async function outcomes(
  product: Product,
  ids: readonly string[],
  told: (what: string, work: () => Promise<void>) => Promise<unknown>,
): Promise<readonly number[]> {
  const took: number[] = []
  const began = performance.now()
  let rollouts = 0
  await told('outcomes: rollouts, with all that belongs to them', async () => {
    for (const id of ids) {
      if (took.length >= COMMITS || performance.now() - began > 1_000 * MOST_SECONDS) break
      await product.approve(id)
      await product.rollOut(id, { recorded: (ms) => took.push(ms) })
      rollouts++
    }
  })
  tell('  rollouts; commits that record what became of hosts', `${rollouts}; ${took.length}`)
  return took
}

/** Those that are open, in the order in which they were opened. */
export async function openProposals(db: Db): Promise<readonly OpenProposal[]> {
  return db.execute<OpenProposal>(sql`select id, team, state ->> 'priority' as priority from proposals
    where status = 'open' order by number`)
}

async function opened(db: Db, open: readonly OpenProposal[]): Promise<Pick<Figures, 'proposals' | 'tiers'>> {
  const rows = await db.execute<{ team: string }>(sql`select distinct team from assets`)
  const tiers = [...rows].map(
    ({ team }) => new Set(open.filter((one) => one.team === team).map(({ priority }) => priority)).size,
  )
  return { proposals: open.length, tiers: Math.min(...tiers) }
}

/** Bytes of what proposals have on record, with the content that it names, and how often one was revised. */
async function recorded(db: Db): Promise<{ readonly bytes: number; readonly revisions: number }> {
  const [row] = await db.execute<{ entries: number; content: number; revisions: number }>(sql`
    select (select coalesce(sum(octet_length(entry) + coalesce(octet_length(beside), 0)), 0)
        from audit.entries where stream like 'PW-%')::float8 as entries,
      (select coalesce(sum(octet_length(text)), 0) from audit.content where kind in (${OF_DECISIONS}))::float8 as content,
      (select count(*) from audit.entries
        where stream like 'PW-%' and entry::jsonb ->> 'event' = 'revised')::float8 as revisions`)
  return { bytes: (row?.entries ?? 0) + (row?.content ?? 0), revisions: row?.revisions ?? 0 }
}

/** Kinds of content that decisions and what stands beside them are made of: 3 to 12 of core/content.ts. */
const OF_DECISIONS = sql.raw(Array.from({ length: 10 }, (_, at) => 3 + at).join(', '))

async function largest(db: Db): Promise<Pick<Figures, 'largestStateBytes' | 'largestContentBytes'>> {
  const [row] = await db.execute<{ state: number; content: number }>(sql`
    select (select max(octet_length(state::text)) from proposals) as state,
      (select max(octet_length(text)) from audit.content) as content`)
  const { state = 0, content = 0 } = row ?? {}
  tell('largest state, largest content', `${inBytes(state)}, ${inBytes(content)}`)
  return { largestStateBytes: state, largestContentBytes: content }
}
