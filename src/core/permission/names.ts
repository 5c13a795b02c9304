import { anyOf } from '../proposal/decision.ts'

/** How many people are named. */
const NAMED = 3

/** `Mara, Tom or Aisha`; of very many the first. */
export function someOf(names: readonly string[]): string {
  const more = names.length - NAMED
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : anyOf(names)
}

/**
 * Says that something takes a role, to somebody who holds others. `roles`: `any` where any will do. `able`: who can do
 * it instead.
 */
export function takesRole(
  doing: string,
  roles: readonly string[] | 'any',
  held: readonly string[],
  able: readonly string[],
): string {
  const takes = roles === 'any' ? 'a role in the team' : `the role ${anyOf(roles)}`
  const can = able.length === 0 ? 'Nobody holds that role now.' : `${someOf(able)} can.`
  return `${doing} takes ${takes}; you have ${held.join(', ') || 'none'}. ${can}`
}
