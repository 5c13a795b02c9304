/** Which person a chat account speaks for, and which account a person is reached by. A display name is never enough. */

import { type ChatPlatformName, chatPlatforms } from '../core/chat-platforms.ts'
import { writeRealmId } from '../core/realm.ts'

export type AccountPlatform = ChatPlatformName

/** What an account's id counts in: a Slack workspace, and one that the operator named. */
export interface Realm {
  readonly id: string
  /** No other counts: an id that is written alone means this one. */
  readonly only: boolean
}

export interface Account {
  readonly platform: AccountPlatform
  /** The platform's own id. */
  readonly id: string
  /** `null`: the id is the same everywhere on the platform. */
  readonly realm: Realm | null
  /** How the account calls itself; shown, never trusted. */
  readonly label: string
  /** An address that the platform says is verified; `null` where it says none. */
  readonly verifiedEmail: string | null
}

export type AccountId = Pick<Account, 'platform' | 'id' | 'realm'>

/** What the account is kept as: `T012AB3CD/U012AB3CD` on Slack. */
export function wholeName({ id, realm }: AccountId): string {
  return writeRealmId({ realm: realm?.id ?? null, id })
}

/** All that the account may be written as, the whole name first. */
export function namesOf(account: AccountId): readonly string[] {
  const whole = wholeName(account)
  return account.realm?.only ? [whole, account.id] : [whole]
}

export interface KnownPerson {
  readonly id: string
  readonly name: string
}

export interface RecognisedPerson extends KnownPerson {
  /** When the account was linked by a code; `null`: the configuration or its e-mail address says who it is. */
  readonly linkedAt: string | null
}

export interface Accounts {
  readonly all: readonly KnownPerson[]
  /**
   * Found by the id in the configuration, by a link, or by e-mail; by e-mail only where that is configured and only one
   * person has the address.
   */
  personOf(account: Account): Promise<RecognisedPerson | null>
  /**
   * Where a message reaches somebody, as `addressee` says: a person by their id, an account itself by `@` before its own. As it
   * is written or kept: with its realm, or alone where that is the only one.
   */
  accountOf(platform: AccountPlatform, addressee: string): Promise<string | null>
}

/** What somebody unknown is told. */
export function strangerText(account: AccountId): string {
  const { title, accountId } = chatPlatforms[account.platform]
  const name = namesOf(account).at(-1)
  return `Patchwarden does not know you yet. Type /patch link for a code that you confirm elsewhere, or ask an operator to add your ${title} ${accountId}, ${name}, to your entry under "people" in patchwarden.yaml.`
}
