import { and, asc, eq, isNull, lt, notInArray, sql } from 'drizzle-orm'
import type { ThreadEntry } from '../chat/card.ts'
import type { Queryable } from './connection.ts'
import { consoleMessages, outbox } from './schema.ts'

export interface OutboxMessage {
  readonly platform: string
  /** A channel of the configuration, or `@` and a person's id. */
  readonly channel: string
  readonly proposal: string | null
  readonly at: string
  /** `null`: show the proposal's card as it is now. */
  readonly entry: ThreadEntry | null
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

/** Undelivered messages of one platform, oldest first, leaving out some channels. */
export async function waitingMessages(
  db: Queryable,
  platform: string,
  except: readonly string[],
  limit: number,
): Promise<readonly WaitingMessage[]> {
  const others = except.length === 0 ? undefined : notInArray(outbox.channel, [...except])
  const rows = await db
    .select()
    .from(outbox)
    .where(and(eq(outbox.platform, platform), isNull(outbox.deliveredAt), others))
    .orderBy(asc(outbox.id))
    .limit(limit)
  return rows.map((row) => ({
    id: row.id,
    platform: row.platform,
    channel: row.channel,
    proposal: row.proposal,
    at: row.at,
    entry: row.entry,
    attempts: row.attempts,
  }))
}

export async function markDelivered(db: Queryable, id: number, now: string): Promise<void> {
  await db.update(outbox).set({ deliveredAt: now, problem: null }).where(eq(outbox.id, id))
}

export async function markFailed(db: Queryable, id: number, problem: string): Promise<void> {
  await db
    .update(outbox)
    .set({ attempts: sql`${outbox.attempts} + 1`, problem })
    .where(eq(outbox.id, id))
}

/** Forgets what was delivered before `before`: the platforms hold it, and the record holds what caused it. */
export async function purgeDelivered(db: Queryable, before: string): Promise<void> {
  await db.delete(outbox).where(lt(outbox.deliveredAt, before))
}

/** Adds a thread entry to the console's message log. The same id twice is one message. */
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

export async function consoleThread(
  db: Queryable,
  proposal: string,
): Promise<readonly { readonly id: number; readonly at: string; readonly entry: ThreadEntry }[]> {
  const rows = await db
    .select()
    .from(consoleMessages)
    .where(eq(consoleMessages.proposal, proposal))
    .orderBy(asc(consoleMessages.id))
  return rows.map((row) => ({ id: row.id, at: row.at, entry: row.entry }))
}
