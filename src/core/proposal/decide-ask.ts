import { namesIn } from '../hands.ts'
import { limits } from '../limits.ts'
import { askable, couldAnswer } from '../permission/askable.ts'
import { someOf } from '../permission/names.ts'
import type { Place } from '../permission/place.ts'
import type { Member } from '../policy.ts'
import { HOUR_SECONDS, minuteOf, plusSeconds } from '../time/instant.ts'
import type { PersonsContext, ProposalCommand } from './command.ts'
import { accept, type Decision, refuse } from './decision.ts'
import { glanceOf } from './glance.ts'
import type { ProposalState } from './proposal.ts'
import { askedLately } from './questions.ts'

type Ask = Extract<ProposalCommand, { type: 'ask' }>

/** A person asks somebody who can do something about the proposal to look at it. */
export function ask(state: ProposalState, { person, reason }: Ask, context: PersonsContext): Decision {
  const place: Place = { ...context, glance: glanceOf(state) }
  const called = person?.trim().replace(/^@/, '') ?? ''
  const can = whoCan(place, context.actor.id)
  if (called === '') return refuse('incomplete', `Nobody was asked: say whom, by the short name of a person. ${can}`)
  const found = membersCalled(called, context.members)
  const [member] = found
  if (member === undefined)
    return refuse('incomplete', `Not asked: nobody of ${state.team} is called "${called}". ${can}`)
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ')
    return refuse(
      'incomplete',
      `Not asked: ${found.length} people are called "${called}". Write the short name: ${ids}.`,
    )
  }
  const refusal = notNow(state, member, place, context)
  if (refusal !== null) return refuse('not now', refusal)
  const question = reason?.trim() || null
  if (question !== null && question.length > limits.questionCharacters) {
    const most = limits.questionCharacters
    return refuse(
      'incomplete',
      `Not asked: a question has ${most} characters at most; this one has ${question.length}. Write the rest into the thread.`,
    )
  }
  const { id, name } = context.actor
  return accept({ type: 'people-asked', people: [member.id], person: id, name, question })
}

/** By id, or else by name: the whole one, or the first. */
function membersCalled(called: string, members: readonly Member[]): readonly Member[] {
  const wanted = called.toLowerCase()
  const byId = members.filter(({ id }) => id.toLowerCase() === wanted)
  if (byId.length > 0) return byId
  return members.filter(({ name }) => [name, name.split(' ')[0]].some((one) => one?.toLowerCase() === wanted))
}

/** Why this person is not asked now; `null`: they are. */
function notNow(state: ProposalState, member: Member, place: Place, { actor, now }: PersonsContext): string | null {
  const { id, name, awayUntil } = member
  const can = whoCan(place, actor.id)
  if (id === actor.id) return `Not asked: that is you. ${can}`
  if (!couldAnswer(place, member)) return `Not asked: ${name} can do nothing about ${state.id} now. ${can}`
  if (awayUntil !== undefined) return `Not asked: ${name} is away until ${minuteOf(awayUntil)} UTC. ${can}`
  const lately = askedLately(state.questions, now)
  const before = lately.find(({ person }) => person === id)
  if (before !== undefined) {
    const by = before.by === actor.id ? 'You' : namesIn(place.members)(before.by)
    const again = plusSeconds(before.at, limits.askAgainSeconds)
    return `Not asked again: ${by} asked ${name} at ${minuteOf(before.at)} UTC. It can be asked again from ${minuteOf(again)} UTC on.`
  }
  if (lately.length < limits.askedPeople) return null
  const hours = limits.askAgainSeconds / HOUR_SECONDS
  return `Not asked: ${lately.length} people were asked about ${state.id} within ${hours} hours already. Write it into the thread.`
}

function whoCan(place: Place, asker: string): string {
  const names = askable(place, asker).map(({ name }) => name)
  return names.length === 0 ? 'Nobody else can do anything about it now.' : `${someOf(names)} can.`
}
