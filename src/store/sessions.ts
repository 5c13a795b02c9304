import { and, eq, gt, inArray, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import { COMMAND_LINE } from '../core/hands.ts'
import type { Register } from '../core/record/register.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { appendToStream } from './entries.ts'
import { type KnownPerson, knowPersonsIn, PERSONS } from './persons.ts'
import { sessions, signInLinks } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface Session {
  readonly person: string
  readonly actingAs: string
  /** Who made the link that began the session: people, or the command line. */
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
  /**
   * Made in the labelled example. Such a link and its sessions are not valid elsewhere, and links from elsewhere are
   * not valid in the example.
   */
  readonly example: boolean
}

/** Stores a link, and records that it was issued. `now`: ISO 8601 UTC. */
export async function addSignInLink(db: Db, link: SignInLink, now: string): Promise<void> {
  await inTransaction(db, addLink, { link, now })
}

async function addLink(tx: Tx, { link, now }: { readonly link: SignInLink; readonly now: string }): Promise<void> {
  await tx.insert(signInLinks).values({ ...link, madeBy: [...link.madeBy] })
  const { person, madeBy, expiresAt, example } = link
  const register = await knowPersonsIn(tx, known([person, ...madeBy]), now)
  const hands = madeBy.map((hand) => nameOfHand(hand, register))
  const [first = COMMAND_LINE] = hands
  const by = first === COMMAND_LINE ? 'operator' : first
  const facts = { person: register.pseudonymOf(person), madeBy: hands, expiresAt, example }
  await appendToStream(tx, PERSONS, [{ at: now, by, event: 'sign-in-link-issued', facts }])
}

/** The people in the list, without the command line. */
function known(people: readonly string[]): readonly KnownPerson[] {
  return people.filter((one) => one !== COMMAND_LINE).map((id) => ({ id, name: null }))
}

function nameOfHand(hand: string, { pseudonymOf }: Register): string {
  return hand === COMMAND_LINE ? hand : pseudonymOf(hand)
}

/** The present time, and whether this is the labelled example. */
export interface Here {
  /** ISO 8601 UTC. */
  readonly now: string
  readonly example: boolean
}

/** The person whom a link would sign in; `null`: the link is unknown, spent or expired. Changes nothing. */
export async function readSignInLink(db: Queryable, tokenHash: string, here: Here): Promise<string | null> {
  const [row] = await db.select({ person: signInLinks.person }).from(signInLinks).where(usable(tokenHash, here))
  return row?.person ?? null
}

/** Spends a link and begins its session. False: the link is unknown, spent or expired. Two clicks spend it once. */
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
  const register = await knowPersonsIn(tx, known([row.person, ...row.madeBy]), session.createdAt)
  const person = register.pseudonymOf(row.person)
  const facts = { person, how: 'link', madeBy: row.madeBy.map((hand) => nameOfHand(hand, register)), example }
  await appendToStream(tx, PERSONS, [{ at: session.createdAt, by: person, event: 'signed-in', facts }])
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

/** Who ends sessions, and when (ISO 8601 UTC). `by`: a person's id; `null`: the operator, on the command line. */
export interface Ending {
  readonly by: string | null
  readonly now: string
}

/** Ends a session: its person signs out. */
export function endSession(db: Db, tokenHash: string, now: string): Promise<void> {
  return inTransaction(db, endOne, { tokenHash, now })
}

async function endOne(tx: Tx, { tokenHash, now }: { readonly tokenHash: string; readonly now: string }): Promise<void> {
  const [ended] = await tx
    .delete(sessions)
    .where(eq(sessions.tokenHash, tokenHash))
    .returning({ person: sessions.person })
  if (ended !== undefined) await recordEnded(tx, { ended: [ended.person], links: [] }, { by: ended.person, now })
}

/**
 * Ends every session of a person, and deletes links for new sessions that were not used yet. With `andIntroduced` it
 * does the same for other people whose link this person made. Returns how many sessions it ended.
 */
export function endSessionsOf(
  db: Db,
  person: string,
  { andIntroduced = false, ...ending }: Ending & { readonly andIntroduced?: boolean },
): Promise<number> {
  return inTransaction(db, endAll, { person, andIntroduced, ending })
}

interface EndGiven {
  readonly person: string
  readonly andIntroduced: boolean
  readonly ending: Ending
}

async function endAll(tx: Tx, { person, andIntroduced, ending }: EndGiven): Promise<number> {
  // Links first: a request that redeems a link at this moment holds the link's row until its session is stored. Then
  // that session is ended, too.
  const of = (table: typeof signInLinks | typeof sessions) =>
    andIntroduced ? or(eq(table.person, person), sql`${person} = any(${table.madeBy})`) : eq(table.person, person)
  const links = await tx
    .delete(signInLinks)
    .where(of(signInLinks))
    .returning({ person: signInLinks.person, usedAt: signInLinks.usedAt, expiresAt: signInLinks.expiresAt })
  const ended = await tx.delete(sessions).where(of(sessions)).returning({ person: sessions.person })
  const usable = links.filter(({ usedAt, expiresAt }) => usedAt === null && expiresAt > ending.now)
  const whose = (rows: readonly { readonly person: string }[]) => rows.map((row) => row.person)
  await recordEnded(tx, { ended: whose(ended), links: whose(usable) }, ending)
  return ended.length
}

/** Ids of people, one for each of their sessions or links. */
interface Ended {
  readonly ended: readonly string[]
  readonly links: readonly string[]
}

async function recordEnded(tx: Tx, { ended, links }: Ended, { by, now }: Ending): Promise<void> {
  const people = [...new Set([...ended, ...links])].sort()
  if (people.length === 0) return
  const { pseudonymOf } = await knowPersonsIn(tx, known(by === null ? people : [by, ...people]), now)
  const who = by === null ? 'operator' : pseudonymOf(by)
  const times = (list: readonly string[], person: string) => list.filter((one) => one === person).length
  await appendToStream(
    tx,
    PERSONS,
    people.map((person) => ({
      at: now,
      by: who,
      event: 'session-ended',
      facts: { person: pseudonymOf(person), sessions: times(ended, person), links: times(links, person) },
    })),
  )
}

/** Which of these sessions have neither ended nor expired. */
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
