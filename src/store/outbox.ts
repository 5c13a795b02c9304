import { and, asc, desc, eq, gt, gte, isNull, lt, lte, min, notInArray, or, type SQL, sql } from 'drizzle-orm'
import type { ThreadEntry } from '../chat/card.ts'
import type { Picture } from '../chat/picture/picture.ts'
import type { WaitingPlace } from '../chat/waiting.ts'
import type { Queryable } from './connection.ts'
import { consoleMessages, hasPicture, isNotice, outbox } from './schema.ts'

export interface OutboxMessage {
  readonly platform: string
  /** A channel of the configuration, or `@` and a person's id. */
  readonly channel: string
  readonly proposal: string | null
  readonly at: string
  /** `null`: show the proposal's card as it is now; without a proposal, list what waits for the person. */
  readonly entry: ThreadEntry | null
  /** The message waits until then, ISO 8601. */
  readonly notBefore?: string
}

export interface WaitingMessage extends OutboxMessage {
  readonly id: number
  readonly attempts: number
}

export async function putMessages(tx: Queryable, messages: readonly OutboxMessage[]): Promise<void> {
  if (messages.length === 0) return
  await tx.insert(outbox).values(
    messages.map((message) => ({
      ...message,
      kind: message.entry === null ? ('card' as const) : ('entry' as const),
    })),
  )
}

/** Messages to leave out. */
export interface Exceptions {
  readonly channels: readonly string[]
  readonly cards: readonly OfProposal[]
  /** The entries of a proposal. */
  readonly threads: readonly OfProposal[]
  readonly ids: readonly number[]
}

interface OfProposal {
  readonly channel: string
  readonly proposal: string
}

export interface WaitingQuery {
  /** ISO 8601. */
  readonly now: string
  readonly except: Exceptions
  /** Most entries of one channel, so that no channel crowds out another. */
  readonly perChannel: number
}

/** When the next message of a platform may be sent that has to wait now (ISO 8601 UTC); `null`: none waits. */
export async function nextDue(db: Queryable, platform: string, now: string): Promise<string | null> {
  const [row] = await db
    .select({ at: min(outbox.notBefore) })
    .from(outbox)
    .where(and(eq(outbox.platform, platform), isNull(outbox.deliveredAt), gt(outbox.notBefore, now)))
  return row?.at ?? null
}

/**
 * Undelivered messages of one platform. For each channel: first its cards, only the latest card of each proposal; then
 * its entries, oldest first.
 */
export async function waitingMessages(
  db: Queryable,
  platform: string,
  { now, except, perChannel }: WaitingQuery,
): Promise<readonly WaitingMessage[]> {
  const others = and(
    except.channels.length === 0 ? undefined : notInArray(outbox.channel, [...except.channels]),
    except.ids.length === 0 ? undefined : notInArray(outbox.id, [...except.ids]),
    noneOf('card', except.cards),
    noneOf('entry', except.threads),
  )
  const candidates = db
    .select({
      id: outbox.id,
      // The number of the latest card of the same proposal; for an entry its own number.
      latest:
        sql<string>`case when ${outbox.kind} = 'entry' then ${outbox.id} else max(${outbox.id}) over (partition by ${outbox.channel}, ${outbox.proposal}, ${outbox.kind}) end`.as(
          'latest',
        ),
      place: sql<string>`row_number() over (partition by ${outbox.channel}, ${outbox.kind} order by ${outbox.id})`.as(
        'place',
      ),
    })
    .from(outbox)
    .where(and(eq(outbox.platform, platform), isNull(outbox.deliveredAt), isDue(now), others))
    .as('candidates')
  const rows = await db
    .select({ message: outbox })
    .from(outbox)
    .innerJoin(candidates, eq(candidates.id, outbox.id))
    .where(
      and(
        sql`${candidates.latest} = ${outbox.id}`,
        or(eq(outbox.kind, 'card'), sql`${candidates.place} <= ${perChannel}`),
      ),
    )
    .orderBy(asc(outbox.kind), asc(outbox.id))
  return rows.map(({ message: { id, platform, channel, proposal, at, entry, attempts } }) => ({
    id,
    platform,
    channel,
    proposal,
    at,
    entry,
    attempts,
  }))
}

function isDue(now: string): SQL | undefined {
  return or(isNull(outbox.notBefore), lte(outbox.notBefore, now))
}

function noneOf(kind: 'card' | 'entry', list: readonly OfProposal[]): SQL | undefined {
  if (list.length === 0) return undefined
  const pairs = list.map(({ channel, proposal }) => sql`(${channel}, ${proposal})`)
  return sql`not (${outbox.kind} = ${kind} and ${outbox.proposal} is not null and (${outbox.channel}, ${outbox.proposal}) in (${sql.join(pairs, sql`, `)}))`
}

/**
 * Marks a message as delivered. With a card, all earlier cards of the same proposal in the channel count as delivered,
 * too.
 */
export async function markDelivered(db: Queryable, message: WaitingMessage, now: string): Promise<void> {
  const { id, platform, channel, proposal, entry } = message
  const earlier = and(
    eq(outbox.platform, platform),
    eq(outbox.channel, channel),
    eq(outbox.kind, 'card'),
    proposal === null ? isNull(outbox.proposal) : eq(outbox.proposal, proposal),
    isNull(outbox.deliveredAt),
    lte(outbox.id, id),
  )
  await db
    .update(outbox)
    .set({ deliveredAt: now, problem: null })
    .where(entry === null ? earlier : eq(outbox.id, id))
}

export async function markFailed(db: Queryable, id: number, problem: string): Promise<void> {
  await db
    .update(outbox)
    .set({ attempts: sql`${outbox.attempts} + 1`, problem })
    .where(eq(outbox.id, id))
}

/**
 * Forgets messages that were delivered before `before`. The platforms have them, and the record has what caused them.
 */
export async function purgeDelivered(db: Queryable, before: string): Promise<void> {
  await db.delete(outbox).where(lt(outbox.deliveredAt, before))
}

/** Adds a thread entry to the messages of the console. A second one with the same id is ignored. */
export async function addConsoleMessage(
  db: Queryable,
  message: {
    readonly id: number
    readonly channel: string
    readonly proposal: string
    readonly at: string
    readonly entry: ThreadEntry
  },
): Promise<void> {
  await db.insert(consoleMessages).values(message).onConflictDoNothing()
}

const EVERY = Number.MAX_SAFE_INTEGER

export interface ConsoleMessage {
  readonly id: number
  readonly at: string
  readonly entry: ThreadEntry
}

/** A proposal's thread, oldest first: all of it, or the last `most` entries before the entry `before`. */
export async function consoleThread(
  db: Queryable,
  proposal: string,
  { before, most }: { readonly before: number | null; readonly most: number } = { before: null, most: EVERY },
): Promise<readonly ConsoleMessage[]> {
  const { id, at, entry } = consoleMessages
  const rows = await db
    .select({ id, at, entry })
    .from(consoleMessages)
    .where(and(eq(consoleMessages.proposal, proposal), before === null ? undefined : lt(id, before)))
    .orderBy(desc(id))
    .limit(most)
  return rows.reverse()
}

/** The picture under an entry of a proposal's thread; `null`: there is none. */
export async function consolePicture(db: Queryable, proposal: string, id: number): Promise<Picture | null> {
  const [row] = await db
    .select({ entry: consoleMessages.entry })
    .from(consoleMessages)
    .where(and(eq(consoleMessages.id, id), eq(consoleMessages.proposal, proposal)))
  return row?.entry.picture ?? null
}

/** Messages of the console to a channel that are not about a proposal, since an instant; newest first. */
export async function consoleNotices(
  db: Queryable,
  channel: string,
  { since, most }: { readonly since: string; readonly most: number },
): Promise<readonly ConsoleMessage[]> {
  const rows = await db
    .select({ id: outbox.id, at: outbox.at, entry: outbox.entry })
    .from(outbox)
    .where(and(eq(outbox.platform, 'console'), eq(outbox.channel, channel), isNotice, gte(outbox.at, since)))
    .orderBy(desc(outbox.id))
    .limit(most)
  return rows.flatMap(({ id, at, entry }) => (entry === null ? [] : [{ id, at, entry }]))
}

/** The pictures of a proposal's thread, oldest first. */
export async function toldPictures(db: Queryable, proposal: string): Promise<readonly Picture[]> {
  const picture = sql<Picture>`${consoleMessages.entry} -> 'picture'`
  const rows = await db
    .select({ picture })
    .from(consoleMessages)
    .where(and(eq(consoleMessages.proposal, proposal), hasPicture))
    .orderBy(asc(consoleMessages.id))
  return rows.map((row) => row.picture)
}

/**
 * How many messages wait, by platform, channel and problem. Those with a problem come first. What may not be sent yet
 * does not count.
 */
export async function waitingPlaces(db: Queryable, now: string): Promise<readonly WaitingPlace[]> {
  const { platform, channel, problem, proposal } = outbox
  return db
    .select({
      platform,
      channel,
      problem,
      waiting: sql<number>`count(*)::int`,
      proposals: sql<string[]>`coalesce(jsonb_agg(distinct ${proposal}) filter (where ${proposal} is not null), '[]')`,
    })
    .from(outbox)
    .where(and(isNull(outbox.deliveredAt), isDue(now)))
    .groupBy(platform, channel, problem)
    .orderBy(sql`${problem} is null`, asc(platform), asc(channel), asc(problem))
}
