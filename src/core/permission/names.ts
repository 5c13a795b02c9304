import { anyOf } from '../proposal/decision.ts'

/** At most this many people are named. */
const NAMED = 3

/** `Mara, Tom or Aisha`. A longer list: the first names and how many more there are, joined by `last`. */
export function someOf(names: readonly string[], last: 'and' | 'or' = 'and'): string {
  const more = names.length - NAMED
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} ${last} ${more} more` : anyOf(names)
}

/**
 * The sentence for somebody who does not hold the role that an act takes. `roles`: `any` means that any role in the
 * team is enough. `held`: the roles that they hold. `able`: names of people who can do it instead.
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
