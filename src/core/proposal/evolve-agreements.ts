import { throughOf } from '../hands.ts'
import type { ProposalEvent, RecordedEvent } from './event.ts'
import type { AgreedAct, Agreement, ProposalState } from './proposal.ts'

export function isSame(a: AgreedAct, b: AgreedAct): boolean {
  if (a.act === 'leave-out') return b.act === 'leave-out' && a.asset === b.asset
  return b.act === 'extend-window' && a.until === b.until
}

/**
 * The state with its agreements after an event. An agreement ends with the next stop, resume or revision, when its act
 * happens, or when its asset is tried again.
 */
export function withAgreements(state: ProposalState, recorded: RecordedEvent): ProposalState {
  const { agreements = [] } = state
  const { event } = recorded
  if (event.type === 'agreed') {
    const others = agreements.filter(({ person, to }) => person !== event.person || !replaces(event.to, to))
    return { ...state, agreements: [...others, agreement(recorded, event)] }
  }
  if (agreements.length === 0) return state
  const left = agreements.filter(({ to }) => !ends(event, to))
  return left.length === agreements.length ? state : { ...state, agreements: left }
}

function agreement(
  { actor, seq, inItself }: RecordedEvent,
  { person, name, to }: Extract<ProposalEvent, { type: 'agreed' }>,
): Agreement {
  const said = inItself === true ? {} : { said: seq }
  return { person, name, to, ...throughOf(actor.kind === 'person' ? actor : {}), ...said }
}

/** A person agrees to only one end of the window: a new agreement replaces the earlier one. */
function replaces(now: AgreedAct, before: AgreedAct): boolean {
  return now.act === 'extend-window' ? before.act === 'extend-window' : isSame(now, before)
}

function ends(event: ProposalEvent, to: AgreedAct): boolean {
  switch (event.type) {
    case 'paused':
    case 'halted':
    case 'resumed':
    case 'revised':
      return true
    case 'asset-skipped':
      return to.act === 'leave-out' && to.asset === event.asset
    case 'retry-asked':
      return to.act === 'leave-out' && event.assets.includes(to.asset)
    case 'window-extended':
      return to.act === 'extend-window'
    default:
      return false
  }
}
