/** Finds the person behind a chat account, and the account of a person. A display name is never enough. */

import { type ChatPlatformName, chatPlatforms } from '../core/chat-platforms.ts'
import { writeRealmId } from '../core/realm.ts'

export type AccountPlatform = ChatPlatformName

/** The space in which an account's id is unique: a Slack workspace that the operator named. */
export interface Realm {
  readonly id: string
  /** True when no other realm counts. An id without a realm then means this one. */
  readonly only: boolean
}

export interface Account {
  readonly platform: AccountPlatform
  /** The platform's own id. */
  readonly id: string
  /** `null`: the id is unique on the whole platform. */
  readonly realm: Realm | null
  /** The name that the account's owner chose. It is shown, never trusted. */
  readonly label: string
  /** An e-mail address that the platform has verified; `null`: the platform names none. */
  readonly verifiedEmail: string | null
}

export type AccountId = Pick<Account, 'platform' | 'id' | 'realm'>

/** The name under which the account is stored: `T012AB3CD/U012AB3CD` on Slack. */
export function wholeName({ id, realm }: AccountId): string {
  return writeRealmId({ realm: realm?.id ?? null, id })
}

/** All names that the account may be written with. The whole name comes first. */
export function namesOf(account: AccountId): readonly string[] {
  const whole = wholeName(account)
  return account.realm?.only ? [whole, account.id] : [whole]
}

export interface KnownPerson {
  readonly id: string
  readonly name: string
}

export interface RecognisedPerson extends KnownPerson {
  /** When the account was linked by a code; `null`: the person was found by the configuration or by e-mail address. */
  readonly linkedAt: string | null
}

export interface Accounts {
  readonly all: readonly KnownPerson[]
  /**
   * Finds the person by the account id in the configuration, by a link, or by e-mail address. The address counts only
   * if this is configured and exactly one person has it.
   */
  personOf(account: Account): Promise<RecognisedPerson | null>
  /**
   * The account that reaches an addressee: a person id, or `@` and an account (see `addressee`). The account is
   * returned as it was written or stored, so its realm may be missing. `null`: none is known.
   */
  accountOf(platform: AccountPlatform, addressee: string): Promise<string | null>
}

/** The answer to an account that belongs to nobody. */
export function strangerText(account: AccountId): string {
  const { title, accountId } = chatPlatforms[account.platform]
  const name = namesOf(account).at(-1)
  return `Patchwarden does not know you yet. Type /patch link for a code that you confirm elsewhere, or ask an operator to add your ${title} ${accountId}, ${name}, to your entry under "people" in patchwarden.yaml.`
}
