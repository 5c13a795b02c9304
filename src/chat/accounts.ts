/** Which person a chat account speaks for, and which account a person is reached by. A display name is never enough. */

export type AccountPlatform = 'slack' | 'discord'

export interface Account {
  readonly platform: AccountPlatform
  /** The platform's own id. */
  readonly id: string
  /** How the account calls itself; shown, never trusted. */
  readonly label: string
  /** An address that the platform says is verified; `null` where it says none. */
  readonly verifiedEmail: string | null
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
  /** By the configuration's id, by a link, and, only where it is configured and one person alone has it, by e-mail. */
  personOf(account: Account): Promise<RecognisedPerson | null>
  /** Where a message reaches somebody, as `addressee` says: a person by their id, an account itself by `@` before its own. */
  accountOf(platform: AccountPlatform, addressee: string): Promise<string | null>
}

/** What somebody unknown is told. */
export function strangerText(account: Pick<Account, 'platform' | 'id'>): string {
  const [where, what] = account.platform === 'slack' ? ['Slack', 'member id'] : ['Discord', 'user id']
  return `Patchwarden does not know you yet. Type /patch link for a code that you confirm elsewhere, or ask an operator to add your ${where} ${what}, ${account.id}, to your entry under "people" in patchwarden.yaml.`
}
