import type { Overview, Person } from '../../chat/desk.ts'
import { OVERVIEW_LINES, overviewOf } from '../../chat/overview.ts'
import { readGlances, teamsAsked, underWay, votedBy, waitingFor } from '../../store/proposal-pages.ts'
import { placesOf } from '../places.ts'
import type { DeskParts } from './desk-parts.ts'

/** What waits for a person, what is running, and what the person decided last. */
export async function overviewFor(desk: DeskParts, person: Person): Promise<Overview> {
  const known = new Map(
    (await teamsAsked(desk.db)).flatMap((team) => {
      const member = desk.teams.membersOf(team).find(({ id }) => id === person.id)
      return member === undefined ? [] : [[team, member] as const]
    }),
  )
  const roles = new Map([...known].map(([team, member]) => [team, member.roles]))
  const [waiting, running, decided] = await Promise.all([
    waitingFor(desk.db, { id: person.id, roles, membersOf: (team) => desk.teams.membersOf(team) }, OVERVIEW_LINES),
    underWay(desk.db, OVERVIEW_LINES),
    votedBy(desk.db, person.id, OVERVIEW_LINES),
  ])
  const glances = await readGlances(desk.db, [...new Set([...waiting, ...running, ...decided])])
  const places = await placesOf(desk, glances)
  const of = (ids: readonly string[]) => ids.flatMap((id) => places.find(({ glance }) => glance.id === id) ?? [])
  const given = { waiting: of(waiting), running: of(running), decided: of(decided) }
  return overviewOf(given, person)
}
