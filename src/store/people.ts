import { and, eq, gt, inArray, isNull, lte, or } from 'drizzle-orm'
import type { AccountPlatform } from '../chat/accounts.ts'
import { readRealmId } from '../core/realm.ts'
import type { Freeze } from '../core/window.ts'
import type { Queryable } from './connection.ts'
import { digests, freezes, groupsSeen, linkCodes, linkedAccounts } from './schema.ts'

export interface LinkedAccount {
  readonly platform: AccountPlatform
  readonly account: string
  readonly person: string
}

export async function findLinked(
  db: Queryable,
  platform: AccountPlatform,
  account: string,
): Promise<LinkedAccount | null> {
  const here = and(eq(linkedAccounts.platform, platform), eq(linkedAccounts.account, account))
  const [row] = await db.select().from(linkedAccounts).where(here)
  return row ?? null
}

/** The account a person linked on a platform; the latest, should there be several. */
export async function linkedAccountOf(
  db: Queryable,
  platform: AccountPlatform,
  person: string,
): Promise<string | null> {
  const here = and(eq(linkedAccounts.platform, platform), eq(linkedAccounts.person, person))
  const [row] = await db.select().from(linkedAccounts).where(here)
  return row?.account ?? null
}

/**
 * An account speaks for one person, and a person has one linked account on a platform: the new one replaces both, and what
 * was kept of the account before its realm was.
 */
export async function linkAccount(db: Queryable, linked: LinkedAccount & { readonly linkedAt: string }): Promise<void> {
  const { platform, account, person } = linked
  await db
    .delete(linkedAccounts)
    .where(
      and(
        eq(linkedAccounts.platform, platform),
        or(inArray(linkedAccounts.account, [account, readRealmId(account).id]), eq(linkedAccounts.person, person)),
      ),
    )
  await db.insert(linkedAccounts).values(linked)
}

export interface LinkCode {
  readonly codeHash: string
  readonly platform: AccountPlatform
  readonly account: string
  readonly label: string
  readonly expiresAt: string
}

/** Keeps a code; one asked for before by the same account is worth nothing any more, and old ones are forgotten. */
export async function addLinkCode(db: Queryable, code: LinkCode, now: string): Promise<void> {
  const same = and(eq(linkCodes.platform, code.platform), eq(linkCodes.account, code.account))
  await db.delete(linkCodes).where(or(same, lte(linkCodes.expiresAt, now)))
  await db.insert(linkCodes).values(code)
}

export async function findLinkCode(db: Queryable, codeHash: string, now: string): Promise<LinkCode | null> {
  const [row] = await db
    .select()
    .from(linkCodes)
    .where(and(eq(linkCodes.codeHash, codeHash), gt(linkCodes.expiresAt, now)))
  return row ?? null
}

/** Spends a code; two at once spend it once. */
export async function spendLinkCode(db: Queryable, codeHash: string, now: string): Promise<LinkCode | null> {
  const [row] = await db
    .delete(linkCodes)
    .where(and(eq(linkCodes.codeHash, codeHash), gt(linkCodes.expiresAt, now)))
    .returning()
  return row ?? null
}

export interface GroupSeen {
  readonly name: string
  readonly people: readonly string[]
  readonly seenAt: string
}

export async function readGroups(db: Queryable): Promise<readonly GroupSeen[]> {
  return db.select().from(groupsSeen)
}

export async function saveGroup(db: Queryable, { name, people, seenAt }: GroupSeen): Promise<void> {
  const row = { people: [...people], seenAt }
  await db
    .insert(groupsSeen)
    .values({ name, ...row })
    .onConflictDoUpdate({ target: groupsSeen.name, set: row })
}

export interface DeclaredFreeze {
  readonly team: string
  readonly person: string
  readonly reason: string
  readonly fromAt: string
  readonly untilAt: string
}

export async function addFreeze(db: Queryable, freeze: DeclaredFreeze): Promise<void> {
  await db.insert(freezes).values(freeze)
}

/** Freezes of a team that people declared and that still hold. */
export async function declaredFreezes(db: Queryable, team: string, now: string): Promise<readonly Freeze[]> {
  const rows = await db
    .select()
    .from(freezes)
    .where(and(eq(freezes.team, team), isNull(freezes.liftedAt), gt(freezes.untilAt, now)))
  return rows.map((row) => ({ name: row.reason, from: row.fromAt, to: row.untilAt, teams: [team] }))
}

/** How many were lifted. */
export async function liftFreezes(db: Queryable, team: string, by: string, now: string): Promise<number> {
  const rows = await db
    .update(freezes)
    .set({ liftedAt: now, liftedBy: by })
    .where(and(eq(freezes.team, team), isNull(freezes.liftedAt), gt(freezes.untilAt, now)))
    .returning({ id: freezes.id })
  return rows.length
}

/** True for the first to say so: the digest of that day is this caller's to post. */
export async function claimDigest(db: Queryable, channel: string, day: string): Promise<boolean> {
  const rows = await db.insert(digests).values({ channel, day }).onConflictDoNothing().returning()
  return rows.length > 0
}
