import { and, eq, gt, isNull } from 'drizzle-orm'
import type { Queryable } from './connection.ts'
import { sessions, signInLinks } from './schema.ts'

export interface Session {
  readonly person: string
  readonly actingAs: string
}

export async function addSignInLink(
  db: Queryable,
  link: { readonly tokenHash: string; readonly person: string; readonly issuedBy: string; readonly expiresAt: string },
): Promise<void> {
  await db.insert(signInLinks).values(link)
}

/** Spends a link: the person it was made for, or `null` if it is unknown, spent or expired. Two clicks spend it once. */
export async function spendSignInLink(db: Queryable, tokenHash: string, now: string): Promise<string | null> {
  const [row] = await db
    .update(signInLinks)
    .set({ usedAt: now })
    .where(and(eq(signInLinks.tokenHash, tokenHash), isNull(signInLinks.usedAt), gt(signInLinks.expiresAt, now)))
    .returning({ person: signInLinks.person })
  return row?.person ?? null
}

export async function addSession(
  db: Queryable,
  session: {
    readonly tokenHash: string
    readonly person: string
    readonly createdAt: string
    readonly expiresAt: string
  },
): Promise<void> {
  await db.insert(sessions).values({ ...session, actingAs: session.person })
}

export async function findSession(db: Queryable, tokenHash: string, now: string): Promise<Session | null> {
  const [row] = await db
    .select({ person: sessions.person, actingAs: sessions.actingAs })
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
