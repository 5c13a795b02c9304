import { someOf } from '../core/permission/names.ts'
import { holders } from '../core/permission/roles.ts'
import type { Member } from '../core/policy.ts'

/** The holders of any of these roles, such as "Mara or Eva"; or that nobody holds them. */
export function anyHolder(members: readonly Member[], roles: readonly string[]): string {
  const names = holders(members, roles).map(({ name }) => name)
  return names.length === 0 ? `nobody (no one is ${roles.join(' or ')})` : someOf(names, 'or')
}
