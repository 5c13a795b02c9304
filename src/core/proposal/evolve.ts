import { assertNever } from '../assert-never.ts'
import type { Window } from '../window.ts'
import type { RecordedEvent } from './event.ts'
import type { Deployment, ProposalState, RingState, Rollout } from './proposal.ts'

/** A proposal's state after one more event. The first event must be `opened`; the rest are applied in order. */
export function evolve(state: ProposalState | null, recorded: RecordedEvent): ProposalState {
  const { event, at, actor, seq } = recorded
  if (event.type === 'opened') {
    return {
      id: event.id,
      number: event.number,
      team: event.team,
      title: event.title,
      status: 'open',
      revision: 1,
      subject: event.subject,
      contentHash: event.contentHash,
      priority: event.priority,
      whyNow: event.whyNow,
      dueAt: event.dueAt,
      policy: event.policy,
      proposer: actor,
      openedAt: at,
      expiresAt: event.expiresAt,
      noticeEndsAt: event.noticeEndsAt,
      standingRefused: null,
      remindersSent: 0,
      votes: [],
      approvedBy: null,
      approvedAt: null,
      schedule: null,
      notStarted: null,
      acknowledgedBy: null,
      asked: null,
      rollout: null,
      stopped: null,
      resumeVotes: [],
      breakGlass: null,
      deferral: null,
      supersededBy: null,
      closedAt: null,
      seq,
    }
  }
  if (state === null) throw new Error(`${recorded.stream} begins with ${event.type} instead of opened`)
  return { ...state, ...change(state, recorded), seq }
}

/** Folds a whole stream. */
export function replay(events: readonly RecordedEvent[]): ProposalState | null {
  let state: ProposalState | null = null
  for (const event of events) state = evolve(state, event)
  return state
}

const undecided = {
  approvedBy: null,
  approvedAt: null,
  schedule: null,
  notStarted: null,
  acknowledgedBy: null,
  asked: null,
} as const

function change(state: ProposalState, { event, at }: RecordedEvent): Partial<ProposalState> {
  switch (event.type) {
    case 'opened':
      throw new Error(`${state.id} was opened twice`)
    case 'revised': {
      const content = {
        title: event.title,
        subject: event.subject,
        contentHash: event.contentHash,
        priority: event.priority,
        whyNow: event.whyNow,
        dueAt: event.dueAt,
        revision: event.revision,
        expiresAt: event.expiresAt,
        noticeEndsAt: event.noticeEndsAt,
      }
      if (event.votesKept) return content
      return {
        ...content,
        ...undecided,
        status: 'open',
        votes: [],
        remindersSent: 0,
        standingRefused: null,
        breakGlass: null,
      }
    }
    case 'vote-cast':
      return { votes: [...state.votes.filter((vote) => vote.person !== event.vote.person), event.vote] }
    case 'vote-withdrawn':
      return { votes: state.votes.filter((vote) => vote.person !== event.person) }
    case 'commented':
      return {}
    case 'reminded':
      return { remindersSent: state.remindersSent + 1 }
    case 'standing-refused':
      return { standingRefused: event.reason }
    case 'approved':
      return { status: 'approved', approvedBy: event.by, approvedAt: at }
    case 'approval-lapsed':
      return { ...undecided, status: 'open' }
    case 'rejected':
      return { status: 'rejected', deferral: event.deferral, closedAt: at }
    case 'expired':
      return { status: 'expired', closedAt: at }
    case 'withdrawn':
      return { status: 'withdrawn', stopped: null, closedAt: at }
    case 'followed-up':
      return {}
    case 'superseded':
      return { status: 'superseded', supersededBy: event.by, closedAt: at }
    case 'scheduled':
      return { notStarted: null, ...scheduled(state, event.window) }
    case 'postponed':
      return { notStarted: null, ...scheduled(state, event.window), ...unacknowledged }
    case 'frozen':
    case 'unfrozen':
      return {}
    case 'acknowledgement-asked': {
      const firstAt = state.asked?.firstAt ?? at
      return { asked: { firstAt, lastAt: at, escalated: event.escalated } }
    }
    case 'start-refused':
      return { notStarted: event.reason }
    case 'acknowledged':
      return { acknowledgedBy: event.person }
    case 'rollout-started':
      return { status: 'rolling out', notStarted: null, rollout: freshRollout(state, at) }
    case 'batch-started':
      return { rollout: withBatch(rolloutOf(state), event, at) }
    case 'outcome-recorded':
      return { rollout: withDeployment(rolloutOf(state), event.asset, { outcome: event.outcome }) }
    case 'verification-recorded':
      return { rollout: withDeployment(rolloutOf(state), event.asset, { verification: event.verification }) }
    case 'ring-soaking':
      return { rollout: withRing(rolloutOf(state), event.ring, { status: 'soaking', soakUntil: event.until }) }
    case 'ring-passed':
      return { rollout: withRing(rolloutOf(state), event.ring, { status: 'passed', soakUntil: null }) }
    case 'gate-failed':
      return { rollout: withRing(rolloutOf(state), event.ring, { status: 'failed' }) }
    case 'paused':
      return { status: 'paused', stopped: { by: event.by, reason: event.reason, at }, resumeVotes: [] }
    case 'halted':
      return { status: 'halted', stopped: { by: event.by, reason: event.reason, at }, resumeVotes: [] }
    case 'resume-agreed':
      return { resumeVotes: [...state.resumeVotes, { person: event.person, name: event.name }] }
    case 'resumed':
      return {
        status: 'rolling out',
        stopped: null,
        resumeVotes: [],
        rollout: state.status === 'halted' ? forgive(state) : state.rollout,
      }
    case 'verifying-started':
      return { status: 'verifying', rollout: { ...rolloutOf(state), verifyingSince: at } }
    case 'completed':
      return { status: 'completed', closedAt: at }
    case 'break-glass-used':
      return {
        breakGlass: { person: event.person, reason: event.reason, reviewBy: event.reviewBy, reviewedBy: null },
      }
    case 'break-glass-reviewed':
      return { breakGlass: state.breakGlass === null ? null : { ...state.breakGlass, reviewedBy: event.person } }
    default:
      return assertNever(event)
  }
}

const unacknowledged = { acknowledgedBy: null, asked: null } as const

/** Another night is another one on call: only the first window keeps what was acknowledged before it was known. */
function scheduled(state: ProposalState, window: Window): Partial<ProposalState> {
  if (state.rollout !== null) return { schedule: window }
  return { schedule: window, status: 'scheduled', ...(state.schedule === null ? {} : unacknowledged) }
}

function rolloutOf(state: ProposalState): Rollout {
  if (state.rollout === null) throw new Error(`${state.id} has no rollout yet`)
  return state.rollout
}

function freshRollout(state: ProposalState, at: string): Rollout {
  const rings = state.subject.kind === 'patches' ? state.subject.rings : []
  return {
    startedAt: at,
    verifyingSince: null,
    rings: rings.map(() => ({ status: 'waiting', batchesStarted: 0, soakUntil: null, forgiven: [] })),
    deployments: {},
  }
}

function withRing(rollout: Rollout, index: number, changes: Partial<RingState>): Rollout {
  return { ...rollout, rings: rollout.rings.map((ring, at) => (at === index ? { ...ring, ...changes } : ring)) }
}

function withBatch(
  rollout: Rollout,
  event: { readonly ring: number; readonly batch: number; readonly assets: readonly string[] },
  at: string,
): Rollout {
  const deployments: Record<string, Deployment> = { ...rollout.deployments }
  for (const asset of event.assets) {
    deployments[asset] = {
      asset,
      ring: event.ring,
      batch: event.batch,
      startedAt: at,
      outcome: null,
      verification: null,
    }
  }
  return withRing({ ...rollout, deployments }, event.ring, { status: 'running', batchesStarted: event.batch + 1 })
}

function withDeployment(rollout: Rollout, asset: string, changes: Partial<Deployment>): Rollout {
  const deployment = rollout.deployments[asset]
  if (deployment === undefined) throw new Error(`${asset} was not started in this rollout`)
  return { ...rollout, deployments: { ...rollout.deployments, [asset]: { ...deployment, ...changes } } }
}

/** Resuming a halted rollout accepts what has failed so far: those assets keep their end state and no longer count at the gate. */
function forgive(state: ProposalState): Rollout {
  const rollout = rolloutOf(state)
  const done = Object.values(rollout.deployments)
  return {
    ...rollout,
    rings: rollout.rings.map((ring, index) => {
      if (ring.status !== 'failed' && ring.status !== 'running') return ring
      const forgiven = done.filter((deployment) => deployment.ring === index && deployment.verification !== null)
      return { ...ring, status: 'running', forgiven: forgiven.map((deployment) => deployment.asset) }
    }),
  }
}
