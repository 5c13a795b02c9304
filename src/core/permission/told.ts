/**
 * Who is told of an event, how loudly, and with which acts. It goes by the table of permissions: whoever can act is
 * told, and is offered what would be accepted from them.
 */

import { presentOf } from '../deputies.ts'
import { isExploited } from '../follow-up.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { ProposalEvent, RecordedEvent } from '../proposal/event.ts'
import { glanceOf } from '../proposal/glance.ts'
import { turnsTo, voters } from '../proposal/ladder.ts'
import type { ProposalState } from '../proposal/proposal.ts'
import { endCounts } from '../rollout/tally.ts'
import { isBefore } from '../time/instant.ts'
import type { Act } from './acts.ts'
import { offersTo, whoMay } from './answer.ts'
import type { Moment, Place } from './place.ts'
import { above, holders, onCall, stoppers } from './roles.ts'

export interface Occasion {
  readonly recorded: RecordedEvent
  /** The proposal before the whole command; `null`: the command opened it. */
  readonly before: ProposalState | null
  /** The proposal after the whole command, so that nothing is offered that would be refused. */
  readonly state: ProposalState
  readonly moment: Moment
}

/**
 * Why somebody is told. `may act`: they can bring it on. `on call`: they watch it. `named`: the event names them. `asked`: somebody asks them.
 * `lead`: those to whom the policy escalates.
 */
export type ReaderKind = 'may act' | 'on call' | 'named' | 'asked' | 'lead' | 'proposer'

/** The acts that have a button. */
export type ButtonAct = Exclude<Act, 'comment'>

export interface Reader {
  /** Person id. */
  readonly person: string
  readonly as: ReaderKind
  /** Those of the event's acts that would be accepted from this person, in the event's order. */
  readonly acts: readonly ButtonAct[]
}

export interface Told {
  /** True: it cannot wait. The readers are mentioned in the thread too, and the channel sees it. */
  readonly loud: boolean
  /** Each person once, those who can act first. Whoever caused the event is not among them. */
  readonly readers: readonly Reader[]
  /** The act that would bring it on, and the names of all who may do it; `null`: there is none. */
  readonly wanted: { readonly act: ButtonAct; readonly able: readonly string[] } | null
}

/** An event that tells this many people tells no more. */
const MOST = 25

/** `null`: nobody is told of such an event. Worked out once, because thread and direct messages both ask. */
export const whoIsTold = memoizeByIdentity((occasion: Occasion): Told | null => {
  const telling = tellingOf(occasion)
  if (telling === null) return null
  const { readers, acts = [], wanted, loud = false, most } = telling
  const { actor } = occasion.recorded
  const author = actor.kind === 'person' ? actor.id : null
  const kinds = new Map<string, ReaderKind>()
  for (const [kind, people] of readers)
    for (const person of people) if (person !== author && !kinds.has(person)) kinds.set(person, kind)
  return {
    loud,
    readers: [...kinds]
      .slice(0, MOST)
      .map(([person, as]) => ({ person, as, acts: offered(occasion, person, acts).slice(0, most) })),
    wanted: wanted === undefined ? null : { act: wanted, able: able(occasion, wanted).map(({ name }) => name) },
  }
})

interface Telling {
  /** In this order: a person is told for the first reason that fits. */
  readonly readers: readonly (readonly [ReaderKind, readonly string[]])[]
  readonly acts?: readonly ButtonAct[]
  readonly wanted?: ButtonAct
  readonly loud?: boolean
  /** At most so many of the acts are offered to one person. Left out: all. */
  readonly most?: number
}

/** With what somebody who is asked can answer: what brings it on comes first, and what is seldom right comes last. */
const answering: readonly ButtonAct[] = [
  'approve',
  'reject',
  'acknowledge',
  'go',
  'retry',
  'resume',
  'leave-out',
  'review-break-glass',
  'pause',
  'halt',
  'postpone',
  'unfreeze',
  'extend-window',
  'end-waiting',
  'skip',
  'abstain',
  'break-glass',
  'withdraw',
  'roll-back',
  'freeze',
]

/** How many buttons of these a question has. */
const ANSWERS = 3

function tellingOf(occasion: Occasion): Telling | null {
  const { recorded, state, moment } = occasion
  const { event } = recorded
  const proposer = ['proposer', proposerOf(state)] as const
  switch (event.type) {
    case 'people-asked':
      return { readers: [['asked', event.people]], acts: answering, most: ANSWERS }
    case 'revised':
      return event.raised === true ? raised(occasion) : null
    case 'reminded':
      return event.step === 'reminder' ? null : reminded(state, event)
    case 'acknowledgement-asked':
      return { readers: [['may act', event.people]], acts: ['acknowledge', 'postpone'] }
    case 'halted':
      return {
        readers: [['may act', idsOf(able(occasion, 'resume'))], ['on call', watching(state, moment)], proposer],
        acts: afterHalt,
        wanted: 'resume',
        loud: true,
      }
    case 'paused':
    case 'test-paused':
      return {
        readers: [
          ['may act', idsOf(able(occasion, 'resume'))],
          ['on call', watching(state, moment)],
        ],
        acts: ['resume', 'halt'],
        wanted: 'resume',
      }
    case 'test-ended':
      return event.passed || state.status !== 'open' ? null : undecided(occasion, watching(state, moment))
    case 'agreed': {
      const { act } = event.to
      return { readers: [['may act', idsOf(able(occasion, act))]], acts: [act] }
    }
    case 'break-glass-used':
      return {
        readers: [
          ['may act', idsOf(able(occasion, 'review-break-glass'))],
          ['on call', watching(state, moment)],
          ['lead', leads(state, moment)],
          proposer,
        ],
        acts: ['halt', 'withdraw', 'review-break-glass'],
        wanted: 'review-break-glass',
        loud: true,
      }
    case 'scheduled':
    case 'start-refused':
      return missedWindow(occasion) ? missed(occasion) : null
    case 'approval-lapsed':
      return undecided(occasion, [])
    case 'expired':
      return expired(occasion)
    case 'rejected':
      return { readers: [['named', [event.deferral.owner]], proposer] }
    case 'approved':
    case 'withdrawn':
    case 'superseded':
    case 'completed':
      return { readers: [proposer] }
    default:
      return null
  }
}

const afterHalt = ['resume', 'retry', 'leave-out', 'skip', 'roll-back'] as const

function reminded(state: ProposalState, { step, waitingFor }: Extract<ProposalEvent, { type: 'reminded' }>): Telling {
  const readers = [[step === 'escalation' ? 'lead' : 'may act', waitingFor]] as const
  const isLast = step === 'escalation'
  if (state.status === 'halted') return { readers, acts: afterHalt, wanted: 'resume', loud: isLast }
  if (isLast) return { readers, acts: ['approve', 'reject', 'break-glass'], loud: isExploited(state) }
  return { readers, acts: ['approve', 'reject'] }
}

/** It became more urgent. While it is open, those are told whose vote is missing; later all who may vote. */
function raised({ state, moment }: Occasion): Telling {
  return state.status === 'open'
    ? { readers: [['may act', turnsTo(state, 'reminder', moment)]], acts: ['approve', 'reject'] }
    : { readers: [['may act', voters(state, moment)]] }
}

/** Votes are missing, although there was a result already. */
function undecided({ state, moment }: Occasion, watchers: readonly string[]): Telling {
  return {
    readers: [
      ['may act', turnsTo(state, 'reminder', moment)],
      ['on call', watchers],
      ['proposer', proposerOf(state)],
    ],
    acts: ['approve', 'reject'],
    wanted: 'approve',
    loud: isExploited(state),
  }
}

function missed(occasion: Occasion): Telling {
  const { state, moment } = occasion
  const proposer = ['proposer', proposerOf(state)] as const
  if (!isExploited(state)) return { readers: [proposer] }
  return {
    readers: [
      ['may act', idsOf(able(occasion, 'break-glass'))],
      ['on call', watching(state, moment)],
      ['lead', leads(state, moment)],
      proposer,
    ],
    acts: ['break-glass', 'postpone'],
    loud: true,
  }
}

/** Did the proposal wait for a window that is over now, although nothing of it was begun? */
export function missedWindow({ recorded, before, state }: Occasion): boolean {
  if (before?.status !== 'scheduled' || before.schedule === null || state.status !== 'scheduled') return false
  return recorded.actor.kind === 'system' && !isBefore(recorded.at, before.schedule.end)
}

/** If servers are left that are exploited, those are told who did not vote, and those above them. */
function expired({ state, before, moment }: Occasion): Telling {
  const proposer = ['proposer', proposerOf(state)] as const
  if (before?.status !== 'open' || !isExploited(state) || leftExploitable(state) === 0) return { readers: [proposer] }
  return {
    readers: [['may act', turnsTo(state, 'reminder', moment)], ['lead', leads(state, moment)], proposer],
    loud: true,
  }
}

/** How many servers still need what the proposal asked for. */
export function leftExploitable(state: ProposalState): number {
  const { bad, unreachable, untouched } = endCounts(state)
  return bad + unreachable + untouched
}

/** Those on call, and who acknowledged the rollout. If nobody is on call: all who may stop it. */
function watching(state: ProposalState, { members }: Moment): readonly string[] {
  const awake = holders(members, onCall)
  const watchers = presentOf(awake.length > 0 ? awake : holders(members, stoppers(state)))
  return [...(state.acknowledgedBy === null ? [] : [state.acknowledgedBy]), ...idsOf(watchers)]
}

function leads(state: ProposalState, { members }: Moment): readonly string[] {
  return idsOf(presentOf(holders(members, above(state))))
}

function proposerOf({ proposer }: ProposalState): readonly string[] {
  return proposer.kind === 'person' ? [proposer.id] : []
}

function able(occasion: Occasion, act: Act): ReturnType<typeof whoMay> {
  return presentOf(whoMay(act, placeOf(occasion)))
}

function offered(occasion: Occasion, person: string, acts: readonly ButtonAct[]): readonly ButtonAct[] {
  if (acts.length === 0) return acts
  const name = occasion.moment.members.find(({ id }) => id === person)?.name ?? person
  const accepted = offersTo({ kind: 'person', id: person, name, via: 'console' }, placeOf(occasion))
  return acts.filter((act) => accepted.has(act))
}

/** Made only when it is needed, because most events are told to nobody. */
const placeOf = memoizeByIdentity(({ state, moment }: Occasion): Place => ({ ...moment, glance: glanceOf(state) }))

function idsOf(people: readonly { readonly id: string }[]): readonly string[] {
  return people.map(({ id }) => id)
}
