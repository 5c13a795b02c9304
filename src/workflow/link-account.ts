/** Links an account with a person, or revokes it, in one transaction. */

import type { AccountPlatform } from '../chat/accounts.ts'
import type { ThreadEntry } from '../chat/card.ts'
import type { Person } from '../chat/desk.ts'
import { accountWords, linkedNotice, type NamedAccount, revokedNotice } from '../chat/linked-accounts.ts'
import { conversationWithAccount } from '../chat/platform.ts'
import { isOwn, namesIn, throughWords } from '../core/hands.ts'
import { type LinkObstacle, linkObstacle } from '../core/link-obstacle.ts'
import { actorFacts } from '../core/proposal/entry.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { readRealmId } from '../core/realm.ts'
import { storable } from '../core/storable.ts'
import type { Tx } from '../store/connection.ts'
import { appendToStream } from '../store/entries.ts'
import { putMessages } from '../store/outbox.ts'
import {
  addLinkedAccount,
  deleteLinkCode,
  deleteLinkedAccount,
  findLinked,
  type LinkedAccount,
  linkedAccountOf,
  lockLinkCode,
  noteShown,
  type WhichLinked,
} from '../store/people.ts'
import { knowPersonsIn, PERSONS, personsOf } from '../store/persons.ts'
import { Collision } from '../store/transaction.ts'
import { configuredOwner, type PersonEntry } from './configured-account.ts'

interface Surroundings {
  readonly people: readonly PersonEntry[]
  /** Platforms for direct messages. */
  readonly chats: readonly AccountPlatform[]
  readonly now: string
}

export interface LinkGiven extends Surroundings {
  readonly codeHash: string
  readonly confirmed: boolean
  readonly person: Person
}

/** The refusal for a person who signed in by a link, because somebody else may have used the link. */
const NOT_OWN =
  'Not linked: this session began with a sign-in link, so it may not be you. Type the code in Slack or Discord where you are known already, or ask an operator to write the account under people in patchwarden.yaml.'

export type LinkResult =
  | { readonly kind: 'unknown' }
  | ({ readonly kind: 'refused' } & LinkObstacle)
  /** `asked`: the person has seen whose account it is, and may confirm now. */
  | { readonly kind: 'asked' | 'linked'; readonly account: NamedAccount }

/** Shows whose account a code is for. If the person has seen this and confirms, links the account. */
export async function linkInTransaction(tx: Tx, given: LinkGiven): Promise<LinkResult> {
  const { codeHash, confirmed, person, now } = given
  if (!isOwn(person)) return { kind: 'refused', already: false, sentence: NOT_OWN }
  const found = await lockLinkCode(tx, codeHash, now)
  if (found === null) return { kind: 'unknown' }
  const { platform, account, label } = found
  const named = { platform, account, label }
  const obstacle = await obstacleTo(tx, named, given)
  if (obstacle !== null) return { kind: 'refused', ...obstacle }
  if (!confirmed || found.shownTo !== person.id) {
    await noteShown(tx, codeHash, person.id)
    return { kind: 'asked', account: named }
  }
  const linked = { ...named, person: person.id, linkedAt: now, confirmedIn: person.via }
  if (!(await addLinkedAccount(tx, linked))) throw new Collision('Another account was linked at the same time.')
  await deleteLinkCode(tx, codeHash)
  await recordLinked(tx, linked, person)
  await tell(tx, await conversationsWith(tx, linked, given), linkedNotice(named, { at: now, via: person.via }), now)
  return { kind: 'linked', account: named }
}

async function obstacleTo(tx: Tx, named: NamedAccount, { people, person }: LinkGiven): Promise<LinkObstacle | null> {
  const { platform, account } = named
  const earlier = await linkedAccountOf(tx, platform, person.id)
  // The account may be stored with its realm, or without it from before realms were known.
  const names = [...new Set([account, readRealmId(account).id])]
  const linked = await Promise.all(names.map((name) => findLinked(tx, platform, name)))
  return linkObstacle({
    person: person.id,
    account: `the ${accountWords(named)}`,
    address: `${platform} ${account}`,
    platform,
    configuredFor: configuredOwner(people, platform, names)?.id ?? null,
    linkedWith: linked.find((one) => one !== null)?.person ?? null,
    earlier: earlier === null ? null : `the ${accountWords(earlier)}`,
  })
}

export interface RevokeGiven extends Surroundings {
  readonly which: WhichLinked
  /** `null`: the person at the command line. */
  readonly by: Person | null
}

/** Ends a link and tells its person, also on the revoked account. `null`: there is no such link. */
export async function revokeInTransaction(tx: Tx, given: RevokeGiven): Promise<LinkedAccount | null> {
  const { which, by, now, chats } = given
  const ended = await deleteLinkedAccount(tx, which)
  if (ended === null) return null
  await recordRevoked(tx, ended, by, now)
  const { platform, account, person } = ended
  const own = chats.includes(platform) ? [{ platform, channel: conversationWithAccount(account) }] : []
  const how = by?.through === undefined || isOwn(by) ? '' : `, by ${throughWords(by.through, namesIn(given.people))}`
  const other = by === null || by.id === person ? null : `${by.name}${how}`
  const notice = revokedNotice(ended, { at: now, via: by?.via ?? 'cli', by: other })
  await tell(tx, [...(await conversationsWith(tx, ended, given)), ...own], notice, now)
  return ended
}

async function recordLinked(tx: Tx, linked: LinkedAccount, by: Person): Promise<void> {
  const { platform, account, label, person, linkedAt: at, confirmedIn } = linked
  const { pseudonymOf } = await knowPersonsIn(tx, personsOf(by), at)
  const facts = { person: pseudonymOf(person), platform, confirmedIn }
  const beside = { account, label }
  await appendToStream(tx, PERSONS, [{ at, by: pseudonymOf(by.id), event: 'account-linked', facts, beside }])
}

async function recordRevoked(tx: Tx, ended: LinkedAccount, by: Person | null, now: string): Promise<void> {
  const { platform, account, label, person } = ended
  const actor: Actor = by ?? { kind: 'system', part: 'operator' }
  const register = await knowPersonsIn(tx, [{ id: person, name: null }, ...personsOf(actor)], now)
  const whose = actorFacts(actor, register)
  const facts = { ...whose.facts, person: register.pseudonymOf(person), platform }
  const beside = { ...whose.beside, account, label }
  await appendToStream(tx, PERSONS, [{ at: now, by: whose.by, event: 'account-revoked', facts, beside }])
}

interface Conversation {
  readonly platform: AccountPlatform
  readonly channel: string
}

/** The person's direct messages on each platform where they have another account than this one. */
async function conversationsWith(
  tx: Tx,
  { account, platform, person }: LinkedAccount,
  { people, chats }: Surroundings,
): Promise<readonly Conversation[]> {
  const entry = people.find(({ id }) => id === person)
  const found: Conversation[] = []
  for (const chat of chats) {
    const reached = entry?.[chat] ?? (await linkedAccountOf(tx, chat, person))?.account ?? null
    const same = chat === platform && reached === account
    if (reached !== null && !same) found.push({ platform: chat, channel: `@${person}` })
  }
  return found
}

async function tell(tx: Tx, where: readonly Conversation[], entry: ThreadEntry, now: string): Promise<void> {
  await putMessages(tx, storable(where.map((each) => ({ ...each, proposal: null, at: now, entry }))))
}
