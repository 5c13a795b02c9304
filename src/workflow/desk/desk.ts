import type { Desk, Suggestion } from '../../chat/desk.ts'
import { proposalCard } from '../../chat/proposal-card.ts'
import type { Db } from '../../store/connection.ts'
import { announceTest } from '../../store/notify.ts'
import { toldPictures } from '../../store/outbox.ts'
import { listProposals, openTeams, readLines } from '../../store/proposal-pages.ts'
import { teamOf } from '../../store/proposals.ts'
import { placeOf } from '../places.ts'
import { act, give } from './acts.ts'
import { createAsking } from './asking.ts'
import type { DeskParts } from './desk-parts.ts'
import { detailOf } from './details.ts'
import { overviewFor } from './overview.ts'
import { slash } from './slash.ts'

/** What is suggested while somebody types: as much as Discord shows. */
const SUGGESTED = 25

/** The desk on the real service: every request becomes a command or a look, whatever platform it came from. */
export function createDesk(desk: DeskParts): Desk {
  const { db, linking } = desk
  return {
    act: (request, person) => act(desk, request, person),
    slash: (text, where, person) => slash(desk, text, where, person),
    detail: (proposal, name, part) => detailOf(desk, proposal, name, part),
    overview: (person) => overviewFor(desk, person),
    askLink: (account) => linking.askCode(account),
    asking: createAsking(desk),
    async owners(proposal) {
      const team = await teamOf(db, proposal)
      return team === null ? [] : desk.teams.membersOf(team).map(({ id, name }) => ({ id, name }))
    },
    suggest: (typed) => openCalled(db, typed),
    tested: (nonce) => announceTest(db, nonce),
    comment: (proposal, text, person) => give(desk, proposal, { type: 'comment', text }, person, ''),
    async card(proposal, person) {
      const place = await placeOf(desk, proposal)
      return place === null ? null : proposalCard(place, person, await toldPictures(db, proposal))
    },
  }
}

/** Open proposals that have this in the title or the id, newest first. */
async function openCalled(db: Db, text: string): Promise<readonly Suggestion[]> {
  const found = await listProposals(db, { teams: await openTeams(db), status: 'open', text }, null, SUGGESTED)
  const lines = await readLines(
    db,
    found.map(({ id }) => id),
  )
  return lines.map(({ id, title }) => ({ name: `${id} ${title}`, value: id }))
}
