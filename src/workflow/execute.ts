import { storyOf } from '../chat/story.ts'
import { GENESIS, type SealedEvent, seal } from '../core/audit.ts'
import type { Policy } from '../core/policy.ts'
import type { Context, ProposalCommand, Refusal, StandingGrant } from '../core/proposal/command.ts'
import { decide } from '../core/proposal/decide.ts'
import type { Content, ProposalEvent } from '../core/proposal/event.ts'
import { evolve } from '../core/proposal/evolve.ts'
import { wakeAt } from '../core/proposal/next-step.ts'
import type { Actor, ProposalState } from '../core/proposal/proposal.ts'
import type { Tx } from '../store/connection.ts'
import { appendEvents } from '../store/events.ts'
import { type OutboxMessage, putMessages } from '../store/outbox.ts'
import { lockProposal, nextProposalNumber, proposalsWithStatus, saveProposal } from '../store/proposals.ts'
import { storable } from '../store/storable.ts'
import { announce, setTimer } from '../store/timers.ts'
import type { WorkflowParts } from './ports.ts'

export type Executed =
  | { readonly ok: true; readonly state: ProposalState; readonly events: readonly ProposalEvent[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly state: ProposalState | null }

export type Execute = ReturnType<typeof createExecute>

/**
 * The one way anything happens to a proposal. A command is decided and its events, projections, outbox rows and timer
 * are written in one transaction: all of it, or nothing. Commands on one proposal come one after another.
 */
export function createExecute(parts: WorkflowParts, afterCommit: () => void) {
  async function execute(proposal: string, command: ProposalCommand, actor: Actor): Promise<Executed> {
    const done = await parts.db.transaction((tx) => run(tx, proposal, command, actor))
    if (done.ok) afterCommit()
    return done
  }

  /** Opens a proposal under the next free number. */
  async function open(team: string, content: Content, policy: Policy, actor: Actor): Promise<Executed> {
    const done = await parts.db.transaction(async (tx) => {
      const number = await nextProposalNumber(tx)
      const id = `PW-${number}`
      return run(tx, id, { type: 'open', id, number, team, content, policy }, actor)
    })
    if (done.ok) afterCommit()
    return done
  }

  async function run(tx: Tx, proposal: string, command: ProposalCommand, actor: Actor): Promise<Executed> {
    const stored = await lockProposal(tx, proposal)
    const before = stored?.state ?? null
    const team = command.type === 'open' ? command.team : before?.team
    if (team === undefined) {
      return { ok: false, state: null, refusal: { code: 'unknown', sentence: `There is no proposal ${proposal}.` } }
    }
    const now = parts.clock().toISOString()
    const context: Context = {
      now,
      actor,
      members: parts.teams.membersOf(team),
      freezes: parts.teams.freezes,
      standing: await standingGrant(tx, before),
    }
    const decision = decide(before, command, context)
    if (!decision.ok) return { ok: false, state: before, refusal: decision.refusal }

    const channel = parts.teams.channelOf(team)
    const sealed: SealedEvent[] = []
    const messages: OutboxMessage[] = []
    let state = before
    let hash = stored?.headHash ?? GENESIS
    for (const event of decision.events) {
      const recorded = storable({ stream: proposal, seq: (state?.seq ?? 0) + 1, at: now, actor, event })
      const next = evolve(state, recorded)
      const item = seal(recorded, hash)
      sealed.push(item)
      hash = item.hash
      for (const entry of storyOf(recorded, state, next)) {
        for (const platform of parts.platforms)
          messages.push({ platform: platform.name, channel, proposal, at: now, entry })
      }
      state = next
    }
    if (state === null) throw new Error(`${command.type} on ${proposal} was accepted without an event.`)
    for (const platform of parts.platforms)
      messages.push({ platform: platform.name, channel, proposal, at: now, entry: null })

    await appendEvents(tx, sealed)
    await saveProposal(tx, state, hash)
    await putMessages(tx, storable(messages))
    const dueAt = wakeAt(state, now)
    await setTimer(tx, proposal, dueAt)
    // While the driver walks it needs no waking for what is due now: it reads the state again by itself.
    const walking = actor.kind === 'system' && (actor.part === 'rollout' || actor.part === 'verification')
    if (dueAt !== null && !(walking && dueAt <= now)) await parts.wake(tx, proposal, dueAt)
    await announce(tx, channel, proposal)
    return { ok: true, state, events: decision.events }
  }

  return { execute, open }
}

/** The standing approval the proposal's policy names, if it was voted and is in force. */
async function standingGrant(tx: Tx, state: ProposalState | null): Promise<StandingGrant | null> {
  if (state === null || state.policy.approval.kind !== 'standing') return null
  const { rule } = state.policy.approval
  for (const candidate of await proposalsWithStatus(tx, ['approved'], null)) {
    if (candidate.subject.kind !== 'standing rule' || candidate.subject.rule.name !== rule) continue
    if (candidate.subject.rule.team !== state.team) continue
    const { tags, types, expiresAt } = candidate.subject.rule
    return { rule, proposal: candidate.id, expiresAt, tags, types }
  }
  return null
}
