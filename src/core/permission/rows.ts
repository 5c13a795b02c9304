/**
 * The table of permissions: who may do what to a proposal, and when. Decisions, cards, lists and messages all use it.
 */

import { addsNothing, COMMAND_LINE, isOneOf, isOwn, personAndHands } from '../hands.ts'
import { limits } from '../limits.ts'
import { wantsAcknowledgement } from '../proposal/acknowledgement.ts'
import { agreedTo } from '../proposal/agreement.ts'
import { countedApprovals, excludedVoters, quorumNeeds, riskyRings } from '../proposal/approval.ts'
import type { Refusal } from '../proposal/command.ts'
import { ringAt } from '../proposal/glance.ts'
import { confirmed, LINKED_LATER, proposerProblem } from '../proposal/proof.ts'
import { type AgreedAct, finalStatuses, type Status, type Vote } from '../proposal/proposal.ts'
import { statusWords } from '../proposal/stop-test.ts'
import { goesOn, isHalted, testRunning, testStop, waitingForResume } from '../rollout/run.ts'
import { wantsGo } from '../rollout/turn.ts'
import { HOUR_SECONDS, isBefore, plusSeconds } from '../time/instant.ts'
import { type Freeze, freezeAt } from '../window.ts'
import type { Act } from './acts.ts'
import { type Askable, atWork, leftToSkip, notWell, type Place } from './place.ts'
import { type AbsentOut, type Doer, no, type Row } from './row.ts'

const early: readonly Status[] = ['open', 'approved', 'scheduled']
const started: readonly Status[] = ['rolling out', 'paused', 'halted']

function is({ glance }: Place, statuses: readonly Status[]): boolean {
  return statuses.includes(glance.status)
}

export const rows: Readonly<Record<Act, Row>> = {
  comment: {
    kind: 'safe',
    decides: false,
    doing: 'Commenting on',
    who: ['member', 'proposer'],
    during: 'always',
    when: always,
  },
  ask: {
    kind: 'safe',
    decides: false,
    doing: 'Asking somebody about',
    who: ['member', 'proposer'],
    during:
      'it is not over, or its break-glass waits for a review; only people who can do something about it can be asked',
    when: (place) => (place.glance.breakGlass?.reviewedBy === null ? null : notOver(place)),
  },
  approve: {
    kind: 'forward',
    decides: true,
    doing: 'Approving',
    who: ['voter'],
    wanted: {
      as: 'vote',
      rank: 6,
      who: ['voter'],
      // While a notice runs, silence is consent, so nobody is waited for.
      when: (glance) => glance.status === 'open' && quorumNeeds(glance) !== null,
      // A person who abstained has answered.
      except: (glance) => [
        ...glance.votes.filter((vote) => vote.choice !== 'approve' || isOwn(vote)).map(({ person }) => person),
        ...[...excludedVoters(glance)].filter((hand) => hand !== COMMAND_LINE),
      ],
      places: (glance) => {
        const [needs, approvals] = [quorumNeeds(glance), countedApprovals(glance)]
        return needs === null || approvals.length === 0 ? null : { needs, approvals }
      },
    },
    during: 'it is open and has not expired; not by its proposer, and only once',
    when: votable,
    unless: (place, doer) => votedAlready(place, doer, 'approve') ?? notTheProposer(place, doer) ?? stepUp(place, doer),
    absentOut: (glance) => [...ofProposer(glance), ...voted(glance)],
  },
  abstain: {
    kind: 'forward',
    decides: true,
    doing: 'Voting on',
    who: ['voter'],
    during: 'it is open and has not expired; not by its proposer, and only once',
    when: votable,
    unless: (place, doer) => votedAlready(place, doer, 'abstain') ?? notTheProposer(place, doer),
    absentOut: (glance) => [...ofProposer(glance), ...voted(glance)],
  },
  reject: {
    kind: 'safe',
    decides: true,
    doing: 'Rejecting',
    who: ['voter'],
    during: 'it is open and has not expired',
    when: votable,
    absentOut: voted,
  },
  'withdraw-vote': {
    kind: 'safe',
    decides: false,
    doing: 'Withdrawing a vote on',
    who: ['member', 'who voted'],
    during: 'it is open, approved or scheduled, and the vote is theirs',
    when: (place) => (is(place, early) ? null : no('not now', votingIsOver(place))),
    unless: ({ glance }, doer) =>
      glance.votes.some(({ person }) => person === doer.id)
        ? null
        : no('already', `You have no vote on ${glance.id} to withdraw.`),
  },
  confirm: {
    kind: 'safe',
    decides: false,
    doing: 'Confirming on',
    who: ['member'],
    wanted: {
      as: 'confirm',
      rank: 5,
      who: ['who did something that may not have been theirs'],
      when: ({ closedAt, votes, resumeVotes }) =>
        closedAt === null && [...votes, ...resumeVotes].some((act) => !isOwn(act) && act.seq !== undefined),
    },
    during: 'something of theirs came by a sign-in link or the command line',
    when: always,
    unless: unsure,
  },
  withdraw: {
    kind: 'safe',
    // While people vote, withdrawing takes the decision from them. Afterwards it is a stop.
    decides: 'while it is open',
    doing: 'Withdrawing',
    who: ['stop', 'proposer while it is open'],
    during: 'it is not over, nothing is at work, and nothing is being rolled out but what is paused or halted',
    when: withdrawable,
  },
  postpone: {
    kind: 'safe',
    decides: false,
    doing: 'Postponing',
    who: ['on call', 'stop', 'voter', 'above'],
    during: 'it is scheduled and has not begun',
    when: ({ glance: { id, subject, schedule, status } }) =>
      subject.kind === 'patches' && schedule !== null && status === 'scheduled'
        ? null
        : no('not now', `${id} is ${status}: only what is scheduled and has not begun is postponed.`),
  },
  freeze: {
    kind: 'safe',
    decides: false,
    doing: 'Freezing the team of',
    who: ['stop of the team'],
    during: 'it is not over',
    when: notOver,
  },
  unfreeze: {
    kind: 'forward',
    decides: true,
    doing: 'Lifting the freeze of',
    who: ['resume of the team'],
    during: 'it is not over, and somebody has frozen the team; as many as `resume` counts, nobody twice',
    when: (place) =>
      notOver(place) ?? (declared(place).length > 0 ? null : no('not now', `Nobody has frozen ${place.glance.team}.`)),
    unless: (place, doer) => {
      const mine = declared(place).map(({ liftAgreed = [] }) => liftAgreed.find(({ person }) => person === doer.id))
      const all = mine.length > 0 && mine.every((one) => one !== undefined && addsNothing(doer, one))
      return all ? agreedAlready() : null
    },
  },
  acknowledge: {
    kind: 'forward',
    decides: true,
    doing: 'Acknowledging',
    who: ['on call', 'stop', 'above'],
    wanted: {
      as: 'acknowledge',
      rank: 1,
      who: ['on call'],
      when: (glance) => wantsAcknowledgement(glance) && glance.schedule !== null,
    },
    during: 'the policy asks for it, it is approved, scheduled or rolling out, and nobody has acknowledged it',
    when: acknowledgeable,
  },
  pause: {
    kind: 'safe',
    decides: false,
    doing: 'Pausing',
    who: ['stop', 'voter until a break-glass is reviewed'],
    during: 'it is rolling out, or its test ring runs',
    when: ({ glance }) => {
      const { id, status } = glance
      const nothing = no('not now', `${id} is ${statusWords(glance)}: there is nothing to pause.`)
      if (!testRunning(glance)) return status === 'rolling out' ? null : nothing
      if (isHalted(glance)) return nothing
      return testStop(glance) === null ? null : no('already', `The test ring of ${id} is paused already.`)
    },
  },
  halt: {
    kind: 'safe',
    decides: false,
    doing: 'Halting',
    who: ['stop', 'voter until a break-glass is reviewed'],
    during: 'it is rolling out or paused, or its test ring runs',
    when: ({ glance }) => {
      const { id, status } = glance
      if (testRunning(glance))
        return isHalted(glance) ? no('already', `The test ring of ${id} is halted already.`) : null
      if (status === 'rolling out' || status === 'paused') return null
      return no('not now', `${id} is ${status}: there is nothing to halt.`)
    },
  },
  'end-waiting': {
    kind: 'safe',
    decides: false,
    doing: 'Ending the waiting of',
    who: ['stop'],
    during: 'it is rolling out, paused or halted, and servers whose system was told ahead have not reported',
    when: (place) =>
      notRolledOut(place) ??
      ((place.glance.tally.reporting ?? 0) > 0
        ? null
        : no('not now', `${place.glance.id} waits for no report of a server.`)),
  },
  skip: {
    kind: 'safe',
    decides: false,
    doing: 'Leaving servers out of',
    who: ['stop'],
    during: 'it is rolling out, paused or halted; only of what has not begun',
    when: (place) =>
      notRolledOut(place) ??
      (leftToSkip(place.glance) > 0
        ? null
        : no('not now', `No server of ${place.glance.id} is left that could be left out.`)),
  },
  'leave-out': {
    kind: 'forward',
    decides: true,
    doing: 'Leaving out what failed in',
    who: ['resume'],
    during:
      'it is rolling out, paused or halted, and a server has not ended well; as many as `resume` counts, nobody twice',
    when: (place) =>
      notRolledOut(place) ??
      (place.glance.tally.failed.count > 0 ? null : no('not now', `No server of ${place.glance.id} has failed.`)),
    unless: (place, doer) => {
      const { failed } = place.glance.tally
      return agreedOwn(place, doer, 'leave-out') < failed.count ? null : agreedAlready()
    },
  },
  go: {
    kind: 'forward',
    decides: true,
    doing: 'Saying go for',
    who: ['go'],
    wanted: { as: 'go', rank: 3, who: ['go'], when: waitsForGo },
    during: 'that ring waits for it',
    when: ({ glance }) => (waitsForGo(glance) ? null : no('not now', `No ring of ${glance.id} waits for a go.`)),
  },
  retry: {
    kind: 'forward',
    decides: true,
    doing: 'Trying again in',
    who: ['resume'],
    during: 'it is rolling out, paused or halted, and a server has not ended well',
    when: (place) => {
      const { id, status, rollout } = place.glance
      if (rollout === null) return no('not now', `${id} is ${status}: nothing was rolled out yet.`)
      if (!is(place, started)) return no('not now', `${id} is ${status}: propose what is still missing anew.`)
      return notWell(place.glance) > 0 ? null : no('not now', `No server of ${id} has failed.`)
    },
  },
  resume: {
    kind: 'forward',
    decides: true,
    doing: 'Resuming',
    who: ['resume'],
    wanted: { as: 'resume', rank: 2, who: ['resume'], when: (glance) => waitingForResume(glance) !== null },
    during: 'it is paused or halted, or its test ring is paused; as many as `resume` counts, nobody twice',
    when: ({ glance }) => {
      const { id } = glance
      if (testRunning(glance) && isHalted(glance))
        return no('not now', `The test ring of ${id} was halted, and only ends: it cannot be resumed.`)
      return waitingForResume(glance) === null ? no('not now', `${id} is ${statusWords(glance)}, not stopped.`) : null
    },
    unless: ({ glance }, doer) => {
      const agreed = glance.resumeVotes.find(({ person }) => person === doer.id)
      if (agreed === undefined || !addsNothing(doer, agreed)) return null
      return no('already', `You already agreed to resume ${glance.id}; the policy asks for others too.`)
    },
    absentOut: ({ resumeVotes }) => resumeVotes.map(({ person }) => ({ person, because: 'has agreed already' })),
  },
  'extend-window': {
    kind: 'forward',
    decides: true,
    doing: 'Extending the window of',
    who: ['resume'],
    during:
      'it is rolling out, paused or halted, in the last 3 hours of its window or after it, and nothing is frozen; as many as `resume` counts, nobody twice',
    when: extensible,
    unless: (place, doer) => (agreedOwn(place, doer, 'extend-window') === 0 ? null : agreedAlready()),
  },
  'roll-back': {
    kind: 'forward',
    decides: true,
    doing: 'Rolling back',
    who: ['stop'],
    during:
      'it has changed something that was not changed back, nothing is at work, it is not being rolled out, and no roll back of it is under way',
    when: reversible,
  },
  'break-glass': {
    kind: 'forward',
    decides: true,
    doing: 'Breaking the glass for',
    who: ['break glass'],
    during: 'it asks for patches, is open in its time, approved or scheduled, and nobody broke the glass yet',
    when: breakable,
  },
  'review-break-glass': {
    kind: 'safe',
    decides: true,
    doing: 'Reviewing the break-glass of',
    who: ['voter', 'stop', 'above'],
    wanted: {
      as: 'review',
      rank: 4,
      who: ['voter', 'stop', 'above'],
      when: ({ breakGlass }) => breakGlass?.reviewedBy === null,
      except: ({ breakGlass }) => (breakGlass === null ? [] : [breakGlass.person]),
    },
    during: 'somebody else broke the glass, and nobody has reviewed it',
    when: ({ glance: { id, breakGlass } }) => {
      if (breakGlass === null) return no('not now', `Nobody broke the glass for ${id}.`)
      return breakGlass.reviewedBy === null
        ? null
        : no('already', `The break-glass of ${id} has been reviewed already.`)
    },
    unless: ({ glance: { breakGlass } }, doer) => {
      if (breakGlass === null) return null
      if (breakGlass.person === doer.id)
        return no('not allowed', 'You broke the glass yourself: somebody else reviews it.')
      return isOneOf({ ...doer, person: doer.id }, personAndHands(breakGlass))
        ? no('not allowed', 'Not reviewed: this came by the same hand as the break-glass. Somebody else reviews it.')
        : null
    },
    absentOut: ({ breakGlass }) =>
      breakGlass === null ? [] : [{ person: breakGlass.person, because: 'broke the glass' }],
  },
}

function waitsForGo(glance: Askable): boolean {
  const current = ringAt(glance)
  return goesOn(glance) && current !== null && wantsGo(current)
}

/** Freezes that people declared, without those of the configuration. */
function declared({ freezes }: Place): readonly Freeze[] {
  return freezes.filter(({ liftAgreed }) => liftAgreed !== undefined)
}

function notRolledOut(place: Place): Refusal | null {
  const { id, status, rollout } = place.glance
  return is(place, started) && rollout !== null
    ? null
    : no('not now', `${id} is ${status}: nothing is being rolled out.`)
}

/**
 * How many agreements of this kind the person has given that still wait for others. If the person now uses an account
 * of their own, only agreements by such an account count: others can be repeated.
 */
function agreedOwn({ glance, now }: Place, doer: Doer, act: AgreedAct['act']): number {
  const mine = agreedTo(glance, act, now).filter(({ person }) => person === doer.id)
  return mine.filter((one) => addsNothing(doer, one)).length
}

function agreedAlready(): Refusal {
  return no('already', 'Counted already: you agreed to it, and it takes somebody else, too.')
}

function always(): null {
  return null
}

// ---------------------------------------------------------------- voting

/** Nobody votes for an absent person who has voted. */
function voted({ votes }: Askable): readonly AbsentOut[] {
  return votes.map(({ person }) => ({ person, because: 'has voted already' }))
}

/** Nobody approves for an absent person who proposed it. */
function ofProposer(glance: Askable): readonly AbsentOut[] {
  return [...excludedVoters(glance)].map((person) => ({ person, because: `proposed ${glance.id}, or may have` }))
}

function votable(place: Place): Refusal | null {
  const { id, expiresAt } = place.glance
  if (place.glance.status !== 'open') return no('not now', votingIsOver(place))
  if (!isBefore(place.now, expiresAt))
    return no('not now', `${id} expired on ${expiresAt.slice(0, 10)}; no vote was counted.`)
  return null
}

/**
 * A vote that came by a link or the command line can be cast again by an account of the person's own. Then it counts as
 * their own.
 */
function votedAlready({ glance }: Place, doer: Doer, choice: Vote['choice']): Refusal | null {
  const previous = glance.votes.find(({ person }) => person === doer.id)
  if (previous?.choice !== choice || !addsNothing(doer, previous)) return null
  const cast = choice === 'approve' ? 'to approve' : 'to abstain'
  return no('already', `You already voted ${cast} on ${glance.id}; one person counts once.`)
}

function notTheProposer(place: Place, doer: Doer): Refusal | null {
  const own = proposerProblem(place.glance, doer, excludedVoters(place.glance), place.members)
  return own === null ? null : no('not allowed', own)
}

function stepUp({ glance }: Place, doer: Doer): Refusal | null {
  const risky = riskyRings(glance)
  if (risky.length === 0 || doer.via === 'console') return null
  return no(
    'step-up',
    `${glance.id} reaches ${risky.join(' and ')}: approve it in the console, then confirm that by an account of your own. Nothing was counted yet.`,
  )
}

function votingIsOver({ glance: { id, status, deferral, supersededBy } }: Place): string {
  switch (status) {
    case 'approved':
    case 'scheduled':
      return `${id} is already approved; your vote was not needed and was not counted. To stop it, withdraw it.`
    case 'rejected':
      return `${id} was rejected: ${deferral?.reason ?? ''}. Voting is over.`
    case 'superseded':
      return `${id} was replaced by ${supersededBy ?? 'a newer proposal'}; vote there.`
    default:
      return `Voting on ${id} is over: it is ${status}. Nothing was counted.`
  }
}

function unsure({ glance: { id, votes, resumeVotes } }: Place, doer: Doer): Refusal | null {
  const mine = [...votes, ...resumeVotes].filter(({ person }) => person === doer.id)
  const waiting = mine.filter((one) => !isOwn(one) && one.seq !== undefined)
  if (waiting.length === 0) return no('not now', `Nothing of yours on ${id} waits for a confirmation.`)
  const possible = waiting.some((one) => confirmed('vote', one, doer) !== null)
  return possible ? null : no('not own', LINKED_LATER)
}

// ---------------------------------------------------------------- life of the proposal

function notOver({ glance: { id, status } }: Place): Refusal | null {
  return finalStatuses.includes(status) ? no('not now', `${id} is ${status}.`) : null
}

function withdrawable({ glance }: Place): Refusal | null {
  const { id, status } = glance
  if (finalStatuses.includes(status)) return no('already', `${id} is over: it is ${status}.`)
  if (status === 'rolling out' || status === 'verifying')
    return no('not now', `${id} is being rolled out. Halt it first; then it can be withdrawn.`)
  return atWork(glance) > 0
    ? no('not now', `Servers of ${id} are still being patched; withdraw it when they are done.`)
    : null
}

function acknowledgeable({ glance: { id, status, subject, policy, acknowledgedBy } }: Place): Refusal | null {
  if (subject.kind !== 'patches' || (status !== 'approved' && status !== 'scheduled' && status !== 'rolling out'))
    return no('not now', `There is nothing to acknowledge: ${id} is ${status}.`)
  if (policy.acknowledgement === null)
    return no('not now', `Nobody is asked to acknowledge ${id}: the policy "${policy.name}" asks for none.`)
  return acknowledgedBy === null ? null : no('already', `${id} is acknowledged already.`)
}

function extensible(place: Place): Refusal | null {
  const { glance, now, freezes } = place
  const { id, status, schedule, team } = glance
  if (!is(place, started) || schedule === null)
    return no('not now', `${id} is ${status}: only the window of a running rollout can be extended.`)
  const open = !isBefore(now, schedule.start) && isBefore(now, schedule.end)
  if (open && isBefore(plusSeconds(now, limits.extendableSeconds), schedule.end))
    return no(
      'not now',
      `The window is open until ${schedule.end} anyway: it is extended in its last ${limits.extendableSeconds / HOUR_SECONDS} hours, or after it.`,
    )
  const frozen = freezeAt(freezes, team, now)
  return frozen === null ? null : no('not now', `Nothing may be touched now: ${frozen.name}.`)
}

function reversible({ glance }: Place): Refusal | null {
  const { id, status, subject, tally, rollBack } = glance
  if (subject.kind !== 'patches') return no('not now', `${id} asks for a rule; there is nothing to roll back.`)
  if (subject.rollsBack !== null)
    return no('not now', `${id} rolls ${subject.rollsBack} back itself: propose the patches again instead.`)
  if (status === 'rolling out' || status === 'verifying')
    return no('not now', `${id} is being rolled out: halt it first.`)
  if (rollBack?.over === false) return no('not now', `Not rolled back: ${rollBack.proposal} does that already.`)
  if (!tally.changed && rollBack !== undefined) return no('not now', `${rollBack.proposal} has rolled ${id} back.`)
  if (!tally.changed) return no('not now', `${id} has changed no server, so there is nothing to roll back.`)
  return atWork(glance) > 0
    ? no('not now', `Servers of ${id} are still being patched; roll it back when they are done.`)
    : null
}

function breakable(place: Place): Refusal | null {
  const { id, status, subject, policy, breakGlass, expiresAt } = place.glance
  if (policy.breakGlass === null) return no('not allowed', `The policy "${policy.name}" has no break-glass.`)
  if (subject.kind !== 'patches') return no('not allowed', 'A rule is decided by its quorum, never by break-glass.')
  if (subject.rollsBack !== null) return no('not now', `${id} is decided already: it rolls ${subject.rollsBack} back.`)
  if (!is(place, early)) return no('not now', `${id} is ${status}.`)
  if (breakGlass !== null) return no('already', `Somebody broke the glass for ${id} already.`)
  if (status === 'open' && !isBefore(place.now, expiresAt))
    return no('not now', `${id} expired on ${expiresAt.slice(0, 10)}; nothing was approved.`)
  return null
}
