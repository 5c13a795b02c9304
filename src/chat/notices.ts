/** Decides who gets a direct message about an event, and its text. One event gives a person one message at most. */

import { isOwn, namesIn } from '../core/hands.ts'
import { offersTo, whoMay } from '../core/permission/answer.ts'
import type { Moment, Place } from '../core/permission/place.ts'
import { holders, onCall } from '../core/permission/roles.ts'
import type { RecordedEvent } from '../core/proposal/event.ts'
import { glanceOf } from '../core/proposal/glance.ts'
import { turnsTo, voters } from '../core/proposal/ladder.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { assetName } from '../core/rollout/tally.ts'
import type { ActionName } from './actions.ts'
import type { ThreadEntry, Tone } from './card.ts'
import { cardAction, numberOfAction, offeredOf } from './card-actions.ts'
import { code, type RichText, rich, sentence, strong, time } from './rich-text.ts'

export interface Notice {
  /** Person id. */
  readonly person: string
  readonly entry: ThreadEntry
}

const MOST = 25

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
  const buttons = waits ? offeredTo({ recorded, state, moment }, actor.id, possible) : []
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

/** An event that may need direct messages. */
interface Occasion {
  readonly recorded: RecordedEvent
  readonly state: ProposalState
  readonly moment: Moment
}

/** Sends one message to several people, each with the buttons they may use. The person who caused it gets none. */
function tell(
  occasion: Occasion,
  people: readonly string[],
  tone: Tone,
  text: RichText,
  buttons: readonly ActionName[] = [],
): readonly Notice[] {
  const { recorded, state } = occasion
  const { actor } = recorded
  const what = rich(strong(`${state.id} `), state.title, '. ')
  const others = [...new Set(people)].filter((person) => actor.kind !== 'person' || person !== actor.id)
  return others.slice(0, MOST).map((person) => ({
    person,
    entry: {
      author: null,
      tone,
      text: [...what, ...text],
      detail: [],
      actions: offeredTo(occasion, person, buttons).map((name) => ({
        ...cardAction(name, numberOfAction(name, glanceOf(state))),
        proposal: state.id,
      })),
      link: `/p/${state.id}`,
    },
  }))
}

/** Keeps the buttons that would be accepted from this person. */
function offeredTo(occasion: Occasion, person: string, buttons: readonly ActionName[]): readonly ActionName[] {
  if (buttons.length === 0) return buttons
  const name = namesIn(occasion.moment.members)(person)
  return offeredOf(buttons, offersTo({ kind: 'person', id: person, name, via: 'console' }, placeOf(occasion)))
}

/** Made only when it is needed, because most events need no message. */
function placeOf({ state, moment }: Occasion): Place {
  return { ...moment, glance: glanceOf(state) }
}

/**
 * The direct messages of an event. The person who caused it gets none. `state`: the proposal after the whole command,
 * so that no button is sent that would be refused.
 */
export function noticesOf(recorded: RecordedEvent, state: ProposalState, moment: Moment): readonly Notice[] {
  const { event } = recorded
  const { members } = moment
  const occasion = { recorded, state, moment }
  const requester = state.proposer.kind === 'person' ? [state.proposer.id] : []

  switch (event.type) {
    case 'revised':
      if (!event.raised) return []
      return tell(
        occasion,
        state.status === 'open' ? turnsTo(state, 'reminder', { members }) : voters(state, { members }),
        'urgent',
        rich(sentence(event.reason || state.whyNow)),
        state.status === 'open' ? ['approve', 'reject', 'explain'] : ['explain'],
      )
    case 'reminded': {
      if (event.step === 'reminder') return []
      const why =
        event.step === 'escalation' ? 'Nobody has decided it. It expires ' : 'It waits for your vote and expires '
      const text = rich(why, time(state.expiresAt, 'relative'), '.')
      return tell(occasion, event.waitingFor, 'warning', text, ['approve', 'reject', 'plan'])
    }
    case 'acknowledgement-asked': {
      const starts =
        state.schedule === null ? rich('It is about to start.') : rich('It starts ', time(state.schedule.start), '.')
      const wait =
        state.policy.acknowledgement?.otherwise === 'wait' ? ' It does not start until somebody acknowledges.' : ''
      return tell(occasion, event.people, 'warning', [...starts, ...rich(wait)], ['acknowledge', 'postpone', 'plan'])
    }
    case 'halted':
      return tell(
        occasion,
        [
          ...whoMay('resume', placeOf(occasion)).map(({ id }) => id),
          ...holders(members, onCall).map(({ id }) => id),
          ...requester,
        ],
        'urgent',
        rich(`The rollout stopped: ${sentence(event.reason)}`),
        ['resume'],
      )
    case 'agreed': {
      const { to, name, reason } = event
      const what =
        to.act === 'leave-out'
          ? rich(`${name} wants `, code(assetName(state, to.asset)), ' left out: ')
          : rich(`${name} wants it to run on until `, time(to.until), ': ')
      const others = whoMay(to.act, placeOf(occasion)).map(({ id }) => id)
      const text = [...what, ...rich(`${sentence(reason)} It takes your agreement, too.`)]
      return tell(occasion, others, 'urgent', text, [to.act === 'leave-out' ? 'skip' : 'extend'])
    }
    case 'break-glass-used': {
      const text = rich(`${event.name} broke the glass: ${sentence(event.reason)} Somebody else reviews it.`)
      const reviewers = whoMay('review-break-glass', placeOf(occasion)).map(({ id }) => id)
      return tell(occasion, reviewers, 'urgent', text, ['review-break-glass', 'plan'])
    }
    case 'rejected': {
      const until = rich('Rejected until ', time(event.deferral.until), `: ${sentence(event.deferral.reason)} `)
      const owner = rich('You are named to look at it again.')
      return [
        ...tell(occasion, [event.deferral.owner], 'warning', [...until, ...owner]),
        ...tell(
          occasion,
          requester.filter((id) => id !== event.deferral.owner),
          'warning',
          until,
        ),
      ]
    }
    case 'approved':
      return tell(occasion, requester, 'good', rich('Approved.'))
    case 'approval-lapsed':
      return tell(occasion, requester, 'warning', rich(`No longer approved: ${sentence(event.reason)}`))
    case 'expired':
      return tell(occasion, requester, 'warning', rich('Expired: nobody decided it in time.'))
    case 'withdrawn':
      return tell(occasion, requester, 'warning', rich(`Withdrawn: ${sentence(event.reason)}`))
    case 'superseded':
      return tell(occasion, requester, 'neutral', rich(`Replaced by ${event.by}.`))
    case 'completed':
      return tell(occasion, requester, 'good', rich('Done; the thread says how each server ended.'))
    default:
      return []
  }
}
