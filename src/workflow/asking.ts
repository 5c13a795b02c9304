import { actOfAction } from '../chat/card-actions.ts'
import type { Answer, Asking, Click, Person } from '../chat/desk.ts'
import { rich } from '../chat/rich-text.ts'
import { refusalOf } from '../core/permission/answer.ts'
import type { Place } from '../core/permission/place.ts'
import { teamRefusal } from '../core/permission/team.ts'
import type { Refusal } from '../core/proposal/command.ts'
import { placeOf } from './may.ts'
import type { WorkflowParts } from './ports.ts'

/** Before a dialog opens: what it shows, or why it would be in vain, in the words that its answer would get. */
export function createAsking(parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams'>) {
  return async (click: Click, person: Person): Promise<Asking | Answer> => {
    const place = await placeOf(parts, click.proposal)
    if (place === null) return { ok: false, message: rich(`There is no proposal ${click.proposal}.`) }
    const refused = refusalOfClick(click, person, place)
    if (refused !== null) return refused
    const owners = place.members.map(({ id, name }) => ({ id, name }))
    owners.sort((a, b) => Number(b.id === person.id) - Number(a.id === person.id))
    return { title: place.glance.title, owners }
  }
}

function refusalOfClick({ proposal, action, revision }: Click, person: Person, place: Place): Answer | null {
  const act = actOfAction(action)
  if (act === null) return null
  if (act === 'freeze' || act === 'unfreeze') {
    // It is the team that is frozen, whatever became of the proposal.
    const { glance, members, teamPolicy: policy = glance.policy } = place
    const { id, through } = person
    const sentence = teamRefusal({ act, team: glance.team, person: id, through, policy, members })
    return sentence === null ? null : { ok: false, message: rich(sentence) }
  }
  // Votes alone are about a revision.
  const refusal = refusalOf(act, person, place, { revision: act === 'reject' ? revision : null })
  return refusal === null ? null : refusedAnswer(proposal, refusal)
}

export function refusedAnswer(proposal: string, { code, sentence }: Refusal): Answer {
  const link = code === 'step-up' ? { link: `/p/${proposal}` } : {}
  return { ok: code === 'already', message: rich(sentence), ...link }
}
