import { type ActionName, actions } from '../../chat/actions.ts'
import { offeredOf } from '../../chat/card-actions.ts'
import type { Desk, Person, Suggestion } from '../../chat/desk.ts'
import { proposalCard } from '../../chat/proposal-card.ts'
import { offersTo } from '../../core/permission/answer.ts'
import { announceTest } from '../../store/notify.ts'
import { toldPictures } from '../../store/outbox.ts'
import { listProposals, readGlances } from '../../store/proposal-pages.ts'
import { placeOf, placesOf } from '../places.ts'
import { act, freezeTeam, give } from './acts.ts'
import { createAsking } from './asking.ts'
import type { DeskParts } from './desk-parts.ts'
import { detailOf } from './details.ts'
import { overviewFor } from './overview.ts'
import { slash } from './slash.ts'

/** How many suggestions are shown while somebody types: Discord's limit. */
const SUGGESTED = 25
/** How many proposals are checked for suggestions. */
const LOOKED_AT = 100

/** The desk of the real service. Each request becomes a command or a look, from any platform. */
export function createDesk(desk: DeskParts): Desk {
  const { db, linking } = desk
  return {
    async act(request, person) {
      const answer = await act(desk, request, person)
      if (answer.ok && actions[request.action].command !== null) await desk.absences.returned(person)
      return answer
    },
    async freezeTeam(request, person) {
      const answer = await freezeTeam(desk, request, person)
      if (answer.ok) await desk.absences.returned(person)
      return answer
    },
    slash: (text, where, person) => slash(desk, text, where, person),
    detail: (proposal, name, part) => detailOf(desk, proposal, name, part),
    overview: (person) => overviewFor(desk, person),
    askLink: (account) => linking.askCode(account),
    asking: createAsking(desk),
    suggest: (typed, action, person) => suggested(desk, typed, action, person),
    tested: (nonce) => announceTest(db, nonce),
    async comment(proposal, text, person) {
      const answer = await give(desk, proposal, { type: 'comment', text }, person, '')
      if (answer.ok) await desk.absences.returned(person)
      return answer
    },
    async card(proposal, person) {
      const place = await placeOf(desk, proposal)
      return place === null ? null : proposalCard(place, person, await toldPictures(db, proposal))
    },
  }
}

/** Suggests proposals with this text in the title or id. */
async function suggested(
  desk: DeskParts,
  text: string,
  action: ActionName,
  person: Person,
): Promise<readonly Suggestion[]> {
  const teams = desk.teams.plans.map(({ team }) => team)
  const isAct = actions[action].command !== null
  const isMine = (team: string) => desk.teams.membersOf(team).some(({ id }) => id === person.id)
  const list = (of: readonly string[], most: number) =>
    listProposals(desk.db, { teams: of, status: 'open first', text }, null, most)
  // A person without a role in a team can act only on their own proposals and votes, so fewer are read.
  const found = isAct
    ? [
        ...(await list(teams.filter(isMine), LOOKED_AT)),
        ...(await list(
          teams.filter((team) => !isMine(team)),
          SUGGESTED,
        )),
      ]
    : await list(teams, SUGGESTED)
  const glances = await readGlances(
    desk.db,
    found.map(({ id }) => id),
  )
  return (await placesOf(desk, glances))
    .filter((place) => offeredOf([action], offersTo(person, place)).length > 0)
    .slice(0, SUGGESTED)
    .map(({ glance: { id, title } }) => ({ name: `${id} ${title}`, value: id }))
}
