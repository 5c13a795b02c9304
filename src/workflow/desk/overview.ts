import type { ThreadEntry } from '../../chat/card.ts'
import type { Overview, Person } from '../../chat/desk.ts'
import { OVERVIEW_LINES, overviewOf } from '../../chat/overview.ts'
import { waitingList } from '../../chat/waiting-list.ts'
import type { Place } from '../../core/permission/place.ts'
import { readGlances, teamsAsked, underWay, votedBy, waitingFor } from '../../store/proposal-pages.ts'
import { type PlaceParts, placesOf } from '../places.ts'
import type { DeskParts } from './desk-parts.ts'

/** What waits for a person, what is running, and what the person decided last. */
export async function overviewFor(desk: DeskParts, person: Person): Promise<Overview> {
  const [waiting, running, decided] = await Promise.all([
    waitingIds(desk, person.id),
    underWay(desk.db, OVERVIEW_LINES),
    votedBy(desk.db, person.id, OVERVIEW_LINES),
  ])
  const glances = await readGlances(desk.db, [...new Set([...waiting, ...running, ...decided])])
  const { db, clock, teams } = desk
  const places = await placesOf({ db, clock, teams }, glances)
  const of = (ids: readonly string[]) => ids.flatMap((id) => places.find(({ glance }) => glance.id === id) ?? [])
  const given = { waiting: of(waiting), running: of(running), decided: of(decided) }
  return overviewOf(given, person)
}

/**
 * The message that lists what waits for a person now. It is made when it is delivered, so nobody is asked what was
 * decided meanwhile. `null`: nothing waits any more, or the person is nobody's member.
 */
export async function waitingListFor(parts: PlaceParts, id: string): Promise<ThreadEntry | null> {
  const places = await placesOf(parts, await readGlances(parts.db, await waitingIds(parts, id)))
  const name = places.flatMap(({ members }) => members.find((one) => one.id === id)?.name ?? [])[0]
  if (name === undefined) return null
  const { waiting } = overviewOf(
    { waiting: places, running: [], decided: [] },
    { kind: 'person', id, name, via: 'console' },
  )
  const byId = new Map(places.map((place): [string, Place] => [place.glance.id, place]))
  return waitingList(
    waiting.flatMap(({ proposal, actions }) => {
      const place = byId.get(proposal)
      return place === undefined ? [] : [{ place, actions }]
    }),
  )
}

async function waitingIds({ db, teams }: Pick<PlaceParts, 'db' | 'teams'>, id: string): Promise<readonly string[]> {
  const roles = new Map(
    (await teamsAsked(db)).flatMap((team) => {
      const member = teams.membersOf(team).find((one) => one.id === id)
      return member === undefined ? [] : [[team, member.roles] as const]
    }),
  )
  return waitingFor(db, { id, roles, membersOf: (team) => teams.membersOf(team) }, OVERVIEW_LINES)
}
