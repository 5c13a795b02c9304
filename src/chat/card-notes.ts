/** The notes below a card's facts: what people should know before they act. Votes come first, the end last. */

import { isOwn, nameAsKnown, namesIn, throughWords } from '../core/hands.ts'
import { type Place, voters } from '../core/permission/place.ts'
import { holders, resumers } from '../core/permission/roles.ts'
import type { Member } from '../core/policy.ts'
import { decidableOnceBack, excludedVoters, quorumNeeds } from '../core/proposal/approval.ts'
import { type Glance, ringsAt } from '../core/proposal/glance.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import { satisfiable } from '../core/quorum.ts'
import { goesOn, testStop, waitingForResume } from '../core/rollout/run.ts'
import { wantsGo } from '../core/rollout/turn.ts'
import type { Card, Tone } from './card.ts'
import { rich, type Span, sentence, time } from './rich-text.ts'
import { atWorkWords, sinceSentences, waitingFor } from './story/words.ts'
import { count } from './words.ts'

type Note = Card['notes'][number]

/** How many platforms a note names. */
const PLATFORMS = 3

export function cardNotes(state: Glance, members: readonly Member[], unjudged: Place['unjudged'] = []): Card['notes'] {
  return [
    ...(state.status === 'open' ? votingNotes(state, members) : []),
    ...rolloutNotes(state),
    ...stopNotes(state, members),
    ...decisionNotes(state),
    ...(finalStatuses.includes(state.status) ? [] : unjudgedNotes(unjudged)),
  ]
}

/** What this proposal cannot know of: servers of the team that nobody can judge. */
function unjudgedNotes(unjudged: NonNullable<Place['unjudged']>): readonly Note[] {
  if (unjudged.length === 0) return []
  const all = unjudged.reduce((sum, one) => sum + one.assets, 0)
  const platforms = unjudged.map(({ platform }) => platform)
  const where =
    platforms.length > PLATFORMS ? `${platforms.slice(0, PLATFORMS).join(', ')} and others` : platforms.join(', ')
  return [
    note('warning', `Not assessed: ${count(all, 'more server')} of the team (${where}). What they miss is not known.`),
  ]
}

function note(tone: Tone, ...text: readonly (string | Span)[]): Note {
  return { tone, text: rich(...text) }
}

/** During the vote: what happens if nobody votes, and whether the votes can be enough. */
function votingNotes(state: Glance, members: readonly Member[]): readonly Note[] {
  const { noticeEndsAt, standingRefused, expiresAt } = state
  const notes: Note[] = []
  if (noticeEndsAt !== null && standingRefused === null) {
    const who = voters(state).join(' or ')
    notes.push(note('neutral', 'Goes ahead ', time(noticeEndsAt, 'relative'), ` unless ${who} objects.`))
  }
  if (standingRefused !== null)
    notes.push(note('warning', `The standing approval does not cover this: ${standingRefused}.`))
  notes.push(
    note('neutral', 'Expires ', time(expiresAt, 'relative'), '; nothing happens then until it is proposed again.'),
  )
  const unsure = unconfirmed(state, members)
  if (unsure !== null) notes.push(note('warning', unsure))
  const needs = quorumNeeds(state)
  if (needs !== null && !satisfiable(needs, members, excludedVoters(state)))
    notes.push(
      note(
        'urgent',
        'Nobody can satisfy this policy now: too few people hold its roles. Correct teams and roles in patchwarden.yaml.',
      ),
    )
  const later = decidableOnceBack(state, members)
  if (later !== null) notes.push(awayNote(state, later))
  return notes
}

/** Said early, so that somebody can be named who stands in. */
function awayNote({ expiresAt }: Glance, { from, away }: NonNullable<ReturnType<typeof decidableOnceBack>>): Note {
  const who = `${away.join(' and ')} ${away.length === 1 ? 'is' : 'are'} away`
  const late = Date.parse(from) < Date.parse(expiresAt) ? '' : ' It expires before that.'
  return note(
    'urgent',
    'Cannot be decided before ',
    time(from),
    `: ${who}.${late} Name a deputy: /patch away until DATE deputy PERSON.`,
  )
}

/** Approvals that did not come from the person's own account, and that nobody confirmed. */
function unconfirmed(state: Glance, members: readonly Member[]): string | null {
  const given = state.votes.filter((vote) => vote.choice === 'approve' && !isOwn(vote))
  const list = given.map(
    ({ name, through }) => `${name} (by ${through ? throughWords(through, namesIn(members)) : ''})`,
  )
  if (list.length === 0) return null
  return `Approved in the name of ${list.join(', ')}. What came by one hand counts once, until each confirms it by an account of their own.`
}

/** What a rollout waits for, and which assets it leaves out. */
function rolloutNotes(state: Glance): readonly Note[] {
  const { tally, subject, status, notStarted, waitsFor } = state
  const notes: Note[] = []
  for (const current of goesOn(state) ? ringsAt(state).filter(wantsGo) : []) {
    const who = (current.planned.gate.go ?? []).join(' or ')
    notes.push(note('warning', `Ring ${current.title} waits until somebody who is ${who} says go.`))
  }
  for (const problem of subject.kind === 'patches' ? subject.clusterProblems : [])
    notes.push(note('urgent', sentence(`It will stop there: ${problem}`)))
  if (tally.drifted > 0)
    notes.push(note('urgent', `${count(tally.drifted, 'server')} changed back since; the thread says what.`))
  const since = sinceSentences(tally)
  if (since !== '' && !finalStatuses.includes(status)) notes.push(note('neutral', since))
  for (const empty of tally.emptyRings) notes.push(note('warning', `${empty}. The rollout stops there.`))
  if (tally.skipped > 0) notes.push(note('neutral', `${count(tally.skipped, 'server')} left out by hand.`))
  if (notStarted !== null) notes.push(note('warning', `Not started, because ${notStarted}.`))
  if (waitsFor && goesOn(state))
    notes.push({ tone: 'neutral', text: waitingFor(tally.waitsFor ?? waitsFor.asset, waitsFor) })
  return notes
}

/** After a stop: which assets must still be finished, and how the rollout goes on. */
function stopNotes(state: Glance, members: readonly Member[]): readonly Note[] {
  const { atWork } = state.tally
  const notes: Note[] = []
  const test = testStop(state)
  const stopped = state.stopped ?? test
  if (stopped !== null) {
    const what = test === null ? 'Stopped' : `Test ${test.how}`
    const why = `: ${sentence(stopped.reason)}`
    notes.push(note('urgent', `${what} by ${stopped.by.name} at `, time(stopped.at, 'time'), why))
  }
  if (atWork !== null && atWork.count > 0)
    notes.push({ tone: 'neutral', text: atWorkWords(atWork.names, atWork.count) })
  if (waitingForResume(state) !== null) notes.push(note('neutral', howToGoOn(state, members)))
  return notes
}

/** Tells a person who was alerted what can be done now, and by whom. */
function howToGoOn(state: Glance, members: readonly Member[]): string {
  const who = resumers(state).map((role) => {
    const people = holders(members, [role]).map(({ name }) => name)
    return `${role} (${people.join(', ') || 'nobody has that role'})`
  })
  const agreed = state.resumeVotes.map(nameAsKnown)
  const so = agreed.length === 0 ? '' : ` Agreed so far: ${agreed.join(', ')}.`
  const failed = state.tally.failed.count
  const what =
    failed === 0
      ? ''
      : ` Resumed, it goes on without ${failed === 1 ? 'the one' : `the ${failed}`} not well; "Retry failed" before that has ${failed === 1 ? 'it' : 'them'} tried again.`
  return `${testStop(state) === null ? 'It' : 'The test'} goes on when ${who.join(' and ')} resumes it.${what}${so}`
}

/** Notes about decisions other than votes, and about duties that are still open. */
function decisionNotes({ deferral, supersededBy, breakGlass, rollBack, tally }: Glance): readonly Note[] {
  const notes: Note[] = []
  if (rollBack?.over === false) notes.push(note('warning', `${rollBack.proposal} rolls it back.`))
  else if (rollBack !== undefined && !tally.changed)
    notes.push(note('neutral', `${rollBack.proposal} has rolled it back.`))
  if (deferral !== null) {
    const { reason, owner, until } = deferral
    notes.push(note('warning', `Rejected: ${sentence(reason)} ${owner} looks again by `, time(until), '.'))
  }
  if (supersededBy !== null) notes.push(note('neutral', `Replaced by ${supersededBy}.`))
  if (breakGlass !== null && breakGlass.reviewedBy === null)
    notes.push(note('urgent', 'Break-glass was used; a review is due ', time(breakGlass.reviewBy, 'relative'), '.'))
  return notes
}
