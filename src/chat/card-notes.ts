/** The notes below a card's facts: what people should know before they act. Votes come first, the end last. */

import { isOwn, namesIn, throughWords } from '../core/hands.ts'
import type { Place } from '../core/permission/place.ts'
import type { Member } from '../core/policy.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import { goesOn } from '../core/rollout/run.ts'
import { takenBackNow } from '../core/rollout/taken-back.ts'
import { isBefore } from '../core/time/instant.ts'
import type { Card, Tone } from './card.ts'
import { isRolledBack } from './card-state.ts'
import { rich, type Span, sentence, time } from './rich-text.ts'
import { atWorkWords, reachedWords, sinceSentences, waitingFor } from './story/words.ts'
import { count } from './words.ts'

type Note = Card['notes'][number]

/** How many platforms a note names. */
const PLATFORMS = 3

export function cardNotes({ glance: state, members, now, unjudged = [] }: Place): Card['notes'] {
  return [
    ...(state.status === 'open' ? votingNotes(state, members) : []),
    ...rolloutNotes(state),
    ...reachedNote(state, now),
    ...stopNotes(state),
    ...laterNotes(state),
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

/** During the vote: what does not count, and why. */
function votingNotes(state: Glance, members: readonly Member[]): readonly Note[] {
  const { standingRefused } = state
  const unsure = unconfirmed(state, members)
  return [
    ...(standingRefused === null
      ? []
      : [note('warning', `The standing approval does not cover this: ${standingRefused}.`)]),
    ...(unsure === null ? [] : [note('warning', unsure)]),
  ]
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
  const { tally, subject, status, waitsFor } = state
  const notes: Note[] = []
  for (const problem of subject.kind === 'patches' ? subject.clusterProblems : [])
    notes.push(note('urgent', sentence(`It will stop there: ${problem}`)))
  const since = sinceSentences(tally)
  if (since !== '' && !finalStatuses.includes(status)) notes.push(note('neutral', since))
  for (const empty of tally.emptyRings) notes.push(note('warning', `${empty}. The rollout stops there.`))
  if (tally.skipped > 0) notes.push(note('neutral', `${count(tally.skipped, 'server')} left out by hand.`))
  if (waitsFor && goesOn(state))
    notes.push({ tone: 'neutral', text: waitingFor(tally.waitsFor ?? waitsFor.asset, waitsFor) })
  return notes
}

/** What a stop reached, as far as it still holds, on servers whose system was told ahead. */
function reachedNote({ rollout, tally }: Glance, now: string): readonly Note[] {
  const back = rollout === null ? null : takenBackNow(rollout)
  if (back === null) return []
  const reporting = tally.reporting ?? 0
  const isOver = back.until !== null && !isBefore(now, back.until)
  const may = isOver ? 0 : Math.min(back.may, reporting)
  const words = reachedWords({ ...back, may, atWork: Math.min(back.atWork, reporting - may) }, back.untold)
  return words.length === 0 ? [] : [{ tone: 'warning', text: rich('Of these: ', ...words, '.') }]
}

/** After a stop: why it stopped by itself, and which assets must still be finished. */
function stopNotes(state: Glance): readonly Note[] {
  const { atWork, failed } = state.tally
  const { stopped } = state
  return [
    ...(stopped !== null && stopped.by.person === null && failed.count > 0
      ? [note('neutral', sentence(stopped.reason))]
      : []),
    ...(atWork !== null && atWork.count > 0
      ? [{ tone: 'neutral' as const, text: atWorkWords(atWork.names, atWork.count) }]
      : []),
  ]
}

function rollBackNote({ proposal, over }: NonNullable<Glance['rollBack']>, { undone = 0 }: Glance['tally']): Note {
  if (!over) return note('warning', `${proposal} rolls it back.`)
  if (undone === 0) return note('warning', `${proposal} was to roll it back, and has changed nothing back.`)
  return note(
    'warning',
    `${count(undone, 'server')} rolled back, the last by ${proposal}. What is still changed can be rolled back, too.`,
  )
}

/** What happens to it afterwards. */
function laterNotes({ status, breakGlass, rollBack, tally }: Glance): readonly Note[] {
  const notes: Note[] = []
  if (rollBack !== undefined && !isRolledBack({ rollBack, tally })) notes.push(rollBackNote(rollBack, tally))
  if (status !== 'completed' && breakGlass?.reviewedBy === null)
    notes.push(note('urgent', 'Break-glass was used; a review is due ', time(breakGlass.reviewBy), '.'))
  return notes
}
