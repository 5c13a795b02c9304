/** Thread entries about a vote and its end. */

import { firstNames } from '../../core/first-names.ts'
import { nameAsKnown, namesIn } from '../../core/hands.ts'
import { briefOf } from '../../core/proposal/brief.ts'
import type { RecordedEvent } from '../../core/proposal/event.ts'
import type { PatchSubject, ProposalState } from '../../core/proposal/proposal.ts'
import { stillChanged } from '../../core/rollback.ts'
import { deploymentsOf } from '../../core/rollout/deployments.ts'
import type { ThreadEntry } from '../card.ts'
import { paragraphs, type RichText, rich, sentence, strong, time } from '../rich-text.ts'
import { count } from '../words.ts'
import { bot, named, said, type Tellers, type Telling, untold } from './telling.ts'

export const voting = {
  opened: (_, { recorded, state }) => openedStory(recorded, state),
  revised: ({ votesKept, reason, raised, revision }, { before }) => {
    const tone = raised ? 'urgent' : 'warning'
    if (votesKept) return reason === '' ? [] : bot(tone, rich(reason))
    const uncounted = before && before.votes.length > 0 ? 'Votes for the revision before no longer count.' : ''
    return bot(tone, rich(`Revision ${revision} replaces the plan: ${sentence(reason)} `, uncounted))
  },
  'content-kept': untold,
  'vote-cast': ({ vote: { choice, reason } }, telling) => {
    if (choice === 'reject') return []
    const why = reason ? `: ${reason}` : '.'
    return choice === 'approve'
      ? said(telling, 'good', rich(`Approved${why}`))
      : said(telling, 'neutral', rich(`Abstained${why}`))
  },
  'vote-withdrawn': (_, telling) => said(telling, 'neutral', rich('Withdrew the vote.')),
  'act-confirmed': ({ act }, telling) => said(telling, 'good', rich(`Confirmed that the ${act} is their own.`)),
  commented: ({ text }, telling) => said(telling, 'neutral', paragraphs(text)),
  'people-asked': ({ people, question }, telling) => {
    const who = named(telling, people, 'nobody')
    return said(
      telling,
      'neutral',
      rich(question === null ? `Asked ${who} to look at it.` : `Asked ${who}: “${question}”`),
    )
  },
  reminded: ({ step, waitingFor }, telling) => {
    const { status, expiresAt } = telling.state
    // Whom it concerns is told directly. The thread has said whose vote is missing, and the card does.
    if (step === 'direct message') return []
    const above = named(telling, waitingFor, 'nobody who could see to it')
    if (status === 'halted') return bot('urgent', rich(`Nobody has answered since it was halted, so ${above} is told.`))
    const who =
      step === 'escalation'
        ? `Nobody has decided, so ${above} is told.`
        : `Still waiting for ${named(telling, waitingFor, 'somebody who may vote')}.`
    return bot('warning', rich(`${who} It expires `, time(expiresAt), '.'))
  },
  'standing-refused': ({ reason }) =>
    bot(
      'warning',
      rich(`The standing approval does not cover this: ${sentence(reason)} The usual approvals are asked for.`),
    ),
  // The event that follows at once says when it runs, or why not; what was approved stands before it.
  approved: (_, telling) => (isScheduledAtOnce(telling.state) ? [] : bot('good', approvedText(telling))),
  'approval-lapsed': ({ reason }) =>
    bot('warning', rich(`No longer approved: ${sentence(reason)} Votes are open again.`)),
  rejected: ({ deferral: { reason, owner, until } }, telling) => {
    const what = `Rejected: ${sentence(reason)} ${owner} looks at it again; the rejection holds until `
    return said(telling, 'warning', rich(what, time(until), '.'))
  },
  expired: () =>
    bot('warning', rich('Expired: it was not decided in time. The next assessment proposes what is still missing.')),
  withdrawn: ({ reason }, telling) => said(telling, 'warning', rich(`Withdrawn: ${sentence(reason)}`)),
  'roll-back-opened': ({ proposal }, telling) =>
    linked(proposal, said(telling, 'warning', rich('Rolls it back: ', strong(proposal), ' does that.'))),
  'roll-back-ended': ({ proposal, more }, { state }) =>
    more === true ? [] : linked(proposal, bot('neutral', rolledBackText(state, proposal))),
  'followed-up': ({ advisory, mends, proposal }) => [
    {
      author: null,
      tone: 'urgent',
      text: rich(`${advisory} mends what ${mends}, which this proposal carried, broke. ${proposal} asks for it.`),
      detail: [],
      link: `/p/${proposal}`,
    },
  ],
  superseded: ({ by }) => bot('neutral', rich(`Replaced by ${by}; the vote goes on there.`)),
  'break-glass-used': ({ reason, reviewBy }, telling) =>
    said(
      telling,
      'urgent',
      rich(
        strong('Break-glass: '),
        `${sentence(reason)} Approved without the usual votes, outside the window; to be reviewed by `,
        time(reviewBy),
        '.',
      ),
    ),
  'break-glass-reviewed': (_, telling) => said(telling, 'neutral', rich('Reviewed the break-glass.')),
} satisfies Partial<Tellers>

function openedStory(recorded: RecordedEvent, state: ProposalState): readonly ThreadEntry[] {
  const text: (string | ReturnType<typeof strong>)[] = []
  if (state.subject.kind === 'standing rule') {
    const { rule } = state.subject
    text.push(
      `Asks for a standing approval: ${rule.types.join(', ')} patches on servers tagged ${rule.tags.join(' or ')}, until `,
      time(rule.expiresAt),
      '.',
    )
  } else if (state.subject.rollsBack) {
    const { proposal } = state.subject.rollsBack
    const many = state.subject.assets.length
    const get = `${count(many, 'server')} ${many === 1 ? 'gets' : 'get'}`
    text.push(`Rolls ${proposal} back: ${get} the versions from before. ${state.whyNow}`)
  } else {
    const by = recorded.actor.kind === 'person' ? 'Proposed' : 'Proposed by the assessment'
    text.push(
      `${by}: ${count(state.subject.assets.length, 'server')} ${state.subject.assets.length === 1 ? 'misses' : 'miss'} ${count(state.subject.patches.length, 'patch', 'patches')}. Priority `,
      strong(state.priority),
      `.${besideText(state.subject)}`,
    )
  }
  const author = recorded.actor.kind === 'person' ? recorded.actor : null
  return [{ author, tone: 'neutral', text: rich(...text), detail: [] }]
}

/** What the transactions do beside the patches: whoever reads only the thread has to know of it before the vote. */
function besideText(subject: PatchSubject): string {
  const brief = briefOf(subject)
  if (brief.kind !== 'patches') return ''
  const { removed, added } = brief
  const parts = [
    removed.length === 0 ? '' : `removes ${firstNames(removed)}`,
    added.length === 0 ? '' : `newly installs ${firstNames(added)}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` It also ${parts.join(', and ')}.`
}

function linked(proposal: string, entries: readonly ThreadEntry[]): readonly ThreadEntry[] {
  return entries.map((entry) => ({ ...entry, link: `/p/${proposal}` }))
}

/** What the proposal that should undo this one has achieved, and which servers it has not. */
function rolledBackText(state: ProposalState, proposal: string): RichText {
  const all = state.rollout === null ? [] : deploymentsOf(state.rollout)
  const back = all.filter(({ undoneBy }) => undoneBy === proposal).length
  if (back === 0) return rich(strong(proposal), ' is over and has changed nothing back.')
  const have = `${count(back, 'server')} ${back === 1 ? 'has' : 'have'} the versions from before.`
  return rich(strong(`Rolled back by ${proposal}: `), have, ` ${stillChangedText(state)}`.trimEnd())
}

function stillChangedText(state: ProposalState): string {
  const left = stillChanged(state)
  if (left.length === 0) return ''
  return `Still changed: ${firstNames(left)}. What is still changed can be rolled back, too.`
}

/** An approval of patches comes with a window, or with why there is none, unless that was told before. */
function isScheduledAtOnce({ subject, notStarted }: ProposalState): boolean {
  return subject.kind === 'patches' && notStarted === null
}

/** The approval that the event before this one has given; empty: this event is about something else. */
export function approvedJustNow({ before, recorded, ...telling }: Telling): RichText {
  if (before?.status !== 'approved' || before.approvedAt !== recorded.at || !isScheduledAtOnce(before)) return []
  return [...approvedText({ people: telling.people, state: before }), ...rich(' ')]
}

function approvedText({ state, people }: Pick<Telling, 'state' | 'people'>): RichText {
  const by = state.approvedBy
  if (by === null) return []
  switch (by.how) {
    case 'quorum': {
      const parts = by.fills.map((fill) => {
        const absent = fill.for === undefined ? '' : ` (for ${namesIn(people)(fill.for)})`
        return `${nameOf(state, fill.person)}${absent} as ${fill.role}`
      })
      return rich(`Approved: ${parts.join(', ')}.`)
    }
    case 'lazy consensus':
      return rich('Approved: the notice has passed and nobody objected.')
    case 'standing approval':
      return rich(
        `Approved under the standing approval "${by.rule}" (voted in ${by.proposal}, in force until `,
        time(by.expiresAt),
        ').',
      )
    case 'break-glass':
      return rich('Approved by break-glass.')
    case 'roll back':
      return rich(`Decided by whoever asked for it: it rolls ${by.proposal} back. ${sentence(by.reason)}`)
  }
}

function nameOf(state: ProposalState, id: string): string {
  const vote = state.votes.find(({ person }) => person === id)
  return vote === undefined ? id : nameAsKnown(vote)
}
