import { and, eq, gt, inArray, isNotNull, isNull, lte, or } from 'drizzle-orm'
import type { Db, Queryable, Tx } from './connection.ts'
import { sessions, signInLinks } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface Session {
  readonly person: string
  readonly actingAs: string
  readonly expiresAt: string
}

/** A session that begins. */
export interface NewSession {
  readonly tokenHash: string
  readonly createdAt: string
  readonly expiresAt: string
}

export async function addSignInLink(
  db: Queryable,
  link: { readonly tokenHash: string; readonly person: string; readonly issuedBy: string; readonly expiresAt: string },
): Promise<void> {
  await db.insert(signInLinks).values(link)
}

/** The person a link would sign in, or `null` if it is unknown, spent or expired. Changes nothing. */
export async function readSignInLink(db: Queryable, tokenHash: string, now: string): Promise<string | null> {
  const [row] = await db.select({ person: signInLinks.person }).from(signInLinks).where(usable(tokenHash, now))
  return row?.person ?? null
}

/** Spends a link and begins the session that it stands for: false if it is unknown, spent or expired. Two clicks spend it once. */
export function redeemSignInLink(db: Db, tokenHash: string, session: NewSession): Promise<boolean> {
  return inTransaction(db, redeem, { tokenHash, session })
}

async function redeem(
  tx: Tx,
  { tokenHash, session }: { readonly tokenHash: string; readonly session: NewSession },
): Promise<boolean> {
  const [row] = await tx
    .update(signInLinks)
    .set({ usedAt: session.createdAt })
    .where(usable(tokenHash, session.createdAt))
    .returning({ person: signInLinks.person })
  if (row === undefined) return false
  await tx.insert(sessions).values({ ...session, person: row.person, actingAs: row.person })
  return true
}

function usable(tokenHash: string, now: string) {
  return and(eq(signInLinks.tokenHash, tokenHash), isNull(signInLinks.usedAt), gt(signInLinks.expiresAt, now))
}

export async function findSession(db: Queryable, tokenHash: string, now: string): Promise<Session | null> {
  const [row] = await db
    .select({ person: sessions.person, actingAs: sessions.actingAs, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(and(eq(sessions.tokenHash, tokenHash), gt(sessions.expiresAt, now)))
  return row ?? null
}

export async function setActingAs(db: Queryable, tokenHash: string, person: string): Promise<void> {
  await db.update(sessions).set({ actingAs: person }).where(eq(sessions.tokenHash, tokenHash))
}

export async function endSession(db: Queryable, tokenHash: string): Promise<void> {
  await db.delete(sessions).where(eq(sessions.tokenHash, tokenHash))
}

/** Ends every session of a person, and the links to new ones that were not used yet. Returns how many sessions that were. */
export function endSessionsOf(db: Db, person: string): Promise<number> {
  return inTransaction(db, endAll, person)
}

async function endAll(tx: Tx, person: string): Promise<number> {
  // Links first: whoever redeems one at this moment holds its row until the session is there, which is then ended, too.
  await tx.delete(signInLinks).where(eq(signInLinks.person, person))
  const ended = await tx.delete(sessions).where(eq(sessions.person, person)).returning({ person: sessions.person })
  return ended.length
}

/** Those of the sessions that have neither ended nor expired. */
export async function openSessions(
  db: Queryable,
  tokenHashes: readonly string[],
  now: string,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ tokenHash: sessions.tokenHash })
    .from(sessions)
    .where(and(inArray(sessions.tokenHash, [...tokenHashes]), gt(sessions.expiresAt, now)))
  return new Set(rows.map(({ tokenHash }) => tokenHash))
}

/** Forgets links that are spent or expired, and expired sessions. */
export async function purgeSessions(db: Queryable, now: string): Promise<void> {
  await db.delete(signInLinks).where(or(isNotNull(signInLinks.usedAt), lte(signInLinks.expiresAt, now)))
  await db.delete(sessions).where(lte(sessions.expiresAt, now))
}
