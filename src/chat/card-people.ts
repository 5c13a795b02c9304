/** The names of the people who can do something, as sentences of a card name them. */

import { holders } from '../core/permission/roles.ts'
import type { Member } from '../core/policy.ts'

/** At most so many people are named. */
const NAMED = 3

/** Such as "Mara, Eva or 2 more". */
export function anyOf(names: readonly string[]): string {
  if (names.length > NAMED) return `${names.slice(0, NAMED).join(', ')} or ${names.length - NAMED} more`
  const last = names.at(-1) ?? 'nobody'
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}

/** The holders of any of these roles, such as "Mara or Eva"; or that nobody holds them. */
export function anyHolder(members: readonly Member[], roles: readonly string[]): string {
  const names = holders(members, roles).map(({ name }) => name)
  return names.length === 0 ? `nobody (no one is ${roles.join(' or ')})` : anyOf(names)
}
