import { assertNever } from '../assert-never.ts'
import { isOwn, throughOf } from '../hands.ts'
import { deploymentsOf, withChanges } from '../rollout/deployments.ts'
import {
  freshRun,
  inPlannedOrder,
  runChange,
  withBatch,
  withLateWord,
  withResults,
  withRetried,
  withRing,
  withRings,
  withUndone,
  withYielded,
} from '../rollout/evolve-run.ts'
import { freshRing } from '../rollout/run.ts'
import { takenBackBy } from '../rollout/taken-back.ts'
import type { Window } from '../window.ts'
import { outcomesOf, type RecordedEvent, verificationsOf } from './event.ts'
import { withAgreements } from './evolve-agreements.ts'
import {
  type Actor,
  type By,
  PATCHWARDEN,
  type PlannedRing,
  type ProposalState,
  type ResumeVote,
  type Rollout,
  type TestRun,
  type TestStop,
} from './proposal.ts'
import { withQuestions } from './questions.ts'
import { withSaid } from './said.ts'
import { sinceOf, withCompared } from './since.ts'

/**
 * The state of a proposal after one more event. Events are applied in order, and the first one must be `opened`. Throws
 * otherwise.
 */
export function evolve(state: ProposalState | null, recorded: RecordedEvent): ProposalState {
  const { event, at, actor, seq } = recorded
  if (event.type === 'opened') {
    const opened: ProposalState = {
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
      test: null,
      rollout: null,
      announced: null,
      drifted: {},
      stopped: null,
      resumeVotes: [],
      breakGlass: null,
      deferral: null,
      supersededBy: null,
      closedAt: null,
      seq,
    }
    return withSaid(null, opened, recorded)
  }
  if (state === null) throw new Error(`${recorded.stream} begins with ${event.type} instead of opened`)
  const changed = withAgreements({ ...state, ...change(state, recorded), seq }, recorded)
  return withSaid(state, withAnswer(state, changed, recorded), recorded)
}

/** Whoever does or says something about a halted rollout looks after it. A freeze is of the whole team. */
function withAnswer({ stopped }: ProposalState, after: ProposalState, recorded: RecordedEvent): ProposalState {
  const { afterHalt, status } = after
  const { actor, event } = recorded
  if (afterHalt === undefined || afterHalt.answered || status !== 'halted' || after.stopped !== stopped) return after
  const isOfTeam = event.type === 'frozen' || event.type === 'unfrozen'
  return actor.kind !== 'person' || isOfTeam ? after : { ...after, afterHalt: { ...afterHalt, answered: true } }
}

/** The number of the entry beside which the words of this event stand; none for events of earlier versions. */
function saidAt({ seq, inItself }: RecordedEvent): { readonly said?: number } {
  return inItself === true ? {} : { said: seq }
}

/** `name`: the name in the event. An event after a person's act may still be Patchwarden's own. */
function byOf(actor: Actor, name: string): By {
  return { person: actor.kind === 'person' && name !== PATCHWARDEN ? actor.id : null, name }
}

/** The state after a whole stream; `null`: the stream is empty. */
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

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one switch over every event, so that the compiler finds one that nobody handles.
function change(state: ProposalState, recorded: RecordedEvent): Partial<ProposalState> {
  const { event, at, seq, actor } = recorded
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
        // Only exactly the content that was tested may go on to wider rings.
        test: null,
        votes: [],
        remindersSent: 0,
        standingRefused: null,
        breakGlass: null,
        ...nothingSince(state),
      }
    }
    case 'content-kept':
      return { subject: event.subject, contentHash: event.contentHash }
    case 'assets-compared': {
      const out = event.assets.flatMap(({ asset, is }) => (is === 'left out' ? [asset] : []))
      return { since: withCompared(state, event, at), ...notInBatch(state, out) }
    }
    case 'vote-cast': {
      const cast = { ...event.vote, ...saidAt(recorded) }
      const vote = isOwn(cast) ? cast : { ...cast, seq }
      return { votes: [...state.votes.filter(({ person }) => person !== vote.person), vote] }
    }
    case 'act-confirmed':
      return event.act === 'vote'
        ? { votes: state.votes.map((vote) => (vote.seq === event.of ? { ...vote, confirmedAt: at } : vote)) }
        : {
            resumeVotes: state.resumeVotes.map((vote) => (vote.seq === event.of ? { ...vote, confirmedAt: at } : vote)),
          }
    case 'people-asked':
      return { questions: withQuestions(state.questions, event, at) }
    case 'vote-withdrawn':
      return { votes: state.votes.filter((vote) => vote.person !== event.person) }
    case 'commented':
    case 'noted':
    case 'calls-recorded':
      return {}
    case 'taken-back':
      return runChange(state, (run) => withChanges(run, { takenBack: takenBackBy(run, event) }))
    case 'reminded': {
      const { rungs = 1 } = event
      const { afterHalt } = state
      if (state.status !== 'halted' || afterHalt === undefined) return { remindersSent: state.remindersSent + rungs }
      return { afterHalt: { ...afterHalt, reminded: afterHalt.reminded + rungs } }
    }
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
    case 'roll-back-opened':
      return { rollBack: { proposal: event.proposal, over: false } }
    case 'roll-back-ended': {
      const { proposal, assets, more } = event
      const undone = runChange(state, (run) => withUndone(run, assets, proposal))
      return { ...undone, rollBack: { proposal, over: more !== true } }
    }
    case 'superseded':
      return { status: 'superseded', supersededBy: event.by, closedAt: at }
    case 'scheduled':
      return { notStarted: null, ...notWaiting(state), ...scheduled(state, event.window) }
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
    case 'asset-awaited': {
      const { asset, proposal, until, full } = event
      return { waitsFor: { asset, proposal, until, ...(full === undefined ? {} : { full }) } }
    }
    case 'yielded':
      return runChange(state, (run) => withYielded(run, event.assets, event.to))
    case 'took-over':
      return state.waitsFor ? { waitsFor: { ...state.waitsFor, yields: true } } : {}
    case 'acknowledged':
      return { acknowledgedBy: event.person }
    case 'rollout-started':
      return { status: 'rolling out', notStarted: null, rollout: rolloutAfterTest(state, at) }
    case 'batch-started':
    case 'assets-started':
      return { ...notWaiting(state), ...runChange(state, (run) => withBatch(run, event, at)) }
    case 'batch-queued':
      return runChange(state, (run) =>
        withRing(run, event.ring, { waiting: [...(run.rings[event.ring]?.waiting ?? []), ...event.assets] }),
      )
    case 'outcome-recorded':
    case 'outcomes-recorded':
      return runChange(state, (run) => withResults(run, outcomesOf(event), at, ringsOf(state)))
    case 'verification-recorded':
    case 'verifications-recorded':
      return runChange(state, (run) => withResults(run, verificationsOf(event), at, ringsOf(state)))
    case 'ring-soaking':
      return runChange(state, (run) =>
        withRing(run, event.ring, { status: 'soaking', soakUntil: event.until, checked: null }),
      )
    case 'ring-passed':
      return runChange(state, (run) => withRing(run, event.ring, { status: 'passed', soakUntil: null }))
    case 'gate-failed':
      return runChange(state, (run) => withRing(run, event.ring, { status: 'failed' }))
    case 'gate-checked':
      return runChange(state, (run) => withRing(run, event.ring, { checked: { at, healthy: event.healthy } }))
    // Agreements are updated for every event in `withAgreements`.
    case 'agreed':
      return {}
    case 'go-given':
      return runChange(state, (run) => withRing(run, event.ring, { go: event.person }))
    case 'asset-skipped':
      return runChange(state, (run) =>
        withChanges(run, {
          skipped: {
            ...run.skipped,
            [event.asset]: { by: byOf(actor, event.name), reason: event.reason, ...saidAt(recorded) },
          },
          rings: run.rings.map((ring) => ({ ...ring, waiting: ring.waiting.filter((asset) => asset !== event.asset) })),
        }),
      )
    case 'retry-asked':
      return runChange(state, (run) => withRetried(run, event.assets, ringsOf(state)))
    case 'window-extended': {
      // If the rollout was already moved to a later window, it goes on now.
      if (state.schedule === null) return runChange(state, (run) => withChanges(run, { extendedUntil: event.until }))
      const start = Date.parse(at) < Date.parse(state.schedule.start) ? at : state.schedule.start
      const schedule = { start, end: event.until }
      return { schedule, ...runChange(state, (run) => withChanges(run, { extendedUntil: event.until })) }
    }
    case 'window-announced':
      return { announced: event.window.start }
    case 'test-started':
      return { test: { ...freshRun(state, at), stopped: null, result: null } }
    case 'test-paused':
      return {
        test: withStop(state.test, { how: 'paused', by: byOf(actor, event.by), reason: event.reason, at }),
        resumeVotes: [],
      }
    case 'test-halted':
      return {
        test: withStop(state.test, { how: 'halted', by: byOf(actor, event.by), reason: event.reason, at }),
        resumeVotes: [],
      }
    case 'test-resumed':
      return { test: withStop(state.test, null), resumeVotes: [] }
    case 'test-ended':
      return {
        resumeVotes: [],
        test:
          state.test === null ? null : { ...state.test, result: { passed: event.passed, reason: event.reason, at } },
      }
    case 'heard-late':
      return runChange(state, (run) => withLateWord(run, event.asset, event.word))
    case 'drifted':
      return { drifted: { ...state.drifted, [event.asset]: event.what } }
    case 'paused':
      return { status: 'paused', stopped: { by: byOf(actor, event.by), reason: event.reason, at }, resumeVotes: [] }
    case 'halted': {
      const stopped = { by: byOf(actor, event.by), reason: event.reason, at }
      const afterHalt = state.policy.urgent == null ? {} : { afterHalt: { reminded: 0, answered: false } }
      return { status: 'halted', stopped, resumeVotes: [], ...afterHalt }
    }
    case 'waiting-ended':
      return runChange(state, (run) => withChanges(run, { waitingEndedAt: at }))
    case 'resume-agreed':
      return {
        resumeVotes: [
          ...state.resumeVotes.filter(({ person }) => person !== event.person),
          resumeVote(recorded, event),
        ],
      }
    case 'resumed':
      return {
        status: 'rolling out',
        stopped: null,
        resumeVotes: [],
        rollout:
          state.rollout && waitingAgain(state.status === 'halted' ? forgive(state, state.rollout) : state.rollout),
      }
    case 'verifying-started':
      return { status: 'verifying', ...runChange(state, (run) => withChanges(run, { verifyingSince: at })) }
    case 'completed':
      return { status: 'completed', closedAt: at }
    case 'break-glass-used':
      return {
        breakGlass: {
          person: event.person,
          ...throughOf(actor.kind === 'person' ? actor : {}),
          reason: event.reason,
          reviewBy: event.reviewBy,
          reviewedBy: null,
        },
      }
    case 'break-glass-reviewed':
      return { breakGlass: state.breakGlass === null ? null : { ...state.breakGlass, reviewedBy: event.person } }
    default:
      return assertNever(event)
  }
}

function ringsOf({ subject }: ProposalState): readonly PlannedRing[] {
  return subject.kind === 'patches' ? subject.rings : []
}

function resumeVote(
  recorded: RecordedEvent,
  { person, name }: { readonly person: string; readonly name: string },
): ResumeVote {
  const { actor, at, seq } = recorded
  const vote = { person, name, ...throughOf(actor.kind === 'person' ? actor : {}), ...saidAt(recorded) }
  return isOwn(vote) ? vote : { ...vote, at, seq }
}

function withStop(test: TestRun | null, stopped: TestStop | null): TestRun | null {
  return test === null ? null : { ...test, stopped }
}

/** A state that never had `since` stays without it, because the record is compared with states of earlier versions. */
function nothingSince({ since }: ProposalState): Pick<ProposalState, 'since'> {
  return since ? { since: null } : {}
}

/** Assets that are left out are also taken out of the batch under way. */
function notInBatch(state: ProposalState, assets: readonly string[]): Partial<ProposalState> {
  const run = state.rollout ?? state.test
  const out = new Set(assets)
  if (run?.rings.every(({ waiting }) => !waiting.some((asset) => out.has(asset))) !== false) return {}
  return runChange(state, (one) =>
    withRings(one, (ring) => ({ ...ring, waiting: ring.waiting.filter((asset) => !out.has(asset)) })),
  )
}

/**
 * A state that never waited stays without `waitsFor`, because the record is compared with states of earlier versions.
 */
function notWaiting({ waitsFor }: ProposalState): Pick<ProposalState, 'waitsFor'> {
  return waitsFor ? { waitsFor: null } : {}
}

const unacknowledged = { acknowledgedBy: null, asked: null } as const

/**
 * An acknowledgement ends when the window changes, because somebody else may be on call then. It only stays if it came
 * before there was any window.
 */
function scheduled(state: ProposalState, window: Window): Partial<ProposalState> {
  if (state.rollout !== null) return { schedule: window }
  return { schedule: window, status: 'scheduled', ...(state.schedule === null ? {} : unacknowledged) }
}

/** The rollout takes over the work of the test ring as its first ring. That work is not done again. */
function rolloutAfterTest(state: ProposalState, at: string): Rollout {
  const run = freshRun(state, at)
  if (state.test === null) return run
  const { deployments, starts, retried, skipped, rings, earlier } = state.test
  const { leftOut } = sinceOf(state)
  const tested = rings.map((ring, index) => {
    const planned = index === 0 && state.subject.kind === 'patches' ? state.subject.rings[0] : undefined
    if (planned === undefined) return ring
    // If the test touched no asset, for example because its gate stopped it, the ring is still to come.
    if (Object.keys(deployments).length === 0) return { ...freshRing(), go: ring.go }
    // If the test ended early, the rest of its ring comes first. Failures of the test do not count any more: the people
    // who approved knew them.
    const isDone = (asset: string) => deployments[asset] !== undefined || leftOut[asset] !== undefined
    const status = planned.assets.every(isDone) ? 'passed' : 'running'
    return {
      ...ring,
      status,
      waiting: [],
      checked: null,
      soakUntil: null,
      forgiven: inPlannedOrder(Object.keys(deployments), planned),
    } as const
  })
  const before = earlier === undefined ? {} : { earlier }
  return { ...run, ...before, deployments, starts, retried, skipped, rings: tested }
}

/**
 * Resuming a halted rollout accepts all failures so far. Those assets keep their end state, but do not count at the
 * gate any more.
 */
/** Reports are waited for again. */
function waitingAgain(rollout: Rollout): Rollout {
  return rollout.waitingEndedAt === undefined ? rollout : withChanges(rollout, { waitingEndedAt: null })
}

function forgive(state: ProposalState, rollout: Rollout): Rollout {
  const planned = ringsOf(state)
  const resumedBy = state.resumeVotes.map(({ person }) => person)
  const done = deploymentsOf(rollout)
  return withRings(rollout, (ring, index) => {
    if (ring.status === 'passed' || ring.status === 'waiting') return ring
    const forgiven = done.filter((deployment) => deployment.ring === index && deployment.verification !== null)
    return {
      ...ring,
      status: ring.status === 'failed' ? 'running' : ring.status,
      checked: null,
      resumedBy,
      forgiven: inPlannedOrder(
        forgiven.map((deployment) => deployment.asset),
        planned[index],
      ),
    }
  })
}
