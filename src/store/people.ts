import { and, asc, eq, gt, isNull, lte, or } from 'drizzle-orm'
import type { AccountPlatform } from '../chat/accounts.ts'
import type { Via } from '../core/proposal/proposal.ts'
import type { Freeze } from '../core/window.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { configuredAccounts, digests, freezes, groupsSeen, linkCodes, linkedAccounts } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface LinkedAccount {
  readonly platform: AccountPlatform
  readonly account: string
  /** `null`: linked before that was kept, as with `confirmedIn`. */
  readonly label: string | null
  readonly person: string
  readonly linkedAt: string
  readonly confirmedIn: Via | null
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

/** The account a person linked on a platform: there is one at most. */
export async function linkedAccountOf(
  db: Queryable,
  platform: AccountPlatform,
  person: string,
): Promise<LinkedAccount | null> {
  const here = and(eq(linkedAccounts.platform, platform), eq(linkedAccounts.person, person))
  const [row] = await db.select().from(linkedAccounts).where(here)
  return row ?? null
}

export interface ConfiguredAccount {
  readonly platform: AccountPlatform | 'email'
  /** An account's id, or an address in small letters. */
  readonly account: string
  readonly person: string
}

/** Remembers since when the configuration names these; what it names no more is forgotten. */
export async function noteConfigured(db: Db, named: readonly ConfiguredAccount[], now: string): Promise<void> {
  await inTransaction(db, noteNamed, { named, now })
}

async function noteNamed(
  tx: Tx,
  { named, now }: { readonly named: readonly ConfiguredAccount[]; readonly now: string },
): Promise<void> {
  const known = await tx.select().from(configuredAccounts)
  const same = (one: ConfiguredAccount) => (other: ConfiguredAccount) =>
    one.platform === other.platform && one.account === other.account && one.person === other.person
  for (const old of known.filter((one) => !named.some(same(one))))
    await tx.delete(configuredAccounts).where(isConfigured(old))
  const fresh = named.filter((one) => !known.some(same(one))).map((one) => ({ ...one, seenAt: now }))
  if (fresh.length > 0) await tx.insert(configuredAccounts).values(fresh).onConflictDoNothing()
}

/** Since when the configuration names the account for the person (ISO 8601 UTC); `null`: it never did as far as we know. */
export async function configuredSince(db: Queryable, named: ConfiguredAccount): Promise<string | null> {
  const [row] = await db.select().from(configuredAccounts).where(isConfigured(named))
  return row?.seenAt ?? null
}

function isConfigured({ platform, account, person }: ConfiguredAccount) {
  const { platform: where, account: its, person: whose } = configuredAccounts
  return and(eq(where, platform), eq(its, account), eq(whose, person))
}

/** Everybody's, in the order of their names. */
export async function allLinkedAccounts(db: Queryable): Promise<readonly LinkedAccount[]> {
  return db.select().from(linkedAccounts).orderBy(asc(linkedAccounts.person), asc(linkedAccounts.platform))
}

/** False where the account is linked already, or the person has another on the platform: that stays as it is. */
export async function addLinkedAccount(tx: Queryable, linked: LinkedAccount): Promise<boolean> {
  const rows = await tx.insert(linkedAccounts).values(linked).onConflictDoNothing().returning()
  return rows.length > 0
}

export interface WhichLinked {
  readonly platform: AccountPlatform
  /** `null`: whichever the person has there. */
  readonly account: string | null
  /** `null`: whoever it is linked with. */
  readonly person: string | null
}

/** Ends a link; two at once end it once. `null`: there is none. */
export async function deleteLinkedAccount(
  tx: Queryable,
  { platform, account, person }: WhichLinked,
): Promise<LinkedAccount | null> {
  if (account === null && person === null) return null
  const [row] = await tx
    .delete(linkedAccounts)
    .where(
      and(
        eq(linkedAccounts.platform, platform),
        account === null ? undefined : eq(linkedAccounts.account, account),
        person === null ? undefined : eq(linkedAccounts.person, person),
      ),
    )
    .returning()
  return row ?? null
}

export interface LinkCode {
  readonly codeHash: string
  readonly platform: AccountPlatform
  readonly account: string
  readonly label: string
  readonly expiresAt: string
}

export interface StoredLinkCode extends LinkCode {
  /** The person who was last shown whose account it is. */
  readonly shownTo: string | null
}

/** Keeps a code; one asked for before by the same account is worth nothing any more, and old ones are forgotten. */
export async function addLinkCode(db: Queryable, code: LinkCode, now: string): Promise<void> {
  const same = and(eq(linkCodes.platform, code.platform), eq(linkCodes.account, code.account))
  await db.delete(linkCodes).where(or(same, lte(linkCodes.expiresAt, now)))
  await db.insert(linkCodes).values(code)
}

/** Finds a code that still counts, and lets nobody else use it before this transaction is over. */
export async function lockLinkCode(tx: Tx, codeHash: string, now: string): Promise<StoredLinkCode | null> {
  const [row] = await tx
    .select()
    .from(linkCodes)
    .where(and(eq(linkCodes.codeHash, codeHash), gt(linkCodes.expiresAt, now)))
    .for('update')
  return row ?? null
}

/** This person has now read whose account the code is about. */
export async function noteShown(tx: Queryable, codeHash: string, person: string): Promise<void> {
  await tx.update(linkCodes).set({ shownTo: person }).where(eq(linkCodes.codeHash, codeHash))
}

export async function deleteLinkCode(tx: Queryable, codeHash: string): Promise<void> {
  await tx.delete(linkCodes).where(eq(linkCodes.codeHash, codeHash))
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
