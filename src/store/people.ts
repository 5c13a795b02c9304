import { and, asc, eq, gt, lt, lte, or } from 'drizzle-orm'
import type { AccountPlatform } from '../chat/accounts.ts'
import { contentOf } from '../core/content.ts'
import type { Via } from '../core/proposal/proposal.ts'
import { slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { nameContents } from './content.ts'
import { appendToStream, lockStream, RIGHTS } from './entries.ts'
import { knowPersonsIn, lockRegister, PERSONS } from './persons.ts'
import { configuredAccounts, digests, groupsSeen, linkCodes, linkedAccounts } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface LinkedAccount {
  readonly platform: AccountPlatform
  readonly account: string
  /** The account's name on its platform; `null`: linked before names were kept. The same for `confirmedIn`. */
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

/** The account that a person linked on a platform. There is at most one. */
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

/**
 * Remembers since when the configuration names these accounts. Records which ones it begins to name and which it no
 * longer names.
 */
export async function noteConfigured(db: Db, named: readonly ConfiguredAccount[], now: string): Promise<void> {
  await inTransaction(db, noteNamed, { named, now })
}

async function noteNamed(
  tx: Tx,
  { named, now }: { readonly named: readonly ConfiguredAccount[]; readonly now: string },
): Promise<void> {
  // If two processes start together, one waits for the other.
  await lockRegister(tx)
  const known = await tx.select().from(configuredAccounts)
  const key = ({ platform, account, person }: ConfiguredAccount) => JSON.stringify([platform, account, person])
  const wanted = new Map(named.map((one) => [key(one), one]))
  const there = new Set(known.map(key))
  const gone = known.filter((one) => !wanted.has(key(one)))
  const fresh = [...wanted.values()].filter((one) => !there.has(key(one)))
  if (gone.length + fresh.length === 0) return
  for (const old of gone) await tx.delete(configuredAccounts).where(isConfigured(old))
  for (const some of slices(fresh))
    await tx.insert(configuredAccounts).values(some.map((one) => ({ ...one, seenAt: now })))
  const whose = [...gone, ...fresh].map(({ person }) => ({ id: person, name: null }))
  const { pseudonymOf } = await knowPersonsIn(tx, whose, now)
  const entry = (event: string) => (one: ConfiguredAccount) => ({
    at: now,
    by: 'operator',
    event,
    facts: { person: pseudonymOf(one.person), platform: one.platform },
    beside: { account: one.account },
  })
  await appendToStream(tx, PERSONS, [...gone.map(entry('account-unnamed')), ...fresh.map(entry('account-named'))])
}

/** Since when the configuration names the account for the person (ISO 8601 UTC); `null`: never, as far as we know. */
export async function configuredSince(db: Queryable, named: ConfiguredAccount): Promise<string | null> {
  const [row] = await db.select().from(configuredAccounts).where(isConfigured(named))
  return row?.seenAt ?? null
}

function isConfigured({ platform, account, person }: ConfiguredAccount) {
  const { platform: where, account: its, person: whose } = configuredAccounts
  return and(eq(where, platform), eq(its, account), eq(whose, person))
}

/** All linked accounts, sorted by person id and platform. */
export async function allLinkedAccounts(db: Queryable): Promise<readonly LinkedAccount[]> {
  return db.select().from(linkedAccounts).orderBy(asc(linkedAccounts.person), asc(linkedAccounts.platform))
}

/**
 * Links an account. False, and nothing changes: the account is linked already, or the person has another one on the
 * platform.
 */
export async function addLinkedAccount(tx: Queryable, linked: LinkedAccount): Promise<boolean> {
  const rows = await tx.insert(linkedAccounts).values(linked).onConflictDoNothing().returning()
  return rows.length > 0
}

export interface WhichLinked {
  readonly platform: AccountPlatform
  /** `null`: the account that the person has there. */
  readonly account: string | null
  /** `null`: the person that the account is linked to. */
  readonly person: string | null
}

/** Deletes a link and returns it. `null`: there is none. If two calls come at once, only one of them gets the link. */
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
  /** The person who was last shown which account the code is for. */
  readonly shownTo: string | null
}

/** Stores a code. Earlier codes for the same account, and expired codes, are deleted. */
export async function addLinkCode(db: Queryable, code: LinkCode, now: string): Promise<void> {
  const same = and(eq(linkCodes.platform, code.platform), eq(linkCodes.account, code.account))
  await db.delete(linkCodes).where(or(same, lte(linkCodes.expiresAt, now)))
  await db.insert(linkCodes).values(code)
}

/** Finds a code that has not expired, and keeps others from using it until the transaction is over. */
export async function lockLinkCode(tx: Tx, codeHash: string, now: string): Promise<StoredLinkCode | null> {
  const [row] = await tx
    .select()
    .from(linkCodes)
    .where(and(eq(linkCodes.codeHash, codeHash), gt(linkCodes.expiresAt, now)))
    .for('update')
  return row ?? null
}

/** Notes that this person was shown which account the code is for. */
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

/** An entry itself names at most this many people of a group. A longer list becomes content. */
const PEOPLE_NAMED = 500

/** Stores who was in a group when its system was last asked. Records it if the answer differs from the one before. */
export async function saveGroup(db: Db, group: GroupSeen): Promise<void> {
  await inTransaction(db, saveRead, { group })
}

async function saveRead(tx: Tx, { group }: { readonly group: GroupSeen }): Promise<void> {
  const { name, seenAt } = group
  const people = [...new Set(group.people)]
  const row = { people, seenAt }
  const isAsBefore = async () => {
    const [before] = await tx.select().from(groupsSeen).where(eq(groupsSeen.name, name))
    return before !== undefined && sameMembers(before.people, people)
  }
  if (!(await isAsBefore())) {
    const members = people.map((id) => ({ id, name: null }))
    const { pseudonymOf } = await knowPersonsIn(tx, members, seenAt)
    // If two processes read the same group, only one of them records it.
    await lockStream(tx, RIGHTS)
    if (!(await isAsBefore())) await recordGroup(tx, group, people.map(pseudonymOf).sort())
  }
  await tx
    .insert(groupsSeen)
    .values({ name, ...row })
    .onConflictDoUpdate({ target: groupsSeen.name, set: row })
}

async function recordGroup(tx: Tx, { name, seenAt }: GroupSeen, people: readonly string[]): Promise<void> {
  const facts = { group: name, count: people.length }
  const added = { at: seenAt, by: 'assessment', event: 'group-read' }
  if (people.length <= PEOPLE_NAMED) {
    await appendToStream(tx, RIGHTS, [{ ...added, facts: { ...facts, people } }])
    return
  }
  const content = contentOf('configuration', { group: name, people })
  await nameContents(tx, [content.hash], { contents: [content], now: seenAt })
  await appendToStream(tx, RIGHTS, [{ ...added, facts: { ...facts, configuration: content.hash } }])
}

/**
 * Forgets groups that were last read before an instant (ISO 8601 UTC), and records that nobody knows now who is in
 * them. Then the people whom the configuration names hold the role.
 */
export async function forgetGroups(db: Db, readBefore: string, now: string): Promise<void> {
  const old = await db.select({ name: groupsSeen.name }).from(groupsSeen).where(lt(groupsSeen.seenAt, readBefore))
  if (old.length > 0) await inTransaction(db, forget, { readBefore, now })
}

async function forget(
  tx: Tx,
  { readBefore, now }: { readonly readBefore: string; readonly now: string },
): Promise<void> {
  await lockStream(tx, RIGHTS)
  const rows = await tx.delete(groupsSeen).where(lt(groupsSeen.seenAt, readBefore)).returning({ name: groupsSeen.name })
  const names = rows.map(({ name }) => name).sort()
  const added = { at: now, by: 'assessment', event: 'group-unread' }
  await appendToStream(
    tx,
    RIGHTS,
    names.map((group) => ({ ...added, facts: { group } })),
  )
}

function sameMembers(before: readonly string[], after: readonly string[]): boolean {
  const known = new Set(before)
  return known.size === after.length && after.every((person) => known.has(person))
}

/** True for the first caller. That caller posts the digest of this channel and day. */
export async function claimDigest(db: Queryable, channel: string, day: string): Promise<boolean> {
  const rows = await db.insert(digests).values({ channel, day }).onConflictDoNothing().returning()
  return rows.length > 0
}
