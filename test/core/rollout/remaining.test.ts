import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LeftOut, PlannedRing, Rollout } from '../../../src/core/proposal/proposal.ts'
import {
  deploymentOf,
  withChanges,
  withDeployments,
  withoutDeployments,
} from '../../../src/core/rollout/deployments.ts'
import { firstRemaining, leftOutIn, remaining, someRemain } from '../../../src/core/rollout/remaining.ts'
import { content, emptyRun } from '../../support/proposals.ts'

const { subject } = content(6)
if (subject.kind !== 'patches') throw new Error('not patches')
const { rings } = subject
const all = subject.assets.map(({ asset }) => asset.id)
const asset = fc.constantFrom(...all)
const some = fc.uniqueArray(asset, { maxLength: 3 })
const step = fc.record({
  /** Which of the states so far it changes: several may come out of one. */
  from: fc.nat(),
  does: fc.oneof(
    fc.record({ start: some }),
    fc.record({ takeBack: some }),
    fc.record({ skip: some }),
    fc.record({ leaveOut: some }),
  ),
  /** Of which ring somebody asks then, so that something is remembered; `null`: of none. */
  asks: fc.constantFrom(null, ...rings),
})

test('what is left of a ring is what has not begun, was not skipped and is not left out, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const states: State[] = [{ run: emptyRun, leftOut: {} }]
      for (const { from, does, asks } of steps) {
        const before = states[from % states.length]
        if (before === undefined) continue
        const { run, leftOut } = before
        if ('start' in does) states.push({ leftOut, run: withDeployments(run, does.start.map(started)) })
        else if ('takeBack' in does) states.push({ leftOut, run: withoutDeployments(run, new Set(does.takeBack)) })
        else if ('skip' in does)
          states.push({
            leftOut,
            run: withChanges(run, {
              skipped: record(does.skip, { by: { person: 'noor', name: 'Noor' }, reason: 'r' }),
            }),
          })
        else states.push({ run, leftOut: record(does.leaveOut, { reason: 'gone' }) })
        const state = states.at(-1)
        if (asks !== null && state !== undefined) check(state, asks)
      }
      // Of one ring after the other: what is remembered of a ring is forgotten where another is asked about.
      for (const planned of rings) for (const state of states) check(state, planned)
    }),
    { numRuns: 300 },
  )
})

interface State {
  readonly run: Rollout
  readonly leftOut: Readonly<Record<string, LeftOut>>
}

function check({ run, leftOut }: State, planned: PlannedRing) {
  const begun = (id: string) => deploymentOf(run, id) !== undefined
  const ring = { planned, run, leftOut }
  const left = planned.assets.filter((id) => !begun(id) && !run.skipped[id] && !leftOut[id])
  expect(remaining(ring)).toEqual(left)
  expect(firstRemaining(ring, 2)).toEqual(left.slice(0, 2))
  expect(someRemain(ring)).toBe(left.length > 0)
  expect(leftOutIn(ring)).toBe(planned.assets.filter((id) => leftOut[id] && !begun(id)).length)
}

function started(id: string) {
  const at = '2026-11-21T02:01:00.000Z'
  const key = 'PW-1.r1.1.1'
  return { asset: id, ring: 0, batch: 0, key, startedAt: at, outcome: null, verification: null, doneAt: null }
}

function record<Value>(ids: readonly string[], value: Value): Readonly<Record<string, Value>> {
  return Object.fromEntries(ids.map((id) => [id, value]))
}

test('who asks again after somebody changed what is skipped or left out gets the answer of then', () => {
  const [, planned] = rings
  if (planned === undefined) throw new Error('no ring')
  const { assets } = planned
  const skipped = record(assets.slice(0, 2), { by: { person: 'noor', name: 'Noor' }, reason: 'r' })
  const leftOut = record(assets.slice(0, 3), { reason: 'gone' } as const)
  const run = withChanges(emptyRun, { skipped })
  const nobody: Readonly<Record<string, LeftOut>> = {}
  expect(remaining({ planned, run, leftOut: nobody })).toEqual(assets.slice(2))
  expect(remaining({ planned, run: withChanges(run, { skipped: {} }), leftOut: nobody })).toEqual(assets)
  expect(remaining({ planned, run, leftOut })).toEqual(assets.slice(3))
  expect(remaining({ planned, run, leftOut: nobody })).toEqual(assets.slice(2))
})
