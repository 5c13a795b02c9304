/**
 * The words in which people are told of an event: by a direct message each, and loudly in the thread if it cannot wait.
 * Who is told, and with which buttons, is in core/permission/told.
 */

import { isExploited } from '../core/follow-up.ts'
import { isOwn, namesIn, throughWords } from '../core/hands.ts'
import { offersTo } from '../core/permission/answer.ts'
import { someOf } from '../core/permission/names.ts'
import type { Moment } from '../core/permission/place.ts'
import {
  leftExploitable,
  type Occasion,
  type Reader,
  type ReaderKind,
  type Told,
  whoIsTold,
} from '../core/permission/told.ts'
import { anyOf } from '../core/proposal/decision.ts'
import { notStarted } from '../core/proposal/ends.ts'
import type { ProposalEvent, RecordedEvent } from '../core/proposal/event.ts'
import { type Glance, glanceOf } from '../core/proposal/glance.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { assetName } from '../core/rollout/tally.ts'
import { DAY_MS, isBefore } from '../core/time/instant.ts'
import type { ActionName } from './actions.ts'
import type { ThreadEntry, Tone } from './card.ts'
import { actionOfAct, buttonNow, cardAction, labelOf, offeredOf } from './card-actions.ts'
import { cardSay } from './card-say.ts'
import { cardState } from './card-state.ts'
import { code, lineBreak, mention, type RichText, rich, sentence, strong, time } from './rich-text.ts'
import { count } from './words.ts'

export interface Notice {
  /** Person id. */
  readonly person: string
  readonly entry: ThreadEntry
}

/**
 * Messages to a person about acts in their name that did not come from an account of their own. `state`: the proposal
 * after the whole command. `told`: the thread entries of the event.
 */
export function noticesInName(
  recorded: RecordedEvent,
  state: ProposalState,
  moment: Moment,
  told: readonly ThreadEntry[],
): readonly Notice[] {
  const { event, actor, seq } = recorded
  if (actor.kind !== 'person' || isOwn(actor)) return []
  // There is nothing to confirm if the agreement was already enough or is not needed any more.
  const waits = [...state.votes, ...state.resumeVotes].some((act) => act.seq === seq && !isOwn(act))
  const possible: readonly ActionName[] = event.type === 'vote-cast' ? ['confirm', 'withdraw-vote'] : ['confirm']
  const buttons = waits
    ? offeredOf(possible, offersTo(actorByOwnAccount(actor), { ...moment, glance: glanceOf(state) }))
    : []
  const next = buttons.includes('confirm') ? ' It counts as yours once you confirm it.' : ''
  return told.flatMap((entry) =>
    entry.author === null
      ? []
      : [
          {
            person: actor.id,
            entry: {
              author: null,
              tone: 'urgent' as const,
              text: [
                ...rich(strong(`${state.id} `), `${state.title}. In your name: `),
                ...entry.text,
                ...rich(` ${entry.detail.join(' ')}${next} If that was not you, say so in its thread.`),
              ],
              detail: [],
              actions: buttons.map((name) => ({
                ...cardAction(name, name === 'confirm' ? seq : state.revision),
                proposal: state.id,
              })),
              link: `/p/${state.id}`,
            },
          },
        ],
  )
}

/** The person, as if they used an account of their own: in the message they get there, they do. */
function actorByOwnAccount({ id, name }: { readonly id: string; readonly name: string }) {
  return { kind: 'person', id, name, via: 'console' } as const
}

/** The direct messages of an event, one for each person. Whoever is reminded gets a list instead (`listedFor`). */
export function noticesOf(occasion: Occasion): readonly Notice[] {
  const told = isReminder(occasion) ? null : whoIsTold(occasion)
  return told === null ? [] : told.readers.map((reader) => notice(occasion, told, reader))
}

/** Ids of the people who get the list of all that waits for them (waiting-list.ts), because the event reminds them. */
export function listedFor(occasion: Occasion): readonly string[] {
  return isReminder(occasion) ? (whoIsTold(occasion)?.readers.map(({ person }) => person) ?? []) : []
}

function isReminder({ recorded: { event } }: Occasion): boolean {
  return event.type === 'reminded' && event.step === 'direct message'
}

function notice(occasion: Occasion, told: Told, reader: Reader): Notice {
  const { state } = occasion
  const { tone, text, looks = [] } = wordsFor(occasion, reader.as)
  const whole = [...rich(strong(`${state.id} `), state.title, '. '), ...text, ...next(told, reader, glanceOf(state))]
  const buttons = [...new Set(reader.acts.map(actionOfAct)), ...looks]
  return {
    person: reader.person,
    entry: {
      author: null,
      tone,
      text: reader.as === 'asked' ? text : whole,
      detail: [],
      actions: buttons.map((name) => ({
        ...buttonNow(name, glanceOf(state), occasion.moment.members),
        proposal: state.id,
      })),
      link: `/p/${state.id}`,
    },
  }
}

/** What the reader can press, or else who can. Only said where something waits for somebody. */
function next({ wanted, readers, loud }: Told, { acts, as }: Reader, glance: Glance): RichText {
  if (wanted === null) return loud && acts.length > 0 ? rich(' ', ...press(acts, glance)) : []
  if (acts.includes(wanted.act)) return rich(' ', ...press(acts, glance))
  const { able } = wanted
  const can = able.length === 0 ? ` ${NOBODY_CAN}` : ` ${someOf(able)} can ${doing[wanted.act] ?? 'go on'}.`
  const watched = as === 'proposer' ? readers.filter((other) => other.as !== 'proposer').length : 0
  return rich(can, watched === 0 ? '' : ` Told: ${count(watched, 'other person', 'other people')}.`)
}

const NOBODY_CAN = 'Nobody can act on it now: who holds which role stands in patchwarden.yaml.'

/** The act, as people can do it: `Mara can resume it`. */
const doing: Partial<Record<NonNullable<Told['wanted']>['act'], string>> = {
  resume: 'resume it',
  approve: 'approve it',
  'review-break-glass': 'review it',
}

function press(acts: Reader['acts'], glance: Glance): RichText {
  const names = [...new Set(acts.map(actionOfAct))]
  const labels = names
    .slice(0, 3)
    .flatMap((name, index) => [
      ...rich(index === 0 ? 'Press ' : index === Math.min(names.length, 3) - 1 ? ' or ' : ', '),
      strong(labelOf(name, glance)),
    ])
  return [...labels, ...rich('.')]
}

/** At most this many people are mentioned in one message. */
const MENTIONED = 5

const groups: readonly (readonly [ReaderKind, string])[] = [
  ['may act', ''],
  ['on call', 'On call: '],
  ['lead', 'Also told: '],
  ['named', 'Also told: '],
  ['proposer', 'Proposed by '],
]

/** What is added to the thread's entry of the event: who is asked, and what to press. `null`: it is not loud. */
export function loudWords(occasion: Occasion): RichText | null {
  const told = whoIsTold(occasion)
  if (told === null || !told.loud) return null
  if (told.readers.length === 0) return rich(`Nobody else could be told of this. ${NOBODY_CAN}`)
  const nameOf = namesIn(occasion.moment.members)
  const shown = told.readers.slice(0, MENTIONED)
  const words = groups.flatMap(([kind, label]) => {
    const some = shown.filter(({ as }) => as === kind)
    if (some.length === 0) return []
    const people = some.flatMap(({ person }, index) => [
      ...rich(index === 0 ? '' : index === some.length - 1 ? ' or ' : ', '),
      mention(person, nameOf(person)),
    ])
    return [
      ...rich(label),
      ...people,
      ...rich(kind === 'may act' ? `: ${onTheCard(told, glanceOf(occasion.state))} ` : '. '),
    ]
  })
  const more = told.readers.length - shown.length
  return more > 0 ? [...words, ...rich(`And ${count(more, 'more person', 'more people')}.`)] : words
}

/** What those who may act can press, on the card: the buttons that at least one of them has. */
function onTheCard({ readers }: Told, glance: Glance): string {
  const theirs = readers.filter(({ as }) => as === 'may act').flatMap(({ acts }) => acts)
  const labels = [...new Set(theirs.map((act) => labelOf(actionOfAct(act), glance)))]
  return labels.length === 0 ? 'look at the card.' : `press ${anyOf(labels.slice(0, 3))} on the card.`
}

interface Words {
  readonly tone: Tone
  readonly text: RichText
  /** Buttons that only show something. */
  readonly looks?: readonly ActionName[]
}

/** What a reader is told of the event, before what to press. */
function wordsFor(occasion: Occasion, as: ReaderKind): Words {
  const { before, state } = occasion
  const { event, at } = occasion.recorded
  switch (event.type) {
    case 'people-asked':
      return askedWords(occasion, event)
    case 'revised':
      return { tone: 'urgent', text: rich(sentence(event.reason || state.whyNow)), looks: ['explain'] }
    case 'reminded':
      return state.status === 'halted' ? unanswered(state) : undecidedWords(state, at)
    case 'acknowledgement-asked': {
      const starts =
        state.schedule === null ? rich('It is about to start.') : rich('It starts ', time(state.schedule.start), '.')
      const wait =
        state.policy.acknowledgement?.otherwise === 'wait' ? ' It does not start until somebody acknowledges.' : ''
      return { tone: 'warning', text: [...starts, ...rich(wait)], looks: ['plan'] }
    }
    case 'halted':
      return { tone: 'urgent', text: rich(`Halted: ${sentence(event.reason)}${untouched(state)}`), looks: ['assets'] }
    case 'paused':
      return { tone: 'warning', text: rich(`Paused by ${event.by}: ${sentence(event.reason)}${untouched(state)}`) }
    case 'test-paused':
      return { tone: 'warning', text: rich(`Its test is paused by ${event.by}: ${sentence(event.reason)}`) }
    case 'test-ended': {
      const text = `The test did not pass: ${sentence(event.reason ?? 'no reason is known')} Nothing else was touched.`
      return { tone: 'urgent', text: rich(text), looks: ['assets'] }
    }
    case 'agreed': {
      const { to, name, reason } = event
      const what =
        to.act === 'leave-out'
          ? rich(`${name} wants `, code(assetName(state, to.asset)), ' left out: ')
          : rich(`${name} wants it to run on until `, time(to.until), ': ')
      return { tone: 'urgent', text: [...what, ...rich(`${sentence(reason)} It takes your agreement, too.`)] }
    }
    case 'break-glass-used': {
      const text = rich(
        `${event.name} broke the glass: ${sentence(event.reason)} It runs without votes, outside its window. Somebody else reviews it by `,
        time(event.reviewBy),
        '.',
      )
      return { tone: 'urgent', text, looks: ['plan'] }
    }
    case 'scheduled':
      return {
        tone: isExploited(state) ? 'urgent' : 'warning',
        text: missedText(before, rich(' Its next one begins ', time(event.window.start), '.')),
      }
    case 'start-refused':
      return {
        tone: isExploited(state) ? 'urgent' : 'warning',
        text: missedText(before, rich(` There is no next one: ${sentence(event.reason)}`)),
      }
    case 'approval-lapsed':
      return { tone: 'warning', text: rich(`No longer approved: ${sentence(event.reason)} Votes are open again.`) }
    case 'expired':
      return { tone: 'warning', text: rich(expiredText(state, as)) }
    case 'rejected': {
      const until = rich('Rejected until ', time(event.deferral.until), `: ${sentence(event.deferral.reason)}`)
      return {
        tone: 'warning',
        text: as === 'named' ? [...until, ...rich(' You are named to look at it again.')] : until,
      }
    }
    case 'approved':
      return { tone: 'good', text: rich('Approved.') }
    case 'withdrawn':
      return { tone: 'warning', text: rich(`Withdrawn: ${sentence(event.reason)}`) }
    case 'superseded':
      return { tone: 'neutral', text: rich(`Replaced by ${event.by}.`) }
    case 'completed':
      return { tone: 'good', text: rich('Done; the thread says how each server ended.') }
    default:
      return { tone: 'neutral', text: [] }
  }
}

/** Who asks and what, then the first two lines of the card: so nobody has to look for it to answer. */
function askedWords(
  { recorded: { actor }, state, moment }: Occasion,
  { name, question }: Extract<ProposalEvent, { type: 'people-asked' }>,
): Words {
  const place = { ...moment, glance: glanceOf(state) }
  const { tone, words } = cardState(place)
  const { through } = actor.kind === 'person' ? actor : {}
  const came =
    through === undefined || isOwn({ through }) ? '' : ` It came by ${throughWords(through, namesIn(moment.members))}.`
  const asked = rich(
    strong(`${name} asks you about ${state.id}`),
    question === null ? '.' : `: “${question}”`,
    came,
    lineBreak,
  )
  return {
    tone: tone === 'urgent' ? 'urgent' : 'warning',
    text: [...asked, ...words, ...rich(lineBreak, strong(state.title), ': '), ...cardSay(place)],
    looks: state.subject.kind === 'patches' ? ['assets', 'explain'] : ['report'],
  }
}

function undecidedWords(state: ProposalState, now: string): Words {
  const presses = isPressing(state, now)
  const text = rich(`Nobody has decided it. ${urgency(state, now)}It expires `, time(state.expiresAt, 'relative'), '.')
  return { tone: presses ? 'urgent' : 'warning', text, looks: [presses ? 'explain' : 'plan'] }
}

function unanswered(state: ProposalState): Words {
  const { stopped } = state
  if (stopped === null) return { tone: 'urgent', text: [] }
  const text = rich('Halted since ', time(stopped.at), `, and nobody has answered: ${sentence(stopped.reason)}`)
  return { tone: 'urgent', text: [...text, ...rich(untouched(state))], looks: ['assets'] }
}

/** Can it not wait for the usual time? */
function isPressing(state: ProposalState, now: string): boolean {
  return isExploited(state) || daysOverdue(state, now) !== null
}

/** What makes it urgent, and who has approved it. Empty: nothing does, and nobody has. */
function urgency(state: ProposalState, now: string): string {
  const servers = state.subject.kind === 'patches' ? ` on ${count(state.subject.assets.length, 'server')}` : ''
  const days = daysOverdue(state, now)
  const approved = state.votes.filter(({ choice }) => choice === 'approve').map(({ name }) => name)
  return [
    isExploited(state) ? `It is exploited now${servers}. ` : '',
    days === null ? '' : `It is ${days === 0 ? 'overdue since today' : `${count(days, 'day')} overdue`}. `,
    isPressing(state, now) && approved.length > 0 ? `${approved.join(' and ')} approved. ` : '',
  ].join('')
}

/** Whole days since it was due; `null`: it is not over due, or has no date. */
function daysOverdue({ dueAt }: ProposalState, now: string): number | null {
  if (dueAt === null || !isBefore(dueAt, now)) return null
  return Math.floor((Date.parse(now) - Date.parse(dueAt)) / DAY_MS)
}

function missedText(before: ProposalState | null, then: RichText): RichText {
  const why = before?.notStarted == null ? '' : ` because ${before.notStarted}`
  return [...rich(sentence(`It missed its window: nothing of it began${why}`)), ...then]
}

function expiredText(state: ProposalState, as: ReaderKind): string {
  const left = isExploited(state) ? leftExploitable(state) : 0
  const still = left === 0 ? '' : ` ${count(left, 'server')} ${left === 1 ? 'is' : 'are'} still exploitable.`
  const whose = as === 'may act' ? 'Expired without your vote' : 'Expired: nobody decided it in time'
  return `${whose}.${still} The next assessment asks again for what is still missing.`
}

/** How many servers the rollout has not begun; empty: none. */
function untouched(state: ProposalState): string {
  const left = notStarted(state)?.assets ?? 0
  return left === 0 || state.subject.kind !== 'patches'
    ? ''
    : ` ${left} of ${count(state.subject.assets.length, 'server')} not touched.`
}
