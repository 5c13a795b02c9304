import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Act, acts } from '../../../src/core/permission/acts.ts'
import { offersTo, refusalOf, whoMay } from '../../../src/core/permission/answer.ts'
import type { Doer } from '../../../src/core/permission/row.ts'
import type { Member, Policy } from '../../../src/core/policy.ts'
import type { Context, ProposalCommand } from '../../../src/core/proposal/command.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import type { Content } from '../../../src/core/proposal/event.ts'
import { evolve } from '../../../src/core/proposal/evolve.ts'
import { hasFailed } from '../../../src/core/proposal/named-asset.ts'
import { type Actor, type EndState, type ProposalState, statuses } from '../../../src/core/proposal/proposal.ts'
import { machineCommand } from '../../support/machine-command.ts'
import { placeOf } from '../../support/place.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { content, policy, testedContent } from '../../support/proposals.ts'
import { daily } from '../../support/windows.ts'

const people: readonly Member[] = [
  { id: 'mara', name: 'Mara', roles: ['owner', 'security'] },
  { id: 'noor', name: 'Noor', roles: ['owner'] },
  { id: 'tom', name: 'Tom', roles: ['security'] },
  { id: 'jonas', name: 'Jonas', roles: ['on-call'] },
  { id: 'lea', name: 'Lea', roles: ['lead'] },
  { id: 'ava', name: 'Ava', roles: ['auditor'] },
]
const stranger: Member = { id: 'zoe', name: 'Zoe', roles: [] }
const assessment: Actor = { kind: 'system', part: 'assessment' }

function doer({ id, name }: Member): Doer {
  return { kind: 'person', id, name, via: 'console' }
}

const nightly = daily('nightly', '00:00', 4)

/** The command of an act with all that is given with it right, as far as there is something right to give. */
function valid(act: Act, state: ProposalState): readonly ProposalCommand[] {
  const vote = {
    type: 'vote',
    revision: state.revision,
    reason: 'because',
    owner: 'mara',
    until: '2026-12-24',
  } as const
  const assets = state.subject.kind === 'patches' ? state.subject.assets.map(({ asset }) => asset.id) : []
  switch (act) {
    case 'approve':
    case 'abstain':
    case 'reject':
      return [{ ...vote, choice: act }]
    case 'comment':
      return [{ type: 'comment', text: 'hello' }]
    case 'ask':
      return people.map(({ id }) => ({ type: 'ask', person: id, reason: 'can you look at it?' }))
    case 'confirm':
      return [{ type: 'confirm', act: null }]
    case 'skip':
    case 'leave-out':
      return assets
        .filter((asset) => hasFailed(state, asset) === (act === 'leave-out'))
        .map((asset) => ({ type: 'skip', asset, reason: 'because' }))
    case 'retry':
      return [{ type: 'retry', asset: null }, ...assets.map((asset) => ({ type: 'retry', asset }) as const)]
    case 'freeze':
      return [{ type: 'freeze', until: '2026-12-24T00:00:00.000Z', reason: 'because' }]
    case 'extend-window':
      return [{ type: 'extend-window', until: null, reason: 'because' }]
    case 'postpone':
      return [{ type: 'postpone', until: '2026-12-24', reason: 'because' }]
    case 'pause':
    case 'halt':
    case 'end-waiting':
    case 'withdraw':
    case 'break-glass':
      return [{ type: act, reason: 'because' }]
    case 'withdraw-vote':
    case 'acknowledge':
    case 'go':
    case 'resume':
    case 'review-break-glass':
      return [{ type: act }]
    case 'roll-back':
      return [{ type: 'open-roll-back', by: 'PW-2' }]
    // A freeze is the team's: it is no command on this one.
    case 'unfreeze':
      return []
  }
}

type Move =
  | { readonly kind: 'person'; readonly who: number; readonly act: number; readonly asset: number }
  | { readonly kind: 'machine'; readonly end: EndState }
  | { readonly kind: 'time'; readonly hours: number }

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('person' as const),
        who: fc.nat(people.length - 1),
        act: fc.nat(acts.length - 1),
        asset: fc.nat(5),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fc.constant('machine' as const),
        end: fc.constantFrom<EndState>('installed', 'installed', 'installed', 'installed', 'failed', 'unreachable'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 40 }) }) },
  ),
  { minLength: 10, maxLength: 60 },
)

interface Setting {
  readonly policy: Partial<Policy>
  readonly content: Content
  readonly proposer: Actor
  readonly approved: boolean
}

const acknowledgement = {
  askBeforeSeconds: 1_800,
  remindEverySeconds: 600,
  escalateAfterSeconds: 1_200,
  escalateTo: ['lead'],
  otherwise: 'go on',
} as const

const settings: fc.Arbitrary<Setting> = fc.record({
  policy: fc.constantFrom<Partial<Policy>>(
    {},
    { testRing: 'run' },
    { approval: { kind: 'lazy consensus', noticeSeconds: 86_400, objectors: ['owner'] } },
    { selfApproval: 'allowed', breakGlass: { roles: ['on-call', 'security'], reviewWithinSeconds: 86_400 } },
    { escalateTo: ['lead'], acknowledgement },
    { resume: [{ role: 'owner', count: 2 }] },
  ),
  content: fc.constantFrom(content(6), testedContent(6, 2), content(6, nightly)),
  proposer: fc.constantFrom<Actor>(assessment, doer(people[0] as Member), doer(people[3] as Member)),
  approved: fc.boolean(),
})

/** A look asks for every person and every act. */
const LOOK_EVERY = 4

/** Moments that a random life comes through: `look` is called at some of them. */
function live(list: readonly Move[], setting: Setting, look: (state: ProposalState, context: Context) => void): void {
  let now = Date.parse('2026-11-20T00:00:00Z')
  let state: ProposalState | null = null
  let seq = 0
  const contextOf = (actor: Actor): Context => ({
    now: new Date(now).toISOString(),
    actor,
    members: people,
    freezes: [],
    standing: null,
  })
  const give = (command: ProposalCommand, actor: Actor) => {
    const context = contextOf(actor)
    const decision = decide(state, command, context)
    if (!decision.ok) return
    for (const event of decision.events)
      state = evolve(state, { stream: 'PW-1', seq: ++seq, at: context.now, actor, event })
  }
  const opened = {
    id: 'PW-1',
    number: 1,
    team: 'web',
    content: setting.content,
    policy: { ...policy, ...setting.policy },
  }
  give({ type: 'open', ...opened }, setting.proposer)
  const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
  if (setting.approved) for (const who of people.slice(1, 3)) give(vote, doer(who))
  for (const [index, move] of list.entries()) {
    if (state === null) throw new Error('It was not opened.')
    if (index % LOOK_EVERY === 0) look(state, contextOf(assessment))
    now += 60_000
    if (move.kind === 'time') now += move.hours * 3_600_000
    else if (move.kind === 'machine') {
      const command = machineCommand(state, new Date(now).toISOString(), move.end)
      if (command !== null) give(command, machineFor(command))
    } else {
      const all = valid(acts[move.act] ?? 'resume', state)
      const command = all[move.asset % Math.max(1, all.length)]
      if (command !== undefined) give(command, doer(people[move.who] ?? stranger))
    }
  }
}

/** Random lives hardly come to a good end. */
const toTheEnd: readonly Move[] = Array.from({ length: 60 }, (_, index) =>
  index % 6 === 5 ? { kind: 'time', hours: 1 } : { kind: 'machine', end: 'installed' },
)
const hurried: Setting = {
  policy: { breakGlass: { roles: ['on-call'], reviewWithinSeconds: 86_400 } },
  content: content(6),
  proposer: assessment,
  approved: false,
}
const atOnce: readonly Move[] = [
  { kind: 'person', who: 3, act: acts.indexOf('break-glass'), asset: 0 },
  ...Array.from({ length: LOOK_EVERY }, () => ({ kind: 'machine', end: 'installed' }) as const),
]
const untroubled: Setting = { policy: {}, content: content(6), proposer: assessment, approved: true }

test('what somebody is offered is accepted from them, and what they are not offered is refused with that sentence', () => {
  const seen = new Set<string>()
  const offered = new Set<string>()
  fc.assert(
    fc.property(moves, settings, (list, setting) => {
      live(list, setting, (state, context) => {
        seen.add(state.status)
        const place = placeOf(state, people, context.now)
        for (const member of [...people, stranger]) {
          const me = doer(member)
          const offers = offersTo(me, place)
          for (const act of acts) {
            const tried = valid(act, state).map((command) => decide(state, command, { ...context, actor: me }))
            if (tried.length === 0) continue
            const where = `${act} by ${member.id} of what is ${state.status}`
            const accepted = tried.some(({ ok }) => ok)
            expect(accepted, where).toBe(offers.has(act))
            if (accepted) offered.add(act)
            else expect(tried[0], where).toMatchObject({ refusal: refusalOf(act, me, place) })
          }
        }
      })
    }),
    {
      numRuns: 80,
      seed: 20261129,
      examples: [
        [toTheEnd, untroubled],
        [atOnce, hurried],
      ],
    },
  )
  expect([...seen].sort()).toEqual(
    expect.arrayContaining(['open', 'scheduled', 'rolling out', 'paused', 'halted', 'completed', 'rejected']),
  )
  // Here is no sign-in link that could be confirmed, and no server whose system is told ahead.
  const never = ['confirm', 'unfreeze', 'go', 'end-waiting']
  expect([...offered].sort()).toEqual(acts.filter((act) => !never.includes(act)).toSorted())
  expect(statuses).toContain('expired')
})

test('whoever a refusal names may do it', () => {
  fc.assert(
    fc.property(moves, settings, (list, setting) => {
      live(list, setting, (state, { now }) => {
        const place = placeOf(state, people, now)
        for (const act of acts) {
          const able = whoMay(act, place).map(({ name }) => name)
          for (const member of [...people, stranger]) {
            const said = refusalOf(act, doer(member), place)?.sentence ?? ''
            const named = people.filter(({ name }) => new RegExp(`\\b${name}\\b[^.]* can\\.`).test(said))
            if (able.length > 0) for (const { name } of named) expect(able, said).toContain(name)
          }
        }
      })
    }),
    { numRuns: 30, seed: 20261129 },
  )
})
