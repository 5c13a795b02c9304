/** Machines that some source knows and that no patching system has: no engine, and no system that manages machines. */

import type { Member } from './policy.ts'

/** Tag of a machine that a managing system lists, and says that it does not manage. */
export const NOT_MANAGED = 'not managed'

/** The people of a team, and those who may be asked where it has none. */
export interface Askable {
  /** The team has a name in the configuration. */
  readonly isKnown: boolean
  readonly members: readonly Pick<Member, 'name' | 'roles' | 'awayUntil'>[]
  /** Names of the operators. */
  readonly operators: readonly string[]
}

/** So many names are written out. */
const NAMES = 3

/** Who can say who should manage a machine of the team: its owners, else its members, else the operators. A clause. */
export function whomToAsk(team: string, { isKnown, members, operators }: Askable): string {
  const owners = members.filter(({ roles }) => roles.includes('owner'))
  const there = owners.filter(({ awayUntil }) => awayUntil === undefined)
  if (owners.length > 0)
    return `${some((there.length > 0 ? there : owners).map(({ name }) => name))} (owner of ${team})`
  const own = members.filter(({ roles }) => roles.length > 0).map(({ name }) => name)
  const why = isKnown ? `the team ${team} has no owner` : 'it is of no team'
  const others = isKnown && own.length > 0 ? own : operators
  return others.length === 0 ? `nobody is known to ask: ${why}` : `${some(others)}, because ${why}`
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, NAMES)
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ')
}
