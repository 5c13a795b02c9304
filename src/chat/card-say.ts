/**
 * Line 2 of a card, after the title: why, what has happened, who can act, and at its end what to press. A person who
 * reads only the first two lines knows what is asked of them.
 */

import { absentFor } from '../core/deputies.ts'
import { nameAsKnown, namesIn } from '../core/hands.ts'
import { offersToAny } from '../core/permission/answer.ts'
import { someOf } from '../core/permission/names.ts'
import { type Place, voters } from '../core/permission/place.ts'
import { above, onCall, resumers, stoppers } from '../core/permission/roles.ts'
import type { Member } from '../core/policy.ts'
import { wantsAcknowledgement } from '../core/proposal/acknowledgement.ts'
import { decidableOnceBack, lapsesBeforeStart, quorumProgress } from '../core/proposal/approval.ts'
import { type Glance, ringsAt, ringWords } from '../core/proposal/glance.ts'
import type { Quorum, RoleProgress } from '../core/quorum.ts'
import { testRunning, testStop, waitingForResume } from '../core/rollout/run.ts'
import { wantsGo } from '../core/rollout/turn.ts'
import { isBefore } from '../core/time/instant.ts'
import { actions } from './actions.ts'
import { labelOf } from './card-actions.ts'
import { badWords, type CardCounts, cardCounts, doneWords, otherCounts, restWords } from './card-counts.ts'
import { anyHolder } from './card-people.ts'
import { isRolledBack } from './card-state.ts'
import { type RichText, rich, type Span, sentence, strong, time } from './rich-text.ts'
import { testSummary } from './story/words.ts'
import { shorten } from './visible.ts'
import { count, hasEnd } from './words.ts'

/** One sentence, or a few that belong together. Empty: nothing is said. */
type Said = string | readonly (string | Span)[]

export function cardSay(place: Place): RichText {
  return inSentences(said(place))
}

function inSentences(all: readonly Said[]): RichText {
  const spoken = all.filter((one) => one.length > 0)
  return spoken.flatMap((one, index) => rich(...(index > 0 ? [' '] : []), ...(typeof one === 'string' ? [one] : one)))
}

function said(place: Place): readonly Said[] {
  const { glance: state } = place
  switch (state.status) {
    case 'open':
      return open(place)
    case 'approved':
    case 'scheduled':
      return decided(place)
    case 'rolling out':
    case 'verifying':
      return underWay(place)
    case 'paused':
    case 'halted':
      return stopped(place)
    case 'completed':
      return completed(place)
    case 'rejected':
      return rejected(place)
    case 'expired':
      return expired(place)
    case 'withdrawn':
      return ['It ended before it was done. What is still missing is asked again.']
    case 'superseded':
      return [`Votes do not carry over: vote on ${state.supersededBy ?? 'the newer proposal'} instead.`]
  }
}

/** At most so many characters of what a person or a server said. */
const QUOTED = 160

export function quoted(text: string): string {
  return `“${shorten(text.trim(), QUOTED)}”`
}

/** At most so many characters of why it is asked stand in line 2, but always the first sentence. */
const WHY = 160

/** The first sentences of why it is asked. The facts say the rest. */
export function whyInShort(whyNow: string): string {
  const [first = '', ...others] = sentence(whyNow).split(/(?<=[.!?]) /)
  let said = first
  for (const next of others) {
    if (said.length + next.length >= WHY) break
    said += ` ${next}`
  }
  return said
}

/** The name of a button, as people look for it. */
function press(label: string): Span {
  return strong(label.replace('…', ''))
}

// ---------------------------------------------------------------- before the decision

function testClause({ glance: state, members }: Place): readonly Said[] {
  const { test, tally } = state
  if (test === null) return []
  const stop = testStop(state)
  if (stop !== null) {
    const can =
      waitingForResume(state) === null ? '' : [`${anyHolder(members, resumers(state))} can `, press('Resume'), '.']
    return [`The test is ${stop.how} by ${stop.by.name}: ${quoted(stop.reason)}.`, can]
  }
  if (testRunning(state)) return ['It is being tested; votes count now.']
  if (test.result === null || test.result.passed) return []
  return ['The test did not pass.', sentence(test.result.reason ?? ''), testSummary(tally.test)]
}

function open(place: Place): readonly Said[] {
  const { glance: state, members } = place
  const progress = quorumProgress(state, members)
  return [
    whyInShort(state.whyNow),
    ...testClause(place),
    votesClause(place, progress),
    ...(progress === null ? bySilence(place) : whatIsAsked(place, progress)),
  ]
}

function votesClause({ glance: state, members }: Place, progress: Quorum | null): Said {
  const filled = (progress?.roles ?? []).flatMap(({ role, filledBy }) =>
    filledBy.map((id) => {
      const absent = progress?.fills.find((fill) => fill.person === id && fill.role === role)?.for
      return `${nameOf(state, members, id)} (${role}${standsIn(absent, members)})`
    }),
  )
  return filled.length === 0 ? '' : `${filled.join(' and ')} approved.`
}

function nameOf(state: Glance, members: readonly Member[], id: string): string {
  const called = namesIn(members)(id)
  const vote = state.votes.find(({ person }) => person === id)
  return vote === undefined ? called : nameAsKnown({ ...vote, name: called })
}

/** The absent person whose place somebody takes, as the end of what is said of a role. */
function standsIn(absent: string | null | undefined, members: readonly Member[]): string {
  return absent === null || absent === undefined ? '' : `, for ${namesIn(members)(absent)}`
}

/** Such as "Tom is away": said early, so that somebody can be named who stands in. `null`: enough people are there. */
function awayClause({ glance, members }: Place): string | null {
  const later = decidableOnceBack(glance, members)
  if (later === null) return null
  const who = `${later.away.join(' and ')} ${later.away.length === 1 ? 'is' : 'are'} away`
  const isDue = glance.dueAt !== null && isBefore(glance.dueAt, later.from)
  const late = !isBefore(later.from, glance.expiresAt)
    ? ' It expires before that.'
    : isDue
      ? ' It is due before that.'
      : ''
  return `${who}.${late} Name a deputy: /patch away until DATE deputy PERSON.`
}

function emptyRoles({ roles }: Quorum): readonly RoleProgress[] {
  return roles.filter(({ need, filledBy }) => filledBy.length < need)
}

function bySilence({ glance: state, members }: Place): readonly Said[] {
  const at = state.noticeEndsAt === null ? [] : [' ', time(state.noticeEndsAt)]
  const who = anyHolder(members, voters(state))
  return [['Approved by silence', ...at, `. ${who}: press `, press(actions.reject.label), ' only if it should not.']]
}

function whatIsAsked(place: Place, progress: Quorum): readonly Said[] {
  const { members } = place
  const roles = emptyRoles(progress)
  const asked = roles.filter(({ waitingFor }) => waitingFor.length > 0)
  const needs = asked.map((role) => neededFor(role, members)).join(' and ')
  const votes: Said =
    needs === ''
      ? ''
      : [`Needs ${needs}: press `, press(actions.approve.label), ' or ', press(actions.reject.label), '.']
  const vacant = roles.filter((role) => !asked.includes(role)).map(({ role }) => role)
  if (vacant.length === 0) return [votes]
  const why =
    awayClause(place) ?? `Nobody who can vote is ${vacant.join(' or ')}: correct teams and roles in patchwarden.yaml.`
  return [why, votes]
}

function neededFor({ role, need, filledBy, waitingFor }: RoleProgress, members: readonly Member[]): string {
  const who = waitingFor.map((id) => {
    const member = members.find((one) => one.id === id)
    const absent = member === undefined ? null : absentFor(member, role)
    return absent === null ? namesIn(members)(id) : `${namesIn(members)(id)} (for ${namesIn(members)(absent)})`
  })
  const left = need - filledBy.length
  return `${left === 1 ? someOf(who, 'or') : `${left} of ${who.join(', ')}`} (${role})`
}

// ---------------------------------------------------------------- after the decision

function decided(place: Place): readonly Said[] {
  const { glance: state } = place
  const { notStarted, subject } = state
  if (subject.kind === 'standing rule') return [approvedBy(place), 'Nothing to press.']
  const problem = notStarted === null ? '' : `It has not started, because ${sentence(notStarted)}`
  if (wantsAcknowledgement(state) && state.asked !== null) return [problem, ...acknowledging(place, state.asked)]
  const unless: Said = ['Nothing to press, unless it should not run then: ', press(actions.postpone.label), '.']
  return [problem, approvedBy(place), windowOf(place), ...lapseClause(place), unless]
}

/** Said as soon as it is known, so that nobody learns of it when the window opens. */
function lapseClause({ glance, members }: Place): readonly Said[] {
  const lapse = lapsesBeforeStart(glance, members)
  if (lapse === null) return []
  const named = namesIn(members)
  const who = lapse.fills.map(({ person, for: absent = '' }) => `${named(person)} stands in for ${named(absent)}`)
  const [absent = '', deputy = ''] = lapse.fills.flatMap(({ person, for: one = '' }) => [one, person])
  return [
    [`${who.join(' and ')} only until `, time(lapse.until), ', before it starts: the approval lapses then.'],
    `To keep it, name a later end: /patch away ${absent} until DATE deputy ${deputy}.`,
  ]
}

function windowOf({ glance: { schedule }, now }: Place): Said {
  if (schedule === null) return 'It waits for its window.'
  const { start, end } = schedule
  if (isBefore(start, now))
    return hasEnd(end, now) ? ['Its window is open until ', time(end), '.'] : 'Its window is always open.'
  return ['It runs from ', time(start), ' to ', time(end, 'time'), '.']
}

function acknowledging(
  { glance: state, members }: Place,
  { escalated }: NonNullable<Glance['asked']>,
): readonly Said[] {
  const waits = state.policy.acknowledgement?.otherwise === 'wait'
  const who = anyHolder(members, escalated ? [...onCall, ...above(state)] : onCall)
  return [
    waits ? 'It starts only if somebody on call acknowledges.' : 'It starts also if nobody acknowledges.',
    [`${who}: press `, press(actions.acknowledge.label), ' or ', press(actions.postpone.label), '.'],
  ]
}

/** Who approved it, as a sentence. Empty: nobody has. */
export function approvedBy({ glance: state, members }: Place): readonly (string | Span)[] {
  const { approvedBy: by, approvedAt } = state
  if (by === null) return []
  const at = approvedAt === null ? [] : [' ', time(approvedAt)]
  const named = namesIn(members)
  switch (by.how) {
    case 'quorum': {
      const who = by.fills.map(
        ({ role, person, for: absent }) => `${nameOf(state, members, person)} (${role}${standsIn(absent, members)})`,
      )
      return ['Approved', ...at, ` by ${who.join(' and ')}.`]
    }
    case 'lazy consensus':
      return ['Approved by silence', ...at, ': nobody objected.']
    case 'standing approval':
      return ['Approved', ...at, ` by the rule "${by.rule}" of ${by.proposal}.`]
    case 'break-glass':
      return [`${named(by.person)} started it`, ...at, ` without votes, outside its window: ${quoted(by.reason)}.`]
    case 'roll back':
      return [`${named(by.person)} rolls ${by.proposal} back`, ...at, `: ${quoted(by.reason)}.`]
  }
}

function underWay(place: Place): readonly Said[] {
  const { glance: state, members } = place
  const { subject } = state
  const broken = state.breakGlass?.reviewedBy === null
  const how = broken ? approvedBy(place) : ''
  const numbers = subject.kind === 'patches' ? `${otherCounts(state, cardCounts(state, subject))}.` : ''
  const go = ringsAt(state).filter(wantsGo)
  if (go.length > 0)
    return [
      how,
      numbers,
      ...go.map(({ title, planned }): Said => {
        const who = anyHolder(members, planned.gate.go ?? [])
        return [`Ring ${title} waits. ${who}: press `, press(actions.go.label), '.']
      }),
    ]
  const ring = ringWords(state)
  const now = ring === null ? '' : `Now ${ring}.`
  const who = anyHolder(members, stoppers(state))
  if (broken) return [how, numbers, now, [`${who}: if it is wrong, press `, press(actions.halt.label), '.']]
  const stops: Said = [`${who} can `, press(actions.pause.label), ' or ', press(actions.halt.label), '.']
  return [numbers, now, 'Nothing to press.', stops]
}

function stopped(place: Place): readonly Said[] {
  const { glance: state } = place
  const { subject, stopped: stop, tally } = state
  if (subject.kind !== 'patches' || stop === null) return []
  const byPerson = stop.by.person !== null
  const why = byPerson
    ? `${stop.by.name}: ${quoted(stop.reason)}.`
    : tally.failed.count === 0
      ? sentence(stop.reason)
      : ''
  return [why, ...numbersOf(state, cardCounts(state, subject)), ...howToGoOn(place)]
}

/** How the servers ended, and which of them ended badly first. */
function numbersOf(state: Glance, counts: CardCounts): readonly Said[] {
  const { count: bad, first } = state.tally.failed
  const [worst] = first
  if (worst === undefined) return [`${doneWords(counts)}, ${otherCounts(state, counts)}.`]
  const reason = worst.reason === '' ? '' : `: ${shorten(worst.reason, QUOTED)}`
  return [
    `${badWords(counts)}, ${doneWords(counts)}${restWords(state, counts)}.`,
    sentence(`${bad > 1 ? 'The first: ' : ''}${worst.name} ${worst.end}${reason}`),
  ]
}

/** Who resumes it, and by which buttons. */
function howToGoOn(place: Place): readonly Said[] {
  const { glance: state, members } = place
  const offered = offersToAny(place)
  const who = state.policy.resume.map(({ role }) => `${anyHolder(members, [role])} (${role})`).join(' and ')
  const agreed = state.resumeVotes.map(nameAsKnown)
  const so = agreed.length === 0 ? '' : `${agreed.join(' and ')} agreed to resume.`
  if (!offered.has('resume')) return [so, `${who} can resume it, and is not there to press it.`]
  const retry = offered.has('retry') ? [press(labelOf('retry', state)), ' or '] : []
  return [so, [`${who}: press `, ...retry, press(labelOf('resume', state)), '.']]
}

// ---------------------------------------------------------------- at the end

function completed(place: Place): readonly Said[] {
  const { glance: state, members } = place
  const { subject, tally, breakGlass } = state
  if (subject.kind !== 'patches') return []
  if (isRolledBack(state)) return rolledBack(state, cardCounts(state, subject))
  const counts = cardCounts(state, subject)
  const well = counts.done === counts.total && counts.owing === '' && tally.drifted === 0
  const drift = tally.drifted > 0 ? `${count(tally.drifted, 'server')} changed back since; the thread says what.` : ''
  const what = [...(counts.done === counts.total ? [`${doneWords(counts)}.`] : numbersOf(state, counts)), drift]
  if (breakGlass?.reviewedBy === null) {
    const others = members.filter(({ id }) => id !== breakGlass.person)
    const review = press(actions['review-break-glass'].label)
    return [
      approvedBy(place),
      ...what,
      [`${anyHolder(others, voters(state))}: read the report, then press `, review, '.'],
    ]
  }
  return [...what, well ? 'Nothing to do.' : 'What is missing is asked again.']
}

function rolledBack({ rollBack, tally: { undone = 0 } }: Glance, { total }: CardCounts): readonly Said[] {
  const others = total - undone
  const stay = others === 1 ? '1 stays as it is' : `${others} stay as they are`
  return [
    `${undone} of ${total} have the versions from before again, so what the update fixes is missing there.`,
    others === 0 ? '' : `${stay}: ${rollBack?.proposal} says why.`,
    'Nothing to press.',
  ]
}

function rejected({ glance: { deferral }, members }: Place): readonly Said[] {
  if (deferral === null) return []
  const named = namesIn(members)
  return [
    `${named(deferral.by)}: ${quoted(deferral.reason)}.`,
    [`${named(deferral.owner)} looks again by `, time(deferral.until), '.'],
  ]
}

function expired(place: Place): readonly Said[] {
  const { glance: state, members } = place
  const progress = quorumProgress(state, members)
  const missing = state.approvedAt === null && progress !== null ? emptyRoles(progress) : []
  const who = missing.map(
    ({ role, waitingFor }) => `${waitingFor.map(namesIn(members)).join(', ') || 'nobody'} (${role})`,
  )
  const silent = who.length === 0 ? '' : `No vote of ${who.join(', nor of ')}.`
  const done: Said = ['Not done by ', time(state.expiresAt), '.']
  return [done, votesClause(place, progress), silent, 'What is still missing is asked again.']
}
