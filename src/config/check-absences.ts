import { named } from './named.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import { absencesIn, membersFor } from './resolve.ts'
import type { Settings } from './schema.ts'

/** Finds absences that cannot be meant, and deputies who could do nothing. */
export function checkAbsences(settings: Settings, notes: Notes): void {
  for (const [index, { person, deputy, from, until }] of absencesIn(settings).entries()) {
    if (!(Date.parse(from) < Date.parse(until)))
      notes.problem(['away', index, 'until'], 'is not after "from"', 'Write when the absence ends.')
    if (deputy === null) continue
    const path = ['away', index, 'deputy']
    if (deputy === person) {
      notes.problem(path, 'names the person who is away', 'Name somebody else, or leave the deputy out.')
      continue
    }
    if (named(settings.people, deputy) === null || named(settings.people, person) === null) continue
    if (Object.keys(settings.teams).some((team) => shareTeam(settings, team, [person, deputy]))) continue
    const what = `is ${quote(deputy)}, who holds a role in no team of ${quote(person)}, and so can take their place in none`
    notes.warning(path, what, 'Name somebody who has a role in the same team.')
  }
}

function shareTeam(settings: Settings, team: string, people: readonly string[]): boolean {
  const members = membersFor(settings, team).map(({ id }) => id)
  return people.every((person) => members.includes(person))
}
