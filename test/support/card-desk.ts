import type { Desk } from '../../src/chat/desk.ts'
import type { Picture } from '../../src/chat/picture/picture.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import type { Status } from '../../src/core/proposal/proposal.ts'
import { placeOf } from './place.ts'
import { members, proposalCase } from './proposal-case.ts'

function unasked(): never {
  throw new Error('Nobody asks for this here.')
}

/** Knows the card of every proposal and nothing else: for tests of delivery alone. */
export const cardDesk: Desk = {
  card: async (proposal) => proposalCard(placeOf({ ...proposalCase().state(), id: proposal }, members), null),
  act: unasked,
  freezeTeam: unasked,
  slash: unasked,
  comment: unasked,
  askLink: unasked,
  overview: unasked,
  asking: unasked,
  suggest: unasked,
  tested: unasked,
  detail: unasked,
}

/** The same, of a proposal whose thread was told these pictures. */
export function cardDeskWith(told: () => readonly Picture[], status: Status = 'open'): Desk {
  const state = (id: string) => ({ ...proposalCase().state(), id, status })
  return { ...cardDesk, card: async (id) => proposalCard(placeOf(state(id), members), null, told()) }
}
