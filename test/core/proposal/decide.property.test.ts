import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Approval, Member, Policy } from '../../../src/core/policy.ts'
import type { Context, ProposalCommand } from '../../../src/core/proposal/command.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import { type Content, type RecordedEvent, verificationsOf } from '../../../src/core/proposal/event.ts'
import { evolve, replay } from '../../../src/core/proposal/evolve.ts'
import { type ResultRow, resultRows } from '../../../src/core/proposal/light.ts'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import type { Actor, EndState, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { createParts } from '../../support/in-parts.ts'
import { machineCommand } from '../../support/machine-command.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { content, policy, testedContent } from '../../support/proposals.ts'

const members: readonly Member[] = [
  { id: 'mara', name: 'Mara', roles: ['owner', 'security'] },
  { id: 'tom', name: 'Tom', roles: ['security'] },
  { id: 'jonas', name: 'Jonas', roles: ['on-call'] },
]
const system: Actor = machineFor({ type: 'open' })
const START = Date.parse('2026-11-20T00:00:00Z')
const people: readonly Actor[] = [
  ...members.map((member): Actor => ({ kind: 'person', id: member.id, name: member.name, via: 'console' })),
  { kind: 'person', id: 'stranger', name: 'Stranger', via: 'slack' },
]

const vote = { type: 'vote', revision: null, reason: 'said because', owner: 'mara', until: '2026-12-24' } as const

/** What people do, by its name in the moves. */
const personCommands = {
  approve: { ...vote, choice: 'approve' },
  abstain: { ...vote, choice: 'abstain' },
  'withdraw vote': { type: 'withdraw-vote' },
  pause: { type: 'pause', reason: 'said pause' },
  halt: { type: 'halt', reason: 'said halt' },
  resume: { type: 'resume' },
  acknowledge: { type: 'acknowledge' },
  comment: { type: 'comment', text: 'said hello' },
  reject: { ...vote, choice: 'reject' },
  postpone: { type: 'postpone', until: null, reason: 'said postpone' },
  freeze: { type: 'freeze', until: '2030-01-01T00:00:00.000Z', reason: 'said freeze' },
  unfreeze: { type: 'unfreeze' },
  withdraw: { type: 'withdraw', reason: 'said withdraw' },
} as const satisfies Readonly<Record<string, ProposalCommand>>

type Doing = keyof typeof personCommands
const doings = Object.keys(personCommands) as Doing[]

type Move =
  | { readonly kind: 'person'; readonly who: number; readonly what: Doing }
  | { readonly kind: 'machine'; readonly end: EndState }
  | { readonly kind: 'raw'; readonly command: ProposalCommand }
  | { readonly kind: 'time'; readonly hours: number }

const rawCommands: readonly ProposalCommand[] = [
  { type: 'start' },
  { type: 'start-batch' },
  { type: 'complete' },
  { type: 'end-soak' },
  { type: 'end-notice' },
  { type: 'reschedule' },
  { type: 'remind' },
  { type: 'ask-acknowledgement' },
  { type: 'supersede', by: 'PW-2' },
  { type: 'revise', content: testedContent(5, 2), reason: 'web6 is gone' },
]

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('person' as const),
      who: fc.nat(people.length - 1),
      // Approved twice as often, so that much is rolled out.
      what: fc.constantFrom<Doing>('approve', ...doings),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('machine' as const),
      end: fc.constantFrom<EndState>('installed', 'installed', 'installed', 'failed', 'unreachable', 'held back'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('raw' as const), command: fc.constantFrom(...rawCommands) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
)

function play(
  moves: readonly Move[],
  proposer: Actor = system,
  how: Partial<Policy> = {},
  start: Content = content(6),
) {
  const events: RecordedEvent[] = []
  let state: ProposalState | null = null
  let now = START
  const run = (command: ProposalCommand, actor: Actor) => {
    const at = new Date(now).toISOString()
    const context: Context = { now: at, actor, members, freezes: [], standing: null }
    const decision = decide(state, command, context)
    if (!decision.ok) return
    for (const event of decision.events) {
      const recorded: RecordedEvent = { stream: 'PW-1', seq: events.length + 1, at, actor, event }
      state = evolve(state, recorded)
      events.push(recorded)
    }
  }
  const runAsPart = (command: ProposalCommand) => run(command, machineFor(command))
  run({ type: 'open', id: 'PW-1', number: 1, team: 'web', content: start, policy: { ...policy, ...how } }, proposer)
  for (const item of moves) {
    if (state === null) break
    now += 60_000
    if (item.kind === 'time') now += item.hours * 3_600_000
    else if (item.kind === 'person') run(personCommands[item.what], people[item.who] ?? system)
    else if (item.kind === 'raw') runAsPart(item.command)
    else {
      const command = machineCommand(state, new Date(now).toISOString(), item.end)
      if (command) runAsPart(command)
    }
  }
  return { events, state: state as ProposalState | null }
}

function byKey(a: ResultRow, b: ResultRow): number {
  return `${a.part} ${a.asset}` < `${b.part} ${b.asset}` ? -1 : 1
}

const runs = { numRuns: 400 }
const moves = fc.array(move, { maxLength: 120 })

describe('whatever people click and machines report', () => {
  test('nothing is deployed unless two different people fill the two roles at that moment', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { events } = play(list)
        let votes = new Map<string, string>()
        let approved = false
        for (const { event } of events) {
          if (event.type === 'vote-cast') votes.set(event.vote.person, event.vote.choice)
          if (event.type === 'vote-withdrawn') votes.delete(event.person)
          if (event.type === 'revised' && !event.votesKept) votes = new Map()
          if (event.type === 'approved') {
            expect(event.by.how).toBe('quorum')
            if (event.by.how === 'quorum') {
              expect(new Set(event.by.fills.map((fill) => fill.person)).size).toBe(event.by.fills.length)
              expect(event.by.fills.map((fill) => fill.role).sort()).toEqual(['owner', 'security'])
              for (const fill of event.by.fills) expect(votes.get(fill.person)).toBe('approve')
            }
            approved = true
          }
          if (event.type === 'approval-lapsed') approved = false
          if (event.type === 'rollout-started' || event.type === 'batch-started') expect(approved).toBe(true)
        }
      }),
      runs,
    )
  })

  test('under lazy consensus nothing is deployed before the notice has passed, nor after an objection', () => {
    const approval: Approval = { kind: 'lazy consensus', noticeSeconds: 20 * 3_600, objectors: ['owner', 'security'] }
    fc.assert(
      fc.property(moves, (list) => {
        const { events } = play(list, system, { approval })
        for (const [index, { at, event }] of events.entries()) {
          if (event.type !== 'batch-started') continue
          expect(Date.parse(at) - START).toBeGreaterThanOrEqual(approval.noticeSeconds * 1_000)
          expect(events.slice(0, index).some((before) => before.event.type === 'rejected')).toBe(false)
        }
      }),
      runs,
    )
  })

  test('under a standing approval that was never voted nothing is deployed without the fallback', () => {
    const fallback = [{ role: 'owner', count: 1 }]
    const approval: Approval = { kind: 'standing', rule: 'r', noticeSeconds: 3_600, objectors: ['owner'], fallback }
    fc.assert(
      fc.property(moves, (list) => {
        for (const { event } of play(list, system, { approval }).events) {
          if (event.type === 'approved') expect(event.by).toMatchObject({ how: 'quorum', fills: [{ role: 'owner' }] })
        }
      }),
      runs,
    )
  })

  test('a halted rollout goes on only after as many people as the policy names agreed to it since', () => {
    fc.assert(
      fc.property(moves, (list) => {
        let agreed = new Set<string>()
        for (const { event } of play(list, system, { resume: [{ role: 'security', count: 2 }] }).events) {
          if (event.type === 'halted' || event.type === 'paused') agreed = new Set()
          if (event.type === 'resume-agreed') agreed.add(event.person)
          if (event.type === 'resumed') expect(agreed).toEqual(new Set(['mara', 'tom']))
        }
      }),
      runs,
    )
  })

  test('the proposer never fills a role', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { events } = play(list, people[0])
        for (const { event } of events) {
          if (event.type === 'approved' && event.by.how === 'quorum') {
            expect(event.by.fills.map((fill) => fill.person)).not.toContain('mara')
          }
        }
      }),
      runs,
    )
  })

  test('no asset is started twice, and none while the rollout is paused or halted', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { events } = play(list)
        const started = new Set<string>()
        let stopped = false
        for (const { event } of events) {
          if (event.type === 'halted' || event.type === 'paused') stopped = true
          if (event.type === 'resumed') stopped = false
          if (event.type !== 'batch-started') continue
          expect(stopped).toBe(false)
          for (const id of event.assets) {
            expect(started.has(id)).toBe(false)
            started.add(id)
          }
        }
      }),
      runs,
    )
  })

  test('after a failure the gate halts before any further batch, and only a resume goes on', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { events } = play(list)
        let failed = false
        for (const { event } of events) {
          if (event.type === 'resumed') failed = false
          if (verificationsOf(event).some(({ verification }) => verification.end === 'failed')) failed = true
          if (event.type === 'batch-started') expect(failed).toBe(false)
        }
      }),
      runs,
    )
  })

  const testing = { testRing: 'run', remindAfterSeconds: 3_600, expiresAfterSeconds: 40 * 3_600 } as const

  test('every asset that a test ring began is brought to its end, whatever becomes of the proposal', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const driven = Array.from({ length: 30 }, (): Move => ({ kind: 'machine', end: 'installed' }))
        const { events } = play([...list, ...driven], system, testing, testedContent(6, 3))
        const atWork = new Set<string>()
        let stopped = false
        for (const { event } of events) {
          if (event.type === 'test-paused' || event.type === 'test-halted') stopped = true
          if (event.type === 'test-resumed' || event.type === 'test-ended') stopped = false
          if (event.type === 'batch-started') {
            expect(stopped).toBe(false)
            for (const asset of event.assets) atWork.add(asset)
          }
          for (const { asset } of verificationsOf(event)) atWork.delete(asset)
          if (event.type === 'test-ended' || event.type === 'revised') expect(atWork).toEqual(new Set())
        }
        expect(atWork).toEqual(new Set())
      }),
      runs,
    )
  })

  test('nothing that is due by the clock waits for assets', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { state } = play(list, system, testing, testedContent(6, 3))
        if (state?.status !== 'open') return
        const at = (seconds: number) =>
          new Date(Date.parse(state.expiresAt) - 40 * 3_600_000 + seconds * 1_000).toISOString()
        if (state.remindersSent === 0) expect(nextStep(state, at(3_600)).do).toBe('remind')
        expect(nextStep(state, state.expiresAt).do).toBe('expire')
      }),
      runs,
    )
  })

  test('a state that is kept in parts is the same when it is read', () => {
    fc.assert(
      fc.property(moves, fc.boolean(), (list, tests) => {
        const { events } = tests ? play(list, system, testing, testedContent(6, 3)) : play(list)
        const parts = createParts()
        let state: ProposalState | null = null
        for (const event of events) {
          state = evolve(state, event)
          parts.save(state, [event])
          expect(parts.read()).toEqual(state)
        }
        expect([...parts.rows().values()].sort(byKey)).toEqual(
          JSON.parse(JSON.stringify(state === null ? [] : [...resultRows(state)].sort(byKey))),
        )
      }),
      runs,
    )
  })

  test('an entry says what its event said, and neither it nor what is stored has a name or anything that was said', () => {
    fc.assert(
      fc.property(moves, fc.boolean(), (list, tests) => {
        const { events } = tests ? play(list, people[1], testing, testedContent(6, 3)) : play(list, people[1])
        const parts = createParts()
        let state: ProposalState | null = null
        for (const event of events) {
          state = evolve(state, event)
          parts.save(state, [event])
        }
        for (const { was, is } of parts.events()) expect(is).toEqual(was)
        for (const text of [...parts.entries().map((entry) => entry.text), ...parts.stored()])
          expect(text).not.toMatch(/said |Mara|Tom|Jonas|Stranger/)
      }),
      runs,
    )
  })

  test('events alone rebuild the state', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { events, state } = play(list)
        expect(replay(events)).toEqual(state)
      }),
      runs,
    )
  })

  test('the moves do reach a completed and a halted rollout, so that the properties above say something', () => {
    const approvals: Move[] = [
      { kind: 'person', who: 0, what: 'approve' },
      { kind: 'person', who: 1, what: 'approve' },
    ]
    const machine = (end: EndState, times: number) =>
      Array.from({ length: times }, (): Move => ({ kind: 'machine', end }))
    expect(play([...approvals, ...machine('installed', 60)]).state?.status).toBe('completed')
    expect(play([...approvals, ...machine('failed', 60)]).state?.status).toBe('halted')
    const resumed = play(
      [
        ...approvals,
        ...machine('failed', 10),
        { kind: 'person', who: 0, what: 'resume' },
        { kind: 'person', who: 1, what: 'resume' },
      ],
      system,
      { resume: [{ role: 'security', count: 2 }] },
    )
    expect(resumed.events.map(({ event }) => event.type)).toContain('resumed')
    const tested = (what: Doing) =>
      play(
        [...machine('installed', 2), { kind: 'person', who: 0, what }, ...machine('installed', 4)],
        system,
        testing,
        testedContent(6, 3),
      ).events.map(({ event }) => event.type)
    expect(tested('pause')).toContain('test-paused')
    for (const what of ['halt', 'reject', 'withdraw'] as const)
      expect(tested(what)).toEqual(expect.arrayContaining(['test-halted', 'test-ended']))
    const lazy = play([{ kind: 'time', hours: 30 }, ...machine('installed', 60)], system, {
      approval: { kind: 'lazy consensus', noticeSeconds: 3_600, objectors: ['owner'] },
    })
    expect(lazy.events.map(({ event }) => event.type)).toContain('batch-started')
  })
})
