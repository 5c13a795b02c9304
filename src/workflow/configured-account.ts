import type { AccountPlatform } from '../chat/accounts.ts'
import type { PersonEntry } from './accounts.ts'

/** The person whom the configuration names an account for; `null`: nobody. */
export function configuredOwner(
  people: readonly PersonEntry[],
  platform: AccountPlatform,
  account: string,
): PersonEntry | null {
  return people.find((person) => person[platform] === account) ?? null
}
