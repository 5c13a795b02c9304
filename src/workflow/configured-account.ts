import type { AccountPlatform, KnownPerson } from '../chat/accounts.ts'

/** A person of the configuration, with their accounts. */
export interface PersonEntry extends KnownPerson, Readonly<Record<AccountPlatform, string | null>> {
  readonly email: string | null
}

/** The person for whom the configuration names this account. `names`: the ways to write the account. `null`: nobody. */
export function configuredOwner(
  people: readonly PersonEntry[],
  platform: AccountPlatform,
  names: readonly string[],
): PersonEntry | null {
  return people.find((person) => names.includes(person[platform] ?? '')) ?? null
}
