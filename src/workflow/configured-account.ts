import type { AccountPlatform, KnownPerson } from '../chat/accounts.ts'

/** A person as the configuration names them, with their accounts. */
export interface PersonEntry extends KnownPerson {
  readonly email: string | null
  /** `T012AB3CD/U012AB3CD`, or `U012AB3CD` of the only workspace. */
  readonly slack: string | null
  readonly discord: string | null
}

/** The person whom the configuration names an account for, by any of its names; `null`: nobody. */
export function configuredOwner(
  people: readonly PersonEntry[],
  platform: AccountPlatform,
  names: readonly string[],
): PersonEntry | null {
  return people.find((person) => names.includes(person[platform] ?? '')) ?? null
}
