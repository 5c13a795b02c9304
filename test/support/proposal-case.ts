import { partFor } from '../../src/core/permission/parts.ts'
import type { Member, Policy } from '../../src/core/policy.ts'
import type { Context, OtherWork, ProposalCommand, Refusal, StandingGrant } from '../../src/core/proposal/command.ts'
import { decide } from '../../src/core/proposal/decide.ts'
import type { Content, ProposalEvent, RecordedEvent } from '../../src/core/proposal/event.ts'
import { evolve } from '../../src/core/proposal/evolve.ts'
import type { Actor, EndState, ProposalState } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import type { Freeze } from '../../src/core/window.ts'
import { content, policy } from './proposals.ts'

export const members: readonly Member[] = [
  { id: 'mara', name: 'Mara', roles: ['owner', 'security'] },
  { id: 'noor', name: 'Noor', roles: ['owner'] },
  { id: 'tom', name: 'Tom', roles: ['security'] },
  { id: 'jonas', name: 'Jonas', roles: ['on-call'] },
]

/** The rollout, as the author of events. */
export const machine: Actor = { kind: 'system', part: 'rollout' }

/** The part of Patchwarden that gives the command. */
export function machineFor({ type }: Pick<ProposalCommand, 'type'>): Actor {
  return { kind: 'system', part: partFor(type) ?? 'rollout' }
}

export function person(id: string): Actor {
  return { kind: 'person', id, name: members.find((member) => member.id === id)?.name ?? id, via: 'console' }
}

export interface CaseOptions {
  readonly policy?: Partial<Policy>
  readonly content?: Content
  readonly proposer?: Actor
  readonly members?: readonly Member[]
  readonly freezes?: readonly Freeze[]
}

/** What one command brought about, and how it was afterwards. */
export interface Decided {
  readonly events: readonly RecordedEvent[]
  readonly state: ProposalState
  readonly at: string
  readonly freezes: readonly Freeze[]
}

/** One proposal, and a clock that only moves when told. It opens on 2026-11-20 at 00:00 UTC. */
export function proposalCase(options: CaseOptions = {}) {
  let now = Date.parse('2026-11-20T00:00:00Z')
  let state: ProposalState | null = null
  let seq = 0
  const recorded: RecordedEvent[] = []
  const decisions: Decided[] = []
  const setting = {
    members: options.members ?? members,
    standing: null as StandingGrant | null,
    freezes: options.freezes ?? [],
    estimates: {} as Readonly<Record<string, number>>,
    others: [] as readonly OtherWork[],
    downElsewhere: new Set() as ReadonlySet<string>,
  }

  /** The types of the events that followed, or the refusal. */
  function give(
    command: ProposalCommand,
    actor: Actor = machineFor(command),
  ): readonly ProposalEvent['type'][] | Refusal {
    const at = new Date(now).toISOString()
    const context: Context = { now: at, actor, ...setting }
    const decision = decide(state, command, context)
    if (!decision.ok) return decision.refusal
    const events = decision.events.map((event): RecordedEvent => {
      const one: RecordedEvent = { stream: 'PW-1', seq: ++seq, at, actor, event }
      state = evolve(state, one)
      return one
    })
    recorded.push(...events)
    if (state !== null) decisions.push({ events, state, at, freezes: setting.freezes })
    return decision.events.map((event) => event.type)
  }

  const opened = give(
    {
      type: 'open',
      id: 'PW-1',
      number: 1,
      team: 'web',
      content: options.content ?? content(4),
      policy: { ...policy, ...options.policy },
    },
    options.proposer ?? { kind: 'system', part: 'assessment' },
  )

  return {
    opened,
    setting,
    give,
    state(): ProposalState {
      if (state === null) throw new Error(`The proposal was not opened: ${JSON.stringify(opened)}`)
      return state
    },
    recorded: (): readonly RecordedEvent[] => recorded,
    decisions: (): readonly Decided[] => decisions,
    pass(hours: number): void {
      now += hours * 3_600_000
    },
    now: () => new Date(now).toISOString(),
    vote(
      who: string,
      choice: 'approve' | 'reject' | 'abstain',
      more: Partial<Extract<ProposalCommand, { type: 'vote' }>> = {},
    ) {
      return give(
        { type: 'vote', choice, revision: null, reason: null, owner: null, until: null, ...more },
        person(who),
      )
    },
    /** Brings the next batch to its end, each asset in the same way. */
    finishBatch(end: EndState = 'installed') {
      const before = give({ type: 'start-batch' })
      const log: (typeof before)[] = [before]
      for (const asset of state === null ? [] : unfinished(state)) {
        const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
        log.push(give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] }))
        const at = new Date(now).toISOString()
        const verification = { end, reason: 'it says so', packages: [], health: [], at }
        log.push(give({ type: 'record-verifications', verifications: [{ asset, verification }] }))
      }
      return log.flat()
    },
  }
}
