import { and, eq, gt, inArray, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import type { Db, Queryable, Tx } from './connection.ts'
import { sessions, signInLinks } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface Session {
  readonly person: string
  readonly actingAs: string
  /** The hands that made the link which began it: people, or the command line. */
  readonly madeBy: readonly string[]
  readonly expiresAt: string
}

/** A session that begins. */
export interface NewSession {
  readonly tokenHash: string
  readonly createdAt: string
  readonly expiresAt: string
}

export interface SignInLink {
  readonly tokenHash: string
  readonly person: string
  readonly issuedBy: string
  readonly madeBy: readonly string[]
  readonly expiresAt: string
  /** Made in the labelled example. Neither such a link nor its sessions are worth anything elsewhere, nor the other way round. */
  readonly example: boolean
}

export async function addSignInLink(db: Queryable, link: SignInLink): Promise<void> {
  await db.insert(signInLinks).values({ ...link, madeBy: [...link.madeBy] })
}

/** When it is, and whether this is the labelled example. */
export interface Here {
  /** ISO 8601 UTC. */
  readonly now: string
  readonly example: boolean
}

/** The person a link would sign in, or `null` if it is unknown, spent or expired. Changes nothing. */
export async function readSignInLink(db: Queryable, tokenHash: string, here: Here): Promise<string | null> {
  const [row] = await db.select({ person: signInLinks.person }).from(signInLinks).where(usable(tokenHash, here))
  return row?.person ?? null
}

/** Spends a link and begins the session that it stands for: false if it is unknown, spent or expired. Two clicks spend it once. */
export function redeemSignInLink(db: Db, tokenHash: string, session: NewSession, example: boolean): Promise<boolean> {
  return inTransaction(db, redeem, { tokenHash, session, example })
}

async function redeem(
  tx: Tx,
  {
    tokenHash,
    session,
    example,
  }: { readonly tokenHash: string; readonly session: NewSession; readonly example: boolean },
): Promise<boolean> {
  const [row] = await tx
    .update(signInLinks)
    .set({ usedAt: session.createdAt })
    .where(usable(tokenHash, { now: session.createdAt, example }))
    .returning({ person: signInLinks.person, madeBy: signInLinks.madeBy })
  if (row === undefined) return false
  await tx.insert(sessions).values({ ...session, ...row, actingAs: row.person, example })
  return true
}

function usable(tokenHash: string, { now, example }: Here) {
  return and(
    eq(signInLinks.tokenHash, tokenHash),
    isNull(signInLinks.usedAt),
    gt(signInLinks.expiresAt, now),
    eq(signInLinks.example, example),
  )
}

export async function findSession(db: Queryable, tokenHash: string, { now, example }: Here): Promise<Session | null> {
  const [row] = await db
    .select({
      person: sessions.person,
      actingAs: sessions.actingAs,
      madeBy: sessions.madeBy,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .where(and(eq(sessions.tokenHash, tokenHash), gt(sessions.expiresAt, now), eq(sessions.example, example)))
  return row ?? null
}

export async function setActingAs(db: Queryable, tokenHash: string, person: string): Promise<void> {
  await db.update(sessions).set({ actingAs: person }).where(eq(sessions.tokenHash, tokenHash))
}

export async function endSession(db: Queryable, tokenHash: string): Promise<void> {
  await db.delete(sessions).where(eq(sessions.tokenHash, tokenHash))
}

/**
 * Ends every session of a person, and the links to new ones that were not used yet; with `andIntroduced` also those of
 * others that began with a link which the person made. Returns how many sessions that were.
 */
export function endSessionsOf(db: Db, person: string, { andIntroduced = false } = {}): Promise<number> {
  return inTransaction(db, endAll, { person, andIntroduced })
}

async function endAll(
  tx: Tx,
  { person, andIntroduced }: { readonly person: string; readonly andIntroduced: boolean },
): Promise<number> {
  // Links first: whoever redeems one at this moment holds its row until the session is there, which is then ended, too.
  const of = (table: typeof signInLinks | typeof sessions) =>
    andIntroduced ? or(eq(table.person, person), sql`${person} = any(${table.madeBy})`) : eq(table.person, person)
  await tx.delete(signInLinks).where(of(signInLinks))
  const ended = await tx.delete(sessions).where(of(sessions)).returning({ person: sessions.person })
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
