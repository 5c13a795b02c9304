import type { KnownPerson } from '../../chat/accounts.ts'
import { type ActionName, actions } from '../../chat/actions.ts'
import { actsOfAction } from '../../chat/card-actions.ts'
import { askedBefore } from '../../chat/consequence.ts'
import type { Answer, Asking, Click, Person } from '../../chat/desk.ts'
import { rich } from '../../chat/rich-text.ts'
import { refusalOf } from '../../core/permission/answer.ts'
import { askable } from '../../core/permission/askable.ts'
import { turnIn } from '../../core/permission/forbidden.ts'
import type { Place } from '../../core/permission/place.ts'
import { teamRefusal } from '../../core/permission/team.ts'
import type { Refusal } from '../../core/proposal/command.ts'
import { type PlaceParts, placeOf } from '../places.ts'

/** Before a dialog opens: its content, or the refusal that its answer would get. */
export function createAsking(parts: PlaceParts) {
  return async (click: Click, person: Person): Promise<Asking | Answer> => {
    const place = await placeOf(parts, click.proposal)
    if (place === null) return { ok: false, message: rich(`There is no proposal ${click.proposal}.`) }
    const refused = refusalOfClick(click, person, place)
    if (refused !== null) return refused
    const { title, id } = place.glance
    const owners = peopleFor(click.action, place, person.id)
    if (click.action === 'ask' && owners.length === 0)
      return { ok: false, message: rich(`Nobody else can do anything about ${id} now.`) }
    const confirm = askedBefore(click.action, place.glance, place.members)
    return { title, owners, ...(confirm === null ? {} : { confirm }) }
  }
}

/** Whom a person may name with the action. For other actions than a question, they come first themselves. */
export function peopleFor(action: ActionName, place: Place, me: string): readonly KnownPerson[] {
  const people = action === 'ask' ? askable(place, me) : place.members
  return people.map(({ id, name }) => ({ id, name })).toSorted((a, b) => Number(b.id === me) - Number(a.id === me))
}

function refusalOfClick({ proposal, action, revision }: Click, person: Person, place: Place): Answer | null {
  const given = actions[action].command?.({ revision, reason: null, owner: null, until: null, asset: null })
  if (given === undefined) return null
  if (given.type === 'freeze' || given.type === 'unfreeze') return refusalOfTeam(given.type, person, place)
  const turn = given.type === 'roll-back' ? null : turnIn(given)
  const refusals = actsOfAction(action).map((act) => refusalOf(act, person, place, turn))
  const [first = null] = refusals
  // The act may depend on the input. The dialog opens if one of the possible acts would be accepted.
  return first === null || refusals.includes(null) ? null : refusedAnswer(proposal, first)
}

/** A freeze is about the team, so the proposal's state does not matter. */
function refusalOfTeam(
  act: 'freeze' | 'unfreeze',
  { id, through }: Person,
  { glance, members, teamPolicy: policy = glance.policy }: Place,
): Answer | null {
  const sentence = teamRefusal({ act, team: glance.team, person: id, through, policy, members })
  return sentence === null ? null : { ok: false, message: rich(sentence) }
}

export function refusedAnswer(proposal: string, { code, sentence }: Refusal): Answer {
  const link = code === 'step-up' ? { link: `/p/${proposal}` } : {}
  return { ok: code === 'already', refused: code, message: rich(sentence), ...link }
}
