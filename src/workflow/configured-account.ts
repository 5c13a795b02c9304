import type { AccountPlatform } from '../chat/accounts.ts'
import type { PersonEntry } from './accounts.ts'

/** The person whom the configuration names an account for, by any of its names; `null`: nobody. */
export function configuredOwner(
  people: readonly PersonEntry[],
  platform: AccountPlatform,
  names: readonly string[],
): PersonEntry | null {
  return people.find((person) => names.includes(person[platform] ?? '')) ?? null
}
