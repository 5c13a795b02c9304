import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { proposalCard } from '../../../src/chat/proposal-card.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { type Change, versionBefore } from '../../../src/core/change.ts'
import { type Ask, asksOf, isAsked } from '../../../src/core/permission/asks.ts'
import { briefOf } from '../../../src/core/proposal/brief.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { keepSubject } from '../../../src/core/proposal/decision-content.ts'
import { type Glance, glanceOf, isUnderWay, ringAt } from '../../../src/core/proposal/glance.ts'
import { lightOf, resultRows, wholeState } from '../../../src/core/proposal/light.ts'
import { finalStatuses, type ProposalState } from '../../../src/core/proposal/proposal.ts'
import { sinceOf } from '../../../src/core/proposal/since.ts'
import { countEndState } from '../../../src/core/rollout/gate.ts'
import { ringNow, unfinished } from '../../../src/core/rollout/run.ts'
import { type Tally, tallyOf } from '../../../src/core/rollout/tally.ts'
import { machineCommand } from '../../support/machine-command.ts'
import { placeOf } from '../../support/place.ts'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { testedContent } from '../../support/proposals.ts'

interface Move {
  readonly kind: 'machine' | 'person' | 'look' | 'time'
  readonly which: number
  /** Of what people do: however much that is. */
  readonly doing: number
  readonly asset: number
}

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('machine', 'machine', 'machine', 'person', 'person', 'look', 'time'),
  which: fc.nat(30),
  doing: fc.nat(),
  asset: fc.nat(7),
})

function assetOf(state: ProposalState, number: number): string {
  const assets = state.subject.kind === 'patches' ? state.subject.assets : []
  return assets[number % Math.max(1, assets.length)]?.asset.id ?? ''
}

function personCommand(state: ProposalState, { doing, asset }: Move): ProposalCommand {
  const vote = { type: 'vote', revision: null, reason: 'so', owner: 'mara', until: '2026-12-10' } as const
  const all: readonly ProposalCommand[] = [
    { ...vote, choice: 'approve' },
    { ...vote, choice: 'approve' },
    { ...vote, choice: 'approve' },
    { ...vote, choice: 'abstain' },
    { type: 'pause', reason: 'a moment' },
    { type: 'halt', reason: null },
    { type: 'resume' },
    { type: 'resume' },
    { type: 'skip', asset: assetOf(state, asset), reason: 'it is replaced' },
    { type: 'retry', asset: assetOf(state, asset) },
    { type: 'go' },
    { type: 'acknowledge' },
    { type: 'break-glass', reason: 'it burns' },
    { type: 'review-break-glass' },
    { ...vote, choice: 'reject' },
  ]
  return all[doing % all.length] ?? { type: 'resume' }
}

/** What a look at the fleet may find: some need less, some are gone, some are new. */
function lookCommand(state: ProposalState, { which, asset }: Move): ProposalCommand {
  const reasons = ['gone', 'up to date', 'another engine'] as const
  const some = [asset, which, asset + 3].slice(0, which % 4)
  const chosen = [...new Set((which > 25 ? [0, 1, 2, 3, 4, 5, 6, 7] : some).map((one) => assetOf(state, one)))]
  return {
    type: 'compare-assets',
    departures: chosen.map((id, index) =>
      index === 1 && which <= 25
        ? { asset: id, done: ['openssl:amd64'] }
        : { asset: id, leftOut: { reason: reasons[which % 3] ?? 'gone' } },
    ),
    newcomers: which % 2 === 0 ? [] : [{ asset: `lab/new${asset}`, name: `new${asset}` }],
  }
}

const ends = ['installed', 'installed', 'failed', 'unreachable', 'rebooted and re-scanned', 'not touched'] as const

/** Every state on the way, from its opening or from the start of its rollout on. */
function statesOf(moves: readonly Move[]): readonly ProposalState[] {
  const base = testedContent(8, 2)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const tolerant = { minSuccessPercent: 0, maxFailures: 3, unreachable: 'ignored' } as const
  const rings = base.subject.rings.map((ring, index) => ({
    ...ring,
    gate: index === 0 ? tolerant : { ...tolerant, go: ['owner'] },
  }))
  const { subject, decision } = keepSubject({ ...base.subject, rings })
  const one = proposalCase({
    content: { ...base, subject, contentHash: decision },
    policy: { testRing: 'run', breakGlass: { roles: ['owner'], reviewWithinSeconds: 3_600 } },
  })
  if ((moves[0]?.which ?? 0) % 2 === 1) {
    for (const who of ['noor', 'tom']) one.vote(who, 'approve')
    one.give({ type: 'start' })
  }
  const states = [one.state()]
  for (const each of moves) {
    const before = one.state()
    if (each.kind === 'time') one.pass(1 + each.which)
    else if (each.kind === 'person') one.give(personCommand(before, each), person(members[each.asset % 4]?.id ?? ''))
    else if (each.kind === 'look') one.give(lookCommand(before, each))
    else {
      const command = machineCommand(before, one.now(), ends[each.which % ends.length] ?? 'installed')
      if (command !== null) one.give(command)
    }
    if (one.state() !== before) states.push(one.state())
  }
  return states
}

/** By the definition: each asset looked at. */
function counted(state: ProposalState): Pick<Tally, 'ends' | 'leftOut' | 'skipped' | 'drifted' | 'inPart' | 'waiting'> {
  const found = { good: 0, bad: 0, unreachable: 0, untouched: 0, leftOut: 0 }
  const since = sinceOf(state)
  for (const { asset } of state.subject.kind === 'patches' ? state.subject.assets : []) {
    const verification = state.rollout?.deployments[asset.id]?.verification ?? null
    const count = verification === null ? 'undecided' : countEndState(verification.end)
    if (count !== 'undecided') found[count]++
    else found[since.leftOut[asset.id] === undefined ? 'untouched' : 'leftOut']++
  }
  const reasons: Record<string, number> = {}
  for (const { reason } of Object.values(since.leftOut)) reasons[reason] = (reasons[reason] ?? 0) + 1
  return {
    ends: found,
    leftOut: reasons,
    skipped: Object.keys(state.rollout?.skipped ?? {}).length,
    drifted: Object.keys(state.drifted).length,
    inPart: Object.keys(since.done).length,
    waiting: Object.keys(since.waiting).length,
  }
}

describe('whatever happens to a proposal', () => {
  test('its tally is what each asset says, and as it is of the state that was stored and read again', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(move, { maxLength: 90 }), (moves) => {
        for (const state of statesOf(moves)) {
          const tally = tallyOf(state)
          expect(tally).toMatchObject(counted(state))
          // What failed may have changed something; what only added packages has nothing older.
          const leavesOlder = (changed: readonly Change[]) =>
            changed.length === 0 || changed.some((change) => versionBefore(change) !== null)
          const mayHaveChanged =
            Object.values(state.rollout?.deployments ?? {}).some(({ outcome }) =>
              outcome?.state === 'succeeded' ? leavesOlder(outcome.changed) : outcome?.state === 'failed',
            ) ||
            // So may have a start before the last one, when it was tried again.
            Object.values(state.rollout?.earlier ?? {})
              .flat()
              .some(({ changed }) => leavesOlder(changed ?? []))
          expect(tally.changed).toBe(mayHaveChanged)
          const again = wholeState(lightOf(state), state.subject, resultRows(state))
          expect(tallyOf(again)).toEqual(tally)
          if (tally.failed.count > 0) seen.add('failed')
          if (tally.emptyRings.length > 0) seen.add('empty')
          if (tally.atWork !== null && tally.atWork.count > 0) seen.add('test stopped at work')
          if (tally.test !== null && tally.test.others.length > 0) seen.add('test not well')
          if (tally.ends.leftOut > 0) seen.add('left out')
        }
      }),
      { numRuns: 200 },
    )
    expect([...seen].sort()).toEqual(['empty', 'failed', 'left out', 'test not well', 'test stopped at work'])
  })

  test('its ring is the one that the rollout has, and it is under way as long as something of it is', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        for (const state of statesOf(moves)) {
          const [at, now] = [ringAt(glanceOf(state)), ringNow(state)]
          expect(at === null ? null : [at.index, at.planned.name]).toEqual(
            now === null ? null : [now.index, now.planned.name],
          )
          if (unfinished(state).length > 0) expect(isUnderWay(state)).toBe(true)
          if (isUnderWay(state) && finalStatuses.includes(state.status)) expect(state.test?.result).toBeNull()
        }
      }),
      { numRuns: 60 },
    )
  })

  test('what is stored of it is a few kilobytes, however many assets it has', () => {
    const large = proposalCase({ content: testedContent(3_000, 10) }).state()
    expect(JSON.stringify(tallyOf(large)).length + JSON.stringify(briefOf(large.subject)).length).toBeLessThan(3_000)
    const words = proposalCard(placeOf(large, members), null).facts.map(({ value }) => plain(value))
    expect(words).toContain('web1, web10, web100, web1000 and 2996 more.')
  })
})

describe('whom a proposal waits for', () => {
  const asked = (state: ProposalState, id: string): readonly Ask['what'][] => {
    const me = members.find((member) => member.id === id) ?? { id, roles: [] }
    return asksOf(glanceOf(state)).flatMap((ask) => (isAsked(ask, me, members) ? ask.what : []))
  }

  test('for a vote those with the roles, until each has voted', () => {
    const one = proposalCase()
    expect(asked(one.state(), 'noor')).toEqual(['vote'])
    expect(asked(one.state(), 'jonas')).toEqual([])
    one.vote('noor', 'abstain')
    expect(asked(one.state(), 'noor')).toEqual([])
    expect(asked(one.state(), 'tom')).toEqual(['vote'])
  })

  test('for no vote of whoever proposed it, nor of a stranger', () => {
    const one = proposalCase({ proposer: person('tom') })
    expect(asked(one.state(), 'tom')).toEqual([])
    expect(asked(one.state(), 'wendeline')).toEqual([])
  })

  test('where it is halted for those who resume, and after break-glass for others than who used it', () => {
    const one = proposalCase({ policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 3_600 } } })
    one.give({ type: 'break-glass', reason: 'it burns' }, person('noor'))
    expect(asked(one.state(), 'noor')).toEqual([])
    expect(asked(one.state(), 'tom')).toEqual(['review'])
    one.give({ type: 'start' })
    one.give({ type: 'halt', reason: null }, person('jonas'))
    expect(asked(one.state(), 'noor')).toEqual(['resume'])
  })

  test('for the confirmation of what came by another hand, the person alone', () => {
    const one = proposalCase({ policy: { cli: 'recorded' } })
    const shell = { kind: 'command line', user: 'root', host: 'bastion' } as const
    const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
    one.give(vote, { kind: 'person', id: 'tom', name: 'Tom', via: 'cli', through: shell })
    expect(asked(one.state(), 'tom')).toEqual(['confirm'])
    expect(asked(one.state(), 'noor')).toEqual(['vote'])
  })

  test('the same whether all that is asked for is read, or what is kept of it in short', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        for (const state of statesOf(moves)) {
          const glance: Glance = glanceOf(state)
          expect(asksOf({ ...lightOf(state), subject: state.subject })).toEqual(asksOf(glance))
        }
      }),
      { numRuns: 40 },
    )
  })
})
