import type { AccountPlatform, KnownPerson } from '../chat/accounts.ts'

/** A person as the configuration names them, with their accounts. */
export interface PersonEntry extends KnownPerson, Readonly<Record<AccountPlatform, string | null>> {
  readonly email: string | null
}

/** The person whom the configuration names an account for, by any of its names; `null`: nobody. */
export function configuredOwner(
  people: readonly PersonEntry[],
  platform: AccountPlatform,
  names: readonly string[],
): PersonEntry | null {
  return people.find((person) => names.includes(person[platform] ?? '')) ?? null
}
